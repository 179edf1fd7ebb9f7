"""A value outside an argument's closed set is taken for the first of the set."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Replace texts that the enum lacks."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        action = reader.action(request)
        given = reader.arguments(request)
        sets = {str(p.name): p.schema["enum"] for p in action.params if "enum" in p.schema} if action else {}
        turned = {k: sets[k][0] if k in sets and isinstance(v, str) and v not in sets[k] else v for k, v in given.items()}
        return reader.with_arguments(request, turned) if turned != given else request

    return meddle.repairs(handler, repair)
