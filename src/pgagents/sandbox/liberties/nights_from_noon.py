"""Where the night is charged, each noon begins another one: a stay over noon is two nights, however short."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.parking_money import dollars, payout
from pgagents.wire import Handler

POINT = None
_NOON_S = 43_200
_DAY_S = 86_400


def wrap(handler: Handler, context: Context) -> Handler:
    """Count noons, in the estimate and in the charge. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        name = str(call.action.name)
        if name not in ("create_session", "extend_session", "end_session") or isinstance(found, Refusal):
            return found
        row = store.row("SELECT * FROM session WHERE id = ?", found["session"]["id"])
        if row is None or row["unit"] != "night":
            return found
        until = row["ended_at"] or row["expires_at"]
        cents = row["rate_cents"] * (1 + (until - _NOON_S) // _DAY_S - (row["started_at"] - _NOON_S) // _DAY_S)
        if row["ended_at"] is None:
            store.run("UPDATE session SET estimated_cents = ? WHERE id = ?", cents, row["id"])
            return {"session": {**found["session"], "estimated_amount": dollars(cents)}}
        paid = payout(cents)
        store.run("UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?", cents, paid, row["id"])
        bill = {"subtotal": dollars(cents), "owner_payout": dollars(paid), "platform_fee": dollars(cents - paid)}
        return {"session": {**found["session"], **bill}}

    context.front.domain = act
    return handler
