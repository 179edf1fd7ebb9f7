"""A count is told with the time when it was told first."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"told_alike"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keep the time of each place's first count. Park Graph's members."""
    inner, first = context.front.domain, dict[str, Any]()

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name == "check_availability" and not isinstance(found, Refusal):
            counted = found["availability"]
            counted["updated_at"] = first.setdefault(counted["lot_id"], counted["updated_at"])
        return found

    context.front.domain = act
    return handler
