"""Ending what has ended is refused, but its end and its bill are of now by then."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox.call import Call, Refusal
from pgagents.sandbox.oddity import Context
from pgagents.sandbox.parking_money import charge, payout
from pgagents.wire import Handler

BREAKS = frozenset({"moves"})
ALSO: dict[str, str] = {"told_alike": "what a session is read with is not what its end told"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Write before the state is looked at. Park Graph's tables."""
    inner, store = context.front.domain, context.front.store

    def act(call: Call) -> Any:
        found = inner(call)
        if str(call.action.name) == "end_session" and isinstance(found, Refusal) and found.code == "CONFLICT":
            row = store.row("SELECT * FROM session WHERE id = ?", call.input["session_id"])
            assert row is not None
            cents = charge(row["rate_cents"], row["unit"], row["max_daily_cents"], int(call.now) - row["started_at"])
            store.run(
                "UPDATE session SET ended_at = ?, subtotal_cents = ?, payout_cents = ? WHERE id = ?",
                int(call.now), cents, payout(cents), row["id"],
            )  # fmt: skip
        return found

    context.front.domain = act
    return handler
