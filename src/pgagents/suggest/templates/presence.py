"""Propose when a member is present or not null: exactly if another has a certain value or an argument is
given.

Members that an action's answer never has are proposed too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard, write_value
from pgagents.suggest.tables import MISSING, Column, Table, text_key

LEAST_SIDE = 3
MOST_SWITCHES = 12


def propose(table: Table) -> Iterator[Candidate]:
    """Yield conditions under which members of the answer are present."""
    switches = [
        c for c in table.answered if c.choices and c.kind in ("text", "flag") and c.required and not c.nulls
    ]
    for column in table.answered:
        if not column.lacks and not column.nulls:
            continue
        if column.path[:-1] and _outer_lacks(table, column):
            continue
        for switch in switches[:MOST_SWITCHES]:
            if switch.path[:-1] == column.path[:-1]:
                for value in switch.choices:
                    yield _when_value(table, column, switch, value)
                    if len(switch.choices) > 2:
                        yield _when_value(table, column, switch, value, other=True)
        if table.kind == "action":
            for given in table.of_root("input"):
                if len(given.path) == 2 and given.lacks and given.last == column.last:
                    yield _when_given(table, column, given)


def _outer_lacks(table: Table, column: Column) -> bool:
    """True if an object around the member may be missing."""
    return any(
        c.path == column.path[:n] and (c.lacks or c.nulls)
        for n in range(2, len(column.path))
        for c in table.columns
    )


def is_there(column: Column, value: Any) -> bool:
    """Return True for a value that counts as present.

    Null does not, if the member is null instead of missing.
    """
    return value is not MISSING and (value is not None or not column.nulls)


def say_there(column: Column) -> str:
    """Return the condition that a member is present."""
    return f"{column.text} != null" if column.nulls and not column.lacks else f"has({column.text})"


def _when_value(
    table: Table, column: Column, switch: Column, value: Any, *, other: bool = False
) -> Candidate:
    """Return the law that a member is present exactly if another has a value.

    With `other`, it is any value except this one.
    """
    equals = f"{switch.text} {'!=' if other else '=='} {write_value(value)}"

    def weigh(guard: Guard | None) -> Evidence | None:
        return (
            _weigh(column, [(type(v) is type(value) and v == value) != other for v in switch.values])
            if not guard
            else None
        )

    return Candidate(
        table,
        "presence",
        f"when-{value} {column.text}",
        f"({say_there(column)}) == ({equals})",
        (switch,),
        bool,
        bar=EQUALITY,
        own=weigh,
        guardable=False,
        group=f"there {equals}",
    )


def _when_given(table: Table, column: Column, given: Column) -> Candidate:
    def weigh(guard: Guard | None) -> Evidence | None:
        return _weigh(column, [v is not MISSING for v in given.values]) if not guard else None

    return Candidate(
        table,
        "presence",
        f"{column.last}-if-given",
        f"({say_there(column)}) == has({given.text})",
        (column,),
        bool,
        bar=EQUALITY,
        own=weigh,
        guardable=False,
        bare=True,
    )


def _weigh(column: Column, sides: list[bool]) -> Evidence | None:
    """Return the evidence that a member is present only on one side; None if it is on both."""
    if column.lacks and column.nulls:
        return None
    counts = [0, 0]
    different: set[Any] = set()
    for value, side in zip(column.values, sides, strict=True):
        if is_there(column, value) != side:
            return None
        counts[side] += 1
        if side:
            different.add(text_key(value))
    few = min(counts)
    if few < LEAST_SIDE:
        return None
    total = sum(counts)
    return Evidence(total, few / total, math.log10(math.comb(total, few)), (counts[1], counts[0]))
