"""How much is left of what a thing has taken of."""

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
    """The count of the place that a thing of this kind takes of, now; None where none is told."""
    takes = resource.takes
    endpoint = setting.endpoint(str(takes.read_by.name), REST) if takes is not None else None
    if takes is None or endpoint is None or takes.by not in body:
        return None
    where = next((str(p.name) for p in endpoint.params if p.refers_to == takes.of), "")
    exchange: Exchange = yield Call(endpoint, {where: body[takes.by]}, "valid", f"to count {takes.counter} of a {takes.of}")
    return member_named(exchange.body, takes.counter) if exchange.success and exchange.fits else None
