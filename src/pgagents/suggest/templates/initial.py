"""Propose laws about new objects: nothing is refunded yet, the version is 1, a secret is shown once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pgagents.suggest.candidate import EQUALITY, Candidate, Evidence, Guard, write_value
from pgagents.suggest.tables import MISSING, Column, Site, Table, text_key

LEAST = 4
INITIAL = (0, 1, None)
EACH_TOLD = 1.2
"""Evidence from one answer that contains a secret, as a decimal logarithm."""
SECRETS = frozenset(("secret", "token", "password"))
"""Names of members that are shown only once."""


def propose(table: Table) -> Iterator[Candidate]:
    """Yield, for each single place of a kind of object, the members that always have one initial value
    there.
    """
    if table.kind != "object":
        return
    for column in table.columns:
        if (
            column.kind not in ("number", "text", "time", "none")
            or len(column.path) != 2
            or not column.required
        ):
            continue
        for site in table.sites:
            if not site.many:
                yield from _at_site(table, column, site)
                yield from _propose_secret(table, column, site)


def _at_site(table: Table, column: Column, site: Site) -> Iterator[Candidate]:
    here = [row.get(column.path, MISSING) for row in table.at.get(site, ())]
    values = {text_key(v): v for v in here}
    if len(values) != 1 or len(here) < LEAST:
        return
    value = here[0]
    if value is MISSING or isinstance(value, bool) or value not in INITIAL:
        return
    others = [row.get(column.path) for at, rows in table.at.items() if at != site for row in rows]
    same = sum(text_key(v) == text_key(value) for v in others)
    if not others or same == len(others):
        return
    share = (same + 1) / (len(others) + 1)
    found = Evidence(len(here), 1 - share, -len(here) * math.log10(max(share, 0.1)), (value,))
    name, law = f"{column.last}-initially-{_name(value)}", f"{column.text} == {write_value(value)}"
    yield _make(table, column, site, name, law, found)


def _propose_secret(table: Table, column: Column, site: Site) -> Iterator[Candidate]:
    """Yield the law that a secret is shown at one place, if it may be null and no other place shows it.

    Only a member with a secret's name counts. A run sees no null if only one action shows the object.
    """
    if SECRETS.isdisjoint(column.words) or f"{column.text} != null" not in column.guards:
        return
    here = [row.get(column.path) for row in table.at.get(site, ())]
    different = {text_key(value) for value in here}
    if None in here or len(different) < LEAST:
        return
    others = [row.get(column.path) for at, rows in table.at.items() if at != site for row in rows]
    if any(value is not None for value in others):
        return
    found = Evidence(len(here), 0.9, EACH_TOLD * len(here), ("…",))
    yield _make(table, column, site, f"{column.last}-told", f"{column.text} != null", found)


def _make(table: Table, column: Column, site: Site, name: str, law: str, found: Evidence) -> Candidate:
    """Return the law of one column at one place, with its evidence. It gets no condition."""

    def weigh(guard: Guard | None) -> Evidence | None:
        return found if guard is None else None

    return Candidate(
        table,
        "constants",
        name,
        law,
        (column,),
        bool,
        bar=EQUALITY,
        own=weigh,
        guardable=False,
        only=(site,),
        bare=True,
    )


def _name(value: Any) -> str:
    return "null" if value is None else f"{value:g}"
