"""Read how much capacity is left in the resource that an instance occupies, such as seats of a flight."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from pgagents.model.resource import Resource, Takes
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path, member_named, will_do
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.exchange import Exchange


def read_counter(
    setting: Setting, resource: Resource, body: Mapping[str, Any]
) -> Generator[Any, Any, int | None]:
    """Return the current capacity counter of the resource named by `takes`, or None if no answer contains it.

    `body` is the instance that occupies capacity. One reading call is sent.
    """
    takes = resource.takes
    endpoint = setting.find_lead(str(takes.read_by.name)) if takes is not None else None
    if takes is None or endpoint is None or takes.by not in body:
        return None
    where = next((str(p.name) for p in endpoint.params if p.refers_to == takes.of), "")
    exchange: Exchange = yield Call(
        endpoint, {where: body[takes.by]}, "valid", f"to count {takes.counter} of a {takes.of}"
    )
    return member_named(exchange.body, takes.counter) if exchange.success and exchange.fits else None


def find_roomiest(setting: Setting, takes: Takes) -> Generator[Any, Any, Mapping[str, Any]]:
    """Return the usable instance of `takes.of` with the highest counter, which is least likely to become
    full.
    """
    resource = setting.model.resources[takes.of]
    search = setting.find_lead(str(resource.found_by.action.name)) if resource.found_by else None
    found: list[Mapping[str, Any]] = []
    if search is not None and resource.found_by is not None and resource.found_by.at is not None:
        exchange: Exchange = yield Call(
            search, resource.found_by.input, "explore", f"to find a roomy {takes.of}"
        )
        items = at_path(resource.found_by, exchange) if exchange.success else None
        found = (
            [item for item in items if will_do(resource.found_by.where, resource, item)]
            if isinstance(items, list)
            else []
        )
    told = [
        item for item in found if isinstance(item, Mapping) and member_named(item, takes.counter) is not None
    ]
    if told:
        return max(told, key=lambda item: member_named(item, takes.counter) or 0)
    place: Mapping[str, Any] = yield InstanceRef(takes.of)
    return place
