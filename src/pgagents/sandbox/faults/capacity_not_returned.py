"""The end of a session does not give its space back."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"takes_space"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the space again that an end gave back, while some are left to be searched for. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        result = inner(call)
        if str(call.action.name) == "end_session" and not isinstance(result, Refusal):
            store.run("UPDATE lot SET available = available - 1 WHERE id = ? AND available > 5", result["session"]["lot_id"])
        return result

    context.front.domain = act
    return handler
