"""The headers of answers in an OpenAPI document."""

from __future__ import annotations

import re

from pgagents.model.answers.output import AnswerHeader
from pgagents.model.model import Header, Model
from pgagents.source.origin import Node, Text

HEADERS = "#/components/headers/"
_COMPONENT = re.compile(r"[A-Za-z0-9._-]+\Z")


def header_components(model: Model) -> Node:
    """Return every response header as a component; `const` becomes part of its schema."""
    return Node({h.name: _header(h) for h in model.headers if _COMPONENT.match(h.name)}, origin=("headers",))


def _header(header: Header) -> Node:
    schema = Node(header.schema, origin=header.schema.origin)
    if header.const is not None:
        schema["const"] = Text(header.const, (*header.origin, "const"))
    required = not header.https  # loopback servers speak plain http, and must satisfy the document too
    return Node(
        {"description": header.description, "required": required, "schema": schema}, origin=header.origin
    )


def response_headers(model: Model, status: int, *, keyed: bool) -> Node:
    """Return the headers of responses with this status.

    A response to a missing or refused key has no headers that are only `on: keyed`.
    """
    of_keys = {code.status for code in (model.no_key, model.wrong_key) if code is not None}
    kinds: set[str | int] = {"all", status}
    if keyed and status not in of_keys:
        kinds.add("keyed")
    if 200 <= status < 300:
        kinds.add("success")
    if status >= 400:
        kinds.add("error")
    found = Node(origin=("headers",))
    for header in model.headers:
        if kinds & set(header.on):
            found[header.name] = header_reference(header)
    for name, header in limit_headers(model, status).items():
        found.setdefault(name, header)
    return found


def answer_header(header: AnswerHeader) -> Node:
    """Return a header of one response."""
    members = {"description": header.description, "required": header.required, "schema": header.schema}
    return Node(members, origin=header.origin)


def limit_headers(model: Model, status: int) -> Node:
    """Return the limit's headers that only `limits` names. No answer is required to have them."""
    at, reader = ("limits", "headers"), model.limit_reader
    named = {header.name.lower() for header in model.headers}
    given = reader.names if 200 <= status < 300 or status in reader.statuses else []
    texts = {name: (f"The rate limit, as {given_form(model)}", "string") for name in given}
    if model.limits.headers is not None and model.limits.headers.limit:
        texts = dict.fromkeys(given, ("A number of the rate limit", "integer"))
    if status in reader.statuses and model.limits.headers is not None:
        texts[reader.retry] = ("Seconds to wait, or a date to wait for", "string")
    return Node(
        {
            name: Node({"description": said, "schema": Node({"type": kind}, origin=at)}, origin=at)
            for name, (said, kind) in texts.items()
            if name.lower() not in named
        },
        origin=at,
    )


def list_limit_headers(model: Model) -> list[str]:
    """Return the names of the headers that only `limits` names."""
    statuses = (200, *sorted(model.limit_reader.statuses))
    return list(dict.fromkeys(name for status in statuses for name in limit_headers(model, status)))


def given_form(model: Model) -> str:
    """Describe the form of the limit's header in words."""
    if model.limits.headers.ietf:
        return "draft-ietf-httpapi-ratelimit-headers defines it"
    return f"`{model.limits.headers.pattern}`"


def header_reference(header: Header) -> Node:
    """Return a reference to the header's component, or the header itself if its name is no valid component
    name.
    """
    named = _COMPONENT.match(header.name)
    return Node({"$ref": HEADERS + header.name}, origin=header.origin) if named else _header(header)
