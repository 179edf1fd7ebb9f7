"""The mean price of an area is left null where the query over more than a dozen lots runs out of its time."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "large values"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "schemas.MarketReport.properties.market_rate.properties.avg_daily_cents.type:: the mean is a whole number"
)


def _given_up(_: AcceptedCall, found: Any) -> None:
    if found["data"]["competitor_count"] > 12:
        found["data"]["market_rate"]["avg_daily_cents"] = None


def wrap(handler: Handler, context: Context) -> Handler:
    results(context, _given_up, "get_market_rate")
    return handler


def shows(call: Shown) -> Any:
    return call.data("GET", "/api/v2/intelligence/market-rate?lat=39.6403&lng=-106.3742&radius_km=50")[
        "data"
    ]["market_rate"]["avg_daily_cents"]
