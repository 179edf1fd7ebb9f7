"""Read the remaining capacity of the resource that an instance takes room in."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from pgagents.model.model import Resource
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import member_named
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import REST
from pgagents.verify.wire.exchange import Exchange


def counted(setting: Setting, resource: Resource, body: Mapping[str, Any]) -> Generator[Any, Any, int | None]:
    """Return the current capacity counter of the resource named by `takes`, or None if no answer gives it.

    `body` is the instance that takes room. One reading call is sent.
    """
    takes = resource.takes
    endpoint = setting.endpoint(str(takes.read_by.name), REST) if takes is not None else None
    if takes is None or endpoint is None or takes.by not in body:
        return None
    where = next((str(p.name) for p in endpoint.params if p.refers_to == takes.of), "")
    exchange: Exchange = yield Call(endpoint, {where: body[takes.by]}, "valid", f"to count {takes.counter} of a {takes.of}")
    return member_named(exchange.body, takes.counter) if exchange.success and exchange.fits else None
