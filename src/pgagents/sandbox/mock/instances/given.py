"""Add the instances that each project has from the start, if no call makes or lists them."""

from __future__ import annotations

from pgagents.cel.scope import Scope
from pgagents.model.model import Model
from pgagents.model.resource import Resource
from pgagents.sandbox.mock.rows import RowKey, Rows


def add_given(model: Model, rows: Rows, resource: Resource) -> None:
    """Add a row for each instance that the environment names for a role's project, unless a call makes it."""
    if resource.given is None:
        return
    for name, role in model.auth.roles.items():
        tenant = f"{role.project}/{role.mode}" if resource.tenant else ""
        id = str(Scope({"env": model.env_of(name)}).evaluate(resource.given))
        key = RowKey(resource.name, id, tenant)
        if not role.operator and rows.get(key) is None:
            rows.add(key, {resource.id: id})
