"""The v2 service has its own copy of the geometry checks, in which the least radius is zero and allowed."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import NEAR, Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_market_rate.input.radius_km.exclusiveMinimum:: 0 itself is refused"


def wrap(handler: Handler, context: Context) -> Handler:
    def pairs(action: Action, given: list[tuple[str, str]]) -> list[tuple[str, str]]:
        if action.name not in ("get_market_rate", "get_agent_demand"):
            return given
        return [(k, "0.000001" if k == "radius_km" and v in ("0", "0.0") else v) for k, v in given]

    judged(context, pairs=pairs)
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", f"/api/v2/intelligence/market-rate?{NEAR}&radius_km=0")
