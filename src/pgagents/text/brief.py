"""A text as messages quote it."""

from __future__ import annotations


def brief(text: str, width: int = 60) -> str:
    """The text in one line of at most `width` characters; what does not print is escaped."""
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
