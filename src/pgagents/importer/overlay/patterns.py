"""Spread the entries of a short catalogue that stand for several operations, such as `"* /notes/{}*"`.

A pattern is a method or `*`, and a path in which `*` is any text. Each operation that fits has the
pattern's members as if they stood in its own entry. Its own entry wins over a pattern, and two patterns may
not say different things of one member. A line of a pattern must fit one of its operations at least.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.places import Pointer, value_at
from pgagents.base.text import brief, nearest
from pgagents.importer.operations import Operation
from pgagents.importer.overlay.merge import (
    Misfit,
    expand_short_forms,
    holds_names,
    is_answer,
    is_schema,
    is_unit,
    replaces_shape,
    without_shape,
)
from pgagents.importer.overlay.names import OPERATION, Index, list_nouns, make_plain

_PATTERN = re.compile(r"(\*|GET|POST|PUT|PATCH|DELETE) ([/*].*)\Z", re.S)


@dataclass(slots=True)
class Spread:
    """The author's entries, with the members of the patterns that fit the same operation.

    `entries` have the author's keys; an operation of which only patterns speak has its label (`GET /notes`).
    `fitting` has the patterns of each entry. `origins` are pointers of entries, each with the pointer in the
    author's file that says the value there, and all inside it.
    """

    entries: dict[Any, Any] = field(default_factory=dict)
    fitting: dict[Any, tuple[str, ...]] = field(default_factory=dict)
    origins: dict[Pointer, Pointer] = field(default_factory=dict)
    alone: frozenset[str] = frozenset()
    """Labels of the operations of which only patterns speak."""
    misfits: list[Misfit] = field(default_factory=list)
    """Their pointers have the author's keys."""

    def find_origin(self, at: Pointer) -> Pointer:
        """Return the pointer in the author's file of a pointer of `entries`."""
        for length in range(len(at), 1, -1):
            if (origin := self.origins.get(at[:length])) is not None:
                return (*origin, *at[length:])
        return at

    def find_attempts(self, origin: Pointer, keys: Iterable[Any]) -> int:
        """Return for how many of these entries a line of a pattern counts: no other line replaces it."""
        pattern, rest = origin[1], origin[2:]
        count = 0
        for key in keys:
            if pattern not in self.fitting.get(key, ()):
                continue
            around = value_at(self.entries[key], rest[:-1])
            steps: Iterable[str | int] = range(len(around)) if isinstance(around, list) else rest[-1:]
            count += any(self.find_origin(("actions", key, *rest[:-1], step)) == origin for step in steps)
        return count

    def list_unused(self, keys: Iterable[Any]) -> list[Misfit]:
        """Return an error for each pattern that fits operations, but none of those that became actions."""
        left = {pattern for patterns in self.fitting.values() for pattern in patterns}
        for key in keys:
            left -= set(self.fitting.get(key, ()))
        said = "only operations of which no action can be made fit `{}`"
        help = "remove it; `pgagents import` says why they are left out"
        return [
            Misfit(("actions", pattern), "unknown-operation", said.format(brief(pattern)), help)
            for pattern in sorted(left)
        ]


def spread(
    entries: Mapping[Any, Any], chosen: Sequence[Operation], index: Index, bases: Sequence[str]
) -> Spread:
    """Return the entries without patterns, with the patterns' members in each operation that fits.

    `index` has the labels of the operations that a word names. `chosen` are those that the author reads.
    """
    patterns = [key for key in entries if is_pattern(key, index)]
    made = Spread({key: entry for key, entry in entries.items() if key not in patterns})
    if not patterns:
        return made
    own = _index_own(made.entries, index)
    alone: set[str] = set()
    for pattern in patterns:
        if (wrong := _find_wrong(pattern, entries[pattern])) is not None:
            made.misfits.append(wrong)
            continue
        fitting = [op for op in chosen if _fits(pattern, op, bases)]
        if not fitting:
            said = f"no operation of the document fits `{brief(pattern)}`"
            misfit = Misfit(("actions", pattern), "unknown-operation", said, _advise(pattern, chosen))
            made.misfits.append(misfit)
        for op in fitting:
            key = own.get(op.label, op.label)
            at: Pointer = ("actions", key)
            source: Pointer = ("actions", pattern)
            if key in made.entries:
                filler = _Filler(made, source, op.label)
                made.entries[key] = filler.fill(made.entries[key], entries[pattern], at)
            else:
                made.entries[key], made.origins[at] = entries[pattern], source
                alone.add(op.label)
            made.fitting[key] = (*made.fitting.get(key, ()), pattern)
    made.alone = frozenset(alone)
    made.misfits = list({misfit.at: misfit for misfit in reversed(made.misfits)}.values())[::-1]
    return made


def is_pattern(key: Any, index: Index) -> bool:
    """True for a key that stands for several operations. A path of the document may have a `*` itself."""
    if not isinstance(key, str) or "*" not in key or make_plain(key) in index:
        return False
    return _PATTERN.match(key) is not None


def _index_own(entries: Mapping[Any, Any], index: Index) -> dict[str, Any]:
    """Return the author's own keys by the labels of their operations."""
    found: dict[str, Any] = {}
    for key, entry in entries.items():
        operation = entry.get(OPERATION) if isinstance(entry, Mapping) else None
        labels = index.get(make_plain(str(operation or key)), ())
        if len(labels) == 1:
            found.setdefault(next(iter(labels)), key)
    return found


def _find_wrong(pattern: str, entry: Any) -> Misfit | None:
    at: Pointer = ("actions", pattern)
    if entry is not None and not isinstance(entry, Mapping):
        help = "write them in braces: {errors: [+NOT_FOUND]}; null removes the operations"
        return Misfit(at, "pattern", "a pattern has the members of an action", help)
    if entry is not None and OPERATION in entry:
        said = "a pattern stands for several operations, so it cannot give them one name"
        return Misfit((*at, OPERATION), "pattern", said, "write `operation` in an entry of one operation")
    return None


def _fits(pattern: str, op: Operation, bases: Sequence[str]) -> bool:
    method, _, path = make_plain(pattern).partition(" ")
    plain = make_plain(op.label).partition(" ")[2]
    paths = [plain, *(base + plain for base in bases if base)]
    return method in ("*", op.method) and any(_match(path.split("*"), each) for each in paths)


def _match(parts: Sequence[str], text: str) -> bool:
    """True if the text has these parts in this order, from its beginning to its end. It takes linear time."""
    if len(parts) == 1:
        return text == parts[0]
    at, end = len(parts[0]), len(text) - len(parts[-1])
    if at > end or not text.startswith(parts[0]) or not text.endswith(parts[-1]):
        return False
    for part in parts[1:-1]:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _advise(pattern: str, chosen: Sequence[Operation]) -> str:
    """Return the operations with the pattern's nouns, or the one whose path is most like it."""
    path = make_plain(pattern).partition(" ")[2].replace("*", "")
    nouns = list_nouns(path)
    alike = [op.label for op in chosen if nouns and list_nouns(op.path)[: len(nouns)] == nouns]
    if not alike:
        paths = {make_plain(op.label).partition(" ")[2]: op.label for op in chosen}
        near = nearest(path, paths)
        alike = [paths[near]] if near is not None else []
    if alike:
        return f"near it: {', '.join(brief(label) for label in alike[:3])}"
    return 'a pattern is a method or *, and a path: "* /notes/{}*"'


@dataclass(slots=True)
class _Filler:
    """Adds the members of one pattern to the entry of one operation."""

    made: Spread
    source: Pointer
    label: str

    def fill(self, upper: Any, lower: Any, at: Pointer) -> Any:
        """Return the value that stands there already with what the pattern's value adds to it."""
        upper, lower = expand_short_forms(upper, lower, at)
        if _is_mapping(upper, at) and _is_mapping(lower, at):
            return self._fill_mapping(upper, lower, at)
        if holds_names(at) and isinstance(upper, list) and isinstance(lower, list):
            return self._fill_names(upper, lower, at)
        if upper != lower:
            self._find_conflict(at)
        return upper

    def _fill_mapping(self, upper: Mapping[Any, Any], lower: Mapping[Any, Any], at: Pointer) -> Any:
        if is_schema(at) and replaces_shape(lower, upper) and not self._is_of_pattern(at):
            lower = without_shape(lower)
        result = dict(upper)
        for key, value in lower.items():
            here = (*at, key)
            if key in upper:
                result[key] = self.fill(upper[key], value, here)
            else:
                result[key] = value
                self.made.origins[here] = (*self.source, *here[2:])
        return result

    def _fill_names(self, upper: list[Any], lower: list[Any], at: Pointer) -> list[Any]:
        """Return both changes of a list. The names of a list without signs are replaced, or changed."""
        if not _is_signed(upper):
            if upper != lower:
                self._find_conflict(at)
            return upper
        if not _is_signed(lower):
            self._find_conflict(at)
            return upper
        signs = {word[1:]: (number, word) for number, word in enumerate(upper)}
        result = list(upper)
        for number, word in enumerate(lower):
            place, before = signs.get(word[1:], (0, ""))
            if not before:
                self.made.origins[*at, len(result)] = (*self.source, *at[2:], number)
                result.append(word)
            elif before != word:
                self._find_conflict((*at, place), (*self.source, *at[2:], number))
        return result

    def _is_of_pattern(self, at: Pointer) -> bool:
        return self.made.find_origin(at)[1] in self.made.fitting.get(at[1], ())

    def _find_conflict(self, at: Pointer, here: Pointer = ()) -> None:
        """Report two patterns that contradict each other; an operation's own entry wins.

        `here` is the place of the second one's word in the author's file.
        """
        if not self._is_of_pattern(at):
            return
        other, here = self.made.find_origin(at), here or (*self.source, *at[2:])
        member = ".".join(str(step) for step in at[2:] if isinstance(step, str))
        what = f"`{brief(member)}` of {brief(self.label)}" if member else brief(self.label)
        said = f"`{brief(str(other[1]))}` and `{brief(str(here[1]))}` say different things of {what}"
        help = "say it in one of the two, or in an entry of that operation"
        self.made.misfits.append(Misfit(here, "pattern-conflict", said, help))


def _is_mapping(value: Any, at: Pointer) -> bool:
    """True for a mapping whose members are merged; `{}` is the word for an answer without a body."""
    return isinstance(value, Mapping) and not is_unit(at) and not (is_answer(at) and not value)


def _is_signed(words: list[Any]) -> bool:
    return all(isinstance(word, str) and word[:1] in ("+", "-") and word[1:] for word in words)


def keep_common(found: Iterable[Pointer], made: Spread, keys: Mapping[str, Any]) -> Iterator[Pointer]:
    """Yield those pointers of the merged catalogue at which a line fits nothing, or says nothing new.

    A line of a pattern counts if that is so in each of its operations, and then once. `keys` are the entries'
    keys by the actions' names.
    """
    several: dict[Pointer, list[Pointer]] = {}
    for at in found:
        entry = (
            ("actions", keys.get(str(at[1]), at[1]), *at[2:]) if len(at) > 1 and at[0] == "actions" else at
        )
        origin = made.find_origin(entry)
        if origin == entry:
            yield at
        else:
            several.setdefault(origin, []).append(at)
    for origin, pointers in several.items():
        if len(pointers) >= made.find_attempts(origin, keys.values()):
            yield pointers[0]
