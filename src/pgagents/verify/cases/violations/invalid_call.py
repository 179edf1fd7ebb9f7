"""Put a value that breaks a keyword into a call, and tell whether the call is invalid as sent."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

from pgagents.encoding.file import find_problem
from pgagents.http import text_of
from pgagents.model.argument import Param
from pgagents.source.origin import plain
from pgagents.verify.cases.as_sent import is_invalid, takes_any_text, takes_lists_only
from pgagents.verify.cases.readings import readings_of
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import RequestTemplate
from pgagents.verify.values.invalid_values import MISSING, InvalidValue
from pgagents.verify.values.schema_values import high
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint


def _make_unheard_of_id(endpoint: Endpoint, param: Param) -> int:
    """Return a 64-bit number that is no instance's id. It is the same in every run."""
    return int.from_bytes(sha256(f"0 {endpoint.place} {param.name}".encode()).digest()[:8], "big") | 1 << 63


def use_unheard_of_id(endpoint: Endpoint, param: Param, violation: InvalidValue) -> InvalidValue:
    """Return the violation; a number for the id of a write is replaced by a number that is no instance's
    id.
    """
    is_number = violation.keyword == "type" and type(violation.value) is int
    if is_number and param.refers_to and endpoint.action.effect == "write":
        return replace(violation, value=_make_unheard_of_id(endpoint, param))
    return violation


def break_arguments(
    setting: Setting,
    endpoint: Endpoint,
    template: RequestTemplate,
    param: Param,
    violation: InvalidValue,
) -> dict[str, Any] | None:
    """Return the template's arguments with the violation; None if a path would lack its parameter."""
    name = str(param.name)
    if violation.path:
        base = plain(template.input.get(name))
        if not isinstance(base, dict | list):
            base = setting.compute_once(
                ("greatest", endpoint.place, name), lambda: plain(high(param.schema, setting.model.schemas))
            )
        return {**template.input, name: _lay(base, violation.path, violation.value)}
    if violation.keyword != "required":
        return {**template.input, name: violation.value}
    if param.place == "path" and endpoint.on_rest:
        return None
    return {k: v for k, v in template.input.items() if k != name}


def is_legal(setting: Setting, endpoint: Endpoint, param: Param, violation: InvalidValue) -> bool:
    """True if the violation is a legal value when it reaches the server, or if servers may accept it."""
    as_text = bool(param.as_text) and endpoint.on_rest
    if violation.keyword == "type" and not violation.path and as_text:
        # as text, a single value and a list of one are the same, and another case is about that
        return takes_any_text(setting, param) or takes_lists_only(setting, param)
    if violation.keyword != "null":
        return False
    if as_text:  # in a query, null is only a word, which the case `type` covers
        return True
    # models with strict schemas send null for omitted arguments, and servers may accept that
    return endpoint.form is not None and not (param.required and not violation.path)


def is_broken(setting: Setting, param: Param, call: Call) -> bool:
    """True if the call is invalid as sent.

    All other arguments are valid and are read one by one, so the broken one decides. If its place or form
    allows several readings, the whole request is encoded and read again.
    """
    assert call.endpoint is not None
    name = str(param.name)
    value = call.input.get(name)
    scalar = isinstance(value, str | int | float) and value != ""
    if (name not in call.input and param.required) or (
        param.file is not None and find_problem(param.file, value)
    ):
        return True
    if name in call.input and (not call.endpoint.on_rest or not param.as_text):
        return not setting.test_argument(call.endpoint, param).is_valid(value)
    if scalar and param.as_text and param.place != "header":
        test = setting.test_argument(call.endpoint, param)
        text = text_of(value)
        return not any(test.is_valid(reading) for reading in (*readings_of(text), [text]))
    return is_invalid(setting, call)


def _lay(base: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """Return the base with the value set at a path; missing members on the way are made."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        items = list(base) if isinstance(base, list) and base else [{} if rest else value]
        items += [items[-1]] * (step + 1 - len(items))
        items[step] = _lay(items[step], rest, value)
        return items
    members = dict(base) if isinstance(base, dict) else {}
    if not rest and value is MISSING:
        members.pop(step, None)
    else:
        members[step] = _lay(members.get(step), rest, value)
    return members
