"""Encode a call with known values as the request to send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.decoding.medium import accept_of
from pgagents.encoding.medium import WHOLE, list_types, medium_of_action
from pgagents.encoding.request import encode_call
from pgagents.http import Request, json_bytes
from pgagents.model.answers.output import JSON
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.credential import NOTHING, Proof
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.json_rpc import frame


def request_of(call: Call, values: Mapping[str, Any], proof: Proof = NOTHING) -> Request:
    """Return the request of a call. `values` are its arguments with live ids filled in, `proof` its
    credentials.

    Values that are no arguments go into the body, or into the query if the action has no body.
    """
    method, where, headers, body = _ordinary(call, values)
    raw = call.raw
    if raw.edit is not None:
        body = raw.edit(body)
    if raw.body is not None:
        body = raw.body
    if raw.retype:
        headers = [(k, _retype(v, raw.retype) if k == "Content-Type" else v) for k, v in headers]
    request = Request(
        raw.method or method,
        _add_slash(raw.target or where) if raw.slash else raw.target or where,
        tuple(headers),
        body,
    )
    request = proof.add_to(request)
    if raw.body and request.header("Content-Type") is None:
        request = request.with_header("Content-Type", JSON)
    for name, value in raw.headers:
        request = request.with_header(name, value)
    return request


def _retype(value: str, media: str) -> str:
    """Return a Content-Type with another media type and the same parameters."""
    _, mark, parameters = value.partition(";")
    return f"{media}{mark}{parameters}"


def _add_slash(target: str) -> str:
    """Return the target with a slash after its path."""
    path, mark, query = target.partition("?")
    return f"{path}/{mark}{query}"


def _ordinary(call: Call, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], bytes]:
    endpoint = call.endpoint
    headers = [("Accept", accept_of(endpoint.action) if endpoint is not None and endpoint.on_rest else JSON)]
    if endpoint is None:
        return "GET", "/", headers, b""
    if endpoint.form is not None:
        method, where, more, body = endpoint.form.request(endpoint.action, values)
        return method, where, [*headers, *more], body
    if call.raw.wrap is not None or endpoint.dispatcher is not None:
        wrapped = call.raw.wrap if call.raw.wrap is not None else envelope(endpoint, values)
        if endpoint.json_rpc is not None and "jsonrpc" not in wrapped:
            wrapped = frame(wrapped)
        headers += [*endpoint.action.headers, ("Content-Type", JSON)]
        return endpoint.method, endpoint.path, headers, json_bytes(wrapped)
    return _rest(endpoint, values, headers)


def envelope(endpoint: Endpoint, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the dispatcher's object: the action's name and its arguments. Headers of REST are arguments
    here.
    """
    assert endpoint.dispatcher is not None
    found: dict[str, Any] = {endpoint.dispatcher.selector: str(endpoint.action.name)}
    if values or any(p.required for p in endpoint.params):
        found[endpoint.dispatcher.arguments] = {endpoint.alias(k): v for k, v in values.items()}
    return found if endpoint.json_rpc is None else frame(found)


def _rest(
    endpoint: Endpoint, values: Mapping[str, Any], headers: list[tuple[str, str]]
) -> tuple[str, str, list[tuple[str, str]], bytes]:
    parts = encode_call(endpoint.action, values)
    headers += [(name, _header(value)) for name, value in parts.headers]
    if parts.body is None and (kind := _find_type_of_nothing(endpoint)):
        headers.append(("Content-Type", kind))
    if parts.body is None:
        return str(endpoint.action.method), parts.target, headers, b""
    headers.append(("Content-Type", parts.body.content_type))
    return str(endpoint.action.method), parts.target, headers, parts.body.data


def _find_type_of_nothing(endpoint: Endpoint) -> str:
    """Return the Content-Type of an empty body, if the argument that is the whole body was left out.

    With the right type, the empty body is the request's only problem.
    """
    whole = next((p for p in endpoint.params if p.place == WHOLE and p.required), None)
    if whole is None or medium_of_action(endpoint.action).typed:
        return ""
    return list_types(endpoint.action, whole)[0]


def _header(value: str) -> str:
    return "".join(c for c in value if " " <= c <= "~")
