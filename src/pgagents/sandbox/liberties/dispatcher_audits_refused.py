"""The audit has a row for every call through the dispatcher, also for those that were refused."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import parking_audit as audit
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT = None


def wrap(handler: Handler, context: Context) -> Handler:
    """A row of the refusal, about what was asked for. Park Graph's audit."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and call.surface != "rest" and "session_id" in call.input:
            dispatcher = context.model.dispatchers[0]
            platform = dispatcher.attribution.get("agent_platform")
            audit.write(store, call, session_id=call.input["session_id"], platform=platform, diff={"refused": [None, found.code]})
        return found

    context.front.domain = act
    return handler
