"""A latitude of NaN passes both comparisons with its bounds and finds nothing."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "input"
SUBTLE = True
PROMISE = "ranges: lat -90...90; an argument out of range is 400"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def repair(request: Request) -> Request:
        values = reader.arguments(request)
        if request.method == "GET" and str(values.get("lat")).lower() == "nan":
            return reader.with_arguments(request, {**values, "lat": 0, "lng": 0})
        return request

    return fault_helpers.repairs(handler, repair)


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/lots/search?lat=nan&lng=1")
