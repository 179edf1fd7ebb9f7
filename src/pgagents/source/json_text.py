"""Read JSON with the place of every value, several times as fast as the YAML reader.

The standard library parses the values. A second pass over the text, which is then valid JSON, finds the
places. The YAML reader reads text that is not standard JSON, and reports the error.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from pgagents.source.source import Place, Problem, Source, Span
from pgagents.source.yaml_text import MAX_DEPTH

_LINE = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^\s,:{}\[\]"]+')
_HALF = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_PAIR = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
"""A surrogate pair. JSON escapes a character above U+FFFF in two halves."""
_DIGITS = 300
"""Most digits of a number. The YAML reader reads longer ones, and reports the error."""


class _Left(Exception):
    """The text must be read by the YAML reader, which explains it better.

    It has a duplicate key, an overlong number, or values nested too deep.
    """


class _TooMany(Exception):
    """The text holds too many values; the arguments are line and column of the first one over the limit."""


def read_json(text: str, file: str, max_values: int) -> Source | None:
    """Return the document; None for a text that the YAML reader must read."""
    if _HALF.search(text) and _HALF.search(_PAIR.sub("", text)):
        return None
    try:
        data = json.loads(text, parse_constant=_no_constant)
        return Source(file, text, data, _places(text, max_values))
    except (ValueError, RecursionError, _Left):
        return None
    except _TooMany as error:
        line, column = error.args
        message = f"the file holds more than {max_values:,} values"
        return Source(
            file,
            text,
            None,
            Place((0, 0), (0, 0)),
            [Problem(Span(file, line + 1, column + 1), "too-many", message)],
        )


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


def _places(text: str, max_values: int) -> Place:
    """Return the places of all values of a text that is valid JSON.

    It is a single loop, because the body runs once for each token of the text.
    """
    starts = [*(m.end() for m in _LINE.finditer(text)), len(text) + 1]
    line, begin, end = 0, 0, starts[0]
    top = Place((0, 0), (0, 0), {})
    stack: list[tuple[dict[Any, Place], bool]] = []
    children: dict[Any, Place] = top.children or {}
    in_object = False
    key: Any = 0
    key_at: tuple[int, int] | None = None
    for token in _TOKEN.finditer(text):
        word = token.group()
        mark = word[0]
        if mark in "}]":
            children, in_object = stack.pop()
            continue
        index = token.start()
        while index >= end:
            line, begin, end = line + 1, end, starts[line + 1]
        at = (line, index - begin)
        if not in_object:
            key = len(children)
        elif key_at is None:
            key, key_at = word[1:-1] if "\\" not in word else json.loads(word), at
            if key in children:
                raise _Left
            continue
        max_values -= 1
        if max_values < 0:
            raise _TooMany(*at)
        place = children[key] = Place(key_at or at, at)
        key_at = None
        if mark in "-0123456789" and (len(word) > _DIGITS or math.isinf(float(word))):
            raise _Left
        if mark in "{[":
            stack.append((children, in_object))
            place.children = children = {}
            in_object = mark == "{"
            if len(stack) > MAX_DEPTH:
                raise _Left
    return children[0]
