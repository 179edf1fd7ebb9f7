"""The daily cap is applied to calendar days in UTC instead of to each 24 hours of the stay, so a night across
midnight may cost two caps.
"""

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
PROMISE = "actions.end_session.laws.charge-hourly:: max_daily bounds each 24 hours of a stay"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        session = found["session"]
        row = context.front.store.row("SELECT * FROM session WHERE id = ?", session["id"])
        assert row is not None
        cap, start, end = row["max_daily_cents"], row["started_at"], row["ended_at"]
        if row["unit"] != "hour" or cap is None or start // 86_400 == end // 86_400:
            return
        cents, at = 0, start
        while at < end:
            until = min(end, (at // 86_400 + 1) * 86_400)
            cents += min(cap, (row["rate_cents"] * ((until - at) // 36) + 50) // 100)
            at = until
        billed(context, session, cents, (cents * 9 + 5) // 10)

    results(context, edit, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", "AV-7")
    call.wait(16 * 3600)
    return call.end(session)["session"]["subtotal"]
