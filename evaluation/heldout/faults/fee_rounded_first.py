"""The platform's tenth is rounded half up and the owner gets the rest, a cent less now and then."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "rounding"
SUBTLE = True
PROMISE = "PG-L2: owner_payout = 90 % of subtotal, half up"


def wrap(handler: Handler, context: Context) -> Handler:
    def fee_first(_: AcceptedCall, found: Any) -> None:
        session = found["session"]
        cents = money.to_cents(session["subtotal"])
        fee = money.half_up(cents * Decimal("0.1"))
        context.front.store.run(
            "UPDATE session SET payout_cents = ? WHERE id = ?", cents - fee, session["id"]
        )
        session.update(platform_fee=fee / 100, owner_payout=(cents - fee) / 100)

    results(context, fee_first, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade")
    call.wait(36 * 10)
    return call.end(session)["session"]["owner_payout"]
