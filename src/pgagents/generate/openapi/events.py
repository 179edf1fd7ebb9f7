"""Describe outgoing events as OpenAPI 3.1 webhooks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pgagents.generate.openapi import parts
from pgagents.jsonschema.schema import REF, resolve
from pgagents.model.model import Model
from pgagents.model.signature import schemes
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer


def webhooks(model: Model) -> Node:
    """Return a request for each event type; empty if the catalogue has none."""
    found = Node(origin=("webhooks", "events"))
    for name in model.webhooks.events if model.webhooks else ():
        at: Pointer = ("webhooks", "events", name)
        found[name] = Node({"post": _delivery(model, name, at)}, origin=at)
    return found


def _delivery(model: Model, name: str, at: Pointer) -> Node:
    """Return one delivery. The receiver needs no key; the signature authenticates the sender."""
    forms = [_body(model, name, at, model.webhooks, ("webhooks",))]
    for value, one in model.webhooks.versions.items():
        forms.append(_body(model, name, at, one, ("webhooks", "versions", value)))
    schema = forms[0] if len(forms) == 1 else Node({"oneOf": forms}, origin=("webhooks", "versions"))
    media = Node({parts.JSON: Node({"schema": schema}, origin=at)}, origin=at)
    taken = Text("The event is taken; after any other answer it is sent again with the same id", at)
    members: dict[str, Any] = {
        "summary": model.text(*at, "description"),
        "security": [],
        "requestBody": Node({"required": True, "content": media}, origin=at),
        "responses": Node({"2XX": Node({"description": taken}, origin=at)}, origin=at),
    }
    if model.webhooks.signature is not None:
        members = {
            **{k: members[k] for k in ("summary", "security")},
            "parameters": list(_signature(model)),
            **{k: members[k] for k in ("requestBody", "responses")},
        }
    return Node(members, origin=at)


def _signature(model: Model) -> Iterator[Node]:
    """Yield the headers of a signature: the signature itself, then its time and the message's id."""
    at: Pointer = ("webhooks", "signature")
    given = model.webhooks.signature
    scheme = schemes()[given.scheme]
    age = f", at most {given.tolerance_s} s old" if scheme.timed else ""
    digits = "[A-Za-z0-9+/]{43}=" if scheme.encoding == "base64" else "[0-9a-f]{64}"
    value = re.escape(f"{scheme.first}{scheme.each}").replace("-", "-").replace(r"\{time\}", "[0-9]+")
    pattern = f"^{value.replace(chr(92) + '{mac' + chr(92) + '}', digits)}$"
    text = f"{scheme.says} with the target's secret{age}"
    yield _header(Text(given.header, (*at, "header")), text, _clean(pattern), at)
    if scheme.time_header:
        yield _header(Text(scheme.time_header, at), "The signed time in epoch seconds", "^[0-9]+$", at)
    if scheme.id_header:
        yield _header(Text(scheme.id_header, at), "The message's id, the same for each attempt", "", at)


def _clean(pattern: str) -> str:
    """Return a pattern without unnecessary escapes."""
    return re.sub(r"\\([=,])", r"\1", pattern)


def _header(name: Text, text: str, pattern: str, at: Pointer) -> Node:
    schema = {"type": "string", **({"pattern": pattern} if pattern else {})}
    members: dict[str, Any] = {
        "name": name,
        "in": "header",
        "required": True,
        "description": Text(text, at),
        "schema": Node(schema, origin=at),
    }
    return Node(members, origin=at)


def _body(model: Model, name: str, at: Pointer, hooks: Any, origin: Pointer) -> Node:
    """Return the schema of an envelope, restricted to this event's type and data if it has such members.

    `hooks` are the catalogue's webhooks or one version of them. `origin` is their place in the catalogue.
    """
    reference = Node({"$ref": REF + hooks.envelope}, origin=(*origin, "envelope"))
    members = resolve(reference, model.schemas).get("properties", {})
    held = Node(origin=at)
    if hooks.type_at in members:
        held[hooks.type_at] = Node({"const": Text(name, at)}, origin=at)
    if hooks.data_at in members and model.webhooks.events[name].data:
        held[hooks.data_at] = Node({"$ref": REF + model.webhooks.events[name].data}, origin=(*at, "data"))
    return (
        Node({"allOf": [reference, Node({"properties": held}, origin=at)]}, origin=at) if held else reference
    )
