"""Read which instance a write names, also where it names one of ours in another place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.model.model import Model, id_text
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.fixtures.proof import is_random_id
from pgagents.verify.fixtures.target import Target
from pgagents.verify.wire.endpoint import Endpoint


def read_id(target: Target, values: Mapping[str, Any]) -> Any:
    """Return the id that arguments name: a tuple if it has several members."""
    resource = target.resource
    if len(resource.ids) == 1:
        return values.get(str(target.named[-1].name))
    by_member = {p.refers_member or resource.id: values.get(str(p.name)) for p in target.named}
    return tuple(by_member.get(member) for member in resource.ids)


def is_ours_elsewhere(
    model: Model, pool: FixturePool, endpoint: Endpoint, target: Target, values: Mapping[str, Any]
) -> bool:
    """True if a call names an instance of ours under another parent of ours, by an id never given twice.

    Whatever the server makes of it then, it is this run's own.
    """
    resource = target.resource
    if not resource.placed_by:
        return False
    id = read_id(target, values)
    found = pool.find(resource, id)
    if found is None or not found.ours or found.id != id or not is_random_id(id_text(id)):
        return False
    named = {p.refers_to: values.get(str(p.name)) for p in endpoint.params if p.refers_to}
    parents = [pool.find(model.resources[name], named.get(name)) for name in resource.placed_by]
    return parents[-1] is not None and parents[-1].ours
