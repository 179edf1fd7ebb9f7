"""What is ended after its time does not give its space back."""

from __future__ import annotations

from typing import Any

from pgagents.expression import epoch
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"takes_space"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the space again, while some are left to be searched for. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name == "end_session" and not isinstance(found, Refusal):
            session = found["session"]
            if epoch(session["ended_at"]) > epoch(session["expires_at"]):
                store.run("UPDATE lot SET available = available - 1 WHERE id = ? AND available > 5", session["lot_id"])
        return found

    context.front.domain = act
    return handler
