"""A hold is compared with the plate as it is typed, so who types small letters cannot use it."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"hands_over"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse a hold for a plate that is not in capitals. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        plate = call.input.get("plate")
        small = isinstance(plate, str) and plate != plate.upper()
        if small and store.row("SELECT 1 FROM hold WHERE id = ? AND status = 'active'", call.input.get("hold_id")):
            return Refusal("CONFLICT", "The hold is for another plate")
        return inner(call)

    context.front.domain = act
    return handler
