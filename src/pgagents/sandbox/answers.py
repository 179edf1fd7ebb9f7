"""Builds the sandbox's answers: bodies, the catalogue's error envelope, and the headers that every answer
has.
"""

from __future__ import annotations

import random
from typing import Any

from pgagents.http import Response, json_bytes
from pgagents.jsonschema import schema as schemas
from pgagents.model.action import Code
from pgagents.model.model import Header, Model
from pgagents.sandbox.call import Raw

JSON = "application/json"
_STANDARD = {"strict-transport-security": "max-age=63072000; includeSubDomains; preload"}
"""Values of headers without a constant in the catalogue: the one that browsers' preload list requires
(hstspreload.org).
"""


def success(status: int, result: Any) -> Response:
    """Return the answer to an accepted call; without a body where the result is None."""
    if result is None:
        return Response(status)
    if isinstance(result, Raw):
        return Response(status, (("Content-Type", result.content_type),), result.body)
    return Response(status, (("Content-Type", JSON),), json_bytes(result))


def refusal(
    model: Model,
    code: Code,
    message: str,
    request_id: str,
    *,
    field: str | None = None,
    scope: str | None = None,
) -> Response:
    """Return an error in the catalogue's envelope, with the status of its code."""
    errors = model.errors
    body: dict[str, Any] = {} if errors.code_at else _sample_body(model, code)
    _own_members(model, code, body)
    for at, value in ((errors.code_at, code.name), (errors.message_at, message)):
        if at:
            _put(body, at, value)
    if errors.request_id_at:
        _put(body, errors.request_id_at, request_id)
    if field is not None and errors.field_at:
        _put(body, errors.field_at, field)
    if scope is not None and errors.scope_at:
        _put(body, errors.scope_at, scope)
    return Response(code.status, (("Content-Type", JSON),), _safe_bytes(body))


def constants(model: Model, status: int, *, keyed: bool, secure: bool) -> list[tuple[str, str]]:
    """Return the constant headers that an answer must carry.

    `keyed` means that the call had a key. `secure` adds the headers that are due over TLS
    only.
    """
    values = ((h, h.const or _STANDARD.get(h.name.lower())) for h in model.headers)
    return [
        (header.name, value)
        for header, value in values
        if value is not None and _is_due(header, status, keyed=keyed, secure=secure)
    ]


def list_varying(model: Model, status: int, *, keyed: bool, secure: bool) -> list[Header]:
    """Return the headers that an answer must have with a value of its own."""
    fixed = {name for name, _ in constants(model, status, keyed=keyed, secure=secure)}
    return [
        header
        for header in model.headers
        if header.name not in fixed and _is_due(header, status, keyed=keyed, secure=secure)
    ]


def _is_due(header: Header, status: int, *, keyed: bool, secure: bool) -> bool:
    kind = "success" if status < 400 else "error"
    on = header.on
    applies = "all" in on or kind in on or status in on or (keyed and "keyed" in on)
    return applies and (secure or not header.https)


def make_header_value(model: Model, header: Header, rng: random.Random) -> str:
    """Return a new value of a header: its schema's, by pattern or format where there is one."""
    from pgagents.sandbox.mock.ids import candidates
    from pgagents.sandbox.mock.sample import sample

    check = schemas.validator(header.schema, model.schemas)
    named = candidates("", header.schema, rng) if {"pattern", "format"} & set(header.schema) else ()
    made = next((value for value in named if check.is_valid(value)), None)
    return str(sample(header.schema, model.schemas, 0.0) if made is None else made)


def request_id_header(model: Model) -> str:
    """Return the name of the header with the request id."""
    return next((h.name for h in model.headers if "request-id" in h.name.lower()), "X-Request-Id")


def _sample_body(model: Model, code: Code) -> dict[str, Any]:
    """Return a sample body of the code's envelope, for a catalogue that does not say which member holds
    the code.
    """
    from pgagents.sandbox.mock.sample import sample

    name = code.envelope if code.envelope in model.schemas else model.errors.envelope
    found = sample(model.schemas[name], model.schemas, 0.0)
    return found if isinstance(found, dict) else {}


def _own_members(model: Model, code: Code, body: dict[str, Any]) -> None:
    """Add the required members with a single possible value of an envelope that is the code's own."""
    if code.envelope == model.errors.envelope or code.envelope not in model.schemas:
        return
    schema = schemas.resolve(model.schemas[code.envelope], model.schemas)
    for name, member in schema.get("properties", {}).items():
        allowed = [member["const"]] if "const" in member else member.get("enum", [])
        if name in schema.get("required", ()) and len(allowed) == 1:
            body[str(name)] = allowed[0]


def _put(body: dict[str, Any], at: str, value: Any) -> None:
    *path, last = at.split(".")
    for step in path:
        body = body.setdefault(step, {})
    body[last] = value


def _safe_bytes(body: dict[str, Any]) -> bytes:
    """Return JSON bytes, escaped to ASCII where a field's name is not valid Unicode."""
    try:
        return json_bytes(body)
    except UnicodeEncodeError:
        import json

        return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
