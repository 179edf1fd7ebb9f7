"""Judge candidates: does one hold in every row, and would a violation be noticed?

A law that nothing can break has no content. So each argument in turn gets the values of other rows, and a
share of these exchanges must break the law. From that share and the number of different rows follows the
probability that the law holds by chance.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard
from pgagents.suggest.columns import MISSING, Column, text_key
from pgagents.suggest.tables import Table

SWAPS = 120
LEAST_Q = 0.1
"""Least share of exchanges that must break the law, for each argument."""
MOST_EACH = 2.0
"""Most evidence that one row can give, as a decimal logarithm."""
STRING = 5
STRING_WORTH = 1.5
MOST_GUARDS = 40


def judge(candidate: Candidate, guards: Sequence[Guard]) -> Iterator[tuple[Candidate, Evidence]]:
    """Yield the candidate, or the first weaker one that always holds, with its evidence.

    If none does, yield the candidate under each condition with which it holds.
    """
    for one in (candidate, *candidate.weaker):
        held = judge_under(one, None)
        if held is not None:
            if is_enough(one, held):
                yield one, held
            return
    for guard in guards if candidate.guardable else ():
        if guard.column not in candidate.columns:
            under = judge_under(candidate, guard)
            if under is not None and is_enough(candidate, under):
                yield candidate.under(guard), under


def judge_under(candidate: Candidate, guard: Guard | None) -> Evidence | None:
    """Return the evidence of a candidate under a condition, None if a row breaks it."""
    return candidate.own(guard) if candidate.own is not None else weigh(candidate, guard)


def is_enough(candidate: Candidate, evidence: Evidence) -> bool:
    """Return True if the law could have been broken, and chance does not explain that it was not."""
    return evidence.score >= candidate.bar and (candidate.own is not None or evidence.q >= LEAST_Q)


def list_guards(table: Table) -> list[Guard]:
    """Return the conditions for laws of a table: values of declared enums and flags, and present
    arguments.
    """
    found = []
    for column in table.columns:
        if column.root == "before":
            continue
        if column.choices and column.kind in ("text", "flag"):
            for value in column.choices:
                rows = frozenset(i for i, v in enumerate(column.values) if _same(v, value))
                if rows and len(rows) < table.rows:
                    found.append(Guard(_equals(column, value), column, rows))
        elif column.root == "input" and len(column.path) == 2 and column.lacks:
            there = frozenset(i for i, v in enumerate(column.values) if v is not MISSING)
            if there and len(there) < table.rows:
                found.append(Guard(f"has({column.text})", column, there))
    return found[:MOST_GUARDS]


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _equals(column: Column, value: Any) -> str:
    if value is True:
        return column.text
    if value is False:
        return f"!{column.text}"
    return f"{column.text} == {write_value(value)}"


def write_value(value: Any) -> str:
    """Return a scalar in CEL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    return repr(float(value))


def weigh(candidate: Candidate, guard: Guard | None) -> Evidence | None:
    """Return the evidence of a candidate; None if a row breaks it or no row has its values."""
    tuples: dict[Any, tuple[Any, ...]] = {}
    test = candidate.test
    lists = [c.values for c in candidate.columns]
    indexes = range(candidate.table.rows) if guard is None else guard.rows
    for index in indexes:
        row = tuple(values[index] for values in lists)
        if any(v is MISSING or (v is None and not candidate.nulls) for v in row):
            continue
        key = tuple(map(text_key, row))
        if key in tuples:
            continue
        if not _holds(test, row):
            return None
        tuples[key] = row
    if not tuples:
        return None
    rows = list(tuples.values())
    shares = _list_shares(test, rows)
    target = min(0.99, shares[0])
    score = len(rows) * min(MOST_EACH, -math.log10(1.0 - target))
    if candidate.bar <= EQUALITY and candidate.columns[0].kind == "text":
        long = {v for row in rows for v in row[:1] if isinstance(v, str) and len(v) >= STRING}
        score += STRING_WORTH * min(4, len(long)) if len(long) > 1 else 0.0
    return Evidence(len(rows), min(shares), score + candidate.prior, rows[-1])


def _holds(test: Any, row: Sequence[Any]) -> bool:
    try:
        return bool(test(*row))
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return False


def _list_shares(test: Any, rows: Sequence[tuple[Any, ...]]) -> list[float]:
    """Return, for each argument, the share of exchanges with other rows that break the law."""
    found = []
    rng = random.Random(len(rows))
    for place in range(len(rows[0])):
        broken = tried = 0
        keys = {text_key(row[place]) for row in rows}
        if len(keys) < 2:
            found.append(0.0)
            continue
        for _ in range(SWAPS):
            row, other = rng.choice(rows), rng.choice(rows)
            if text_key(row[place]) == text_key(other[place]):
                continue
            tried += 1
            broken += not _holds(test, (*row[:place], other[place], *row[place + 1 :]))
        found.append(broken / tried if tried else 0.0)
    return found
