"""A refused write leaves a row in the audit, as if it had been done."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import parking_audit as audit
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"audits_writes"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Write the row before asking whether it may be. Park Graph's audit."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and call.action.effect == "write" and "session_id" in call.input:
            audit.write(store, call, session_id=call.input["session_id"], diff={"tried": [None, True]})
        return found

    context.front.domain = act
    return handler
