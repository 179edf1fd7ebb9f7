"""Find the actions that make an instance of a resource."""

from __future__ import annotations

from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.sandbox.mock import places

CREATED = 201


def makes(model: Model, resource: Resource, action: Action) -> bool:
    """Return whether an action makes such an instance: it is `made_by`, or answers 201 with such an
    instance.
    """
    made_by = resource.made_by
    if made_by is None or made_by.action is action:
        return made_by is not None
    path = places.place(made_by.at)
    if path is None or action.effect != "write" or action.success.status != CREATED:
        return False
    if any(r.made_by is not None and r.made_by.action is action for r in model.resources.values()):
        return False
    shown = model.schema_at(action, path)
    return resource.id in shown.get("properties", {}) and shown == model.schema_at(made_by.action, path)
