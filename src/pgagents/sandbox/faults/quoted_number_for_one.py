"""One action reads one number of its body with a function that takes text as well, so there a number in quotes is taken."""

from __future__ import annotations

import re

from pgagents.action import Action, Param
from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Turn "5" into 5 for the last number in the catalogue that travels in a body."""
    reader = meddle.Reader(context.model)
    action, param = _last(context)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or asked.action is not action:
            return request
        given = reader.arguments(request)
        value = given.get(param.wire)
        if not isinstance(value, str) or not re.fullmatch(r"-?\d{1,9}(\.\d{1,9})?", value):
            return request
        return reader.with_arguments(request, {**given, param.wire: float(value) if "." in value else int(value)})

    return meddle.repairs(handler, repair)


def _last(context: Context) -> tuple[Action, Param]:
    numbers = ((a, p) for a in reversed(context.model.actions) for p in a.params if p.schema.get("type") in ("number", "integer"))
    return next((action, param) for action, param in numbers if param.place == "body")
