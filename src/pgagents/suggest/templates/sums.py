"""Propose equations between numbers: products, sums and shares. Money is compared in whole cents."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations, product
from typing import Any

from pgagents.base.cel.functions import cents, epoch
from pgagents.suggest.candidate import (
    ARITHMETIC,
    LEAST_Q,
    Candidate,
    Evidence,
    Guard,
    is_reckonable,
    opposites,
    weigh,
)
from pgagents.suggest.tables import Column, Table

MOST_NUMBERS, MOST_TIMES = 16, 5
SHARE_ROWS = 40
HALF_CENT = 0.005001
_UNIT_PRICES = frozenset(("rate", "price"))
"""Words in the names of amounts from which sums are computed. These are not sums themselves."""


def propose(table: Table) -> Iterator[Candidate]:
    """Yield equations with a number of the answer as their left side."""
    numbers = [c for c in table.columns if is_reckonable(c) and c.there and not c.is_epoch][:MOST_NUMBERS]
    told = [c for c in numbers if c.root not in ("input", "before", "now") and not _UNIT_PRICES & {*c.words}]
    for target in told:
        others = [c for c in numbers if c is not target]
        plain = [c for c in others if c.root != "before"]
        for x in plain:
            yield from _share(table, target, x)
        for x, y in combinations(plain, 2):
            yield from _of_two(table, target, x, y)
        was = next((c for c in others if c.root == "before" and c.last == target.last), None)
        if was is not None:
            yield from _since(table, target, was, plain)
        if target.is_money:
            yield from _by_time(table, target, plain)


class Form:
    """Writes and tests equations of a target: money in cents, whole numbers exactly, others approximately."""

    def __init__(self, target: Column, *parts: Column) -> None:
        self.money = target.is_money
        self.exact = target.whole and all(p.whole for p in parts)

    def text(self, target: Column, right: str) -> str:
        """Return the equation."""
        if self.money:
            return f"cents({target.text}) == cents({right})"
        return f"{target.text} == {right}" if self.exact else f"near({target.text}, {right}, 0.000001)"

    def same(self, value: float, other: float) -> bool:
        """Return True if two values are equal with this form's precision."""
        if self.money:
            return cents(value) == cents(other)
        return value == other if self.exact else abs(value - other) <= 1e-6


def equation(
    table: Table,
    name: str,
    target: Column,
    right: str,
    parts: Sequence[Column],
    compute: Callable[..., float],
    **more: Any,
) -> Candidate:
    """Return the candidate that a target equals a value computed from other columns."""
    form = Form(target, *parts)
    return Candidate(
        table,
        "sums",
        name,
        form.text(target, right),
        (target, *parts),
        lambda value, *given: form.same(value, compute(*given)),
        bar=ARITHMETIC,
        **more,
    )


def _of_two(table: Table, target: Column, x: Column, y: Column) -> Iterator[Candidate]:
    """Yield product, sum, differences and quotients of two columns, if their units allow it."""
    name = target.last.replace("_", "-")
    money = x.is_money + y.is_money
    if money == target.is_money:
        yield equation(table, name, target, f"{x.text} * {y.text}", (x, y), lambda a, b: a * b)
        for hours, rate in ((x, y), (y, x)):
            if target.is_money and rate.is_money and (hours.unit == "h" or not hours.unit):
                right = f"{rate.text} * ceil({hours.text} / 24.0)"
                yield equation(
                    table,
                    f"{name}-daily",
                    target,
                    right,
                    (rate, hours),
                    lambda r, h: r * math.ceil(round(h / 24, 6)),
                )
    if x.unit == y.unit == target.unit:
        yield equation(table, name, target, f"{x.text} + {y.text}", (x, y), lambda a, b: a + b)
        for a, b in ((x, y), (y, x)):
            yield equation(table, name, target, f"{a.text} - {b.text}", (a, b), lambda p, q: p - q)
    if not money and not target.is_money:
        for a, b in ((x, y), (y, x)):
            yield from _quotients(table, target, a, b)


def _quotients(table: Table, target: Column, a: Column, b: Column) -> Iterator[Candidate]:
    """Yield whole quotients, and shares in per cent."""
    name, positive = target.last.replace("_", "-"), (f"{b.text} > 0",)
    if a.whole and b.whole and target.whole:
        yield equation(
            table,
            name,
            target,
            f"ceil({a.text} / {b.text})",
            (a, b),
            lambda p, q: math.ceil(round(p / q, 6)),
            also=() if (b.root == "input" or a.unit) and b.required else positive,
        )
    if target.unit == "pct" and a.unit != "pct" and b.unit != "pct":
        for text, compute in (
            (f"100.0 * ({b.text} - {a.text}) / {b.text}", lambda p, q: 100.0 * (q - p) / q),
            (f"100.0 * {a.text} / {b.text}", lambda p, q: 100.0 * p / q),
        ):

            def test(v: float, p: float, q: float, compute: Any = compute) -> bool:
                return not q > 0 or abs(v - compute(p, q)) <= 0.51

            yield Candidate(
                table,
                "sums",
                name,
                f"near({target.text}, {text}, 0.51)",
                (target, a, b),
                test,
                bar=ARITHMETIC,
                also=positive,
            )


def _share(table: Table, target: Column, x: Column) -> Iterator[Candidate]:
    """Yield the law that the target is a constant multiple of a column, with at most three digits."""
    if x.unit != target.unit:
        return
    ratios = [
        t / v
        for t, v in zip(target.values, x.values, strict=True)
        if isinstance(t, int | float)
        and isinstance(v, int | float)
        and abs(v) >= 1
        and not isinstance(t, bool)
    ][:SHARE_ROWS]
    if len(ratios) < 3:
        return
    middle = sorted(ratios)[len(ratios) // 2]
    for k in dict.fromkeys(round(middle, places) for places in (0, 1, 2, 3)):
        if k not in (0, 1) and abs(k - middle) < 0.02 and k > 0 and not _is_said_turned(k):
            yield _part(table, target, x, float(k))
            return


def _is_said_turned(k: float) -> bool:
    """Return True for a multiple whose inverse has few digits, so that the inverse is the better law."""
    return k > 1 and abs(round(1 / k, 3) - 1 / k) < 1e-9


def _part(table: Table, target: Column, x: Column, k: float) -> Candidate:
    """Return the candidate that the target is a multiple of a column.

    Money is compared to half a cent if no row shows the direction of rounding. A multiple of an amount also
    multiplies its rounding error.
    """
    name, right = target.last.replace("_", "-"), f"{x.text} * {k!r}"
    halves = [v for v in x.there if abs(v * k * 100 % 1 - 0.5) < 1e-6]
    slack = HALF_CENT if k < 1 else round(HALF_CENT * (1 + k), 6)
    if not target.is_money or (halves and k < 1):
        return equation(table, name, target, right, (x,), lambda v: v * k, prior=-1.0)
    return Candidate(
        table,
        "sums",
        name,
        f"near({target.text}, {right}, {slack})",
        (target, x),
        lambda value, v: abs(value - v * k) <= slack,
        bar=ARITHMETIC,
        prior=-1.0,
    )


def _since(table: Table, target: Column, was: Column, others: Sequence[Column]) -> Iterator[Candidate]:
    """Yield the change of a number since before, and the law that it never falls or rises."""
    name = f"{target.last}-grows".replace("_", "-")
    for x in others:
        if x.unit == target.unit and x.root == "input":
            for sign in ("+", "-"):
                step = 1 if sign == "+" else -1
                right = f"{was.text} {sign} {x.text}"
                yield equation(table, name, target, right, (was, x), lambda w, v, s=step: w + s * v)
    if target.whole and not target.is_money:
        yield equation(table, name, target, f"{was.text} + 1.0", (was,), lambda w: w + 1)
    for x, y in combinations(others, 2):
        if x.is_money + y.is_money == target.is_money and "input" in (x.root, y.root):
            right = f"{was.text} + {x.text} * {y.text}"
            yield equation(table, name, target, right, (was, x, y), lambda w, a, b: w + a * b)
    for symbol, test in ((">=", lambda v, w: v >= w - 1e-9), ("<=", lambda v, w: v <= w + 1e-9)):
        a, b = (f"cents({c.text})" if target.is_money else c.text for c in (target, was))
        yield Candidate(
            table,
            "order",
            f"{target.last}-never-{'falls' if symbol == '>=' else 'rises'}",
            f"{a} {symbol} {b}",
            (target, was),
            test,
            bar=4.0,
            guardable=False,
        )


def _by_time(table: Table, target: Column, others: Sequence[Column]) -> Iterator[Candidate]:
    """Yield a price for each begun day or hour between two times of the answer."""
    times = [c for c in table.answered if c.kind == "time"][:MOST_TIMES]
    name = target.last.replace("_", "-")
    amounts = [c for c in others if c.is_money]
    rates = [c for c in amounts if _UNIT_PRICES & {*c.words}] or amounts
    for rate, end, begin in product(rates, times, times):
        for unit, called in ((86400.0, "days"), (3600.0, "hours")) if opposites(begin, end) else ():
            span = f"(epoch({end.text}) - epoch({begin.text})) / {unit}"
            once = f"(epoch({end.text}) > epoch({begin.text}) ? ceil({span}) : 1.0)"
            found = equation(
                table,
                f"{name}-by-{called}",
                target,
                f"{rate.text} * {once}",
                (rate, end, begin),
                lambda r, e, b, u=unit: r * _begun(e, b, u),
            )
            yield replace(found, own=_of_several(found, end, begin, unit))


def _begun(end: Any, begin: Any, unit: float) -> int:
    """Return the number of begun units between two times, at least one."""
    return max(1, math.ceil(round((epoch(end) - epoch(begin)) / unit, 6)))


def _of_several(
    candidate: Candidate, end: Column, begin: Column, unit: float
) -> Callable[[Guard | None], Evidence | None]:
    """Return a judge of a price by time. Rows that all last one unit are not evidence."""

    def judge(guard: Guard | None) -> Evidence | None:
        found = weigh(candidate, guard)
        if found is None:
            return None
        rows = range(candidate.table.rows) if guard is None else guard.rows
        spans = {
            _begun(end.values[i], begin.values[i], unit)
            for i in rows
            if isinstance(end.values[i], str) and isinstance(begin.values[i], str)
        }
        return found if len(spans) > 1 and found.q >= LEAST_Q else replace(found, score=0.0)

    return judge
