"""Agents' conversion is told in per cent."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "intelligence"
SUBTLE = True
FORM = "formal"
PROMISE = "schemas.DemandReport.properties.platforms.items.properties.conversion.maximum:: 1"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        for platform in found["data"]["platforms"]:
            platform["conversion"] = round(platform["conversion"] * 100, 2)

    results(context, edit, "get_agent_demand")
    return handler


def shows(call: Shown) -> Any:
    call.lots(key="copilot")
    call.park(key="copilot")
    return call.data("GET", f"/api/v2/intelligence/agent-demand?{NEAR}")["data"]["platforms"]
