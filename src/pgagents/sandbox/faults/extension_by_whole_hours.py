"""Hours to add are rounded up to whole ones."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Add more than was asked for. Park Graph's argument."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        if str(call.action.name) == "extend_session":
            call = replace(call, input={**call.input, "extend_hours": math.ceil(call.input["extend_hours"])})
        return inner(call)

    context.front.domain = act
    return handler
