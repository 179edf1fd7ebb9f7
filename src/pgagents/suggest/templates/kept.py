"""Propose that a write keeps members: the answer has the value from before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from pgagents.base.cel.functions import epoch
from pgagents.suggest.candidate import Candidate, Evidence, Guard, is_another
from pgagents.suggest.candidate import weigh as weigh_under
from pgagents.suggest.tables import MISSING, Column, Table, text_key


def propose(table: Table) -> Iterator[Candidate]:
    """Yield the law that a member of the answer equals the same member before.

    Only writes count, because other callers may have changed an instance between two reads.
    """
    if not table.writes:
        return
    before = {c.path[1:]: c for c in table.of_root("before")}
    for target in table.of_root("response"):
        source = next(
            (before[target.path[n:]] for n in range(1, len(target.path)) if target.path[n:] in before), None
        )
        if source is not None and target.kind in ("number", "time") and is_another(table, target):
            continue  # another object's price may have changed since the last read
        if source is None or target.kind in ("none", "mixed") or source.kind != target.kind:
            continue
        if target.kind == "object" and _has_members(table, target):
            continue
        if any(_holds(c, target) and c.kind == "object" and c.nulls for c in table.columns):
            continue
        given = next(
            (c for c in table.of_root("input") if len(c.path) == 2 and c.path[1:] == source.path[1:]), None
        )
        if given is None:
            yield _make(table, target, source)
        elif given.lacks:
            yield _kept_unless(table, target, source, given)


def _has_members(table: Table, column: Column) -> bool:
    """True for an object that is never null and has members besides scalars."""
    inner = [c for c in table.columns if c.path[: len(column.path)] == column.path and c is not column]
    return bool(inner) and not column.nulls


def _holds(around: Column, column: Column) -> bool:
    """True if the value of one column is an object that contains the other column."""
    return around is not column and column.path[: len(around.path)] == around.path


def _make(table: Table, target: Column, source: Column) -> Candidate:
    a, b = target.text, source.text
    by_time = target.kind == "time" and not (target.nulls or source.nulls)
    that = f"epoch({a}) == epoch({b})" if by_time else f"{a} == {b}"
    test = _same_time if by_time else _equal
    return Candidate(
        table,
        "kept",
        "terms-kept",
        that,
        (target, source),
        test,
        prior=1.5,
        nulls=not by_time,
        guardable=False,
        group="kept",
    )


def _kept_unless(table: Table, target: Column, source: Column, given: Column) -> Candidate:
    """Return the law that a member is unchanged if its argument is not given."""
    plain = _make(table, target, source)
    rows = frozenset(i for i, v in enumerate(given.values) if v is MISSING)
    guard = Guard(f"!has({given.text})", given, rows)

    def weigh(_: Guard | None) -> Evidence | None:
        return weigh_under(plain, guard)

    return replace(plain, own=weigh, also=(f"!has({given.text})",), group="rest")


def _same_time(a: Any, b: Any) -> bool:
    return epoch(a) == epoch(b)


def _equal(a: Any, b: Any) -> bool:
    return text_key(a) == text_key(b) if isinstance(a, dict | list) else bool(a == b)
