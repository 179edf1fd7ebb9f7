"""Find the columns of a YAML text that belong to its values, so that a `#` inside a value is no comment."""

from __future__ import annotations

from typing import Any

_TO_THE_END = 1 << 30


def find_text_columns(text: str) -> dict[int, list[tuple[int, int]]]:
    """Return, by line from 0, the first column of each quoted, plain or block text and the column after it.

    The rest of a line that begins a block text (`|`) does not count, because a comment may follow there. If
    the YAML is malformed, only the lines before the error are returned.
    """
    import yaml

    found: dict[int, list[tuple[int, int]]] = {}
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.ScalarEvent):
                _add(event, found)
    except yaml.YAMLError:
        return found
    return found


def _add(event: Any, found: dict[int, list[tuple[int, int]]]) -> None:
    first, last = event.start_mark, event.end_mark
    for line in range(first.line, last.line + 1):
        begin = first.column if line == first.line else 0
        end = last.column if line == last.line else _TO_THE_END
        heads_a_block = event.style in ("|", ">") and line == first.line
        if end > begin and not heads_a_block:
            found.setdefault(line, []).append((begin, end))
