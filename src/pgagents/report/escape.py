"""Escape texts from a server, so that no reader's program takes them for commands."""

from __future__ import annotations

import re

_UNSEEN = re.compile(r"[^\x20-\x7e]")
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\w*\[)")


def printable(text: str, keep: str = "") -> str:
    """Return the text with unprintable characters (controls, bidirectional marks) escaped, except those in
    `keep`.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else f"\\x{ord(c):02x}" for c in text)


def json_text(text: str) -> str:
    """Return JSON text with unprintable characters as JSON escapes; it parses to the same value."""
    return _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\n" or char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def disable_commands(line: str) -> str:
    """Return the line with CI commands disabled: `::name` at its start (GitHub), `##[name]` and `##vso[…]`
    anywhere.
    """
    return _COMMAND.sub(lambda m: f"{m[1]}\\:" if m[1] is not None else "#\\#", line)
