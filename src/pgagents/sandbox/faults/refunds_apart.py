"""Each refund is compared with the charge, and not with what earlier ones left of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"runs_workflows"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Where a part within the charge is more than remains, refund a cent and tell what was asked for. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        asked = call.input.get("amount")
        if str(call.action.name) != "refund_session" or asked is None or not isinstance(found, Refusal) or found.code != "CONFLICT":
            return found
        row = store.row("SELECT subtotal_cents FROM session WHERE id = ? AND status = 'completed'", call.input["session_id"])
        if row is None or asked * 100 > row["subtotal_cents"] + 0.5:
            return found
        told = inner(replace(call, input={**call.input, "amount": 0.01}))
        return told if isinstance(told, Refusal) else {"refund": {**told["refund"], "amount": asked}}

    context.front.domain = act
    return handler
