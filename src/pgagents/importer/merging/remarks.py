"""Find the author's comments in a file, so that a rewritten line keeps its comment."""

from __future__ import annotations

import re

from pgagents.source.text_columns import find_text_columns

_LINES = re.compile(r"\r\n|\r|\n")


def remarks(text: str) -> dict[int, str]:
    """Return the comments by line from 0, each with its `#`. A `#` inside a text is no comment."""
    lines = _LINES.split(text)
    if not any("#" in line for line in lines):
        return {}
    inside = find_text_columns(text)
    found = {}
    for number, line in enumerate(lines):
        for mark in re.finditer(r"(?:^|(?<=[ \t]))#", line):
            if not any(begin <= mark.start() < end for begin, end in inside.get(number, ())):
                found[number] = line[mark.start() :].rstrip()
                break
    return found
