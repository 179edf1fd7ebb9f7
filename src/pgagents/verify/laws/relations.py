"""What a relation between two calls says of one answer: its things, whether it is excused, what it should have besides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgagents.cel.expression import ExpressionError, Scope
from pgagents.model.action import Relation
from pgagents.verify.check.memory import Setting
from pgagents.verify.laws.laws import values_of
from pgagents.verify.wire.exchange import Seen


def scope_of(setting: Setting, seen: Seen) -> Scope | None:
    """What a relation's expressions read; None of an answer that is no sound success."""
    if not seen.fits or not seen.success:
        return None
    return Scope({**values_of(setting.model, seen), "before": None})


def ids_of(setting: Setting, relation: Relation, seen: Seen) -> list[Any] | None:
    """What tells the answer's items apart; None where there is no list."""
    things = things_of(setting, relation, seen)
    return None if things is None else [thing.get(relation.by) for thing in things]


def things_of(setting: Setting, relation: Relation, seen: Seen) -> list[dict[str, Any]] | None:
    """The answer's items; None where there is no list."""
    scope = scope_of(setting, seen)
    if scope is None:
        return None
    try:
        items = scope.evaluate(relation.keeps)
    except ExpressionError:
        return None
    return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def excused(setting: Setting, relation: Relation, seen: Seen) -> bool:
    """Whether the relation claims nothing of this narrower answer: a full page, say."""
    scope = scope_of(setting, seen)
    if relation.unless is None or scope is None:
        return False
    try:
        return scope.holds(relation.unless)
    except ExpressionError:
        return True


def fitting(setting: Setting, relation: Relation, small: Seen, things: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The first of these things that the narrow answer has not, and that fits it."""
    had, scope = ids_of(setting, relation, small), scope_of(setting, small)
    if had is None or scope is None or relation.fits is None or excused(setting, relation, small):
        return None
    for thing in things:
        if thing.get(relation.by) not in had:
            scope.change("item", thing)
            try:
                if scope.holds(relation.fits):
                    return thing
            except ExpressionError:
                continue
    return None
