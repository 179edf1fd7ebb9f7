"""Find the author's comments in a file, so that a rewritten line keeps its comment."""

from __future__ import annotations

import re

_LINES = re.compile(r"\r\n|\r|\n")


def remarks(text: str) -> dict[int, str]:
    """Return the comments by line from 0, each with its `#`. A `#` inside a text is no comment."""
    lines = _LINES.split(text)
    if not any("#" in line for line in lines):
        return {}
    inside = _texts(text)
    found = {}
    for number, line in enumerate(lines):
        for mark in re.finditer(r"(?:^|(?<=[ \t]))#", line):
            if not any(begin <= mark.start() < end for begin, end in inside.get(number, ())):
                found[number] = line[mark.start() :].rstrip()
                break
    return found


def _texts(text: str) -> dict[int, list[tuple[int, int]]]:
    """Return, by line, the columns that belong to a quoted, plain or block text."""
    import yaml

    found: dict[int, list[tuple[int, int]]] = {}
    endless = 1 << 30
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if not isinstance(event, yaml.ScalarEvent):
            continue
        first, last = event.start_mark, event.end_mark
        assert first is not None
        assert last is not None
        for line in range(first.line, last.line + 1):
            begin = first.column if line == first.line else 0
            end = last.column if line == last.line else endless
            if event.style in ("|", ">") and line == first.line:
                continue  # a comment may follow the `|`
            if end > begin:
                found.setdefault(line, []).append((begin, end))
    return found
