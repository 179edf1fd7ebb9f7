"""Propose members that have one value after an action, such as a state after a transition."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard, write_value
from pgagents.suggest.tables import Column, Table, text_key


def propose(table: Table) -> Iterator[Candidate]:
    """Yield the law that an enum or a flag of the answer always has one value."""
    if table.kind != "action" or not table.writes:
        return
    for column in table.of_root("response"):
        if len(column.choices) < 2 or len(column.distinct) != 1 or column.lacks or column.nulls:
            continue
        value = column.there[0]
        choices = len(column.choices)

        def weigh(guard: Guard | None, choices: int = choices, column: Column = column) -> Evidence | None:
            inputs = [c for c in table.of_root("input") if len(c.path) == 2]
            if guard is not None:
                return None
            rows = {tuple(text_key(c.values[i]) for c in inputs) for i in range(table.rows)}
            score = len(rows) * math.log10(choices)
            return Evidence(len(rows), 1 - 1 / choices, score, (column.there[0],))

        that = f"{column.text} == {write_value(value)}" if not isinstance(value, bool) else column.text
        that = f"!{column.text}" if value is False else that
        yield Candidate(
            table,
            "constants",
            f"{column.last}-{str(value).lower()}",
            that,
            (column,),
            bool,
            bar=EQUALITY,
            own=weigh,
            guardable=False,
        )
