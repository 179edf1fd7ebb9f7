"""A number with more hundredths than 64 bits hold crashes the server."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Raise as the database would."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        if any(isinstance(value, int | float) and abs(value) * 100 >= 2**63 for value in call.input.values()):
            raise OverflowError("bigint out of range")
        return inner(call)

    context.front.domain = act
    return handler
