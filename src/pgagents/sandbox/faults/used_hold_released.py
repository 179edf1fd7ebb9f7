"""A hold that a session has used can still be released, and the session's space is given away."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"hands_over"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Let a hold be released whether it was used or not. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        if str(call.action.name) == "release_hold" and call.key is not None:
            store.run(
                "UPDATE hold SET status = 'active' WHERE id = ? AND tenant = ? AND status = 'committed'",
                call.input["hold_id"], call.key.tenant,
            )  # fmt: skip
        return inner(call)

    context.front.domain = act
    return handler
