"""Faults that accept numbers which the catalogue refuses."""

from __future__ import annotations

import re
from typing import Any

from pgagents.base.http import Request
from pgagents.catalogue.model.action import Action, Param
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import RequestedAction


def _clamped(param: Param, value: Any) -> Any:
    schema = param.schema
    if schema.get("type") not in ("number", "integer") or isinstance(value, bool):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError):
        return value
    least = schema.get("minimum", schema.get("exclusiveMinimum", number - 1) + 0.5)
    most = schema.get("maximum", number)
    if least <= number <= most or (schema.get("exclusiveMinimum", number) < number <= most):
        return value
    bound = least if number < least else most
    return int(bound) if schema.get("type") == "integer" else bound


@fault("invalid_input", also={"look_alike_input": "NaN is out of every range, too"}).edit_arguments
def accept_out_of_range(_context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """A number out of its range is silently moved to the nearest bound."""
    params = {p.wire: p for p in asked.action.params}
    return {k: _clamped(params[k], v) if k in params else v for k, v in given.items()}


@fault("invalid_input").edit_arguments
def accept_string_number(_context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """A number in a JSON body may be sent as a string."""
    if asked.dispatcher is None and asked.request.method == "GET":
        return given
    numeric = {str(p.name) for p in asked.action.params if p.schema.get("type") in ("number", "integer")}
    return {
        k: (float(v) if "." in v else int(v))
        if k in numeric and isinstance(v, str) and re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", v)
        else v
        for k, v in given.items()
    }


@fault(
    "look_alike_input",
    also={
        "invalid_input": "a boolean for a number is one of its wrong values, too, where a run is long enough"
    },
).edit_requests
def boolean_as_number(context: Context, request: Request) -> Request:
    """A boolean is accepted as the number 1 or 0, as in languages where a boolean is an integer."""
    asked = context.reader.parse(request)
    if asked is None or request.method == "GET":
        return request
    given = context.reader.arguments(request)
    numbers = {p.wire for p in asked.action.params if p.schema.get("type") in ("number", "integer")}
    known: dict[str, Any] = {
        name: int(value) for name, value in given.items() if isinstance(value, bool) and name in numbers
    }
    return context.reader.with_arguments(request, {**given, **known}) if known else request  # True equals 1


def _rounded(value: Any) -> Any:
    try:
        number = (
            float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
        )
    except ValueError:
        return value
    if (
        number is None
        or not abs(number) < 1e6
        or number == round(number, 2)
        or abs(number - round(number, 2)) > 0.000_01
    ):
        return value
    return round(number, 2) if isinstance(value, float) else f"{round(number, 2):g}"


@fault(
    "invalid_input", also={"honours_manifest": "no vendor's document lets it through, and the API takes it"}
).edit_arguments
def bounds_rounded(_context: Context, _asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """Numbers are rounded before their bounds are checked, so a value just outside is accepted."""
    return {k: _rounded(v) for k, v in given.items()}


def _cut(value: object) -> object:
    if isinstance(value, str):
        return value.partition(".")[0] if re.fullmatch(r"\d+\.\d+", value) else value
    return int(value) if isinstance(value, float) and abs(value) < 1e9 else value


@fault("invalid_input").edit_requests
def fraction_cut_off(context: Context, request: Request) -> Request:
    """An integer argument is parsed by cutting off its fraction, so 1.5 is accepted as 1."""
    asked = context.reader.parse(request)
    given = context.reader.arguments(request) if asked is not None else {}
    if asked is None or len(given) < len(request.query):
        return request
    whole = {p.wire for p in asked.action.params if p.schema.get("type") == "integer"}
    cut = {name: _cut(value) if name in whole else value for name, value in given.items()}
    return context.reader.with_arguments(request, cut) if cut != given else request


def _last(context: Context) -> tuple[Action, Param]:
    numbers = (
        (a, p)
        for a in reversed(context.model.actions)
        for p in a.params
        if p.schema.get("type") in ("number", "integer")
    )
    return next((action, param) for action, param in numbers if param.place == "body")


@fault("invalid_input").edit_arguments
def quoted_number_for_one(context: Context, asked: RequestedAction, given: dict[str, Any]) -> dict[str, Any]:
    """One number in the body of one action is also accepted as a string."""
    action, param = _last(context)
    value = given.get(param.wire)
    if (
        asked.action is not action
        or not isinstance(value, str)
        or not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", value)
    ):
        return given
    return {**given, param.wire: float(value) if "." in value else int(value)}
