"""Find the place of one character of a text value in the file, in every YAML notation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import dropwhile

from pgagents.source.source import Pointer, Source, Span, value_at

_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|.))", re.S)
_MEANT = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v",
          "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029"}  # fmt: skip
_BREAK = re.compile(r"\r\n|\r|\n")


def locate_within(source: Source, pointer: Pointer, offset: int) -> Span | None:
    """Return the place of the character at `offset` of the text at `pointer`.

    An offset at the end is the place after the last character. The result is None if the file does not
    contain the text, as after an alias. Blanks do not count, because YAML may fold them.
    """
    value = value_at(source.data, pointer)
    if not isinstance(value, str) or not source.has(pointer):
        return None
    span = source.locate(pointer, at_value=True)
    starts = [0, *(match.end() for match in _BREAK.finditer(source.text))]
    begin = starts[span.line - 1] + span.column - 1
    units = _units(source.text, begin)
    place = begin
    for index, char in enumerate(value):
        if char.isspace():
            continue
        unit = next(dropwhile(lambda unit: unit[0].isspace(), units), None)
        if unit is None or unit[0] != char:
            return None
        if index >= offset:
            return replace(_span(source.file, starts, unit[1]), pointer=span.pointer)
        place = unit[2]
    return replace(_span(source.file, starts, place), pointer=span.pointer)


def _span(file: str, starts: list[int], index: int) -> Span:
    line = sum(start <= index for start in starts)
    return Span(file, line, index - starts[line - 1] + 1)


def _units(text: str, begin: int) -> Iterator[tuple[str, int, int]]:
    """Yield each character of a value with its place in the file, and the place after the last one."""
    quote, at = text[begin : begin + 1], begin
    if quote in ("|", ">"):
        header = _BREAK.search(text, begin)
        at = header.end() if header else len(text)
    elif quote in ('"', "'"):
        at += 1
    while at < len(text):
        escape = _ESCAPE.match(text, at) if quote == '"' else None
        end = escape.end() if escape else at + (2 if quote == "'" and text.startswith("''", at) else 1)
        yield _meaning(escape) if escape else text[at], at, end
        at = end


def _meaning(escape: re.Match[str]) -> str:
    *codes, char = escape.groups()
    code = next((int(code, 16) for code in codes if code), None)
    if code is not None:
        return chr(code) if code < 0x110000 else "\ufffd"
    return " " if char in ("\n", "\r", "\r\n") else _MEANT.get(char, char)
