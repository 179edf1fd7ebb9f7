"""Members that a write fills: null or left out before it, and always there in its answer, as `deleted_at`."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard
from pgagents.suggest.columns import MISSING, Column
from pgagents.suggest.tables import Table
from pgagents.suggest.templates._names import is_another

LEAST = 4
EACH = 1.3
"""The evidence of one call that fills a member, as a decimal logarithm."""


def propose(table: Table) -> Iterator[Candidate]:
    """Yield that a member is not null after a write, if calls were seen that filled it and none that did not.

    A member that an argument may fill is left out: its own law says when it is there.
    """
    if table.kind != "action" or not table.writes:
        return
    before = {c.path[1:]: c for c in table.of_root("before")}
    given = {c.last for c in table.of_root("input")}
    for target in table.of_root("response"):
        was = next(
            (before[target.path[n:]] for n in range(1, len(target.path)) if target.path[n:] in before), None
        )
        if (
            was is None
            or not target.guards
            or target.last in given
            or target.kind not in ("text", "time", "number")
        ):
            continue
        if not target.lacks and not target.nulls and not is_another(table, target):
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
