"""Versions: a write raises the number by one. One step is seen in most runs, so the name has to count."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard
from pgagents.suggest.evidence import LEAST_Q, weigh
from pgagents.suggest.tables import Table
from pgagents.suggest.templates._names import is_another

NAMES = frozenset(("version", "revision", "generation"))
LEAST = 4


def propose(table: Table) -> Iterator[Candidate]:
    """Yield that a version is one more than before."""
    if table.kind != "action" or not table.writes:
        return
    before = {c.path[1:]: c for c in table.of_root("before")}
    for target in table.of_root("response"):
        was = next(
            (before[target.path[n:]] for n in range(1, len(target.path)) if target.path[n:] in before), None
        )
        if (
            was is None
            or not target.words
            or target.words[-1] not in NAMES
            or not target.whole
            or not was.whole
        ):
            continue
        if not is_another(table, target):
            plain = Candidate(
                table,
                "sums",
                f"one-more-{target.last}",
                f"{target.text} == {was.text} + 1.0",
                (target, was),
                lambda v, w: v == w + 1,
                bar=EQUALITY,
                guardable=False,
            )
            yield replace(plain, own=_judge(plain))


def _judge(candidate: Candidate) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge that counts the calls, where all of them raised one and the same version."""
    target, was = candidate.columns

    def judge(guard: Guard | None) -> Evidence | None:
        found = weigh(candidate, guard)
        if found is None or found.q >= LEAST_Q:
            return found
        calls = sum(isinstance(w, int) and v == w + 1 for v, w in zip(target.values, was.values, strict=True))
        return replace(found, score=EQUALITY if calls >= LEAST else 0.0)

    return judge
