"""The type of a lint rule: a module under `lint/rules/<vendor>/` with a `RULE`, whose docstring is its page.

A rule checks what no vendor schema can, or where the schema's own message would not help. Its safe edits
are applied to the text from the last to the first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from pgagents.base import registry
from pgagents.base.errors import Severity
from pgagents.base.places import Pointer, Source
from pgagents.catalogue.model.model import Model


@dataclass(frozen=True, slots=True)
class Edit:
    """A safe automatic change: `old` at line and column (from 1, in code points) becomes `new`."""

    line: int
    column: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One place of the catalogue that violates a rule.

    `severity` overrides the rule's own. If a vendor documents two limits, a value over the lower is a
    warning, over the higher an error.
    """

    origin: Pointer
    message: str
    help: str
    severity: Severity | None = None
    at_value: bool = False
    part: tuple[Pointer, int] | None = None
    """A text and a character in it that the hit points at, if it is about a part of an expression."""
    edit: Callable[[Source], Edit | None] | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A lint rule. Its id is its path: `pgagents.lint.rules.gemini.long_name` is `gemini/long-name`.

    `requirement` is the row of schemas/requirements that it enforces; only a MUST may be an error. `surface`
    is the name under `surfaces` that the rule needs to apply.
    """

    severity: Severity
    requirement: str
    find: Callable[[Model], Iterable[Hit]]
    surface: str | None = None


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by id."""
    return {rule_id(name): module.RULE for name, module in registry.collect("pgagents.lint.rules").items()}


def rule_id(path: str) -> str:
    """Return the id of a rule's path: `gemini/long-name` for `gemini/long_name`."""
    return path.replace("_", "-")


def page(id: str) -> str:
    """Return the docstring of a rule's module. Raises KeyError for an unknown id."""
    modules = registry.collect("pgagents.lint.rules")
    return (
        next(module.__doc__ or "" for name, module in modules.items() if rule_id(name) == id)
        if id in rules()
        else _none(id)
    )


def _none(id: str) -> str:
    raise KeyError(id)


# -- safe edits of the text


_LINES = re.compile(r"\r\n|\r|\n")


def within(origin: Pointer, written: re.Pattern[str], new: str) -> Callable[[Source], Edit | None]:
    """Return an edit of the first match inside the value at `origin`, as it appears in the file."""

    def edit(source: Source) -> Edit | None:
        own = source.find_written(origin)
        if own is None:
            return None
        source, at = own
        begin, end = _extent(source, at)
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
