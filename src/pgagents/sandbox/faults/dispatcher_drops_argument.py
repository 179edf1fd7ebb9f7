"""The dispatcher forgets the optional arguments it is given."""

from __future__ import annotations

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"same_answer"})
ALSO: dict[str, str] = {
    "absent_id": "an optional id that does not exist is forgotten, not looked for",
    "law": "what an argument asks for is not in the answer",
    "refuses_invalid": "a wrong optional argument is forgotten, not refused",
    "idempotency": "the idempotency key is one of them",
    "relation": "a page that is full for the server has room by what was asked for",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep the required ones, and names that nobody knows."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or asked.dispatcher is None:
            return request
        optional = {str(p.name) for p in asked.action.params if not p.required}
        given = reader.arguments(request)
        kept = {k: v for k, v in given.items() if k not in optional}
        return reader.with_arguments(request, kept) if kept != given else request

    return meddle.repairs(handler, repair)
