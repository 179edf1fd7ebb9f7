"""Propose that an object never has a member at one place that it has elsewhere, such as a secret."""

from __future__ import annotations

import math
from collections.abc import Iterator

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard
from pgagents.suggest.tables import Table

LEAST = 5
EACH = 0.6


def propose(table: Table) -> Iterator[Candidate]:
    """Yield, for each place of a kind of object, the members that it never has there."""
    if table.kind != "object" or len(table.sites) < 2:
        return
    for column in table.columns:
        if len(column.path) != 2 or not column.lacks:
            continue
        told = sum(count for count, members in table.seen.values() if column.path in members)
        for site, (count, members) in table.seen.items():
            if column.path in members or count < LEAST:
                continue

            def weigh(guard: Guard | None, count: int = count, told: int = told) -> Evidence | None:
                score = EACH * min(count, 20) + math.log10(1 + told)
                return Evidence(count, 0.5, score) if guard is None else None

            yield Candidate(
                table,
                "never",
                f"no-{column.last}",
                f"!has({column.text})",
                (column,),
                bool,
                bar=EQUALITY,
                own=weigh,
                guardable=False,
                group="never",
                only=(site,),
                bare=True,
            )
