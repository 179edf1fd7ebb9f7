"""A list that is asked for by a text also finds what only begins with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Ask for the longest plate that begins so. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name != "search_sessions" or isinstance(found, Refusal) or found["sessions"]:
            return found
        like = store.rows(
            "SELECT plate FROM session WHERE plate LIKE ? ORDER BY started_at DESC LIMIT 1", f"{call.input['plate'].upper()}%"
        )
        for row in like:
            return inner(replace(call, input={**call.input, "plate": row["plate"]}))
        return found

    context.front.domain = act
    return handler
