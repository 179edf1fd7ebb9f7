"""A list's filter is a LIKE, in which an underscore stands for any character."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law", "filters_exactly"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Where a fleet has nothing, ask for one that the pattern matches. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name != "list_sessions" or isinstance(found, Refusal) or found["sessions"] or "fleet_id" not in call.input:
            return found
        row = store.row("SELECT fleet_id FROM session WHERE fleet_id LIKE ? AND length(fleet_id) > 1", call.input["fleet_id"])
        return inner(replace(call, input={**call.input, "fleet_id": row["fleet_id"]})) if row is not None else found

    context.front.domain = act
    return handler
