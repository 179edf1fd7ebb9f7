"""Numbers out of their range are quietly moved to the nearest bound."""

from __future__ import annotations

from typing import Any

from pgagents.action import Param
from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO = {"refuses_lookalikes": "NaN is out of every range, too"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Clamp every number."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        action = reader.action(request)
        given = reader.arguments(request)
        params = {p.wire: p for p in action.params} if action else {}
        clamped = {k: _clamped(params[k], v) if k in params else v for k, v in given.items()}
        return reader.with_arguments(request, clamped) if clamped != given else request

    return meddle.repairs(handler, repair)


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
