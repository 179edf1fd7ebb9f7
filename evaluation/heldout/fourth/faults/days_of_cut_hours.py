"""Days are counted from duration_hours, which is cut to two places, so the first half minute of a further
day is free.
"""

from __future__ import annotations

import math
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import recharged
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import money

CLASS = "money"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.end_session.laws.charge-units:: each day begun is charged"


def wrap(handler: Handler, context: Context) -> Handler:
    def charge(rate: int, unit: str, cap: int | None, start: int, end: int) -> int:
        per_day = rate if cap is None else min(rate, cap)
        return per_day * max(1, math.ceil(money.duration_hundredths(end - start) / 2400))

    recharged(context, charge, "NEW.unit = 'day'")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_golden_peak")
    call.wait(86_430)
    return call.end(session)["session"]["subtotal"]
