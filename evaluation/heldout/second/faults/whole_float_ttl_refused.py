"""Whole numbers are tested with isinstance(value, int), so 180.0, which many clients write, is refused."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.decode import Problem
from pgagents.sandbox.fault_declaration import Context

CLASS = "validation"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.dispatch_av_fleet.input.ttl_seconds.type:: integer, which 180.0 is (JSON Schema 2020-12)"


def wrap(handler: Handler, context: Context) -> Handler:
    def members(action: Action, given: dict[str, Any], surface: str) -> dict[str, Any] | Problem:
        for param in action.params:
            if param.schema.get("type") == "integer" and isinstance(given.get(str(param.name)), float):
                return Problem("invalid", param.wire, f"{param.wire} must be integer")
        return given

    judged(context, members)
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "f1",
        "lat": 39.6403,
        "lng": -106.3742,
        "ttl_seconds": 0,
        "vehicles": [{"plate": "AV-1"}],
    }
    raw = json.dumps(body).replace('"ttl_seconds": 0', '"ttl_seconds": 180.0')
    return call.status("POST", "/api/v1/av-fleet/dispatch", raw.encode())
