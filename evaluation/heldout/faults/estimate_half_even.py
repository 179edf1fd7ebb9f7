"""Half cents of an estimate are rounded to the even cent, as Python's round does."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "rounding"
SUBTLE = True
PROMISE = "PG-L4, PG-L1: rate x hours, half up to the cent"


def wrap(handler: Handler, context: Context) -> Handler:
    def even(call: AcceptedCall, found: Any) -> None:
        session = found["session"]
        if session["rate_unit"] != "hour":
            return
        exact = Decimal(str(session["rate"])) * 100 * Decimal(str(call.input["hours"]))
        cents = int(exact.quantize(Decimal(1), ROUND_HALF_EVEN))
        context.front.store.run("UPDATE session SET estimated_cents = ? WHERE id = ?", cents, session["id"])
        session["estimated_amount"] = cents / 100

    results(context, even, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.park("lot_cascade", hours=0.03)["estimated_amount"]
