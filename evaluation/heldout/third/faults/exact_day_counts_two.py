"""Days begun are counted as whole days plus one, so a stay of exactly 24 hours costs two."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import billed
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.end_session.laws.charge-units:: a day is charged for each 24 hours begun"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        row = context.front.store.row("SELECT * FROM session WHERE id = ?", found["session"]["id"])
        assert row is not None
        stay = row["ended_at"] - row["started_at"]
        if row["unit"] != "hour" and stay > 0 and stay % 86_400 == 0:
            cents = row["rate_cents"] * (stay // 86_400 + 1)
            billed(context, found["session"], cents, (cents * 9 + 5) // 10)

    results(context, edit, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_golden_peak")
    call.wait(86_400)
    return call.end(session)["session"]["subtotal"]
