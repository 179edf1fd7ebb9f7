"""List the instances that a call removes, or may have removed if it got no answer."""

from __future__ import annotations

from collections.abc import Iterator

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
