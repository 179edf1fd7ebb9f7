"""Laws about the length of a list: a number bounds it, or it follows from one. `lists.py` proposes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.suggest.candidate import EQUALITY, ORDER, Candidate, Evidence, Guard
from pgagents.suggest.columns import Column
from pgagents.suggest.names import is_reckonable
from pgagents.suggest.tables import Table

LIMITS = frozenset(("limit", "size", "count", "max", "per", "page", "top", "first", "take", "rows"))
TOTALS = frozenset(("total", "count", "size", "sum", "number"))
LEAST_TOTALS = 2
"""Least number of different totals that lists must have had."""


def bound_length(table: Table, column: Column) -> Iterator[Candidate]:
    """Yield laws about the length: it follows from a number, or the list is empty under a condition."""
    for number in table.columns:
        if not is_reckonable(number) or number.root in ("before", "now") or not number.whole:
            continue
        size = f"size({column.text})"
        if number.root == "input" and not LIMITS.isdisjoint(number.words):
            yield Candidate(
                table,
                "lists",
                "at-most-limit",
                f"{size} <= {number.text}",
                (column, number),
                lambda v, n: len(v) <= n,
                bar=ORDER,
                own=_reach(column, number),
                guardable=False,
            )
        if number.root == "response":
            yield from _lengths(table, column, number)
    for given in table.of_root("input"):
        if given.kind in ("rows", "list"):
            yield Candidate(
                table,
                "order",
                f"{column.last}-one-each",
                f"size({column.text}) == size({given.text})",
                (column, given),
                lambda v, g: len(v) == len(g),
                guardable=False,
            )


def _lengths(table: Table, column: Column, number: Column) -> Iterator[Candidate]:
    """Yield laws that derive the length of a list from a number in the same answer."""
    size = f"size({column.text})"
    yield Candidate(
        table,
        "lists",
        f"{column.last}-counted",
        f"{number.text} == {size}",
        (number, column),
        lambda n, v: n == len(v),
        bar=EQUALITY,
        prior=1.0 if not TOTALS.isdisjoint(number.words) else -1.0,
        guardable=False,
    )
    if "total" in number.words and column.path[:-1] == number.path[:-1]:
        yield Candidate(
            table,
            "order",
            f"{column.last}-at-most-{number.last}",
            f"{size} <= {number.text}",
            (column, number),
            lambda v, n: len(v) <= n,
            bar=ORDER,
            own=_fill(column, number),
            guardable=False,
        )
    yield Candidate(
        table,
        "order",
        f"{column.last}-if-any",
        f"({number.text} > 0.0) == ({size} > 0.0)",
        (number, column),
        lambda n, v: (n > 0) == (len(v) > 0),
        bar=ORDER,
        prior=1.0 if not TOTALS.isdisjoint(number.words) else -0.5,
        guardable=False,
    )


def _reach(column: Column, number: Column) -> Any:
    """Return a judge of a limit. It counts rows in which the list is as long as the limit allows."""

    def weigh(guard: Guard | None) -> Evidence | None:
        reached, most = set(), 0
        for value, limit in zip(column.values, number.values, strict=True):
            if isinstance(value, list) and isinstance(limit, int | float):
                if len(value) == limit and limit > 0:
                    reached.add(limit)
                most = max(most, len(value))
        if guard is not None or not reached or all(limit >= most for limit in reached):
            return None
        return Evidence(len(reached), 0.9, 4.0 + len(reached), (min(reached),))

    return weigh


def _fill(column: Column, number: Column) -> Any:
    """Return a judge of a total.

    Some lists must have as many items as the total, others fewer, and totals must differ.
    """

    def weigh(guard: Guard | None) -> Evidence | None:
        whole: set[float] = set()
        parts: set[float] = set()
        for value, total in zip(column.values, number.values, strict=True):
            if isinstance(value, list) and isinstance(total, int | float):
                (whole if len(value) == total else parts).add(total)
        if guard is not None or len(whole - {0}) < LEAST_TOTALS or not parts:
            return None
        return Evidence(len(whole | parts), 0.9, 4.0 + len(whole | parts), (min(parts),))

    return weigh
