"""A cap on 24 hours is held against each calendar day instead."""

from __future__ import annotations

from typing import Any

from pgagents.expression import epoch
from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"law"})
ALSO: dict[str, str] = {}
DAY_S = 86_400


def wrap(handler: Handler, context: Context) -> Handler:
    """Cap what falls between two midnights. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        session = found.get("session") if call.action.name == "end_session" and not isinstance(found, Refusal) else None
        if session and session["rate_unit"] == "hour" and session["max_daily"] is not None:
            begun, ended, cents = epoch(session["started_at"]), epoch(session["ended_at"]), 0
            while begun < ended:
                until = min(ended, (begun // DAY_S + 1) * DAY_S)
                cents += min(round(session["rate"] * (until - begun) / 36), round(session["max_daily"] * 100))
                begun = until
            payout = (cents * 9 + 5) // 10
            store.run("UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?", cents, payout, session["id"])
            session.update(subtotal=cents / 100, owner_payout=payout / 100, platform_fee=(cents - payout) / 100)
        return found

    context.front.domain = act
    return handler
