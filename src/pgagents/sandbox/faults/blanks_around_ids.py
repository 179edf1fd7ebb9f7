"""Blanks around an id are cut off before it is looked at."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"absent_id"})
ALSO = {
    "refuses_invalid": "an id with blanks is one that its pattern does not match",
    "same_answer": "what is left of it need not be there",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut them off in paths and in bodies."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        path, mark, query = request.target.partition("?")
        trimmed = "/".join(part.removeprefix("%20").removesuffix("%20") for part in path.split("/"))
        request = replace(request, target=trimmed + mark + query)
        action = reader.action(request)
        ids = {p.wire for p in action.params if p.refers_to} if action is not None and request.body else set()
        values = reader.arguments(request) if ids else {}
        found = {name: value.strip(" ") if name in ids and isinstance(value, str) else value for name, value in values.items()}
        return reader.with_arguments(request, found) if found != values else request

    return meddle.repairs(handler, repair)
