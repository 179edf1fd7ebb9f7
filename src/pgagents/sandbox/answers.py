"""Build the sandbox's answers: bodies of every media type, the error envelope, refusals and headers."""

from __future__ import annotations

import base64
import csv
import io
import random
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from pgagents.base.http import Response, is_json_type, json_bytes, media_type_of
from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import plain
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code, ErrorSign, Output
from pgagents.catalogue.model.model import Header, Model
from pgagents.sandbox.call import AcceptedCall, Other, Raw, Refusal
from pgagents.sandbox.decode import MISSING, Problem
from pgagents.sandbox.keys import word
from pgagents.sandbox.routes import ParsedRequest

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


def make_refusal(
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
    from pgagents.sandbox.sample import sample

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


# -- refusals


PRECONDITION_REQUIRED = 428
IF_MATCH = "if-match"
_FALLBACK = {
    "unknown_path": 404, "wrong_method": 405, "too_large": 413, "limited": 429, "crashed": 500,
    "no_scope": 403,
    "plaintext": 426, "bad_body": None, "wrong_type": None, "wrong_media": None,
}  # fmt: skip


def framework_code(model: Model, kind: str) -> Code:
    """Return the catalogue's code for a kind of framework error.

    If the catalogue names none, return a code with the usual status, or else the code of invalid arguments.
    """
    framework = model.errors.framework
    usual = {"no_object": framework.bad_body, "wrong_key": framework.no_key}
    name = getattr(framework, kind) or usual.get(kind)
    if name is not None:
        return model.codes[name]
    status = _FALLBACK.get(kind)
    invalid = model.codes[framework.invalid]
    if status is None:
        return invalid
    same = next((c for c in model.codes.values() if c.status == status and c.only is None), None)
    return same or replace(
        invalid, name=kind.upper(), status=status, only=None, cite=(), provoked_by={}, wire=None
    )


def refuse(
    model: Model,
    kind: str,
    message: str,
    request_id: str,
    *,
    field: str | None = None,
    scope: str | None = None,
) -> Response:
    """Return an error of the framework, by its kind."""
    return make_refusal(model, framework_code(model, kind), message, request_id, field=field, scope=scope)


def refuse_method(model: Model, method: str, allowed: Iterable[str], request_id: str) -> Response:
    """Return the refusal of a method that a path does not have, with those that it has in Allow."""
    refused = refuse(model, "wrong_method", f"{method} is not possible here", request_id)
    return refused.with_header("Allow", ", ".join(allowed))


def refuse_by_domain(model: Model, action: Action, refusal: Refusal, request_id: str) -> Response:
    """Return a refusal of the domain. Raises KeyError if the catalogue does not have its code."""
    code = model.codes.get(refusal.code)
    if code is None:
        raise KeyError(
            f"the domain refused {action.name} with {refusal.code}, which is not a code of the catalogue"
        )
    return make_refusal(model, code, refusal.message, request_id, field=refusal.field, scope=refusal.scope)


def refuse_without_condition(
    model: Model, asked: ParsedRequest, problem: Problem, request_id: str
) -> Response | None:
    """Return the refusal of a write without the required If-Match (RFC 6585, 3); None without a code for
    it.
    """
    action = asked.action
    if action is None or action.if_match is None:
        return None
    if (problem.field or "").lower() not in (action.if_match.lower(), IF_MATCH):
        return None
    code = next((c for c in action.errors if c.status == PRECONDITION_REQUIRED), None)
    return make_refusal(model, code, problem.message, request_id) if code is not None else None


def refuse_arguments(model: Model, problem: Problem, asked: ParsedRequest, request_id: str) -> Response:
    """Return the refusal of wrong arguments, or of a body that cannot be read."""
    missing = _missing_for(model, problem, asked)
    if missing is not None:
        return make_refusal(model, missing, problem.message, request_id)
    if problem.keyword and asked.action is not None:
        param = asked.action.param(problem.argument)
        absent = param is not None and param.wire == problem.field and problem.keyword == MISSING
        code = model.refusal_of(asked.action, param, problem.keyword, absent=absent)
        return make_refusal(model, code, problem.message, request_id, field=problem.field)
    return refuse(model, problem.kind, problem.message, request_id, field=problem.field)


def _missing_for(model: Model, problem: Problem, asked: ParsedRequest) -> Code | None:
    """Return the code for a missing instance, if the action has none for invalid arguments.

    Then a wrong id in the path is answered like an unknown one.
    """
    action = asked.action
    if problem.kind != "invalid" or action is None or model.invalid_in(action) in action.errors:
        return None
    param = next((p for p in action.params if p.wire == problem.field and p.place == "path"), None)
    resource = model.resources.get((param.refers_to or "").partition(".")[0]) if param else None
    missing = resource.missing_for(param) if resource is not None and param is not None else None
    return missing if missing in action.errors else None


# -- results as bodies


_TEXTS = ("xml", "yaml", "javascript", "x-ndjson")


def write_result(call: AcceptedCall, result: Any) -> Response:
    """Return the answer to a call that was carried out, as its surface has it, with the call's headers."""
    output = call.action.success
    if isinstance(result, Other):
        output, result = result.output, result.data
    if call.surface == "rest":
        answer = write(output.status, result, output)
    else:
        answer = success(200, {} if result is None else result)
    return replace(answer, headers=(*answer.headers, *call.headers)) if call.headers else answer


def write(status: int, result: Any, output: Output) -> Response:
    """Return the answer to an accepted REST call. It has no body if the result is None."""
    media = media_type_of(output.content_type)
    if isinstance(result, Raw):
        return Response(status, (("Content-Type", result.content_type),), result.body)
    if result is None:
        return Response(status)
    if is_json_type(media) or media == "*/*":
        body = json_bytes(result)
    elif output.events is not None:
        body = write_events(result)
    elif output.columns is not None:
        body = write_csv(result, output.columns)
    elif media.startswith("text/") or media.endswith(_TEXTS):
        body = (result if isinstance(result, str) else json_bytes(result).decode()).encode()
    elif isinstance(result, Mapping | list):
        body = json_bytes(result)
    else:
        media = "image/png" if media in ("image/*", "*/*") else media
        body = write_file(media)
    return Response(status, (("Content-Type", media if media != "*/*" else "application/json"),), body)


# -- CSV


def write_csv(rows: Any, columns: Iterable[str]) -> bytes:
    """Return rows as CSV: first the columns in the schema, then those that only rows have."""
    found = [row for row in rows if isinstance(row, Mapping)] if isinstance(rows, list) else []
    names = list(dict.fromkeys([*columns, *(str(name) for row in found for name in row)]))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows([_cell(row.get(name)) for name in names] for row in found)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


# -- event streams


def write_events(events: Any) -> bytes:
    """Return events as the lines of a stream, each with `event`, `data` and optionally `id`."""
    lines: list[str] = []
    for event in events if isinstance(events, list) else []:
        if not isinstance(event, Mapping):
            continue
        data = event.get("data")
        text = data if isinstance(data, str) else json_bytes(data).decode()
        lines += [f"id: {event['id']}"] if "id" in event else []
        lines += [
            f"event: {event.get('event', 'message')}",
            *(f"data: {part}" for part in text.split("\n")),
            "",
        ]
    return "".join(f"{line}\n" for line in lines).encode()


# -- the smallest files


_GIF = base64.b64decode("R0lGODlhAQABAIAAAP///wAAACH5BAEAAAAALAAAAAABAAEAAAICRAEAOw==")
_JPEG = (
    b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00H\x00H\x00\x00\xff\xdb\x00C\x00" + b"\xff" * 64
    + base64.b64decode("/8IACwgAAQABAQERAP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAT8Q/9k=")
)  # fmt: skip
_PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
_FILES = {
    "image/gif": _GIF, "image/jpeg": _JPEG, "application/pdf": _PDF,
    "application/zip": b"PK\x05\x06" + bytes(18),
    "application/gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00" + bytes(8),
}  # fmt: skip
_BYTES = b"\x00\x01\x02 bytes \xfe\xff"


def write_file(media: str) -> bytes:
    """Return a small file of a media type; a few bytes for an unknown type."""
    return _png() if media == "image/png" else _FILES.get(media, _BYTES)


def _png() -> bytes:
    """Return a picture of one white pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\x00\xff")), (b"IEND", b""))
    chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


# -- headers


class HeaderValues:
    """Values of the declared headers of a catalogue. Each header's schema is compiled once."""

    def __init__(self, model: Model, rng: random.Random) -> None:
        self._model = model
        self._rng = rng
        self._id_header = next((h for h in model.headers if h.name == request_id_header(model)), None)
        self._constants: dict[tuple[int, bool, bool], list[tuple[str, str]]] = {}
        self._due: dict[tuple[int, bool, bool], list[Header]] = {}
        self._validators: dict[str, Any] = {}

    def make_request_id(self) -> str:
        """Return a new request id in the form that the catalogue gives its header."""
        usual = "req_" + word(self._rng, 20)
        if self._id_header is None or self._validator(self._id_header).is_valid(usual):
            return usual
        return self.make(self._id_header)

    def list_constants(self, status: int, *, keyed: bool, secure: bool) -> list[tuple[str, str]]:
        """Return the headers of an answer that always have the same value."""
        key = (status, keyed, secure)
        if key not in self._constants:
            self._constants[key] = constants(self._model, status, keyed=keyed, secure=secure)
        return self._constants[key]

    def make_due(self, status: int, known: set[str], *, keyed: bool, secure: bool) -> list[tuple[str, str]]:
        """Return the required headers of an answer that are not in `known`, each with a new value.

        `known` has names in lower case.
        """
        key = (status, keyed, secure)
        if key not in self._due:
            self._due[key] = list_varying(self._model, status, keyed=keyed, secure=secure)
        return [(h.name, self.make(h)) for h in self._due[key] if h.name.lower() not in known]

    def make(self, header: Header) -> str:
        """Return a new value of a header, by its schema's pattern or format if there is one."""
        from pgagents.sandbox.sample import candidates, sample

        check = self._validator(header)
        named = candidates("", header.schema, self._rng) if {"pattern", "format"} & set(header.schema) else ()
        made = next((value for value in named if check.is_valid(value)), None)
        return str(sample(header.schema, self._model.schemas, 0.0) if made is None else made)

    def _validator(self, header: Header) -> Any:
        found = self._validators.get(header.name)
        if found is None:
            found = self._validators[header.name] = validator(header.schema, self._model.schemas)
        return found
