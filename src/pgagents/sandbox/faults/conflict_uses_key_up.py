"""A call that is refused for how things stand uses up its idempotency key."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"spares_keys"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Remember the keys of refused calls, too. Park Graph's code."""
    inner = context.front.domain
    used: set[tuple[str, str]] = set()

    def act(call: Call) -> Any:
        value = call.input.get(str(call.action.idempotency)) if call.action.idempotency else None
        key = (call.key.id if call.key else "", str(value))
        if value and key in used:
            return Refusal("CONFLICT", "This idempotency key was used")
        found = inner(call)
        if value and isinstance(found, Refusal) and found.code == "CONFLICT":
            used.add(key)
        return found

    context.front.domain = act
    return handler
