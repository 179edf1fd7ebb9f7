"""Find instances that a list lacks, although the laws of the list admit them.

A law that reads an argument (`orders.all(order, order.status == input.status)`) says which items the argument
admits. If all laws hold for an instance of ours, the list must contain it, provided that the answer has room.
A list that goes on must contain it if the law of its order puts it before the last item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError
from pgagents.cel.reading import members_in
from pgagents.cel.scope import Scope
from pgagents.jsonschema.joined import list_parts
from pgagents.model.action import Action
from pgagents.model.law import Law
from pgagents.model.resource import Resource, unwrap
from pgagents.verify.check.setting import Setting
from pgagents.verify.laws.laws import reading_of, values_of
from pgagents.verify.laws.next_page import may_go_on
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

Body = Mapping[str, Any]
MOST_SORTS = 12
"""The most groups of instances tried for one answer. All instances of a group have the same values in the
members that the laws read.
"""
OF_EACH = 2
"""The most instances tried of each group, the latest ones. They differ only where the order decides."""


def find_missing_instance(
    setting: Setting,
    exchange: Exchange,
    member: str,
    resource: Resource,
    instances: Iterable[Body],
    *,
    body_at: str = "",
) -> Body | None:
    """Return the first of these instances that the list at `member` must contain and lacks.

    `body_at` is where an item holds the instance, if it is wrapped. Return None if no instance is missing, or
    if nothing can be concluded.
    """
    endpoint = exchange.call.endpoint
    assert endpoint is not None
    filters = filters_of(setting, endpoint.action)
    items = exchange.body.get(member) if isinstance(exchange.body, Mapping) else None
    if not isinstance(items, list) or not _reads_arguments(filters, endpoint, exchange):
        return None
    listed = (unwrap(item, body_at) if body_at else item for item in items)
    there = {resource.id_of(item) for item in listed if isinstance(item, Mapping)}
    missing = [
        instance
        for instance in instances
        if resource.id_of(instance) not in there
        and _is_comparable(resource, endpoint.action, filters, instance)
    ]
    if not missing:
        return None
    declared = _find_declared_members(setting, endpoint.action, member)
    goes_on = any(value for name, value in exchange.body.items() if name != member) or may_go_on(
        exchange, items
    )
    answer = partial(_Answer, setting, exchange, member)
    every, asked = answer(endpoint.action.laws), answer(filters)
    orders: list[_Answer] | None = None
    for alike in _sorts(filters, missing):
        likely = [
            {name: value for name, value in instance.items() if name in declared}
            for instance in alike[-OF_EACH:]
        ]
        fitting = [instance for instance in likely if every.holds([instance])]
        if fitting and not goes_on and asked.holds([*items, fitting[0]]):
            return fitting[0]
        if fitting and orders is None:
            orders = [order for law in ordering_of(endpoint.action) if (order := answer((law,))).holds(items)]
        if early := _before_the_end(orders or (), items, fitting):
            return early
    return None


def _reads_arguments(filters: Sequence[Law], endpoint: Endpoint, exchange: Exchange) -> bool:
    """True if laws read all arguments of a call. Another argument, such as a cursor, may exclude anything."""
    given = {str(p.name) for p in endpoint.params if exchange.input.get(str(p.name)) is not None}
    return given <= {name for law in filters for name, *_ in filter(None, law.that.paths["input"])}


def _is_comparable(resource: Resource, action: Action, filters: Sequence[Law], instance: Body) -> bool:
    """True if an instance's last known body can be compared with the list.

    The members that the filters read must not have changed since. If its state has changed, a law of the list
    must read the state.
    """
    lasting = set(resource.fixed) or instance.keys() - set(resource.volatile)
    read = {name for law in filters for name in _members_read(law.that)} & instance.keys()
    moved = resource.state is not None and instance.get(resource.state) != resource.initial
    told = any(resource.state in _members_read(law.that) for law in action.laws)
    return read <= lasting | {resource.state} and (told or not moved)


@lru_cache(maxsize=1_000)
def _members_read(expression: Expression) -> tuple[str, ...]:
    """Return the names of the members that an expression reads."""
    return tuple(dict.fromkeys(members_in(expression.tree)))


def _find_declared_members(setting: Setting, action: Action, member: str) -> frozenset[str]:
    """Return the members of a list's items by the list's schema; another answer may hold more members."""

    def find() -> frozenset[str]:
        schema = setting.resolve_schema(
            setting.resolve_schema(action.success.schema or {}).get("properties", {}).get(member, {})
        )
        return frozenset(_members(setting, schema.get("items", {})))

    return setting.compute_once(("listed members", action.name, member), find)


def _members(setting: Setting, schema: Mapping[str, Any]) -> Iterator[str]:
    for part in list_parts(schema, setting.model.schemas, keys=("allOf", "oneOf", "anyOf")):
        yield from part.get("properties", {})


def filters_of(setting: Setting, action: Action) -> tuple[Law, ...]:
    """Return the laws that read both the call's arguments and its answer."""
    return setting.compute_once(
        ("filters", action.name), lambda: tuple(law for law in action.laws if "input" in law.that.names)
    )


def ordering_of(action: Action) -> Iterator[Law]:
    """Yield the laws that read the answer alone, such as its order."""
    return (law for law in action.laws if law.when is None and law.that.names == {"response"})


def _sorts(filters: Sequence[Law], instances: Sequence[Body]) -> Iterator[list[Body]]:
    """Yield groups of instances that are equal in the members that the filters read."""
    read = dict.fromkeys(name for law in filters for name in _members_read(law.that))
    found: dict[str, list[Body]] = {}
    for instance in instances:
        found.setdefault(repr([instance.get(name) for name in read if name in instance]), []).append(instance)
    yield from list(found.values())[-MOST_SORTS:]


def _before_the_end(orders: Sequence[_Answer], items: list[Any], instances: Sequence[Body]) -> Body | None:
    """Return an instance that belongs before the answer's last item, because adding it after that breaks a
    law of their order.
    """
    for order in orders:
        for instance in instances:
            if order.holds([instance]) and order.breaks([*items, instance]):
                return instance
    return None


class _Answer:
    """An answer whose list can get other items, to evaluate laws on it."""

    def __init__(self, setting: Setting, exchange: Exchange, member: str, laws: Sequence[Law]) -> None:
        self._body, self._member, self._laws = exchange.body, member, laws
        self._scope = Scope(
            {**values_of(setting.model, exchange), "before": None, "response": None}, reading_of(laws)
        )

    def holds(self, items: list[Any]) -> bool:
        """True if all laws hold for these items; false if one cannot be evaluated."""
        return self._evaluate_laws(items) is True

    def breaks(self, items: list[Any]) -> bool:
        """True if one of the laws is broken by these items."""
        return self._evaluate_laws(items) is False

    def _evaluate_laws(self, items: list[Any]) -> bool | None:
        scope = self._scope
        scope.change("response", {**self._body, self._member: items})
        try:
            return all(scope.holds(law.that) for law in self._laws if law.applies(scope))
        except ExpressionError:
            return None
