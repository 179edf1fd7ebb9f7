"""An amount becomes whole cents by cutting a double, so that 0.29 is 28 cents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Cut what is given as an amount."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        amount = call.input.get("amount")
        if not isinstance(amount, int | float) or isinstance(amount, bool):
            return inner(call)
        return inner(replace(call, input={**call.input, "amount": int(amount * 100) / 100}))

    context.front.domain = act
    return handler
