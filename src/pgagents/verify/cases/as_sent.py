"""Decide which values can be sent, and which calls are invalid as sent, however tolerantly a server reads
them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from pgagents.base.cel.expression import Expression
from pgagents.base.http import Request, read_json, text_of
from pgagents.base.text import match_placeholders, split
from pgagents.catalogue.encoding.medium import WHOLE, has_body, medium_of_action
from pgagents.catalogue.encoding.request import unsendable
from pgagents.catalogue.model.action import Param
from pgagents.verify.fixtures.own_schemas import find_request, judge_arguments, readings_of
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import low, matches, types_of
from pgagents.verify.wire.call import Call, InstanceRef, RelativeTime, Signature, UniqueValue
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.endpoint import Endpoint


def takes_any_text(setting: Setting, param: Param) -> bool:
    """True if the schema allows every text. In a path, query or header every value is a text."""
    return set(types_of(setting.resolve_schema(param.schema))) <= {"string", "null"}


def takes_lists_only(setting: Setting, param: Param) -> bool:
    """True if the schema allows lists but no single values."""
    return set(types_of(setting.resolve_schema(param.schema))) - {"null"} == {"array"}


def is_sendable(endpoint: Endpoint, param: Param, value: Any) -> bool:
    """True if the value can be sent. A path value must not change the path, and a header value must be
    printable ASCII.
    """
    return not endpoint.on_rest or can_carry(param, value)


PLAIN_COOKIE = re.compile(r"[A-Za-z0-9._~-]+")
"""Cookie values that need no encoding, because not every server decodes them."""


def can_carry(param: Param, value: Any) -> bool:
    """True if the value can be sent over REST in the argument's place."""
    if param.as_text and unsendable(param, value):
        return False
    if not isinstance(value, str):
        return True
    if param.place == "path":
        return value not in ("", ".", "..") and "/" not in value and value.isprintable()
    if param.place == "cookie":
        return PLAIN_COOKIE.fullmatch(value) is not None
    return param.place != "header" or (
        value.isascii() and value.isprintable() and value == value.strip() and value != ""
    )


def is_invalid(setting: Setting, call: Call) -> bool:
    """True if the call is invalid as sent, with stand-ins for values that only a live server can give."""
    assert call.endpoint is not None
    values = stand_ins(setting, call)
    model, action = setting.model, call.endpoint.action
    if find_request(model, action) is not None and not action.either:
        allowed = judge_arguments(model, action, values)
        if allowed and call.endpoint.on_rest:
            return False
        if allowed is False and not _loses_types(call.endpoint, values):
            return True
    return _is_invalid_in_each_reading(setting, call, values)


def _loses_types(endpoint: Endpoint, values: Mapping[str, Any]) -> bool:
    """True if lists, objects or a whole body are sent as texts, of which a server may read other values."""
    if not endpoint.on_rest:
        return False
    places = {str(param.name): param for param in endpoint.params}
    sent = [(places[name], value) for name, value in values.items() if name in places]
    if any(param.in_body for param, _ in sent) and not medium_of_action(endpoint.action).typed:
        return True
    return any(
        isinstance(value, Mapping | list) and not param.json
        for param, value in sent
        if param.place in ("query", "header", "cookie", "path")
    )


def _is_invalid_in_each_reading(setting: Setting, call: Call, values: Mapping[str, Any]) -> bool:
    assert call.endpoint is not None
    if call.endpoint.form is not None:  # leave out arguments that such a call cannot send
        taken = {str(p.name) for p in call.endpoint.params}
        return invalid_values(
            setting,
            call.endpoint,
            {k: v for k, v in values.items() if k in taken or call.endpoint.action.param(k) is None},
        )
    return invalid(setting, call.endpoint, request_of(call, values), values)


def stand_ins(setting: Setting, call: Call) -> dict[str, Any]:
    """Return the call's arguments with plausible values in place of live ids and expressions."""
    assert call.endpoint is not None
    found: dict[str, Any] = {}
    for name, value in call.input.items():
        param = call.endpoint.action.param(name)
        if name == "*":
            example = next((e.input for e in call.endpoint.action.examples if e.status < 300), {})
            found.update({k: v for k, v in example.items() if k not in call.input})
        elif isinstance(value, InstanceRef | UniqueValue | Signature | RelativeTime | Expression):
            found[name] = low(param.schema, setting.model.schemas) if param else "x"
        else:
            found[name] = value
    return found


# -- the ways in which a tolerant server reads a value


MAX_DEPTH = 5

_MARKS = {"spaceDelimited": " ", "pipeDelimited": "|"}


def invalid(setting: Setting, endpoint: Endpoint, request: Request, values: Mapping[str, Any]) -> bool:
    """True if the action's arguments are invalid under every reading of the request. Authorization is
    ignored.

    `values` are the arguments that the request encodes.
    """
    if endpoint.dispatcher is not None:
        return _is_invalid_dispatch(setting, endpoint, request)
    assert endpoint.form is None, "only the values say what a form's request means"
    given = _rest(setting, endpoint, request, values)
    return given is None or not _some_reading(setting, endpoint, given)


def invalid_values(setting: Setting, endpoint: Endpoint, values: Mapping[str, Any]) -> bool:
    """True if arguments that are sent as one JSON object are invalid for the action."""
    return not _some_reading(setting, endpoint, {name: [value] for name, value in values.items()})


def _is_invalid_dispatch(setting: Setting, endpoint: Endpoint, request: Request) -> bool:
    assert endpoint.dispatcher is not None
    read = read_json(request.body)
    if (
        read.problem
        or not isinstance(read.value, dict)
        or read.value.get(endpoint.dispatcher.selector) != str(endpoint.action.name)
    ):
        return True
    if (
        set(read.value) - {endpoint.dispatcher.selector, endpoint.dispatcher.arguments, "jsonrpc", "id"}
        and endpoint.action.unknown == "refused"
    ):
        return True
    arguments = read.value.get(endpoint.dispatcher.arguments, {})
    if not isinstance(arguments, dict):
        return True
    return not _some_reading(setting, endpoint, {name: [value] for name, value in arguments.items()})


def _find_cookie(request: Request, name: str) -> str | None:
    """Return the decoded value of a cookie in a request; None if the request lacks it."""
    given = (part.strip().partition("=") for part in (request.header("Cookie") or "").split(";"))
    return next((unquote(value) for key, equals, value in given if equals and key == name), None)


def _rest(
    setting: Setting, endpoint: Endpoint, request: Request, values: Mapping[str, Any]
) -> dict[str, list[Any]] | None:
    """Return each argument with its possible values; None if the body is not a JSON object."""
    found: dict[str, list[Any]] = {}
    by_wire = {(p.place, p.wire): str(p.name) for p in endpoint.params}
    schemas = {p.wire: p.schema for p in endpoint.params if p.place == "query"}
    pairs = request.query
    for wire in dict.fromkeys(k for k, _ in pairs):
        if ("query", wire) in by_wire:
            texts = [v for k, v in pairs if k == wire]
            found[by_wire["query", wire]] = [
                *readings_of(texts[0]),
                texts,
                *_typed(setting, texts, schemas[wire], 0),
            ]
    for name, text in _path_values(endpoint, request.path).items():
        found[name] = list(readings_of(text))
    for param in endpoint.params:
        if param.place == "header" and (value := request.header(param.wire)) is not None:
            found[str(param.name)] = list(readings_of(value))
        if param.place == "cookie" and (cookie := _find_cookie(request, param.wire)) is not None:
            found[str(param.name)] = list(readings_of(cookie))
    for param in endpoint.params:
        name = str(param.name)
        if name in values and param.as_text and (param.in_body or param.odd_style):
            found.pop(name, None)
            if readings := text_readings(setting, param, values[name]):
                found[name] = readings
        if name in values and (param.json or (param.place == WHOLE and not param.as_text)):
            found[name] = [values[name]]
    if has_body(endpoint.action) and not medium_of_action(endpoint.action).typed:
        known = {str(p.name) for p in endpoint.params}
        found |= {name: [value] for name, value in values.items() if name not in known}
    elif any(p.place == "body" for p in endpoint.params):
        read = read_json(request.body)
        if read.problem or not isinstance(read.value, dict):
            return None
        for wire, value in read.value.items():
            found[by_wire.get(("body", wire), str(wire))] = [value]
    return found


def _path_values(endpoint: Endpoint, path: str) -> dict[str, str]:
    names = re.findall(r"\{([^{}]*)\}", endpoint.path)
    if not names:
        return {}
    parts, given = endpoint.path.split("/"), path.split("/")
    found = [
        match_placeholders(split(part)[0], one, least=0) for part, one in zip(parts, given, strict=False)
    ]
    by_wire = {p.wire: str(p.name) for p in endpoint.params if p.place == "path"}
    if len(parts) != len(given) or None in found:
        return {}
    return {
        by_wire.get(n, n): unquote(v)
        for n, v in zip(names, (value for one in found for value in one or ()), strict=True)
    }


def text_readings(setting: Setting, param: Param, value: Any) -> list[Any]:
    """Return the values that a list or object may mean when its parts are sent as text; empty if no part is
    sent.
    """
    if param.in_body and value in (None, ""):
        return ["", None]
    if not isinstance(value, Mapping | list):
        text = text_of(value)
        items = split_items(param, text)  # a single value and a list of one are the same
        return [*readings_of(text), items, *_typed(setting, items, param.schema, 0)]
    if not value:
        return []
    texts = _as_texts(value)
    alone = [texts[0]] if isinstance(texts, list) and len(texts) == 1 else []
    return [texts, *_typed(setting, texts, param.schema, 0), *alone]


def split_items(param: Param, text: str) -> list[str]:
    """Return the items that a text may mean if a list is sent as one text."""
    return text.split(_MARKS.get(param.style, ","))


def _as_texts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _as_texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_texts(item) for item in value]
    return "" if value is None else text_of(value)


def _typed(setting: Setting, value: Any, schema: Mapping[str, Any], depth: int) -> list[Any]:
    """Return the value with its texts converted to the types of their schemas, once for each alternative."""
    schema = setting.resolve_schema(schema)
    if isinstance(value, str):
        readings = (*readings_of(value), *(() if value else (None,)))  # an empty value in a form is null
        fitting = [r for r in readings if matches(schema, r)]
        return [fitting[-1] if fitting else value]
    branches = [b for key in ("anyOf", "oneOf", "allOf") for b in schema.get(key) or ()]
    found = [r for b in branches if depth < MAX_DEPTH for r in _typed(setting, value, b, depth + 1)]
    if isinstance(value, list):
        items = schema.get("items", {})
        return [[_typed(setting, item, items, depth + 1)[0] for item in value], *found]
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    rest = more if isinstance(more, Mapping) else {}
    own = {
        name: _typed(setting, inner, properties.get(name, rest), depth + 1)[0]
        for name, inner in value.items()
    }
    return [own, *found]


def _some_reading(setting: Setting, endpoint: Endpoint, given: Mapping[str, list[Any]]) -> bool:
    """True if each argument has a valid reading.

    The arguments are independent, because no schema covers two of them.
    """
    for param in endpoint.params:
        if param.required and str(param.name) not in given:
            return False
    known = {str(p.name): p for p in endpoint.params}
    for name, readings in given.items():
        if name not in known:
            if endpoint.action.unknown == "refused" and (
                not endpoint.on_rest or any(p.place == "body" for p in endpoint.params)
            ):
                return False
            continue
        test = setting.test_argument(endpoint, known[name])
        if not any(test.is_valid(reading) for reading in readings):
            return False
    return True
