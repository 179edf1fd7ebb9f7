"""A session made with an integration's key is stamped with no platform."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"attributes_calls"})
ALSO = {"audits_writes": "the row of what it does has no platform either"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Keys are for nobody in particular."""
    inner = context.front.domain

    def act(call: Call) -> Any:
        return inner(replace(call, key=replace(call.key, integration=None)) if call.key else call)

    context.front.domain = act
    return handler
