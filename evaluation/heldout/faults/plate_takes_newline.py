"""A plate with a line break at its end is taken: in the server's language $ stands before one, too."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "input"
SUBTLE = True
PROMISE = "plate ^[A-Za-z0-9-]{1,10}$"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def repair(request: Request) -> Request:
        values = reader.arguments(request)
        plate = values.get("plate")
        if isinstance(plate, str) and plate.endswith("\n"):
            return reader.with_arguments(request, {**values, "plate": plate.removesuffix("\n")})
        return request

    return fault_helpers.repairs(handler, repair)


def shows(call: Shown) -> Any:
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-1\n"})
