"""So that drivers can read it out, the short code is taken for the session's code when a session is ended, too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.parking_sessions import short_code
from pgagents.wire import Handler

BREAKS = frozenset({"needs_whole_code"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Take the short code for the whole one. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        if call.action.name == "end_session":
            row = store.row("SELECT code FROM session WHERE id = ?", call.input["session_id"])
            if row is not None and call.input["session_code"] == short_code(row["code"]):
                call = replace(call, input={**call.input, "session_code": row["code"]})
        return inner(call)

    context.front.domain = act
    return handler
