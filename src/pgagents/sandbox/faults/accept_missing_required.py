"""A required argument of the first search may be left out: the server takes zero for it."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.sample import sample
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Fill the argument in where it lacks."""
    reader, model = meddle.Reader(context.model), context.model
    victims = [a for a in model.actions if any(p.required and p.place in ("query", "body") for p in a.params)]

    def repair(request: Request) -> Request:
        action = reader.action(request)
        if not victims or action is not victims[0]:
            return request
        given = reader.arguments(request)
        param = next(p for p in action.params if p.required and p.place in ("query", "body"))
        return (
            request
            if param.name in given
            else reader.with_arguments(request, {**given, str(param.name): sample(param.schema, model.schemas, 0)})
        )

    return meddle.repairs(handler, repair)
