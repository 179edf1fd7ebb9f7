"""The dispatcher does not know the last action of its closed set."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

BREAKS = frozenset({"accepts_valid"})
ALSO: dict[str, str] = {
    "same_answer": "REST has the action",
    "moves": "the move cannot be made there",
    "absent_id": "a refusal is that of an unknown action",
    "names_field": "a refusal names the selector",
    "needs_grant": "a refusal is that of an unknown action",
}


def wrap(handler: Handler, context: Context) -> Handler:
    """Misspell its name on the way in."""
    reader = meddle.Reader(context.model)

    def repair(request: Request) -> Request:
        asked = reader.asked(request)
        if asked is None or asked.dispatcher is None or asked.action is not asked.dispatcher.actions[-1]:
            return request
        name = str(asked.action.name).encode()
        return replace(request, body=request.body.replace(b'"' + name + b'"', b'"' + name + b'_"', 1))

    return meddle.repairs(handler, repair)
