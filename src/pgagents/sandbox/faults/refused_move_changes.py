"""Extending what is over is refused, and moves its end all the same."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"moves"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Change the row of whatever an extension is refused for. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) == "extend_session" and isinstance(found, Refusal) and found.code == "CONFLICT":
            store.run("UPDATE session SET expires_at = expires_at + 3600 WHERE id = ?", call.input["session_id"])
        return found

    context.front.domain = act
    return handler
