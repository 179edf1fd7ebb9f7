"""A list of what has ended is sorted by the end, though it says by the beginning."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Sort a page whose things have all ended. Park Graph's members."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name == "list_sessions" and not isinstance(found, Refusal) and call.input.get("status") == "completed":
            found["sessions"].sort(key=lambda session: str(session["ended_at"]), reverse=True)
        return found

    context.front.domain = act
    return handler
