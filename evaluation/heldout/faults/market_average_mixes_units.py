"""The mean price of an hour counts lots that charge by the day, too."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lots

CLASS = "intelligence"
SUBTLE = True
PROMISE = "MarketReport.avg_hourly_cents: mean price of an hour; example 563 = mean of the hourly lots"


def wrap(handler: Handler, context: Context) -> Handler:
    def mixed(call: AcceptedCall, found: Any) -> None:
        near = lots.within(context.front.store, call.input["lat"], call.input["lng"], call.input["radius_km"])
        cents = [row["rate_cents"] for _, row in near]
        if cents:
            told = found["data"]["market_rate"]
            told["avg_hourly_cents"] = sum(cents) // len(cents)
            told["max_hourly_cents"] = max(cents)

    results(context, mixed, "get_market_rate")
    return handler


def shows(call: Shown) -> Any:
    return call.data("GET", f"/api/v2/intelligence/market-rate?{NEAR}&radius_km=1.5")["data"]["market_rate"]
