"""The smaller share of an amount is rounded first, and the larger is what is left."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Round the platform's tenth. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if call.action.name == "end_session" and not isinstance(found, Refusal):
            session = found["session"]
            cents = Decimal(round(session["subtotal"] * 100))
            fee = int((cents / 10).quantize(Decimal(1), ROUND_HALF_UP))
            store.run("UPDATE session SET payout_cents = ? WHERE id = ?", int(cents) - fee, session["id"])
            session.update(platform_fee=fee / 100, owner_payout=(int(cents) - fee) / 100)
        return found

    context.front.domain = act
    return handler
