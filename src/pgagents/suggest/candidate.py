"""A proposed law before it is judged, the names of its columns, and its evidence."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.cel.syntax import print_path
from pgagents.suggest.tables import MISSING, SELF, Column, Site, Table, text_key, words_of

EQUALITY, ARITHMETIC, ORDER = 5.0, 6.0, 4.0
"""Least evidence of a law of each kind.

Evidence is the negative decimal logarithm of the probability that the law holds by chance.
"""


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition under which a law applies: its text, and the rows in which it is true."""

    text: str
    column: Column
    rows: frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """The evidence for a law: `n` different tuples of values, and the share `q` of exchanged values that
    break it.
    """

    n: int
    q: float
    score: float
    example: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A law that may hold. `columns` are the arguments of `test`; the law defines the first one.

    `family` is a name in `_ORDER` of `mine.py`, its rank among laws that imply each other. `bar` is the score
    that its evidence must reach. `prior` is added to that score: a form of law that is often true needs less
    evidence. `nulls` is true if null is an allowed value. `guardable` allows a condition if the law does not
    always hold. `group` names laws of one action that people read as one. `also` are further conditions of
    this law.
    """

    table: Table
    family: str
    name: str
    that: str
    columns: tuple[Column, ...]
    test: Callable[..., bool]
    bar: float = EQUALITY
    prior: float = 0.0
    nulls: bool = False
    guardable: bool = True
    group: str = ""
    also: tuple[str, ...] = ()
    own: Callable[[Guard | None], Evidence | None] | None = None
    """A function that judges the candidate instead of the usual counting."""
    guard: Guard | None = None
    bare: bool = False
    """True if the law does not read its columns, so that they need no conditions."""
    only: tuple[Site, ...] = ()
    """The places where the law may be written; empty for all places of the table."""
    weaker: tuple[Candidate, ...] = ()
    """The next weaker laws. They replace this one if it is broken."""

    @property
    def is_firm(self) -> bool:
        """True if the law defines a member that was present whenever its sources were.

        The law then requires the member.
        """
        if self.family not in ("echo", "kept") or len(self.columns) != 2 or not self.columns[0].guards:
            return False
        target, source = self.columns
        return all(
            t is not MISSING and (t is not None or self.nulls)
            for t, s in zip(target.values, source.values, strict=True)
            if s is not MISSING and (s is not None or self.nulls)
        )

    def demands(self) -> tuple[str, ...]:
        """Return the conditions that are part of the law's claim."""
        if not self.is_firm:
            return ()
        return tuple(g for g in self.columns[0].guards if not self._is_answered(self.columns[0], g))

    def _is_answered(self, column: Column, guard: str) -> bool:
        return self.nulls and guard == f"{column.text} != null"

    def under(self, guard: Guard) -> Candidate:
        """Return the same law under a condition."""
        return replace(self, guard=guard, weaker=())

    def conditions(self) -> tuple[str, ...]:
        """Return every condition in an order in which each can be evaluated."""
        found: dict[str, None] = {}
        for column in () if self.bare else self.columns:
            if not (column is self.columns[0] and self.is_firm):
                found |= dict.fromkeys(g for g in column.guards if not self._is_answered(column, g))
        if self.guard is not None:
            found |= dict.fromkeys(self.guard.column.guards)
            found[self.guard.text] = None
        return (*found, *self.also)


@dataclass(frozen=True, slots=True)
class Written:
    """A law in its written form, under one action."""

    action: str
    that: str
    when: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """A candidate with its evidence."""

    candidate: Candidate
    evidence: Evidence
    sites: tuple[Site, ...] = field(default=())

    def write(self) -> list[Written]:
        """Return the law in its written form for each of its places."""
        return [write_at(self.candidate, site) for site in self.sites]


def write_at(candidate: Candidate, site: Site) -> Written:
    """Return the law with its conditions at a site."""
    conditions = candidate.conditions()
    around = _list_around(site)
    wanted = " && ".join((*candidate.demands(), candidate.that))
    if not site.path or candidate.table.kind == "action":
        return Written(site.action, wanted, " && ".join((*around, *conditions)))
    place = print_path(site.path)
    if not site.many:
        return Written(
            site.action,
            wanted.replace(SELF, place),
            " && ".join((*around, *(c.replace(SELF, place) for c in conditions))),
        )
    var = name_item(site.path[-1])
    outer = [c for c in conditions if SELF not in c]
    inner = [c.replace(SELF, var) for c in conditions if SELF in c]
    that = wanted.replace(SELF, var)
    if inner:
        that = f"!({' && '.join(inner)}) || ({that})" if len(inner) > 1 else f"!({inner[0]}) || ({that})"
    return Written(site.action, f"{place}.all({var}, {that})", " && ".join((*around, *outer)))


def _list_around(site: Site) -> list[str]:
    """Return the conditions under which an object exists at a site."""
    if site.sure:
        return []
    found = []
    for end in range(2, len(site.path) + 1):
        part = print_path(site.path[:end])
        found += [f"has({part})", f"{part} != null"]
    return found


def name_item(name: str) -> str:
    """Return a variable name for the items of a list."""
    word = re.sub(r"[^A-Za-z0-9]", "", name).lower() or "item"
    if word.endswith("ies"):
        word = word[:-3] + "y"
    elif word.endswith("s") and not word.endswith("ss") and len(word) > 2:
        word = word[:-1]
    return word if word.isalpha() and word not in _TAKEN else f"{word}_item" if word.isalpha() else "item"


_TAKEN = frozenset(
    (
        "input",
        "response",
        "before",
        "now",
        "status",
        "surface",
        "env",
        "headers",
        "in",
        "true",
        "false",
        "null",
    )
)


# -- names of members


_OPPOSITES = (
    ("min", "max"), ("min", "avg"), ("avg", "max"), ("least", "most"), ("lowest", "highest"), ("low", "high"),
    ("starts", "ends"), ("start", "end"), ("started", "ended"), ("from", "to"), ("begin", "end"),
    ("available", "total"), ("available", "copies"), ("available", "capacity"), ("used", "limit"),
    ("created", "updated"), ("created", "ended"), ("created", "expires"), ("started", "expires"),
    ("placed", "ended"), ("placed", "expires"), ("created", "paid"), ("refunded", "amount"),
    ("captured", "amount"),
    ("done", "total"), ("count", "total"), ("sold", "total"), ("free", "total"),
)  # fmt: skip
_EDGES = frozenset(("at", "time", "on", "date", "is", "has"))


def alike(one: Column, other: Column) -> bool:
    """Return True if two members have the same name, apart from words such as `at`."""
    if one.last == other.last:
        return True
    a, b = (tuple(w for w in c.words if w not in _EDGES) for c in (one, other))
    return bool(a) and bool(b) and a == b


def opposites(one: Column, other: Column) -> bool:
    """Return True if the names say that the first is the lower and the second the upper value."""
    first, second = set(one.words), set(other.words)
    return any(low in first and high in second for low, high in _OPPOSITES)


def is_id(column: Column) -> bool:
    """Return True for a member whose name says that it is an id."""
    return bool(column.words) and column.words[-1] in ("id", "ids", "code", "key", "uuid", "number", "vin")


def is_same_id(target: Column, given: Column) -> bool:
    """Return True if the names say that a member is the id which an argument refers to.

    `product_id` is the member of that name, and the `id` of a `product` or of the answer.
    """
    if not given.refers:
        return False
    if alike(target, given):
        return True
    around = words_of(target.path[-2]) if len(target.path) > 2 else ()
    return target.words == ("id",) and given.words in ((*around, "id"), around)


def is_reckonable(column: Column) -> bool:
    """Return True for a number that arithmetic laws may read."""
    if column.kind != "number" or column.refers or column.unit in ("deg", "year"):
        return False
    return not (column.words and column.words[-1] in ("id", "code", "version", "status"))


def is_another(table: Table, target: Column) -> bool:
    """Return True if `before` is another object than the member's, so that their ids always differ."""
    ids = [
        (c, b)
        for c in table.of_root("response")
        for b in table.of_root("before")
        if c.path[:-1] == target.path[:-1] and is_id(c) and b.path[1:] == (c.last,)
    ]
    return bool(ids) and all(a != b for one, was in ids for a, b in zip(one.values, was.values, strict=True))


# -- evidence


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
