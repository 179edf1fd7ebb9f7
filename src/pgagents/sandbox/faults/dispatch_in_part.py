"""A fleet's vehicles that do not all fit are refused, and the first of them is held a space all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Hold before it is known that there is no room for all. Park Graph's action."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) == "dispatch_av_fleet" and isinstance(found, Refusal) and found.code == "CONFLICT":
            inner(replace(call, input={**call.input, "vehicles": call.input["vehicles"][:1]}))
        return found

    context.front.domain = act
    return handler
