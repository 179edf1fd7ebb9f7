"""What is known by an id is also found by a text that only begins with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"absent_id"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look a session up by the id that the text begins with. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        id = call.input.get("session_id")
        if isinstance(found, Refusal) and isinstance(id, str) and call.action.effect == "read":
            for row in store.rows("SELECT id FROM session WHERE ? LIKE id || '_%'", id):
                return inner(replace(call, input={**call.input, "session_id": row["id"]}))
        return found

    context.front.domain = act
    return handler
