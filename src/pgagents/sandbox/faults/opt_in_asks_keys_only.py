"""Whether an agent makes a session is read from its key, so the header of an MCP server counts for nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """No agent on REST but by its key. Park Graph's action."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        key = call.key
        by_key = key is not None and bool(key.integration or key.fleet or key.granted)
        if str(call.action.name) == "create_session" and call.surface == "rest" and not by_key:
            return inner(replace(call, agent=False))
        return inner(call)

    context.front.domain = act
    return handler
