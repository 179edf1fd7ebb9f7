"""Safe automatic edits: find the places in the text, and apply them from the last to the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from pgagents.lint.rule import Edit
from pgagents.source.source import Pointer, Source

_LINES = re.compile(r"\r\n|\r|\n")


def within(origin: Pointer, written: re.Pattern[str], new: str) -> Callable[[Source], Edit | None]:
    """Return an edit of the first match inside the value at `origin`, as it appears in the file."""

    def edit(source: Source) -> Edit | None:
        begin, end = _extent(source, origin)
        match = written.search(source.text, begin, end)
        if match is None:
            return None
        line, column = _place(source.text, match.start())
        return Edit(line, column, match.group(0), new)

    return edit


def apply(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with the edits applied.

    An edit whose old text is missing, or that overlaps another, is skipped.
    """
    starts = [0, *(m.end() for m in _LINES.finditer(text))]
    placed = sorted(
        ((starts[e.line - 1] + e.column - 1, e) for e in edits if 0 < e.line <= len(starts)),
        key=lambda p: -p[0],
    )
    after = len(text)
    for at, edit in placed:
        end = at + len(edit.old)
        if end <= after and text[at:end] == edit.old:
            text, after = _without(text, at, end, edit.new), at
    return text


def _without(text: str, at: int, end: int, new: str) -> str:
    """Return the text with a part replaced. A removed comment also removes its line, or the blanks before
    it.
    """
    if new or not text[at:end].startswith("#"):
        return text[:at] + new + text[end:]
    begin = len(text[:at].rstrip(" \t"))
    if begin == 0 or text[begin - 1] in "\r\n":
        ending = _LINES.match(text, end)
        return text[:begin] + text[ending.end() if ending else end :]
    return text[:begin] + text[end:]


def _extent(source: Source, origin: Pointer) -> tuple[int, int]:
    """Return the index at which the value begins, and the index of the next value after it."""
    starts = [0, *(m.end() for m in _LINES.finditer(source.text))]
    span = source.locate(origin, at_value=True)
    begin = (span.line, span.column)
    after = (
        (place.line, place.column)
        for pointer in source.pointers()
        if pointer[: len(origin)] != origin
        for place in [source.locate(pointer)]
    )
    end = min((place for place in after if place > begin), default=None)
    return starts[begin[0] - 1] + begin[1] - 1, starts[end[0] - 1] + end[1] - 1 if end else len(source.text)


def _place(text: str, index: int) -> tuple[int, int]:
    before = list(_LINES.finditer(text, 0, index))
    return len(before) + 1, index - (before[-1].end() if before else 0) + 1
