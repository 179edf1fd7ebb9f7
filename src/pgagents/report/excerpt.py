"""Shorten texts to the relevant part: named members of a long answer, or lines around a contract."""

from __future__ import annotations

import json
import re
from collections.abc import Set
from typing import Any

from pgagents.http import read_json
from pgagents.source.source import Source
from pgagents.text.escape import printable

MORE = "…"
FEW = 8
MAX_LINE = 2_000


def excerpt(body: bytes, words: Set[str], most: int) -> str:
    """Return the body on one line of about `most` characters, with every member named in `words`.

    Empty if the body is short enough to be shown whole, is not JSON, or has no such member.
    """
    if len(body) <= most:
        return ""
    read = read_json(body)
    if read.problem or not _names(read.value, words):
        return ""
    shown = _format_value(read.value, words)
    shown = shown if len(shown) <= most else f"{shown[: most - 1]}{MORE}"
    return printable(shown)


def _names(value: Any, words: Set[str]) -> bool:
    """Return whether any member inside the value is named."""
    if isinstance(value, dict):
        return any(name in words or _names(member, words) for name, member in value.items())
    return isinstance(value, list) and any(_names(item, words) for item in value)


def _format_value(value: Any, words: Set[str]) -> str:
    if isinstance(value, dict):
        return "{" + ",".join(_members(value, words)) + "}"
    if isinstance(value, list):
        items = [_format_value(item, words) for item in value[:FEW]]
        return (
            "["
            + ",".join([*items, *([f"{MORE} {len(value) - FEW:,} more"] if len(value) > FEW else [])])
            + "]"
        )
    return _whole(value)


def _members(value: dict[str, Any], words: Set[str]) -> list[str]:
    """Return the first member, which usually identifies the object, and the named ones.

    A mark replaces each gap.
    """
    parts: list[str] = []
    for index, (name, member) in enumerate(value.items()):
        held = _names(member, words)
        if name in words or held or (index == 0 and not isinstance(member, dict | list)):
            inside = _format_value(member, words) if held else _whole(member)
            parts.append(f"{json.dumps(name, ensure_ascii=False)}:{inside}")
        elif not parts or parts[-1] != MORE:
            parts.append(MORE)
    return parts


def _whole(member: Any, most: int = 160) -> str:
    text = json.dumps(member, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= most else f"{text[:most]}{MORE}"


def around(source: Source, line: int, beside: int = 2) -> tuple[int, list[str]]:
    """Return the catalogue's lines around one (from 1), each of at most 2,000 characters, with the first
    line's number.

    The list is empty if the source has no such line.
    """
    lines = re.split(r"\r\n|\r|\n", source.text)
    if not source.text or not 0 < line <= len(lines):
        return line, []
    first = max(1, line - beside)
    return first, [text[:MAX_LINE] for text in lines[first - 1 : line + beside]]
