"""Propose laws about lists: their order, unique members, their length, and sums over their items."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pgagents.base.cel.functions import HELPERS, cents, epoch
from pgagents.suggest.candidate import (
    ARITHMETIC,
    EQUALITY,
    ORDER,
    Candidate,
    Evidence,
    Guard,
    alike,
    is_reckonable,
    name_item,
)
from pgagents.suggest.tables import MISSING, Column, Table, text_key, words_of

MOST_MEMBERS = 24
MARK = "pgv-"
LONG = 5
_HELD = {
    "sorted_by": HELPERS["sorted_by"],
    "sorted_down_by": HELPERS["sorted_down_by"],
}


def propose(table: Table) -> Iterator[Candidate]:
    """Yield laws about the lists of an action's answer."""
    if table.kind != "action":
        return
    lists = [c for c in table.of_root("response") if c.kind in ("rows", "list") and c.there]
    for column in lists:
        yield from bound_length(table, column)
        if column.kind == "rows":
            members = _members(column)
            for member in members:
                yield from _sorted(table, column, member)
                yield from _unique(table, column, member)
            yield from _totals(table, column, members)
        for given in table.of_root("input"):
            if given.kind == "list" and column.kind == "list":
                yield _same_items(table, column, given)
            if given.kind == "rows" and column.kind == "rows":
                yield from _matching(table, column, given)


def _members(column: Column) -> list[str]:
    """Return the names of members that every item has."""
    items = [item for value in column.there for item in value]
    names = list(dict.fromkeys(name for item in items for name in item))[:MOST_MEMBERS]
    return [name for name in names if all(name in item for item in items)]


def _sorted(table: Table, column: Column, member: str) -> Iterator[Candidate]:
    """Yield the law that the items are sorted by a member, ascending or descending."""
    values = [item[member] for value in column.there for item in value]
    timed = bool(values) and all(
        isinstance(v, str) and math.isfinite(epoch(v)) and len(v) > 9 for v in values
    )
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if not values or not (timed or numbers or all(isinstance(v, str) for v in values)):
        return
    if any(isinstance(v, str) and MARK in v for v in values):  # our own texts have the order of our calls
        return
    var = name_item(column.last)
    read = f"{var}.{member}"
    for helper, check in _HELD.items():
        if timed:
            that = f'{helper}({column.text}.map({var}, {{"at": epoch({read})}}), "at")'
        else:
            that = f'{helper}({column.text}, "{member}")'

        def test(items: Sequence[Mapping[str, Any]], check: Any = check) -> bool:
            rows = [{"at": epoch(i[member]) if timed else i[member]} for i in items]
            return bool(check(rows, "at"))

        yield Candidate(
            table,
            "lists",
            f"by-{'falling-' if helper == 'sorted_down_by' else ''}{member}",
            that,
            (column,),
            test,
            bar=6.0,
            own=_shuffles(column, member, test, timed=timed),
            group=f"sort {column.text}",
            prior=1.0 if timed else 0.0,
        )


def _shuffles(column: Column, member: str, test: Any, *, timed: bool) -> Any:
    """Return a judge of an order.

    A list of k different values is sorted by chance once in k! times.
    """

    def weigh(guard: Guard | None) -> Evidence | None:
        score, seen = 0.0, set()
        for index, items in enumerate(column.values):
            if not isinstance(items, list) or (guard is not None and index not in guard.rows):
                continue
            if not test(items):
                return None
            key = tuple(text_key(epoch(i[member]) if timed else i[member]) for i in items)
            if len(set(key)) > 1 and key not in seen:
                seen.add(key)
                score += math.log10(math.factorial(min(len(set(key)), 20)))
        if not seen:
            return Evidence(0, 0.0, 0.0)
        return Evidence(len(seen), 0.5, score, ())

    return weigh


def _unique(table: Table, column: Column, member: str) -> Iterator[Candidate]:
    """Yield the law that no two items of a list share a member's value."""
    words = words_of(member)
    named = bool(words) and words[-1] in ("id", "uuid", "code", "key")
    own = named

    def weigh(guard: Guard | None) -> Evidence | None:
        if guard is not None:
            return None
        pool = [text_key(i[member]) for items in column.there for i in items]
        score, lists = 0.0, 0
        repeats = len(pool) / max(1, len(set(pool)))
        seen = set()
        for items in column.there:
            keys = [text_key(i[member]) for i in items]
            if len(set(keys)) < len(keys):
                return None
            if len(keys) > 1 and tuple(keys) not in seen:
                seen.add(tuple(keys))
                lists += 1
                pairs = len(keys) * (len(keys) - 1) / 2
                score += -math.log10(max(1e-3, (1 - 1 / max(2, len(set(pool)))) ** pairs))
        if not lists:
            return None
        if own:
            score += 5.0 if words == ("id",) else 2.5
        return Evidence(lists, 0.5, score if own or repeats > 1.2 else 0.0, ())

    if own or all(isinstance(i[member], str | int) for items in column.there for i in items):
        yield Candidate(
            table,
            "lists",
            "each-once",
            f'unique_by({column.text}, "{member}")',
            (column,),
            bool,
            bar=EQUALITY,
            own=weigh,
            guardable=False,
            group=f"unique {column.text}",
            prior=1.0 if own else 0.0,
        )


def _totals(table: Table, column: Column, members: Sequence[str]) -> Iterator[Candidate]:
    """Yield the law that a number of the answer is the sum of a member over the list."""
    for total in table.of_root("response"):
        if not is_reckonable(total) or any(total.path[: len(column.path)] == column.path for _ in (0,)):
            continue
        for member in members:
            values = [item[member] for value in column.there for item in value]
            if not all(isinstance(v, int | float) and not isinstance(v, bool) for v in values):
                continue
            right = f'sum_of({column.text}, "{member}")'
            money = total.is_money
            that = (
                f"cents({total.text}) == cents({right})"
                if money
                else f"near({total.text}, {right}, 0.000001)"
            )

            def test(t: float, items: Any, member: str = member, money: bool = money) -> bool:
                added = math.fsum(i[member] for i in items)
                return cents(t) == cents(added) if money else abs(t - added) <= 1e-6

            prior = 1.5 if member == total.last else 0.0
            yield Candidate(
                table,
                "lists",
                f"{total.last}-sums-up",
                that,
                (total, column),
                test,
                bar=ARITHMETIC,
                prior=prior,
                guardable=False,
            )


def _same_items(table: Table, column: Column, given: Column) -> Candidate:
    """Return the law that a list has the argument's items, in order or as a set."""
    a, b = column.text, given.text
    loose = Candidate(
        table,
        "lists",
        f"{column.last}-kept",
        f"{b}.all(x, x in {a}) && {a}.all(x, x in {b})",
        (column, given),
        lambda v, g: all(x in v for x in g) and all(x in g for x in v),
        prior=1.5 if alike(column, given) else 0.0,
        guardable=False,
    )
    return Candidate(
        table,
        "lists",
        f"{column.last}-kept",
        f"{a} == {b}",
        (column, given),
        lambda v, g: v == g,
        prior=loose.prior,
        guardable=False,
        weaker=(loose,),
    )


def _matching(table: Table, column: Column, given: Column) -> Iterator[Candidate]:
    """Yield the law that for each sent object, the answer has one with the same member."""
    var, held = name_item(given.last), f"{name_item(column.last)}2"
    for member in _members(column):
        values = [i.get(member, MISSING) for items in given.there for i in items]
        if not values or not all(isinstance(v, str) for v in values):
            continue

        def plain(items: Any, asked: Any, member: str = member) -> bool:
            return all(any(i[member] == a[member] for i in items) for a in asked)

        def upper(items: Any, asked: Any, member: str = member) -> bool:
            return all(any(i[member] == a[member].upper() for i in items) for a in asked)

        told = f"{column.text}.exists({held}, {held}.{member}"
        different = {v for v in values if len(v) >= LONG}
        prior = 1.5 * min(4, len(different)) if len(different) > 1 else 0.0
        weaker = Candidate(
            table,
            "lists",
            f"{column.last}-match",
            f"{given.text}.all({var}, {told} == upper({var}.{member})))",
            (column, given),
            upper,
            prior=prior,
            guardable=False,
        )
        yield Candidate(
            table,
            "lists",
            f"{column.last}-match",
            f"{given.text}.all({var}, {told} == {var}.{member}))",
            (column, given),
            plain,
            prior=prior,
            guardable=False,
            weaker=(weaker,),
        )


# -- lengths


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
