"""Propose relations between two calls: the answer to a greater argument contains the answer to a smaller
one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from pgagents.cel import expression
from pgagents.cel.expression import Expression
from pgagents.cel.printer import print_path
from pgagents.cel.scope import Scope
from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.model.model import Model
from pgagents.suggest.columns import text_key, words_of
from pgagents.suggest.samples import Sample, Samples
from pgagents.suggest.shapes import resolve_all
from pgagents.suggest.values import list_kinds

LIMITS = frozenset(("limit", "size", "count", "max", "per", "top", "first", "take", "rows"))
PAGING = frozenset(("page", "offset", "cursor", "skip", "token", "starting", "ending", "after"))
COORDINATES = frozenset(("lat", "lng", "lon", "latitude", "longitude"))
LEAST_NAMED, LEAST = 2.0, 4.0
"""Least evidence if the argument's name suggests that it limits a list, and if not.

Evidence is the negative decimal logarithm of the probability that the greater answer contains these items by
chance.
"""
MOST_PAIRS, MOST_DEPTH = 400, 3


@dataclass(frozen=True, slots=True)
class ProposedRelation:
    """A relation in the catalogue's form.

    `pairs` is the number of different pairs of answers that satisfy it.
    """

    action: str
    widen: str
    keeps: str
    by: str
    unless: str
    fits: str
    pairs: int
    example: str

    @property
    def name(self) -> str:
        """Return the name of the relation in the catalogue."""
        return f"{self.widen.replace('_', '-').lower()}-keeps"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A list in an action's answers: its path, and the member that identifies an item."""

    path: tuple[str, ...]
    by: str

    def items(self, sample: Sample) -> list[Mapping[str, Any]] | None:
        """Return the items in an answer; None if it has no such list."""
        found: Any = sample.values["response"]
        for name in self.path[1:]:
            found = found.get(name) if isinstance(found, Mapping) else None
        return [i for i in found if isinstance(i, Mapping)] if isinstance(found, list) else None

    def ids(self, sample: Sample) -> list[Any]:
        """Return the ids of the items in an answer, in their order."""
        return [text_key(item.get(self.by)) for item in self.items(sample) or ()]


def propose_relations(model: Model, samples: Samples) -> list[ProposedRelation]:
    """Return the relations that all pairs of answers satisfy, and that chance does not explain."""
    return [
        relation
        for action in model.actions
        if action.effect == "read"
        for relation in _of_action(model, action, samples.of_action(str(action.name)))
    ]


def _of_action(model: Model, action: Action, samples: Sequence[Sample]) -> Iterator[ProposedRelation]:
    listed = find_list(model, action, samples)
    if listed is None:
        return
    for param in numbers_of(model, action):
        widen = str(param.name)
        unless = _write_unless(action, listed, widen, samples)
        judge = expression.compile(unless, ("input", "response")) if unless else None
        pairs = [
            (small, large)
            for small, large in list_pairs(samples, widen)
            if listed.ids(small) and not is_excused(judge, small)
        ]
        if any(not set(listed.ids(small)) <= set(listed.ids(large)) for small, large in pairs):
            continue
        different = {(*listed.ids(s), None, *listed.ids(g)): (s, g) for s, g in pairs}
        grown = [(s, g) for s, g in different.values() if len(listed.ids(s)) < len(listed.ids(g))]
        least = LEAST_NAMED if LIMITS & {*words_of(widen)} else LEAST
        if grown and _weigh(listed, grown, samples) >= least:
            small, large = grown[-1]
            a, b = small.values["input"][widen], large.values["input"][widen]
            shown = f"{len(listed.ids(small))} items for {a}, the same among {len(listed.ids(large))} for {b}"
            fits = _find_fits(listed, widen, pairs, samples)
            yield ProposedRelation(
                str(action.name), widen, print_path(listed.path), listed.by, unless, fits, len(grown), shown
            )


def find_list(model: Model, action: Action, samples: Iterable[Sample]) -> _Listed | None:
    """Return the outermost list of objects with an id in an action's answers."""
    ids = [
        r.id for r in model.resources.values() for c in (*r.listed_by, r.found_by) if c and c.action is action
    ]
    for sample in samples:
        for path, items in _lists(sample.values["response"], ("response",)):
            names = [n for n in (*ids, "id") if all(n in item for item in items)]
            if names:
                return _Listed(path, names[0])
    return None


def _lists(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], list[Any]]]:
    if isinstance(value, list) and value and all(isinstance(i, Mapping) for i in value):
        yield path, value
    if isinstance(value, Mapping) and len(path) <= MOST_DEPTH:
        for name, inner in value.items():
            if isinstance(name, str):
                yield from _lists(inner, (*path, name))


def numbers_of(model: Model, action: Action) -> list[Param]:
    """Return the arguments that may widen a list: numbers except coordinates and page positions."""
    found = []
    for param in action.params:
        kinds = {k for part in resolve_all(param.schema, model.schemas) for k in list_kinds(part)}
        number = bool(kinds & {"number", "integer"})
        if number and not COORDINATES & {*words_of(str(param.name))} and not is_paging(action, param):
            found.append(param)
    return found


def is_paging(action: Action, param: Param) -> bool:
    """Return True for an argument that states where a page begins."""
    if action.pages is not None and str(param.name) == action.pages.argument:
        return True
    words = {*words_of(str(param.name))}
    return bool(PAGING & words) and not LIMITS & words


def list_pairs(samples: Sequence[Sample], widen: str) -> list[tuple[Sample, Sample]]:
    """Return pairs of answers to calls that differ in one argument, the smaller value first.

    No write came between the two calls.
    """
    alike: dict[Any, list[Sample]] = {}
    for sample in samples:
        given = dict(sample.values["input"])
        value = given.pop(widen, None)
        if isinstance(value, int | float) and not isinstance(value, bool):
            key = (sample.place, sample.caller, sample.writes, sample.values["status"], text_key(given))
            alike.setdefault(key, []).append(sample)
    found = []
    for several in alike.values():
        ordered = sorted(several, key=lambda s: s.values["input"][widen])
        found += [
            (a, b) for a, b in combinations(ordered, 2) if a.values["input"][widen] < b.values["input"][widen]
        ]
    return found[:MOST_PAIRS]


def is_excused(judge: Expression | None, sample: Sample) -> bool:
    """Return True if the relation does not apply to the smaller answer."""
    return judge is not None and Scope(sample.values).is_true(judge, otherwise=True)


def breaks(relation: ProposedRelation, small: Sample, large: Sample) -> bool:
    """Return True if a pair of answers breaks a relation.

    An item is missing from the greater answer, or one that fits is missing from the smaller.
    """
    listed = _Listed(tuple(relation.keeps.split(".")), relation.by)
    names = ("input", "response", "item")
    if is_excused(expression.compile(relation.unless, names) if relation.unless else None, small):
        return False
    had = listed.ids(small)
    if had and not set(had) <= set(listed.ids(large)):
        return True
    fits = expression.compile(relation.fits, names) if relation.fits else None
    return fits is not None and any(
        text_key(item.get(relation.by)) not in had and Scope({**small.values, "item": item}).is_true(fits)
        for item in listed.items(large) or ()
    )


def _write_unless(action: Action, listed: _Listed, widen: str, samples: Sequence[Sample]) -> str:
    """Return the condition of exceptions: on later pages, and if another argument has cut off the answer."""
    parts = []
    for param in action.params:
        name = print_path(("input", str(param.name)))
        if str(param.name) == widen:
            continue
        if is_paging(action, param):
            usual = param.schema.get("default")
            plain = isinstance(usual, int | float) and not isinstance(usual, bool)
            parts.append(f"{name} > {usual}" if plain else f"has({name})")
        elif LIMITS & {*words_of(str(param.name))} and _is_reached(listed, str(param.name), samples):
            full = f"size({print_path(listed.path)}) >= {name}"
            parts.append(full if param.required or "default" in param.schema else f"has({name}) && {full}")
    return " || ".join(f"({p})" if " && " in p and len(parts) > 1 else p for p in parts)


def _is_reached(listed: _Listed, limit: str, samples: Iterable[Sample]) -> bool:
    """Return True if a list was as long as an argument allows, and never longer."""
    sizes = [
        (len(items), s.values["input"].get(limit))
        for s in samples
        if (items := listed.items(s)) is not None and isinstance(s.values["input"].get(limit), int | float)
    ]
    return any(n == most for n, most in sizes) and all(n <= most for n, most in sizes)


def _weigh(listed: _Listed, pairs: Iterable[tuple[Sample, Sample]], samples: Sequence[Sample]) -> float:
    """Return the evidence of pairs.

    It grows as it becomes less likely that a random choice of seen items would do the same.
    """
    score, done = 0.0, set()
    for small, large in pairs:
        few, many = listed.ids(small), listed.ids(large)
        if tuple(few) in done:  # only the next greater answer counts for it
            continue
        done.add(tuple(few))
        known = {i for s in samples if s.caller == small.caller for i in listed.ids(s)}
        if many[: len(few)] == few:
            score += math.log10(math.perm(len(known), len(few)))
        else:
            ways = math.comb(len(known), len(many)) / math.comb(len(known) - len(few), len(many) - len(few))
            score += math.log10(ways)
    return score


def _find_fits(
    listed: _Listed, widen: str, pairs: Sequence[tuple[Sample, Sample]], samples: Sequence[Sample]
) -> str:
    """Return which items of the greater answer must be in the smaller one: those within the smaller bound.

    A member is considered if it never exceeds the argument, and if pairs show that it decides.
    """
    if LIMITS & {*words_of(widen)}:
        return ""
    for member in _number_members(listed, samples):
        values = [i[member] for s in samples for i in listed.items(s) or ()]
        bound = all(
            i[member] <= s.values["input"][widen] + 1e-9
            for s in samples
            if widen in s.values["input"]
            for i in listed.items(s) or ()
        )
        slack = 10.0 ** -max((_places(v) for v in values), default=0)
        if bound and _decides(listed, widen, member, slack, pairs):
            own = print_path(("item", member))
            return f"{own} <= input.{widen} - {slack!r}" if slack < 1 else f"{own} <= input.{widen}"
    return ""


def _number_members(listed: _Listed, samples: Iterable[Sample]) -> list[str]:
    items = [i for s in samples for i in listed.items(s) or ()]
    return [
        name
        for name in (items[0] if items else ())
        if isinstance(name, str)
        and all(isinstance(i.get(name), int | float) and not isinstance(i.get(name), bool) for i in items)
    ]


def _places(value: float) -> int:
    text = repr(float(value))
    return 0 if "e" in text or text.endswith(".0") else len(text.partition(".")[2])


def _decides(
    listed: _Listed, widen: str, member: str, slack: float, pairs: Iterable[tuple[Sample, Sample]]
) -> bool:
    """Return True if smaller answers contain each item within their bound, and leave others out."""
    within = beyond = 0
    for small, large in pairs:
        had = set(listed.ids(small))
        for item in listed.items(large) or ():
            if item[member] <= small.values["input"][widen] - (slack if slack < 1 else 0.0):
                within += 1
                if text_key(item.get(listed.by)) not in had:
                    return False
            else:
                beyond += text_key(item.get(listed.by)) not in had
    return within >= 5 and beyond >= 5
