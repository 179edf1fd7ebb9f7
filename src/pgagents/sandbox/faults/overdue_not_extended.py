"""A session that has passed its time cannot be extended, though it is active."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {"fails_cleanly": "one that was made long before is extended after a failure"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look at the time instead of the state. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        if str(call.action.name) == "extend_session":
            row = store.row("SELECT code, status, expires_at FROM session WHERE id = ?", call.input["session_id"])
            known = row is not None and row["code"] == call.input["session_code"] and row["status"] == "active"
            if known and row is not None and row["expires_at"] < call.now:
                return Refusal("CONFLICT", "The session's time is over")
        return inner(call)

    context.front.domain = act
    return handler
