"""A boolean passes for the number that it is in the server's language."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "input"
SUBTLE = True
PROMISE = "In a JSON body a boolean is no number: 400"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def repair(request: Request) -> Request:
        values = reader.arguments(request)
        known = {
            name: int(values[name])
            for name in ("hours", "extend_hours", "amount")
            if isinstance(values.get(name), bool)
        }
        return reader.with_arguments(request, {**values, **known}) if known else request

    return fault_helpers.repairs(handler, repair)


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-1", "hours": True}
    )
