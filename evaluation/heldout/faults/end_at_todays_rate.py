"""A session is charged at the lot's rate of the moment it ends, though it tells the old one."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lots, money

CLASS = "money"
SUBTLE = True
PROMISE = "PG-L1: the rate is the one in force at creation"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        store, session = context.front.store, found["session"]
        row = store.row("SELECT * FROM session WHERE id = ?", session["id"])
        lot = lots.lot(store, row["lot_id"])
        assert lot is not None
        cents = money.charge(
            lots.rate_now(store, lot, call.now),
            row["unit"],
            row["max_daily_cents"],
            row["ended_at"] - row["started_at"],
        )
        paid = money.payout(cents)
        store.run(
            "UPDATE session SET subtotal_cents = ?, payout_cents = ? WHERE id = ?", cents, paid, session["id"]
        )
        session.update(subtotal=cents / 100, owner_payout=paid / 100, platform_fee=(cents - paid) / 100)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.data("PATCH", "/sandbox/v1/lots/lot_lionshead", {"rate": 9}, key="operator")
    call.wait(3600)
    return call.end(session)["session"]["subtotal"]
