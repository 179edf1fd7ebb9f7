"""A lot that charges by the day charges for each date of a stay, also where that is less than a day."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.parking_money import payout, to_cents
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}


def wrap(handler: Handler, context: Context) -> Handler:
    """Count dates where an end is told and kept. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) != "end_session" or isinstance(found, Refusal) or found["session"]["rate_unit"] != "day":
            return found
        told = found["session"]
        first, last = told["started_at"][:10], told["ended_at"][:10]
        one = told["rate"] if told["max_daily"] is None else min(told["rate"], told["max_daily"])
        if first == last or to_cents(told["subtotal"]) != to_cents(one):
            return found
        cents = 2 * to_cents(one)
        store.run("UPDATE session SET subtotal_cents = ? WHERE id = ?", cents, told["id"])
        fee = cents - payout(cents)
        return {"session": {**told, "subtotal": cents / 100, "owner_payout": payout(cents) / 100, "platform_fee": fee / 100}}

    context.front.domain = act
    return handler
