"""A payment event is taken, too, by a signature of the scheme v0, which the processor uses for tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"verifies_signed_calls"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Read v0 as if it were v1."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        signed = call.action.signed
        if signed is not None:
            given = str(call.input[signed.header]).replace("v0=", "v1=")
            call = replace(call, input={**call.input, signed.header: given})
        return inner(call)

    context.front.domain = act
    return handler
