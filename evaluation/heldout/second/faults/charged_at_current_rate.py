"""A session shows the rate it was made at, but is charged at the one that the lot has when it ends."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import rebill
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.end_session.laws.charge-hourly + operator.actions.update_lot.description:: running sessions "
    "keep their rate"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        store = context.front.store
        row = store.row(
            (
                "SELECT session.*, lot.rate_cents AS now_cents FROM session JOIN lot ON lot.id = lot_id "
                "WHERE session.id = ?"
            ),
            found["session"]["id"],
        )
        assert row is not None
        if row["now_cents"] != row["rate_cents"]:
            cents = money.charge(
                row["now_cents"], row["unit"], row["max_daily_cents"], row["ended_at"] - row["started_at"]
            )
            rebill(context.front, context.courier.outbox, found["session"], cents)
        return found

    acts(context, act, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_golden_peak")
    call.data("PATCH", "/sandbox/v1/lots/lot_golden_peak", {"rate": 45}, key="operator")
    return call.end(session)["session"]["subtotal"]
