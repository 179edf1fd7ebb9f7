"""Write output in encodings other than UTF-8, such as a Windows console's code page.

Missing characters are written as similar ASCII, else as JSON escapes. (Pure ASCII is excluded: it mostly
means that no locale is set, and click writes UTF-8 there.)
"""

from __future__ import annotations

import codecs
import io
import sys

NAME = "pgagents.near"
_NEAR = {"─": "-", "│": "|", "…": "...", "–": "-", "→": "->", "·": "-", "≤": "<=", "≥": ">=", "\u202f": " "}


def near(error: UnicodeError) -> tuple[str, int]:
    """Return the replacement of characters that cannot be encoded; for `codecs.register_error`."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_NEAR.get(c) or _escape(c) for c in error.object[error.start : error.end]), error.end


def _escape(character: str) -> str:
    """Return a character as JSON escapes: two for a character beyond the first 65,536."""
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i] << 8 | units[i + 1]:04x}" for i in range(0, len(units), 2))


def let_all_be_written() -> None:
    """Make stdout and stderr accept every text, also the name of a file that is not UTF-8."""
    codecs.register_error(NAME, near)
    for stream in (sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue
        encoding = codecs.lookup(stream.encoding).name
        if encoding != "ascii" and (encoding != "utf-8" or stream.errors == "strict"):
            stream.reconfigure(errors=NAME)
