"""A hold can still be committed after its time, and keeps its space until then."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"hold_ends"})
ALSO = {"runs_workflows": "a workflow counts the spaces of holds that are over"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Give every hold an hour more than it is told. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        result = inner(call)
        if str(call.action.name) == "dispatch_av_fleet" and not isinstance(result, Refusal):
            for allocation in result["allocations"]:
                store.run("UPDATE hold SET expires_at = expires_at + 3600 WHERE id = ?", allocation["hold_id"])
        return result

    context.front.domain = act
    return handler
