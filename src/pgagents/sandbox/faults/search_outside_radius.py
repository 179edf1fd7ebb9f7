"""Search looks four times as far as it was asked to."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Widen the radius behind the validation; only a catalogue whose search has one shows it."""
    inner = context.front.domain

    def act(call: Call) -> object:
        radius = call.input.get("radius_km")
        if call.action.effect == "read" and isinstance(radius, int | float):
            call = replace(call, input={**call.input, "radius_km": radius * 4})
        return inner(call)

    context.front.domain = act
    return handler
