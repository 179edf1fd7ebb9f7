"""Find the lines of changed values.

A large JSON text is not parsed again: only the path to each value is scanned.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable
from json.decoder import JSONDecodeError
from typing import Any

from pgagents.source.read import parse
from pgagents.source.source import Pointer, Source

MAX_VALUES = 1_000_000
_SPACE = " \t\r\n"
Wanted = dict[str, Any]


def lines(text: str, name: str, pointers: Iterable[Pointer]) -> dict[Pointer, str]:
    """Return `file:line:column` of each pointer, or of its nearest parent in the text."""
    wanted = set(pointers)
    if not wanted:
        return {}
    if text.lstrip("\ufeff" + _SPACE)[:1] in ("{", "["):
        try:
            return _in_json(text, name, wanted)
        except (JSONDecodeError, IndexError, RecursionError):
            pass  # YAML in braces
    source = parse(text, name, max_values=MAX_VALUES, foreign=True)
    return {pointer: source.locate(_as_in(source, pointer)).position for pointer in wanted}


def _as_in(source: Source, pointer: Pointer) -> Pointer:
    """Return the pointer with numbers for its steps into lists."""
    value, made = source.data, []
    for step in pointer:
        key: Any = step
        if isinstance(value, list):
            key = int(step) if str(step).isdecimal() else step
        made.append(key)
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            break
    return tuple(made)


def _in_json(text: str, name: str, wanted: set[Pointer]) -> dict[Pointer, str]:
    tree: Wanted = {}
    for pointer in wanted:
        node = tree
        for step in pointer:
            node = node.setdefault(str(step), {})
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    found: dict[Pointer, int] = {}
    _Scan(text, found).value(_skip(text, 1 if text[:1] == "\ufeff" else 0), tree, ())
    told = {}
    for pointer in wanted:
        near = pointer
        while near and near not in found:
            near = near[:-1]
        offset = found.get(near, 0)
        line = bisect_right(starts, offset)
        told[pointer] = f"{name}:{line}:{offset - starts[line - 1] + 1}"
    return told


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at


class _Scan:
    """Scan a JSON text along the wanted pointers. The standard library's scanner skips everything else."""

    def __init__(self, text: str, found: dict[Pointer, int]) -> None:
        self.text, self.found = text, found
        self.decoder = json.JSONDecoder()

    def value(self, at: int, wanted: Wanted, path: Pointer) -> int:
        """Record the wanted places in the value that begins at `at`. Return the index after the value."""
        text = self.text
        if not wanted or text[at] not in "{[":
            return self.decoder.raw_decode(text, at)[1]
        mapping, number = text[at] == "{", 0
        at = _skip(text, at + 1)
        while text[at] not in "}]":
            begin = at
            key = str(number)
            if mapping:
                key, at = self.decoder.raw_decode(text, at)
                if not isinstance(key, str):
                    raise JSONDecodeError("a member's name is no string", text, begin)
                at = _skip(text, _skip(text, at) + 1)
            if key in wanted:
                self.found[(*path, key)] = begin
            at = _skip(text, self.value(at, wanted.get(key, {}), (*path, key)))
            number += 1
            if text[at] == ",":
                at = _skip(text, at + 1)
        return at + 1
