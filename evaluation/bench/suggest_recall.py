"""Say how many written laws the suggestions find again: do they kill every mutant that the written law kills?

A law's cases are answers of a server that keeps it, each with one value changed. The law kills those that
it does
not hold for. A changed value is of a kind: a member with one cent more, a text in the other case, a list
turned round. A law mutant is told from the law by the cases for which it holds and the law does not. A law is
found if the suggestions refuse, for every kind and law mutant, at least half of the cases that it refuses.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Scope, compile_node
from pgagents.base.cel.rewrite import mutants
from pgagents.base.cel.syntax import ExpressionError
from pgagents.catalogue.model.action import Law
from pgagents.suggest.mine import NAMES
from pgagents.suggest.samples import Sample
from pgagents.verify.laws import evaluate_law

MOST_SAMPLES, MOST_EACH = 25, 8
SHARE = 0.5
MISSING: Any = object()


@dataclass(frozen=True, slots=True)
class Recall:
    """The kinds that one written law kills, and those of them that the suggestions miss."""

    action: str
    law: str
    missed: tuple[str, ...]
    kinds: int

    @property
    def found(self) -> bool:
        """True if every kind is killed; a law that kills nothing here is not judged."""
        return not self.missed


def judge_laws(
    laws: Mapping[str, Sequence[Law]],
    proposed: Mapping[str, Sequence[Law]],
    samples: Mapping[str, Sequence[Sample]],
    fits: Callable[[str, Mapping[str, Any]], bool],
) -> Iterator[Recall]:
    """Yield for each written law what the proposed ones of its action miss; without any case it is left out.

    `fits` says that an action's answer fits its schema: verify judges laws on no others.
    """
    for action, written in laws.items():
        for law in written:
            killed = _collect_killed(law, samples.get(action, ()), partial(fits, action))
            if killed:
                own = proposed.get(action, ())
                missed = [
                    kind
                    for kind, cases in sorted(killed.items())
                    if sum(_refuses(own, values) for values in cases) < SHARE * len(cases)
                ]
                yield Recall(action, law.name, tuple(missed), len(killed))


def _refuses(laws: Sequence[Law], values: Mapping[str, Any]) -> bool:
    scope = Scope(values)
    return any(evaluate_law(law, scope).outcome == "broken" for law in laws)


def _collect_killed(
    law: Law, samples: Sequence[Sample], fits: Callable[[Mapping[str, Any]], bool]
) -> dict[str, list[Mapping[str, Any]]]:
    """Return cases that a law refuses, by kind of change and by law mutant."""
    rng = random.Random(law.name)
    others = [m for m in map(_as_law(law), mutants(law.that.tree)) if m is not None]
    held = [s for s in samples if evaluate_law(law, Scope(s.values)).outcome == "held"]
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    reads = {path[1] for path in _paths(law) if path[0] == "response" and len(path) > 1}
    for sample in rng.sample(held, min(MOST_SAMPLES, len(held))):
        for kind, values in _change(sample, held, reads, rng):
            scope = Scope(values)
            if evaluate_law(law, scope).outcome != "broken" or not fits(values):
                continue
            if len(found[kind]) < MOST_EACH:
                found[kind].append(values)
            for number, other in enumerate(others):
                name = f"mutant {number}: {other.that.wording[:80]}"
                if len(found[name]) < MOST_EACH and evaluate_law(other, scope).outcome == "held":
                    found[name].append(values)
    return {kind: cases for kind, cases in found.items() if cases}


def _paths(law: Law) -> list[tuple[str, ...]]:
    from pgagents.base.cel.reading import paths_in

    return [path for part in law.parts for path in paths_in(part.tree)]


def _as_law(law: Law) -> Callable[[Any], Law | None]:
    def make(tree: Any) -> Law | None:
        try:
            return Law(law.name, compile_node(tree, NAMES), law.when, (), ())
        except ExpressionError:
            return None

    return make


def _change(
    sample: Sample, others: Sequence[Sample], reads: set[str], rng: random.Random
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the values of a sample with one part of the answer changed, each with the kind of change."""
    body = sample.values["response"]
    for path, value in list(_leaves(body, ())):
        if reads and path and path[0] not in reads:
            continue
        name = ".".join("*" if isinstance(step, int) else step for step in path)
        swapped = [_at(o.values["response"], path) for o in rng.sample(list(others), min(3, len(others)))]
        for what, new in _others(value, [v for v in swapped if v is not MISSING]):
            yield f"{name} {what}", {**sample.values, "response": _put(body, path, new)}


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if len(path) > 5:
        return
    if path:
        yield path, value
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _leaves(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value[:2]):
            yield from _leaves(inner, (*path, index))


def _others(value: Any, swapped: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, bool):
        yield "turned", not value
    elif isinstance(value, int | float):
        yield from (("a cent more", round(value + 0.01, 6)), ("one more", value + 1), ("one less", value - 1))
        yield from (("doubled", value * 2), ("a mill more", round(value + 0.001, 6)))
    elif isinstance(value, str):
        yield from (("in the other case", value.swapcase()), ("longer", f"{value}x"))
        if len(value) == 20 and value.endswith("Z") and value[11:13].isdigit():
            yield "an hour later", f"{value[:11]}{(int(value[11:13]) + 1) % 24:02d}{value[13:]}"
    elif isinstance(value, list) and value:
        yield from (
            ("without the last", value[:-1]),
            ("with one twice", [*value, value[0]]),
            ("turned round", value[::-1]),
        )
    for other in swapped:
        if other != value and type(other) is type(value) and not isinstance(value, list | dict):
            yield "of another", other
    if value is not None and not isinstance(value, list):
        yield "null", None
    yield "left out", MISSING


def _at(value: Any, path: Sequence[Any]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return value


def _put(value: Any, path: Sequence[Any], new: Any) -> Any:
    """Return a copy with the value at a path replaced, or left out."""
    step, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        copy: Any = dict(value)
    else:
        copy = list(value)
    if rest:
        copy[step] = _put(copy[step], rest, new)
    elif new is MISSING:
        del copy[step]
    else:
        copy[step] = new
    return copy
