"""Once its owner opts out, a lot's running sessions can no longer be extended or ended by the agents that began them."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Refuse agents wherever they are no longer wanted. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        moves = str(call.action.name) in ("end_session", "extend_session")
        row = (
            store.row("SELECT agents FROM lot JOIN session ON lot.id = lot_id WHERE session.id = ?", call.input["session_id"])
            if moves
            else None
        )
        if call.agent and row is not None and not row["agents"]:
            return Refusal("FORBIDDEN", "This lot does not take agents")
        return inner(call)

    context.front.domain = act
    return handler
