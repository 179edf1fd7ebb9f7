"""A whole number is read with a function that cuts off a fraction, so half of one more is taken for none."""

from __future__ import annotations

import re

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut it off in queries and bodies."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        given = reader.arguments(request) if asked is not None else {}
        if asked is None or len(given) < len(request.query):
            return request
        whole = {p.wire for p in asked.action.params if p.schema.get("type") == "integer"}
        cut = {name: _cut(value) if name in whole else value for name, value in given.items()}
        return reader.with_arguments(request, cut) if cut != given else request

    return meddle.repairs(handler, repair)


def _cut(value: object) -> object:
    if isinstance(value, str):
        return value.partition(".")[0] if re.fullmatch(r"\d+\.\d+", value) else value
    return int(value) if isinstance(value, float) and abs(value) < 1e9 else value
