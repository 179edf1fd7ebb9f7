"""Quote a text or a path in a message."""

from __future__ import annotations

import os


def brief(text: str, width: int = 60) -> str:
    """Return the text on one line, cut to `width` characters; unprintable characters are escaped
    afterwards.
    """
    cut = text if len(text) <= width else text[: width - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def show_path(path: str | os.PathLike[str]) -> str:
    """Return a path as text that every file can hold. A byte that is not UTF-8 is written as `\\xe4`."""
    name = os.fspath(path)
    try:
        name.encode()
    except UnicodeEncodeError:
        return os.fsencode(name).decode("utf-8", "backslashreplace")
    return name
