"""A hold can be used after its time, though it can no longer be released."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"hold_ends"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Where a hold of ours is no longer there, go on without it. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        held = call.input.get("hold_id")
        if str(call.action.name) != "create_session" or held is None or not isinstance(found, Refusal) or found.code != "NOT_FOUND":
            return found
        row = store.row("SELECT * FROM hold WHERE id = ? AND tenant = ?", held, call.key.tenant if call.key else "")
        if row is None or row["status"] not in ("active", "expired"):
            return found
        call.input.pop("hold_id")  # type: ignore[attr-defined]  # arguments are a dictionary that nobody else holds
        return inner(call)

    context.front.domain = act
    return handler
