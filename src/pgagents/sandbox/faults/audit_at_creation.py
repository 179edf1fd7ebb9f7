"""A session's audit rows all tell the time of its creation, as they are joined with its table."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.clock import rfc3339
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"audits_writes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Show a row of a session with the session's begin. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name == "list_audit" and not isinstance(found, Refusal):
            for row in found["rows"]:
                session = store.row("SELECT started_at FROM session WHERE id = ?", row["session_id"])
                if session is not None:
                    row["at"] = rfc3339(session["started_at"])
        return found

    context.front.domain = act
    return handler
