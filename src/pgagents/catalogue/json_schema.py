"""The catalogue's language as a JSON Schema, for completion and validation in editors.

It is made from the pydantic classes, extended by the short forms that their validators accept. It is laxer
than the loader, which also resolves names, compiles laws and tries them on the examples.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pgagents.catalogue.language.catalogue import Catalogue

# short forms of a whole value, by class
_SHORT: dict[str, dict[str, Any]] = {
    "Law": {"type": "string", "minLength": 1, "description": "Just the condition."},
    "Hint": {"type": "boolean", "description": "Just the value."},
    "Effect": {"enum": ["read", "write"], "description": "Just the value."},
    "Code": {"type": "integer", "minimum": 100, "maximum": 599, "description": "Just the status."},
}
# members that accept one value in place of a list
_ONE_OF_LIST = {"cite": "*", "on": "Header", "read_by": "Resource", "listed_by": "Resource"}


def document() -> dict[str, Any]:
    """Return the schema as plain data."""
    made = Catalogue.model_json_schema(by_alias=True)
    classes = made["$defs"]
    for name, schema in classes.items():
        for member, owner in _ONE_OF_LIST.items():
            if member in schema.get("properties", {}) and owner in ("*", name):
                schema["properties"][member] = _or_one(schema["properties"][member])
    classes["CatalogueCall"]["properties"]["input"] = _or(
        classes["CatalogueCall"]["properties"]["input"],
        {"type": "string", "pattern": "^=", "description": "An expression that gives all arguments."},
    )
    for schema in list(_mappings(made)):
        if "patternProperties" in schema:
            schema.setdefault(
                "additionalProperties", False
            )  # pydantic lists the allowed patterns, but does not close the object
    for name, short in _SHORT.items():
        classes[name] = {"anyOf": [short, classes[name]]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made, "title": "pgagents catalogue"}


def render() -> bytes:
    """Return the content of the schema's file."""
    return (json.dumps(document(), ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _mappings(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every mapping inside a value, parents first."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _mappings(inner)


def _or_one(schema: dict[str, Any]) -> dict[str, Any]:
    return _or(schema, schema["items"])


def _or(schema: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {key: schema[key] for key in ("description", "default", "title") if key in schema}
    return {**told, "anyOf": [{k: v for k, v in schema.items() if k not in told}, other]}
