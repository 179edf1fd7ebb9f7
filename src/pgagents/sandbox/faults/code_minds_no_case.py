"""A session's code is compared without its case, as many databases compare texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"needs_whole_code"})
ALSO = {"runs_workflows": "the workflow of refused calls tries the code in other letters, too"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the code in any case for the right one. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        given = call.input.get("session_code")
        row = store.row("SELECT code FROM session WHERE id = ?", call.input.get("session_id")) if isinstance(given, str) else None
        if row is not None and isinstance(given, str) and row["code"].lower() == given.lower():
            call = replace(call, input={**call.input, "session_code": row["code"]})
        return inner(call)

    context.front.domain = act
    return handler
