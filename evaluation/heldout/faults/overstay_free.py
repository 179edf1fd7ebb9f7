"""Time beyond what was asked for is not charged."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "money"
SUBTLE = True
PROMISE = "PG lifecycle: passing expires_at changes nothing, the session is charged to its end"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        store, session = context.front.store, found["session"]
        row = store.row("SELECT * FROM session WHERE id = ?", session["id"])
        if row["ended_at"] > row["expires_at"]:
            cents = money.charge(
                row["rate_cents"], row["unit"], row["max_daily_cents"], row["expires_at"] - row["started_at"]
            )
            paid = money.payout(cents)
            store.run(
                "UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?",
                cents,
                paid,
                session["id"],
            )
            session.update(subtotal=cents / 100, owner_payout=paid / 100, platform_fee=(cents - paid) / 100)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(hours=1)
    call.wait(7200)
    return call.end(session)["session"]["subtotal"]
