"""Where there is no bound, one answer tells a bound of zero."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"told_alike"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Tell zero for null in what a place's prices are. Park Graph's members."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name == "get_rates" and not isinstance(found, Refusal):
            found["rates"]["max_daily"] = found["rates"]["max_daily"] or 0
        return found

    context.front.domain = act
    return handler
