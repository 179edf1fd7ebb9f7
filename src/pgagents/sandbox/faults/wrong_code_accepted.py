"""A session can be ended by whoever knows its id: its code is not compared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows", "needs_whole_code"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take any well-formed code for the right one. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        given = "session_code" in call.input
        row = store.row("SELECT code FROM session WHERE id = ?", call.input.get("session_id")) if given else None
        if row is not None:
            call = replace(call, input={**call.input, "session_code": row["code"]})
        return inner(call)

    context.front.domain = act
    return handler
