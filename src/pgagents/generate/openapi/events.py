"""Describe outgoing events as OpenAPI 3.1 webhooks."""

from __future__ import annotations

from typing import Any

from pgagents.generate.openapi import parts
from pgagents.jsonschema.schema import REF, resolve
from pgagents.model.model import Model
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer

_SIGNED = (
    "`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` with the target's secret, at most {tolerance} s old"
)


def webhooks(model: Model) -> Node:
    """Return a request for each event type; empty if the catalogue has none."""
    found = Node(origin=("webhooks", "events"))
    for name in model.webhooks.events if model.webhooks else ():
        at: Pointer = ("webhooks", "events", name)
        found[name] = Node({"post": _delivery(model, name, at)}, origin=at)
    return found


def _delivery(model: Model, name: str, at: Pointer) -> Node:
    """Return one delivery. The receiver needs no key; the signature authenticates the sender."""
    media = Node({parts.JSON: Node({"schema": _body(model, name, at)}, origin=at)}, origin=at)
    taken = Text("The event is taken; after any other answer it is sent again with the same id", at)
    members: dict[str, Any] = {
        "summary": model.text(*at, "description"),
        "security": [],
        "parameters": [_signature(model)],
        "requestBody": Node({"required": True, "content": media}, origin=at),
        "responses": Node({"2XX": Node({"description": taken}, origin=at)}, origin=at),
    }
    return Node(members, origin=at)


def _signature(model: Model) -> Node:
    at: Pointer = ("webhooks", "signature")
    members: dict[str, Any] = {
        "name": Text(model.webhooks.signature.header, (*at, "header")),
        "in": "header",
        "required": True,
        "description": Text(_SIGNED.format(tolerance=model.webhooks.signature.tolerance_s), at),
        "schema": Node({"type": "string", "pattern": "^t=[0-9]+,v1=[0-9a-f]{64}$"}, origin=at),
    }
    return Node(members, origin=at)


def _body(model: Model, name: str, at: Pointer) -> Node:
    """Return the envelope's schema, restricted to this event's type and data if it has such members."""
    reference = Node({"$ref": REF + model.webhooks.envelope}, origin=("webhooks", "envelope"))
    members = resolve(reference, model.schemas).get("properties", {})
    held = Node(origin=at)
    if "type" in members:
        held["type"] = Node({"const": Text(name, at)}, origin=at)
    if "data" in members and model.webhooks.events[name].data:
        held["data"] = Node({"$ref": REF + model.webhooks.events[name].data}, origin=(*at, "data"))
    return (
        Node({"allOf": [reference, Node({"properties": held}, origin=at)]}, origin=at) if held else reference
    )
