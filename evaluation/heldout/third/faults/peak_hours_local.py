"""The busiest hours are those of the lots' local time, not of UTC."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "intelligence"
SUBTLE = True
FORM = "words"
PROMISE = "schemas.DemandReport.properties.peak_hours.items.description:: the busiest hours are told in UTC"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        found["data"]["peak_hours"] = sorted((hour - 6) % 24 for hour in found["data"]["peak_hours"])

    results(context, edit, "get_agent_demand")
    return handler


def shows(call: Shown) -> Any:
    call.lots()
    return call.data("GET", f"/api/v2/intelligence/agent-demand?{NEAR}")["data"]["peak_hours"]
