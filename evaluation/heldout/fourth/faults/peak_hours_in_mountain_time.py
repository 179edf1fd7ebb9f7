"""Peak hours are taken from a report made for the office in Colorado and are in its time, not in UTC."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "words"
PROMISE = (
    "schemas.DemandReport.properties.peak_hours.items.description:: peak hours are hours of the day in UTC"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        data["data"]["peak_hours"] = sorted((hour - 6) % 24 for hour in data["data"]["peak_hours"])

    results(context, edit, "get_agent_demand")
    return handler


def shows(call: Shown) -> Any:
    call.lots()
    return call.data("GET", f"/api/v2/intelligence/agent-demand?{NEAR}")["data"]["peak_hours"]
