"""Propose changes by a write: members that it fills, such as `deleted_at`, and versions that grow by one.

Most runs see only one step of a version, so its name counts as evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pgagents.suggest.candidate import EQUALITY, LEAST_Q, Candidate, Evidence, Guard, is_another, weigh
from pgagents.suggest.tables import MISSING, Column, Table

LEAST = 4
EACH = 1.3
"""Evidence from one call that fills a member, as a decimal logarithm."""
NAMES = frozenset(("version", "revision", "generation"))


def propose(table: Table) -> Iterator[Candidate]:
    """Yield members that a write changes from null to a value, and versions that grow by one.

    A member that an argument may fill is left out, because another law states when it is present.
    """
    if table.kind != "action" or not table.writes:
        return
    before = {c.path[1:]: c for c in table.of_root("before")}
    given = {c.last for c in table.of_root("input")}
    for target in table.of_root("response"):
        was = next(
            (before[target.path[n:]] for n in range(1, len(target.path)) if target.path[n:] in before), None
        )
        if was is None or is_another(table, target):
            continue
        if target.words and target.words[-1] in NAMES and target.whole and was.whole:
            yield _one_more(table, target, was)
        if target.kind not in ("text", "time", "number") or not target.guards or target.last in given:
            continue
        if not target.lacks and not target.nulls:
            yield _filled(table, target, was)


def _filled(table: Table, target: Column, was: Column) -> Candidate:
    own = [g for g in target.guards if g.endswith((f"{target.text} != null", f"has({target.text})"))]
    around = tuple(g for g in target.guards if g not in own)

    def weigh(guard: Guard | None) -> Evidence | None:
        known = table.of_root("before")
        filled = [
            i
            for i in range(table.rows)
            if (was.values[i] is None or was.values[i] is MISSING)
            and any(c.values[i] is not MISSING for c in known)
        ]
        if guard is not None or not filled:
            return None
        objects = {tuple(repr(c.values[i]) for c in known) for i in filled}
        score = EACH * len(objects) if len(objects) >= LEAST else 0.0
        return Evidence(len(objects), 0.9, score, (target.values[filled[-1]],))

    return Candidate(
        table,
        "filled",
        f"{target.last}-told",
        " && ".join(own),
        (target,),
        bool,
        bar=EQUALITY,
        own=weigh,
        guardable=False,
        bare=True,
        also=around,
    )


def _one_more(table: Table, target: Column, was: Column) -> Candidate:
    plain = Candidate(
        table,
        "sums",
        f"one-more-{target.last}",
        f"{target.text} == {was.text} + 1.0",
        (target, was),
        lambda v, w: bool(v == w + 1),
        bar=EQUALITY,
        guardable=False,
    )
    return replace(plain, own=_judge(plain))


def _judge(candidate: Candidate) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge that counts the calls in case all of them raised the same version."""
    target, was = candidate.columns

    def judge(guard: Guard | None) -> Evidence | None:
        found = weigh(candidate, guard)
        if found is None or found.q >= LEAST_Q:
            return found
        calls = sum(isinstance(w, int) and v == w + 1 for v, w in zip(target.values, was.values, strict=True))
        return replace(found, score=EQUALITY if calls >= LEAST else 0.0)

    return judge
