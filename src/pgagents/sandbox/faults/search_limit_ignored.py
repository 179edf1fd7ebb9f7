"""The first list takes no notice of a smaller limit: it answers with all it would show by default."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Drop a limit below the default."""
    reader, victim = meddle.Reader(context.model), meddle.list_action(context.model)
    bounds = {str(p.name): p.schema["default"] for p in victim.params if p.schema.get("type") == "integer" and "default" in p.schema}

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or asked.action is not victim:
            return request
        given = reader.arguments(request)
        if asked.dispatcher is not None and any(isinstance(given.get(name), str) for name in bounds):
            return request  # a number as a string is another fault
        kept = {k: v for k, v in given.items() if not (k in bounds and str(v).isdigit() and 1 <= int(str(v)) < bounds[k])}
        return reader.with_arguments(request, kept) if kept != given else request

    return meddle.repairs(handler, repair)
