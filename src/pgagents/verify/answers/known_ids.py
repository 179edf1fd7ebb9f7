"""Remember the ids that may be in a project's lists, and compare lists with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.verify.cases.invalid import InvalidCase
from pgagents.verify.fixtures.instance import at_path, names_no_instance
from pgagents.verify.lists import may_go_on
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

DEPTH, MOST_TOLD = 6, 200
"""Bounds for reading ids in the answers of other writes: the depth, and the number of values."""


@dataclass(slots=True)
class KnownIds:
    """The ids that may be in a project's list.

    They are those of the first whole list (None before it) and those made since. `unsure` is true once a call
    may have made an instance whose id is unknown.
    """

    first: set[Any] | None = None
    made: set[Any] = field(default_factory=set)
    told: set[Any] = field(default_factory=set)
    """Ids in answers of other accepted writes, which may make instances of several resources."""
    unsure: bool = False
    refused: list[str] = field(default_factory=list)
    """Endpoints that have refused to make an instance since the last list."""
    tried: set[str] = field(default_factory=set)
    """Endpoints that have refused the most revealing invalid call since the last whole list."""
    shown: set[str] = field(default_factory=set)
    """Endpoints whose refusals were proved to have no effect."""


def _list_told(resource: Resource, body: Any, depth: int) -> Iterator[Any]:
    """Yield the ids of a resource in an answer, found by the resource's name: `kernel: {id: …}`, `kernel_id:
    …`.
    """
    if not isinstance(body, Mapping | list) or not depth:
        return
    if isinstance(body, Mapping):
        inner = body.get(resource.name)
        yield resource.id_of(inner) if isinstance(inner, Mapping) else None
        named = body.get(f"{resource.name}_id")
        yield named if isinstance(named, str | int) else None
    for part in body.values() if isinstance(body, Mapping) else body:
        yield from _list_told(resource, part, depth - 1)


def note_told(resource: Resource, exchange: Exchange, known: KnownIds) -> None:
    """Note the ids in the answer of an accepted write, whatever instances it may make."""
    endpoint = exchange.call.endpoint
    if exchange.success and endpoint is not None and endpoint.action.effect == "write":
        known.told.update(islice(_list_told(resource, exchange.body, DEPTH), MOST_TOLD))


def project_of(setting: Setting, exchange: Exchange) -> tuple[str, str]:
    """Return the project and the mode of the caller; two empty texts for a caller without a role."""
    role = setting.model.auth.roles.get(exchange.call.role)
    return (role.project, role.mode) if role is not None else ("", "")


def sees_a_part(setting: Setting, exchange: Exchange) -> bool:
    """True if the caller's lists exclude instances of other callers in its project, so that they cannot be
    compared.
    """
    role = setting.model.auth.roles.get(exchange.call.role)
    return role is not None and role.group is not None


def may_make(resource: Resource, exchange: Exchange) -> bool:
    """True if the call may have made an instance. A POST that fits no action may have made any."""
    if exchange.call.endpoint is None:
        return exchange.success and exchange.request.method == "POST" and exchange.call.intent == "framework"
    if resource.made_by is not None and exchange.call.endpoint.action is resource.made_by.action:
        return True
    return (
        exchange.call.endpoint.action.effect == "write"
        and exchange.success
        and resource.id_of(at_path(resource.made_by, exchange)) is not None
    )


def note_create(
    resource: Resource, exchange: Exchange, known: KnownIds, revealing: Mapping[str, InvalidCase]
) -> None:
    """Note the id that a create made, or its refusal. `revealing` has by place the invalid call that reveals
    most.
    """
    body = (
        at_path(resource.made_by, exchange)
        if resource.made_by and resource.made_by.at and exchange.success
        else None
    )
    if isinstance(body, Mapping) and resource.id_of(body) is not None:
        known.made.add(resource.id_of(body))
    elif exchange.success or exchange.error or exchange.status >= 500:
        declared = exchange.codes.get(exchange.code or "")
        promised = declared is not None and bool(
            declared.provoked_by
        )  # the catalogue says that this failure has no effect
        known.unsure = known.unsure or (exchange.status != UNAVAILABLE and not promised)
    elif exchange.place in revealing and not exchange.limited and known.first is not None:
        if exchange.place not in known.refused:
            known.refused.append(exchange.place)
        wrong = revealing[exchange.place]
        if exchange.call.intent == wrong.call.intent and exchange.call.input == wrong.call.input:
            known.tried.add(exchange.place)


def list_items(resource: Resource, exchange: Exchange) -> list[Mapping[str, Any]] | None:
    """Return the instances in the answer of a list; None if the answer has no list."""
    call = next(
        (
            c
            for c in resource.listed_by
            if exchange.call.endpoint is not None and c.action is exchange.call.endpoint.action
        ),
        None,
    )
    items = at_path(call, exchange) if call is not None and call.at is not None else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else None


def is_whole(resource: Resource, exchange: Exchange, items: list[Mapping[str, Any]]) -> bool:
    """True if the list contains all existing instances."""
    asked = exchange.call
    action = asked.endpoint.action if asked.endpoint is not None else None
    plain = next(
        (call for call in resource.listed_by if names_no_instance(call) and call.action is action), None
    )
    if plain is None or asked.input != plain.input or may_go_on(exchange, items):
        return False
    most = min((v for v in plain.input.values() if isinstance(v, int)), default=None)
    return most is None or len(items) < most
