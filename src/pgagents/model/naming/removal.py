"""Tell whether the call that undoes an instance names it by its id, as far as the catalogue shows."""

from __future__ import annotations

from pgagents.cel.expression import Expression
from pgagents.model.resource import Resource


def names_instance(resource: Resource) -> bool:
    """True if an argument of `undone_by` refers to a resource, or is computed from the id. True also if there
    is no `undone_by`.
    """
    undo = resource.undone_by
    if undo is None:
        return True
    return any(p.refers_to for p in undo.action.params) or any(
        reads_id(resource, value) for value in undo.input.values()
    )


def reads_id(resource: Resource, value: object) -> bool:
    """True if a value is an expression that reads a member of the resource's id, or the whole instance."""
    if not isinstance(value, Expression):
        return False
    read = [path for name in ("resource", resource.name) if name in value.names for path in value.paths[name]]
    ids = [tuple(id.split(".")) for id in resource.ids]
    return any(path == id[: len(path)] or id == path[: len(id)] for path in read for id in ids)
