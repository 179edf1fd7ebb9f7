"""Propose the value of a member whose argument is not given: null, or one declared value."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard, write_value
from pgagents.suggest.tables import MISSING, Column, Table, text_key

LEAST = 4


def propose(table: Table) -> Iterator[Candidate]:
    """Yield the value of a member of the answer for calls without the argument of the same name."""
    if table.kind != "action" or not table.writes:
        return
    for given in table.of_root("input"):
        if not given.lacks:
            continue
        for target in table.of_root("response"):
            if target.path[-len(given.path[1:]) :] == given.path[1:] and target.kind in (
                "flag",
                "text",
                "number",
                "none",
            ):
                yield from _constant(table, target, given)


def _constant(table: Table, target: Column, given: Column) -> Iterator[Candidate]:
    around = given.path[:-1]
    outer = next((c for c in table.columns if c.path == around), None)
    rows = [
        i
        for i in range(table.rows)
        if given.values[i] is MISSING
        and (outer is None or outer.values[i] is not MISSING)
        and target.values[i] is not MISSING
    ]
    values = {text_key(target.values[i]): target.values[i] for i in rows}
    others = {text_key(v) for v in target.values if v is not MISSING} - values.keys()
    if len(values) != 1 or len(rows) < LEAST or len(others) < 1:
        return
    value = next(iter(values.values()))
    if not (value is None or isinstance(value, bool) or target.choices):
        return
    told = sum(v is not MISSING for v in target.values)

    def weigh(guard: Guard | None) -> Evidence | None:
        return (
            Evidence(len(rows), 0.5, math.log10(math.comb(told, min(len(rows), told))), (value,))
            if not guard
            else None
        )

    inner = (f"has({outer.text})",) if outer is not None and outer.lacks else ()
    yield Candidate(
        table,
        "unsaid",
        f"{target.last}-unsaid",
        f"{target.text} == {write_value(value)}",
        (target,),
        bool,
        bar=EQUALITY,
        own=weigh,
        guardable=False,
        nulls=True,
        also=(*inner, f"!has({given.text})"),
    )
