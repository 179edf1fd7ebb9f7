"""The estimate of a new session is already bounded by the lot's daily cap, which belongs to the charge
alone.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.create_session.laws.estimate-hourly:: the estimate is rate times hours"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        session = found["session"]
        if (
            session["rate_unit"] == "hour"
            and session["max_daily"] is not None
            and session["estimated_amount"] > session["max_daily"]
        ):
            session["estimated_amount"] = session["max_daily"]
            cents = round(session["max_daily"] * 100)
            context.front.store.run(
                "UPDATE session SET estimated_cents = ? WHERE id = ?", cents, session["id"]
            )

    results(context, edit, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park("lot_cascade", "AV-7", hours=20)["estimated_amount"]
