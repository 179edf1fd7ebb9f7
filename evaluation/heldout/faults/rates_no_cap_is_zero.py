"""A lot without a daily cap tells a cap of 0 dollars in its rates."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "defaults"
SUBTLE = True
PROMISE = "Rates.max_daily: null for no cap"


def wrap(handler: Handler, context: Context) -> Handler:
    def zero(_: AcceptedCall, found: Any) -> None:
        found["rates"]["max_daily"] = found["rates"]["max_daily"] or 0

    results(context, zero, "get_rates")
    return handler


def shows(call: Shown) -> Any:
    return call.data("GET", "/api/v1/lots/lot_lionshead/rates")["rates"]["max_daily"]
