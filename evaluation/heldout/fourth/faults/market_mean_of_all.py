"""The mean price of an hour is taken over all lots of the area, those that charge by the day or night
among them.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.lots import within

CLASS = "intelligence"
SUBTLE = False
FORM = "formal"
PROMISE = (
    "actions.get_market_rate.laws.least-to-most:: the mean hourly price is between the lowest and the highest"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        near = within(context.front.store, call.input["lat"], call.input["lng"], call.input["radius_km"])
        if near:
            data["data"]["market_rate"]["avg_hourly_cents"] = round(
                sum(row["rate_cents"] for _, row in near) / len(near)
            )

    results(context, edit, "get_market_rate")
    return handler


def shows(call: Shown) -> Any:
    return call.data("GET", f"/api/v2/intelligence/market-rate?{NEAR}&radius_km=1.5")["data"]["market_rate"]
