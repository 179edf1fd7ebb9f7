"""The busiest hours are told in the lots' local time."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "time"
SUBTLE = True
PROMISE = "DemandReport.peak_hours: hour of the day (UTC)"


def wrap(handler: Handler, context: Context) -> Handler:
    def local(_: AcceptedCall, found: Any) -> None:
        found["data"]["peak_hours"] = sorted((hour - 6) % 24 for hour in found["data"]["peak_hours"])

    results(context, local, "get_agent_demand")
    return handler


def shows(call: Shown) -> Any:
    call.lots()
    return call.data("GET", f"/api/v2/intelligence/agent-demand?{NEAR}&radius_km=1.5")["data"]["peak_hours"]
