"""Build the sandbox's answers: bodies, the catalogue's error envelope, and common headers."""

from __future__ import annotations

from typing import Any

from pgagents.http import Response, json_bytes
from pgagents.model.answers.error_code import Code
from pgagents.model.answers.error_reader import ErrorSign
from pgagents.model.model import Header, Model
from pgagents.sandbox.call import Raw
from pgagents.source.origin import plain

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
_STANDARD = {"strict-transport-security": "max-age=63072000; includeSubDomains; preload"}
"""Values of headers for which the catalogue has no constant.

The one for transport security is what browsers' preload list requires (hstspreload.org).
"""


def success(status: int, result: Any) -> Response:
    """Return the answer to an accepted call; without a body if the result is None."""
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
    body = _begin_body(model, code)
    for at, value in ((code.code_at, code.value), (code.message_at, message)):
        if at:
            _put(body, at, value)
    if errors.request_id_at:
        _put(body, errors.request_id_at, request_id)
    if field is not None and errors.field_at:
        _put(body, errors.field_at, field)
    if scope is not None and errors.scope_at:
        _put(body, errors.scope_at, scope)
    return Response(code.status, (("Content-Type", code.content_type or JSON),), _safe_bytes(body))


def constants(model: Model, status: int, *, keyed: bool, secure: bool) -> list[tuple[str, str]]:
    """Return the constant headers of an answer.

    `keyed` is true if the call had a key. `secure` adds the headers for TLS.
    """
    values = ((h, h.const or _STANDARD.get(h.name.lower())) for h in model.headers)
    return [
        (header.name, value)
        for header, value in values
        if value is not None and _is_due(header, status, keyed=keyed, secure=secure)
    ]


def list_varying(model: Model, status: int, *, keyed: bool, secure: bool) -> list[Header]:
    """Return the headers of an answer whose values vary."""
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


def request_id_header(model: Model) -> str:
    """Return the name of the header with the request id."""
    return next((h.name for h in model.headers if "request-id" in h.name.lower()), "X-Request-Id")


def _begin_body(model: Model, code: Code) -> dict[str, Any]:
    """Return the members of an error body that its envelope requires beside code and message."""
    from pgagents.sandbox.mock.sample import sample

    found = sample(model.schemas[code.envelope], model.schemas, 0.0) if code.envelope in model.schemas else {}
    body: dict[str, Any] = plain(found) if isinstance(found, dict) else {}
    if code.content_type == PROBLEM_JSON:
        body |= {"title": str(code.meaning), "status": code.status}
    if model.error_reader.sign is not None and code.status < 400:
        _show_sign(model.error_reader.sign, body)
    return body


def _show_sign(sign: ErrorSign, body: dict[str, Any]) -> None:
    """Add the sign to a body that marks a 2xx answer as an error."""
    if not sign.holds(body):
        other = not sign.value if isinstance(sign.value, bool) else 1 if sign.value != 1 else 2
        _put(body, ".".join(sign.path), sign.value if sign.comparison == "==" else other)


def _put(body: dict[str, Any], at: str, value: Any) -> None:
    """Put a value at a dotted path. A number in the path is the index of a list item."""
    steps = at.split(".")
    here: Any = body
    for step, following in zip(steps, [*steps[1:], ""], strict=True):
        inner: Any = value if not following else [] if following.isdigit() else {}
        if isinstance(here, list):
            here.extend([] if len(here) > int(step) else [inner])
            if not following:
                here[int(step)] = inner
            here = here[int(step)]
        else:
            kept = here.get(step)
            here[step] = inner if not following or type(kept) is not type(inner) else kept
            here = here[step]


def _safe_bytes(body: dict[str, Any]) -> bytes:
    """Return JSON bytes. They are escaped to ASCII if a field's name is not valid Unicode."""
    try:
        return json_bytes(body)
    except UnicodeEncodeError:
        import json

        return json.dumps(body, ensure_ascii=True, separators=(",", ":")).encode()
