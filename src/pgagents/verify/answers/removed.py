"""List the instances that a call removes, or may have removed if it got no answer."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.model import Model
from pgagents.model.resource import Resource, id_text
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange


def list_removed(setting: Setting, exchange: Exchange) -> Iterator[tuple[Resource, str, str]]:
    """Yield resource, place and id of each instance that the call names and its action removes."""
    endpoint = exchange.call.endpoint
    for resource in setting.model.resources.values() if endpoint is not None else ():
        undo = resource.undone_by
        if endpoint is not None and undo is not None and undo.action is endpoint.action:
            place = resource.place_in(endpoint.params, exchange.input)
            for value in exchange.input.values():
                yield resource, place, id_text(value)
            if len(resource.ids) > 1:
                yield resource, place, id_text(resource.id_named(endpoint.params, exchange.input))


def list_fellows(model: Model, removed: Resource) -> frozenset[str]:
    """Return the resources whose instances a server may remove together with one of this resource.

    Their creates name such an instance, or one of a resource that goes with it.
    """
    found = {removed.name}
    while True:
        more = {
            r.name
            for r in model.resources.values()
            if r.made_by is not None and any(p.refers_to in found for p in r.made_by.action.params)
        } - found
        if not more:
            return frozenset(found - {removed.name})
        found |= more
