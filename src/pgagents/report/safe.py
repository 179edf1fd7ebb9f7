"""Texts that came from a server, made safe for whoever reads a report: nothing in them is an instruction to a reader's program."""

from __future__ import annotations

import re

_UNSEEN = re.compile(r"[^\x20-\x7e]")
_COMMAND = re.compile(r"^(\s*):(?=:)|##(?=\w*\[)")


def printable(text: str, keep: str = "") -> str:
    """The text with what does not print (controls, marks that turn the direction of writing) as escapes; `keep` are left alone."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else f"\\x{ord(c):02x}" for c in text)


def json_text(text: str) -> str:
    """JSON text with what does not print as escapes of JSON, so that it reads back as the same."""
    return _UNSEEN.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char == "\n" or char.isprintable():
        return char
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def uncommanded(line: str) -> str:
    """The line, which no CI system takes for a command: `::name` at its beginning (GitHub), `##[name]`, `##vso[…]` anywhere."""
    return _COMMAND.sub(lambda m: f"{m[1]}\\:" if m[1] is not None else "#\\#", line)
