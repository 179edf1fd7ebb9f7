"""Quote a text in a message."""

from __future__ import annotations


def brief(text: str, width: int = 60) -> str:
    """Return the text on one line, cut to `width` characters; unprintable characters are escaped
    afterwards.
    """
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
