"""How a thing stands is looked at before whose it is, so another project is told 409 of what is over, not 404."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"absent_id"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """A session of nobody's is looked for among all that are completed. Park Graph's names."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if not (isinstance(found, Refusal) and found.code == "NOT_FOUND" and call.action.name in ("end_session", "extend_session")):
            return found
        row = store.row("SELECT tenant, status FROM session WHERE id = ?", call.input["session_id"])
        others = row is not None and row["status"] == "completed" and call.key is not None and row["tenant"] != call.key.tenant
        return Refusal("CONFLICT", "The session is already completed") if others else found

    context.front.domain = act
    return handler
