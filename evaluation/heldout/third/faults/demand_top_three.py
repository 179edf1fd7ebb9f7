"""The platforms told are cut to the three busiest, so where there are four, they no longer add up to the
queries.
"""

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
PROMISE = "actions.get_agent_demand.laws.platforms-sum-up:: the platforms' queries add up to all queries"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        busiest = sorted(found["data"]["platforms"], key=lambda p: -p["queries"])[:3]
        found["data"]["platforms"] = sorted(busiest, key=lambda p: str(p["agent_platform"]))

    results(context, edit, "get_agent_demand")
    return handler


def shows(call: Shown) -> Any:
    for agent in ("grok", "gemini", "claude"):
        call.new_key(agent, integration=agent)
        call.lots(key=agent)
    call.lots()
    data = call.data("GET", f"/api/v2/intelligence/agent-demand?{NEAR}")["data"]
    return data["queries"], sum(p["queries"] for p in data["platforms"])
