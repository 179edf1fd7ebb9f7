"""Half a cent is rounded to the even one, as many languages do by default."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Reckon the estimate of what is made with bankers' rounding. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        session = found.get("session") if not isinstance(found, Refusal) and call.action.name == "create_session" else None
        if session and session["rate_unit"] == "hour":
            exact = Decimal(str(session["rate"])) * 100 * Decimal(str(call.input["hours"]))
            cents = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
            store.run("UPDATE session SET estimated_cents = ? WHERE id = ?", cents, session["id"])
            session["estimated_amount"] = cents / 100
        return found

    context.front.domain = act
    return handler
