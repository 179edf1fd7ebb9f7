"""Members that no document names are ignored instead of refused."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"refuses_invalid"})
ALSO: dict[str, str] = {"verifies_signed_calls": "a body whose unknown members are taken off is not the one that was signed"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Drop unknown members of bodies and of a dispatcher's arguments."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or (asked.dispatcher is None and request.method == "GET"):
            return request
        given = reader.arguments(request)
        known = {str(p.name) for p in asked.action.params} | {p.wire for p in asked.action.params}
        kept = {k: v for k, v in given.items() if k in known}
        return reader.with_arguments(request, kept) if kept != given else request

    return meddle.repairs(handler, repair)
