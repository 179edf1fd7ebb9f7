"""Of holds whose time is over at the same moment one is ended, and the others when somebody comes by later."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO = {"told_alike": "each look at the lot frees one more space, so that two looks differ"}


def wrap(handler: Handler, context: Context) -> Handler:
    """With each call keep all of them but one from being seen. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store
    if context.model.domain != "parking":
        return handler
    over = "status = 'active' AND expires_at <= ?"

    def act(call: Call) -> Any:
        first = f"SELECT id FROM hold WHERE {over} ORDER BY expires_at, id LIMIT 1"
        store.run(f"UPDATE hold SET status = 'waiting' WHERE {over} AND id <> ({first})", call.now, call.now)
        found = inner(call)
        store.run("UPDATE hold SET status = 'active' WHERE status = 'waiting'")
        return found

    context.front.domain = act
    return handler
