"""Ids are compared without their case, as many databases compare texts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"tells_ids_apart"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Look a place up by the id whose small letters are the same. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        id = call.input.get("lot_id")
        if isinstance(found, Refusal) and isinstance(id, str) and call.action.effect == "read":
            for row in store.rows("SELECT id FROM lot WHERE lower(id) = lower(?)", id):
                return inner(replace(call, input={**call.input, "lot_id": row["id"]}))
        return found

    context.front.domain = act
    return handler
