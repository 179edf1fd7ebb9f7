"""Convert schemas as written in the catalogue to JSON Schema.

Short forms are expanded, our own keys removed, and origins kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.jsonschema.schema import REF
from pgagents.base.jsonschema.walk import LISTS, NAMED, ONE
from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.language import catalogue

_OURS = frozenset(
    (
        "in",
        "wire",
        "refers_to",
        "otherwise",
        "secret",
        "private",
        "content_type",
        "max_bytes",
        "events",
        "ends_within_s",
        "style",
        "explode",
        "allow_reserved",
        "media",
        "headers",
    )
)


@dataclass(slots=True)
class Marks:
    """Names of members whose values reports must hide."""

    secrets: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)

    def note(self, raw: Mapping[str, Any], name: str) -> None:
        """Record the member if its schema says secret or private; an argument also by its name on the
        wire.
        """
        names = {name, str(raw.get("wire", name))}
        if raw.get("secret"):
            self.secrets |= names
        if raw.get("private"):
            self.private |= names


def schema_node(raw: Mapping[str, Any], pointer: Pointer, marks: Marks | None = None) -> Node:
    """Convert a written schema to JSON Schema. Names of secret and private members are recorded in
    `marks`.
    """
    node = Node(origin=pointer)
    if marks is not None and pointer:
        marks.note(raw, str(pointer[-1]))
    if "properties" in raw and "type" not in raw:
        node["type"] = "object"
    for key, value in raw.items():
        if key in _OURS or (key == "required" and isinstance(value, bool)):
            continue
        if value is None and key not in ("const", "default"):
            continue  # a key without a value
        if key == "$ref":
            node[key] = REF + value
        elif key in NAMED:
            node[key] = Node(
                {k: schema_node(v, (*pointer, key, k), marks) for k, v in value.items()},
                origin=(*pointer, key),
            )
        elif key in LISTS and isinstance(value, list):
            node[key] = [schema_node(v, (*pointer, key, i), marks) for i, v in enumerate(value)]
        elif key in ONE and isinstance(value, dict):
            node[key] = schema_node(value, (*pointer, key), marks)
        elif key == "discriminator":
            node[key] = _discriminator(value)
        elif key in ("description", "title"):
            node[key] = Text(value, (*pointer, key))
        else:
            node[key] = value
    return node


def _discriminator(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return a discriminator in OpenAPI's form, with references in place of names."""
    mapping = {value: REF + name for value, name in (raw.get("mapping") or {}).items()}
    return {"propertyName": raw["propertyName"], **({"mapping": mapping} if mapping else {})}


def _object(members: Node, required: list[str], origin: Pointer) -> Node:
    return Node({"type": "object", "properties": members, "required": required}, origin=origin)


def event_node(raw: Mapping[str, Any], pointer: Pointer, marks: Marks) -> Node:
    """Convert the events of a stream to the schema of their list. Events with other names are open."""
    kinds: list[Node] = []
    for name, schema in raw.items():
        at = (*pointer, "events", name)
        told, id = Node({"const": name}, origin=at), Node({"type": "string"}, origin=at)
        members = Node({"event": told, "id": id, "data": schema_node(schema, at, marks)}, origin=at)
        kinds.append(_object(members, ["event", "data"], at))
    others = Node({"not": Node({"enum": list(raw)}, origin=pointer)}, origin=pointer)
    other = _object(Node({"event": others}, origin=pointer), ["event"], pointer)
    item = Node({"type": "object", "anyOf": [*kinds, other]}, origin=pointer)
    return Node({"type": "array", "items": item}, origin=pointer)


def argument_node(raw: Mapping[str, Any], pointer: Pointer, marks: Marks | None = None) -> Node:
    """Convert an argument's schema to JSON Schema."""
    return schema_node(raw, pointer, marks)


def schema_nodes(written: catalogue.Catalogue, data: Any) -> tuple[dict[str, Node], Marks]:
    """Convert all named schemas; return them and the names of their secret and private members."""
    marks = Marks()
    return {
        name: schema_node(data["schemas"][name], ("schemas", name), marks) for name in written.schemas
    }, marks
