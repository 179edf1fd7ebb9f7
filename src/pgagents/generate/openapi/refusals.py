"""Error responses by status, with the envelope narrowed to the possible codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pgagents.generate.openapi import parts
from pgagents.jsonschema.schema import REF
from pgagents.model.action import Action, Code
from pgagents.model.model import Dispatcher, Model
from pgagents.source.origin import Node, Text

RESPONSES = "#/components/responses/"
_RETRY = {
    "description": "Seconds to wait before the next call",
    "required": True,
    "schema": {"type": "integer", "minimum": 0},
}


def by_status(codes: Iterable[Code]) -> dict[int, tuple[Code, ...]]:
    """Group codes by status, in the order of statuses."""
    found: dict[int, list[Code]] = {}
    for code in codes:
        found.setdefault(code.status, []).append(code)
    return {status: tuple(found[status]) for status in sorted(found)}


def codes_of(action: Action, model: Model) -> list[Code]:
    """Return the codes that the action may answer. An action without a key never answers that the key is
    missing.
    """
    no_key = model.errors.framework.no_key
    return [
        code
        for code in action.errors
        if (code.only is None or action.name in code.only) and (action.key or code.name != no_key)
    ]


def codes_of_dispatcher(dispatcher: Dispatcher, model: Model) -> list[Code]:
    """Return the codes that any of the dispatcher's actions, or the framework before them, may answer."""
    names = model.errors.framework
    before = [
        names.invalid,
        names.no_key,
        names.bad_body,
        names.wrong_type,
        names.limited,
        names.crashed,
        names.too_large,
    ]
    if dispatcher.scope:
        before.append(names.no_scope)
    found = {code.name: code for action in dispatcher.actions for code in codes_of(action, model)}
    found |= {
        name: model.codes[name]
        for name in before
        if name and model.codes[name].status in dispatcher.responses
    }
    return [code for name, code in model.codes.items() if name in found]


def component_name(codes: tuple[Code, ...], *, keyed: bool) -> str:
    """Return the name of a response component: its codes, and `keyless` if the call has no key."""
    return ".".join([*(c.name for c in codes), *([] if keyed else ["keyless"])])


def reference(codes: tuple[Code, ...], *, keyed: bool) -> Node:
    """Return a reference to the response component of these codes."""
    return Node({"$ref": RESPONSES + component_name(codes, keyed=keyed)}, origin=codes[0].origin)


def response(
    model: Model, codes: tuple[Code, ...], *, keyed: bool, full: bool, text: Text | None = None
) -> Node:
    """Return the response itself. `full` narrows the envelope to these codes and lists the headers."""
    members = Node({"description": text or meaning(codes)}, origin=codes[0].origin)
    if full and (headers := parts.response_headers(model, codes[0].status, keyed=keyed)):
        members["headers"] = headers
    media = Node(
        {"schema": narrow_envelope(model, codes) if full else plain_envelope(model, codes)},
        origin=codes[0].origin,
    )
    members["content"] = Node({parts.JSON: media}, origin=codes[0].origin)
    return members


def edge_name(status: int) -> str:
    """Return the name of the component for a response of a proxy in front of the API."""
    return f"edge.{status}"


def edge_reference(status: int) -> Node:
    """Return a reference to the component for a proxy's response."""
    return Node({"$ref": RESPONSES + edge_name(status)}, origin=("errors", "edge"))


def edge_response(model: Model, edge: Any) -> Node:
    """Return a proxy's response: without envelope, with no header but the one that says when to retry."""
    at = ("errors", "edge")
    answer = Node(
        {
            "description": Text(
                "Answered by a proxy before the API, in any form; wait and repeat the call", at
            )
        },
        origin=at,
    )
    retry = model.limits.headers.retry if model.limits.headers else "Retry-After"
    if edge.retry:
        known = next((h for h in model.headers if h.name == retry), None)
        answer["headers"] = Node(
            {retry: parts.header_reference(known) if known else Node(_RETRY, origin=at)}, origin=at
        )
    return answer


def meaning(codes: tuple[Code, ...]) -> Text:
    """Return the meaning of each code in one text."""
    return Text(" ".join(f"{c.name}: {c.meaning.rstrip('.')}." for c in codes), (*codes[0].origin, "meaning"))


def plain_envelope(model: Model, codes: tuple[Code, ...]) -> Node:
    """Return the envelope without narrowing: the common one if any of these codes uses it."""
    names = [c.envelope for c in codes]
    return Node(
        {"$ref": REF + (model.errors.envelope if model.errors.envelope in names else names[0])},
        origin=codes[0].origin,
    )


def narrow_envelope(model: Model, codes: tuple[Code, ...]) -> Node:
    """Return the envelope narrowed to these codes; alternatives if the codes have different envelopes."""
    groups: dict[str, list[Code]] = {}
    for code in codes:
        groups.setdefault(code.envelope, []).append(code)
    choices = [_restrict_codes(model, envelope, members) for envelope, members in groups.items()]
    return choices[0] if len(choices) == 1 else Node({"anyOf": choices}, origin=codes[0].origin)


def _restrict_codes(model: Model, envelope: str, codes: list[Code]) -> Node:
    at = codes[0].origin
    if model.errors.code_at is None:
        return Node({"$ref": REF + envelope}, origin=at)
    inner = Node({"enum": [c.name for c in codes]}, origin=at)
    for depth, key in reversed(list(enumerate(str(model.errors.code_at).split(".")))):
        inner = Node({"properties": Node({key: inner}, origin=at), "required": [key]}, origin=at)
        if depth:  # stated because Redocly Respect 2.77 treats an object inside `allOf` as closed otherwise
            inner["additionalProperties"] = True
    return Node({"allOf": [Node({"$ref": REF + envelope}, origin=at), inner]}, origin=at)
