"""Evaluate the expressions of a relation between two calls on one answer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgagents.cel.scope import Scope
from pgagents.model.law import Relation
from pgagents.verify.check.setting import Setting
from pgagents.verify.laws.laws import values_of
from pgagents.verify.wire.exchange import Exchange


def scope_of(setting: Setting, exchange: Exchange) -> Scope | None:
    """Return the scope of a relation's expressions; None unless the answer is a sound success."""
    if not exchange.fits or not exchange.success:
        return None
    return Scope({**values_of(setting.model, exchange), "before": None})


def ids_of(setting: Setting, relation: Relation, exchange: Exchange) -> list[Any] | None:
    """Return the ids of the answer's items; None if there is no list."""
    instances = instances_of(setting, relation, exchange)
    return None if instances is None else [instance.get(relation.by) for instance in instances]


def instances_of(setting: Setting, relation: Relation, exchange: Exchange) -> list[dict[str, Any]] | None:
    """Return the answer's items; None if there is no list."""
    scope = scope_of(setting, exchange)
    items = scope.find_value(relation.keeps) if scope is not None else None
    return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def is_excused(setting: Setting, relation: Relation, exchange: Exchange) -> bool:
    """True if `unless` makes the relation claim nothing about this narrower answer, for example because it is
    full.
    """
    scope = scope_of(setting, exchange)
    if relation.unless is None or scope is None:
        return False
    return scope.is_true(relation.unless, otherwise=True)


def fitting(
    setting: Setting, relation: Relation, small: Exchange, instances: Iterable[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the first of these instances that belongs into the narrow answer and is missing there, or
    None.
    """
    had, scope = ids_of(setting, relation, small), scope_of(setting, small)
    if had is None or scope is None or relation.fits is None or is_excused(setting, relation, small):
        return None
    for instance in instances:
        if instance.get(relation.by) not in had:
            scope.change("item", instance)
            if scope.is_true(relation.fits):
                return instance
    return None
