"""A proposed law before it is judged: its text, the columns that it reads, and a test of their values."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.cel.printer import print_path
from pgagents.suggest.columns import MISSING, SELF, Column
from pgagents.suggest.tables import Site, Table

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

    `family` is a name in `_ORDER` of `prune.py`, its rank among laws that imply each other; `derived` says so
    of laws of files, for example. `bar` is the score that its evidence must reach. `prior` is added to that
    score: a form of law that is often true needs less evidence. `nulls` is true if null is an allowed value.
    `guardable` allows a condition if the law does not always hold. `group` names laws of one action that
    people read as one. `also` are further conditions of this law.
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
