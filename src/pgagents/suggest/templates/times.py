"""Propose laws about times: about now, a span after another time, a duration, and which of two is first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.suggest.candidate import (
    ARITHMETIC,
    EQUALITY,
    LEAST_Q,
    ORDER,
    Candidate,
    Evidence,
    Guard,
    is_another,
    is_reckonable,
    opposites,
    weigh,
)
from pgagents.suggest.tables import MISSING, SECONDS, Column, Table, text_key

SLACK_S = 5.0
SPAN_UNITS = (1.0, 60.0, 3600.0, 86400.0)
MOST_TIMES, MOST_NUMBERS = 8, 14
DURATIONS = (("floor", 36.0, 100.0), ("floor", 60.0, 1.0), ("floor", 1.0, 1.0), ("ceil", 3600.0, 1.0))
"""Rounding, step and divisor of durations: hours with two places, whole minutes and seconds, begun hours."""


def propose(table: Table) -> Iterator[Candidate]:
    """Yield laws about the times of the answer."""
    told = [c for c in table.answered if is_time(c)][:MOST_TIMES]
    known = [*told, *[c for c in table.of_root("input", "before") if is_time(c)][:MOST_TIMES]]
    numbers = [c for c in table.columns if is_reckonable(c) and not c.is_money and not c.is_epoch][
        :MOST_NUMBERS
    ]
    now = next(iter(table.of_root("now")), None)
    for time in told:
        if now is not None:
            yield (
                _about_now(table, time, now)
                if _is_repeated(table, time, now)
                else _now_or_kept(table, time, now)
            )
            yield _not_after_now(table, time, now)
            for span in numbers:
                for unit in _units(span):
                    yield _from_now(table, time, now, span, unit)
            if table.kind == "action" and table.writes:
                yield from _lasting(table, time, now, numbers)
        for other in known:
            if other is not time:
                yield from _pair(table, time, other, numbers)
    for number in [c for c in table.answered if is_reckonable(c) and not c.is_money and not c.is_epoch]:
        for a in told:
            for b in told:
                if a is not b:
                    yield from _durations(table, number, a, b)


def is_time(column: Column) -> bool:
    """Return True for times: as text, or in seconds since 1970."""
    return column.kind == "time" or column.is_epoch


def say(column: Column) -> str:
    """Return a CEL expression for a time in seconds."""
    return column.text if column.is_epoch else f"epoch({column.text})"


def seconds(value: Any) -> float:
    """Return a time in seconds."""
    return epoch(value) if isinstance(value, str) else float(value)


def _units(span: Column) -> tuple[float, ...]:
    return (SECONDS[span.unit],) if span.unit in SECONDS else SPAN_UNITS if not span.unit else ()


def _about_now(table: Table, time: Column, now: Column) -> Candidate:
    return Candidate(
        table,
        "times",
        f"{time.last}-now",
        f"near({say(time)}, now, {SLACK_S})",
        (time, now),
        lambda t, n: abs(seconds(t) - n) <= SLACK_S,
        bar=EQUALITY,
        guardable=False,
    )


def _before_of(table: Table, time: Column) -> Column | None:
    """Return the column of the same time before the call."""
    return next((c for c in table.of_root("before") if c.path[1:] == time.path[-len(c.path) + 1 :]), None)


def _is_repeated(table: Table, time: Column, now: Column) -> bool:
    """Return True if a repeated call left an older time unchanged, or if the time is new."""
    was = _before_of(table, time)
    if was is None or not table.writes or not was.there or is_another(table, time):
        return True
    around = time.path[: len(time.path) - len(was.path) + 1]
    before = {c.path[1:]: c for c in table.of_root("before")}
    pairs = [
        (c, before[c.path[len(around) :]])
        for c in table.of_root("response")
        if c.path[: len(around)] == around and c.path[len(around) :] in before and not is_time(c)
    ]
    return any(
        was.values[i] is not MISSING
        and was.values[i] is not None
        and abs(seconds(was.values[i]) - now.values[i]) > SLACK_S
        and all(text_key(c.values[i]) == text_key(b.values[i]) for c, b in pairs)
        for i in range(table.rows)
    )


def _now_or_kept(table: Table, time: Column, now: Column) -> Candidate:
    """Return the law that a time is about now, or unchanged: a call without effect may leave it."""
    was = _before_of(table, time)
    assert was is not None
    plain = _about_now(table, time, now)
    either = replace(
        plain,
        that=f"near({say(time)}, now, {SLACK_S}) || {say(time)} == {say(was)}",
        columns=(time, now, was),
        test=lambda t, n, w: abs(seconds(t) - n) <= SLACK_S or seconds(t) == seconds(w),
    )

    def judge(guard: Guard | None) -> Evidence | None:
        found = weigh(plain, guard) or weigh(either, guard)
        return found if found is None or found.q >= LEAST_Q else replace(found, score=0.0)

    return replace(either, own=judge)


def _not_after_now(table: Table, time: Column, now: Column) -> Candidate:
    return Candidate(
        table,
        "order",
        f"{time.last}-by-now",
        f"{say(time)} <= now + {SLACK_S}",
        (time, now),
        lambda t, n: seconds(t) <= n + SLACK_S,
        bar=ORDER,
        guardable=False,
        prior=1.5 if time.words[:1] and time.words[0] in ("created", "updated", "started") else -1.0,
        group="by-now",
    )


def _from_now(table: Table, time: Column, now: Column, span: Column, unit: float) -> Candidate:
    term = span.text if unit == 1.0 else f"{span.text} * {unit}"
    return Candidate(
        table,
        "times",
        f"{time.last}-in-{span.last}",
        f"near({say(time)}, now + {term}, {SLACK_S})",
        (time, now, span),
        lambda t, n, s: abs(seconds(t) - n - s * unit) <= SLACK_S,
        bar=ARITHMETIC,
        guardable=False,
    )


def _lasting(table: Table, time: Column, now: Column, numbers: list[Column]) -> Iterator[Candidate]:
    """Yield the law that a time is always a fixed number of minutes after the call.

    It is left out if a known number explains the span.
    """
    spans = [
        seconds(t) - n
        for t, n in zip(time.values, now.values, strict=True)
        if isinstance(t, str | int | float)
    ]
    span_s = round(spans[0] / 60.0) * 60.0 if spans else 0.0
    if span_s <= 0 or any(abs(s - span_s) > SLACK_S for s in spans):
        return
    if any(v * unit == span_s for c in numbers for unit in _units(c) for v in c.there):
        return
    yield Candidate(
        table,
        "times",
        f"{time.last}-after-a-while",
        f"near({say(time)}, now + {span_s}, {SLACK_S})",
        (time, now),
        lambda t, n: abs(seconds(t) - n - span_s) <= SLACK_S,
        bar=EQUALITY,
        guardable=False,
    )


def _pair(table: Table, time: Column, other: Column, numbers: list[Column]) -> Iterator[Candidate]:
    """Yield laws about two times: the first comes a fixed span after the second, or just after it."""
    for span in numbers:
        if span.root == "before":
            continue
        for unit in _units(span):
            term = span.text if unit == 1.0 else f"{span.text} * {unit}"
            yield Candidate(
                table,
                "times",
                f"{time.last}-after-{span.last}",
                f"near({say(time)} - {say(other)}, {term}, 1.0)",
                (time, other, span),
                lambda t, o, s, unit=unit: abs(seconds(t) - seconds(o) - s * unit) <= 1.0,
                bar=ARITHMETIC,
                guardable=False,
            )
    if other.root == "before" and not (table.writes and other.last == time.last):
        return
    if other.root != "before" and not opposites(other, time):
        return
    prior = 1.5
    yield Candidate(
        table,
        "order",
        f"{other.last}-first",
        f"{say(other)} <= {say(time)}",
        (time, other),
        lambda t, o: seconds(o) <= seconds(t),
        bar=ORDER,
        prior=prior,
        guardable=False,
    )


def _durations(table: Table, number: Column, end: Column, begin: Column) -> Iterator[Candidate]:
    for helper, step, places in DURATIONS:
        round_to = math.floor if helper == "floor" else math.ceil
        whole = f"{helper}(({say(end)} - {say(begin)}) / {step})"
        that = (
            f"near({number.text}, {whole} / {places}, 0.000001)"
            if places != 1.0
            else f"{number.text} == {whole}"
        )

        def test(
            told: float,
            last: Any,
            first: Any,
            step: float = step,
            places: float = places,
            round_to: Callable[[float], int] = round_to,
        ) -> bool:
            span = round_to(round((seconds(last) - seconds(first)) / step, 6))
            return bool(abs(told - span / places) <= 1e-6)

        yield Candidate(
            table,
            "times",
            number.last.replace("_", "-"),
            that,
            (number, end, begin),
            test,
            bar=ARITHMETIC,
            guardable=False,
        )
