"""The refused end of a session that has ended gives a space back once more."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Count a space up with every refusal of an end, as long as the lot has that many. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) == "end_session" and isinstance(found, Refusal) and found.code == "CONFLICT":
            store.run(
                "UPDATE lot SET available = available + 1 WHERE available < total AND id = (SELECT lot_id FROM session WHERE id = ?)",
                call.input["session_id"],
            )
        return found

    context.front.domain = act
    return handler
