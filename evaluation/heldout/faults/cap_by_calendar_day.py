"""The daily cap begins anew at midnight UTC instead of 24 hours after the start."""

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
PROMISE = "PG-L1: max_daily caps each 24 h"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        store, session = context.front.store, found["session"]
        row = store.row("SELECT * FROM session WHERE id = ?", session["id"])
        if row["unit"] == "hour" and row["max_daily_cents"] is not None:
            at, cents = row["started_at"], 0
            while at < row["ended_at"]:
                until = min(row["ended_at"], (at // 86_400 + 1) * 86_400)
                cents += money.charge(row["rate_cents"], "hour", row["max_daily_cents"], until - at)
                at = until
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
    session = call.park("lot_cascade")
    call.wait(20 * 3600)
    return call.end(session)["session"]["subtotal"]
