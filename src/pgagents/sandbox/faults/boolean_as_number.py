"""A boolean passes for the number 1 or 0, as it is one in the server's language."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_lookalikes"})
ALSO = {"refuses_invalid": "a boolean for a number is one of its wrong values, too, where a run is long enough"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Make numbers of booleans where the action wants a number."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or request.method == "GET":
            return request
        given = reader.arguments(request)
        numbers = {p.wire for p in asked.action.params if p.schema.get("type") in ("number", "integer")}
        known: dict[str, Any] = {name: int(value) for name, value in given.items() if isinstance(value, bool) and name in numbers}
        return reader.with_arguments(request, {**given, **known}) if known else request

    return meddle.repairs(handler, repair)
