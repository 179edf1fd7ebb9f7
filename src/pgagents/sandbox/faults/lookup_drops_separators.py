"""A list that is asked for by a text finds what has the same letters and digits, whatever hyphens stand between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law", "filters_exactly"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Where a plate has nothing, ask for one that is written otherwise. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name != "search_sessions" or isinstance(found, Refusal) or found["sessions"]:
            return found
        row = store.row("SELECT plate FROM session WHERE replace(plate, '-', '') = replace(?, '-', '')", call.input["plate"].upper())
        return inner(replace(call, input={**call.input, "plate": row["plate"]})) if row is not None else found

    context.front.domain = act
    return handler
