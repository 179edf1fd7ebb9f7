"""A NUL in a free text crashes the server, as its database takes none."""

from __future__ import annotations

import json
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
        if "\\u0000" in json.dumps(call.input, default=str):
            raise ValueError("invalid byte sequence for encoding UTF8: 0x00")
        return inner(call)

    context.front.domain = act
    return handler
