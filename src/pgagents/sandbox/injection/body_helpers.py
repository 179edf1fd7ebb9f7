"""Read and write the arguments in a body that is not JSON, for faults and variations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pgagents.encoding.medium import write_body
from pgagents.http import Request
from pgagents.jsonschema import schema as schemas
from pgagents.model.action import Action
from pgagents.sandbox.bodies.fields import Unreadable, types_of
from pgagents.sandbox.bodies.readers import field_of, reader_of


def read_values(action: Action, request: Request, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body's values as text, by their names on the wire; empty if it cannot be read."""
    fields = [
        field_of(p, schemas.resolve(p.schema, named), frozenset(types_of(p.schema, named)))
        for p in action.params
        if p.in_body
    ]
    try:
        content = reader_of(action)(request, fields, action.content_type)
    except Unreadable:
        return {}
    return dict(content.values)


def write_values(action: Action, request: Request, values: Mapping[str, Any]) -> Request:
    """Return the request with these values, by their names on the wire, as its body."""
    names = {param.wire: str(param.name) for param in action.params if param.in_body}
    given = {names[wire]: value for wire, value in values.items() if wire in names}
    more = {wire: value for wire, value in values.items() if wire not in names}
    body = write_body(action, given, more)
    return replace(request, body=body.data).with_header("Content-Type", body.content_type)
