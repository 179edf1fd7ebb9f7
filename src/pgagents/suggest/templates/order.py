"""Propose that a number never exceeds another of the same unit, and that amounts have two decimal places."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.base.cel.functions import cents
from pgagents.suggest.candidate import EQUALITY, ORDER, Candidate, Evidence, Guard, is_reckonable, opposites
from pgagents.suggest.tables import Column, Table

MOST_NUMBERS = 16
EACH_AMOUNT, MANY_AMOUNTS = 1.2, 20


def propose(table: Table) -> Iterator[Candidate]:
    """Yield laws about the order of two numbers, and about the decimal places of money."""
    numbers = [c for c in table.columns if is_reckonable(c) and c.root != "now" and c.there][:MOST_NUMBERS]
    for a in numbers:
        for b in numbers:
            if (
                a is b
                or a.unit != b.unit
                or {a.root, b.root} <= {"input", "before"}
                or "before" in (a.root, b.root)
            ):
                continue
            yield _at_most(table, a, b)
    for column in table.answered:
        if column.is_money and table.kind != "items":
            yield _two_places(table, column)


def _at_most(table: Table, a: Column, b: Column) -> Candidate:
    prior = 0.0 if a.unit and a.unit != "money" else -2.0
    if set(a.words) < set(b.words) or set(b.words) < set(a.words):
        prior = max(prior, 0.5)
    if opposites(a, b):
        prior = 3.5 if len(set(a.words) ^ set(b.words)) == 2 else 2.0
    left, right = (f"cents({c.text})" if a.is_money else c.text for c in (a, b))
    return Candidate(
        table,
        "order",
        f"{a.last}-at-most-{b.last}",
        f"{left} <= {right}",
        (a, b),
        lambda x, y: x <= y + 1e-9,
        bar=ORDER,
        prior=prior,
        guardable=False,
    )


def _two_places(table: Table, column: Column) -> Candidate:
    """Return the law that an amount has at most two decimal places.

    Each different amount divides the probability of chance by ten. If many amounts of the API have at most
    two places, an amount with few known values is assumed to be alike.
    """

    def weigh(guard: Guard | None) -> Evidence | None:
        values = [v for v in column.distinct.values() if not float(v).is_integer()]
        if guard is not None or (not values and table.amounts < MANY_AMOUNTS):
            return None
        score = max(EACH_AMOUNT * len(values), EQUALITY if table.amounts >= MANY_AMOUNTS else 0.0)
        return Evidence(len(column.distinct), 0.9, score, (column.there[-1],))

    return Candidate(
        table,
        "order",
        "two-places",
        f"near(cents({column.text}) / 100.0, {column.text}, 0.000001)",
        (column,),
        lambda v: abs(cents(v) / 100 - v) <= 1e-6,
        bar=EQUALITY,
        own=weigh,
        guardable=False,
        group="places",
    )
