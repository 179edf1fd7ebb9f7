"""Remember the instances that each key makes, and find those that a list lacks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.action import ActionCall
from pgagents.model.resource import Resource, id_text
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.target import changes_unseen, may_move
from pgagents.verify.laws.lists import find_missing_instance
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

DAY_S = 86_400.0
"""Seconds after which the server may have removed part of an instance."""


def list_resources(setting: Setting, endpoint: Endpoint) -> list[Resource]:
    """Return the resources that an endpoint's action makes or lists."""

    def find() -> list[Resource]:
        return [
            resource
            for resource in setting.model.resources.values()
            if (resource.made_by is not None and resource.made_by.action is endpoint.action)
            or any(call.action is endpoint.action for call in resource.listed_by)
        ]

    return setting.compute_once(("resources made or listed", str(endpoint.action.name)), find)


def forget_changed(exchange: Exchange, memory: Memory, made: dict[tuple[str, str], dict[str, float]]) -> None:
    """Forget the instances that a call removed or may have changed unseen, whoever made them."""
    endpoint = exchange.call.endpoint
    for resource in memory.model.resources.values() if endpoint is not None else ():
        assert endpoint is not None
        undone_by = resource.undone_by
        removed = undone_by is not None and undone_by.action is endpoint.action and resource.removes
        unseen = changes_unseen(memory.setting, resource, endpoint.action)
        if not removed and not unseen and not may_move(resource, endpoint.action):
            continue
        key = f"{resource.name} {resource.place_in(endpoint.params, exchange.input)}"
        named = [exchange.input.get(str(p.name)) for p in endpoint.params if p.refers_to == resource.name]
        if len(resource.ids) > 1:
            named = [resource.id_named(endpoint.params, exchange.input)]
        for (name, _), mine in made.items():
            for id in named if name == key else ():
                mine.pop(id_text(id), None)


def find_lost_instance(
    exchange: Exchange,
    memory: Memory,
    resource: Resource,
    call: ActionCall,
    mine: Mapping[str, float],
    place: str,
) -> Mapping[str, Any] | None:
    """Return the body of an instance that the list's laws admit and the list lacks; None without one.

    `mine` maps the ids of the key's instances to the times of their creates, in epoch seconds.
    """
    name, *members = (call.at.path if call.at else ()) or ("",)
    since = exchange.sent_at - min(
        (rule.after_s for rule in (memory.model.retention or {}).values()), default=DAY_S
    )
    bodies = [memory.bodies.get((resource.name, f"{place}{id}")) for id, at in mine.items() if at > since]
    return (
        find_missing_instance(
            memory.setting, exchange, members[0], resource, [b for b in bodies if b], body_at=call.body_at
        )
        if name == "response" and len(members) == 1
        else None
    )
