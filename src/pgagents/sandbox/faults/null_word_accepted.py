"""The word null in a query counts as an argument that was left out."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"keeps_offer"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Leave out what a host made of a null, where no text is wanted."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or asked.dispatcher is not None or request.method != "GET":
            return request
        words = {p.wire for p in asked.action.params if p.place == "query" and p.schema.get("type") in ("number", "integer", "boolean")}
        given = reader.arguments(request)
        kept = {k: v for k, v in given.items() if not (k in words and v == "null")}
        return reader.with_arguments(request, kept) if len(kept) < len(given) else request

    return meddle.repairs(handler, repair)
