"""A refund takes its part from the owner's payout."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "refunds"
SUBTLE = True
PROMISE = "PG-L8: payout unchanged"


def wrap(handler: Handler, context: Context) -> Handler:
    def lower(_: AcceptedCall, found: Any) -> None:
        refund = found["refund"]
        less = money.payout(money.to_cents(refund["amount"]))
        context.front.store.run(
            "UPDATE session SET payout_cents = max(0, payout_cents - ?) WHERE id = ?",
            less,
            refund["session_id"],
        )

    results(context, lower, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    call("POST", "/api/v1/refunds", {"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 10})
    return call.session("sess_01JS1E6R3A")["owner_payout"]
