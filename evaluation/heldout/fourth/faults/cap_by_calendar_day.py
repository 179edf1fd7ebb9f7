"""The daily cap is applied to each calendar day in UTC instead of to each 24 hours from the stay's begin."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import recharged
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.end_session.laws.charge-hourly:: max_daily caps each 24 hours of a stay"


DAY_S = 86_400


def wrap(handler: Handler, context: Context) -> Handler:
    def charge(rate: int, unit: str, cap: int | None, start: int, end: int) -> int:
        total, at = 0, start
        while at < end:
            midnight = min(end, (at // DAY_S + 1) * DAY_S)
            total += money.charge(rate, unit, cap, midnight - at)
            at = midnight
        return total

    recharged(context, charge, "NEW.unit = 'hour' AND NEW.max_daily_cents IS NOT NULL")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade", hours=24)
    call.wait(30 * 3600)
    return call.end(session)["session"]["subtotal"]
