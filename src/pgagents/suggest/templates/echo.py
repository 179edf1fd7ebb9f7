"""Propose that the answer repeats an argument: exactly, in upper case, in cents, or in each item of a
list.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pgagents.base.cel.functions import cents, epoch
from pgagents.suggest.candidate import EQUALITY, LEAST_Q, Candidate, Evidence, Guard, alike, is_same_id, weigh
from pgagents.suggest.tables import MISSING, SELF, Column, Table, text_key

SCALARS = ("text", "number", "time", "flag")
LEAST_CALLS, LEAST_ID = 3, 3
"""Least number of calls that repeat the same id, and least length of the id."""


def propose(table: Table) -> Iterator[Candidate]:
    """Yield equalities of a member of the answer and an argument."""
    given = [c for c in table.of_root("input") if c.kind in SCALARS]
    for target in table.answered:
        if table.kind == "object":
            continue
        if target.kind == "object":
            yield from _whole_objects(table, target)
        if target.kind not in SCALARS:
            continue
        for source in given:
            if source.kind == target.kind:
                yield make(table, target, source)
                if target.kind == "flag" and target.root == SELF:
                    yield _implied(table, target, source)


def _whole_objects(table: Table, target: Column) -> Iterator[Candidate]:
    """Yield the law that an object is returned as it was sent."""
    for source in table.of_root("input"):
        if source.kind == "object" and alike(target, source):
            yield Candidate(
                table,
                "echo",
                f"{target.last}-kept",
                f"{target.text} == {source.text}",
                (target, source),
                lambda x, y: text_key(x) == text_key(y),
                prior=1.5,
                guardable=False,
            )


def make(table: Table, target: Column, source: Column) -> Candidate:
    """Return the equality of two columns of one kind, with its weaker forms."""
    prior = 1.5 if alike(target, source) else 0.0
    a, b = target.text, source.text
    name = f"{target.last}-kept" if source.root != SELF else f"{target.last}-{source.last}"

    def candidate(that: str, test: Any, weaker: tuple[Candidate, ...] = ()) -> Candidate:
        return Candidate(
            table,
            "echo",
            name,
            that,
            (target, source),
            test,
            prior=prior,
            weaker=weaker,
            guardable=bool(prior) or table.kind == "object",
        )

    if target.kind == "time":
        return candidate(f"epoch({a}) == epoch({b})", lambda x, y: epoch(x) == epoch(y))
    if target.kind == "number":
        if target.is_money or source.is_money:
            return candidate(f"cents({a}) == cents({b})", lambda x, y: cents(x) == cents(y))
        return candidate(f"{a} == {b}", lambda x, y: x == y)
    if target.kind == "text":
        if table.kind == "items" and target.root == SELF and prior and not source.required:
            plain = candidate(f"{a} == {b}", lambda x, y: x == y)
            return replace(plain, own=_by_share(plain))
        weaker = candidate(f"{a} == upper({b})", lambda x, y: x == y.upper())
        lower = candidate(f"upper({a}) == upper({b})", lambda x, y: x.upper() == y.upper())
        plain = candidate(f"{a} == {b}", lambda x, y: x == y, (weaker, lower))
        return replace(plain, own=_by_name(plain)) if is_same_id(target, source) else plain
    return candidate(f"{a} == {b}", lambda x, y: x == y)


def _by_name(candidate: Candidate) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge of a repeated id.

    A single value is enough if no other text of the answer has it. Many APIs show a key only one workspace or
    account, so its id never varies in a run.
    """
    target, source = candidate.columns
    others = [c for c in candidate.table.answered if c.kind == "text" and not is_same_id(c, source)]

    def judge(guard: Guard | None) -> Evidence | None:
        found = weigh(candidate, guard)
        if found is None or found.q >= LEAST_Q or guard is not None or not source.required:
            return found
        calls = {i for i, v in enumerate(source.values) if v is not MISSING and target.values[i] == v}
        short = any(len(v) < LEAST_ID for v in target.there)
        told = any(v in target.there for c in others for v in c.there)
        if len(calls) < LEAST_CALLS or short or told:
            return replace(found, score=0.0)
        return replace(found, score=max(found.score, EQUALITY + candidate.prior))

    return judge


def _by_share(candidate: Candidate) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge of a filter: all items with the filter have the value, and few of those without it do.

    So one value of the argument is enough, if there are many items.
    """
    target, source = candidate.columns
    items = [c.values for c in candidate.table.of_root(SELF)]

    def judge(guard: Guard | None) -> Evidence | None:
        found = weigh(candidate, guard)
        if found is None or guard is not None:
            return found
        pairs = list(zip(target.values, source.values, strict=True))
        others = [t for t, s in pairs if s is MISSING]
        had: dict[Any, set[Any]] = {}
        for i, (value, given) in enumerate(pairs):
            if given is not MISSING and value is not MISSING and value is not None:
                had.setdefault(value, set()).add(tuple(text_key(values[i]) for values in items))
        score = found.score if found.q >= LEAST_Q else 0.0
        shares = {v: (others.count(v) + 1) / (len(others) + 1) for v in had}
        by_share = -sum(len(rows) * math.log10(shares[v]) for v, rows in had.items())
        return replace(
            found, score=max(score, by_share + candidate.prior), q=1 - min(shares.values(), default=1)
        )

    return judge


def _implied(table: Table, target: Column, source: Column) -> Candidate:
    """Return the law that a flag of each item is true if the argument is true."""
    return Candidate(
        table,
        "echo",
        f"{target.last}-only",
        f"!{source.text} || {target.text}",
        (target, source),
        lambda x, y: x or not y,
        own=_set_each(target, source),
        prior=1.5 if alike(target, source) else -1.5,
        guardable=False,
    )


def _set_each(target: Column, source: Column) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge of a filter by a flag: each returned item has the flag, and other items do not."""

    def weigh(guard: Guard | None) -> Evidence | None:
        pairs = [(t, s) for t, s in zip(target.values, source.values, strict=True) if t is not MISSING]
        asked = [t for t, s in pairs if s is True]
        others = [t for t, s in pairs if s is not True]
        if guard is not None or not all(asked):
            return None
        share = (sum(map(bool, others)) + 1) / (len(others) + 1)
        prior = 1.5 if alike(target, source) else -1.5
        return Evidence(len(asked), 1 - share, -len(asked) * math.log10(share) + prior, (True, True))

    return weigh
