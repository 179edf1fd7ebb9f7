"""The gateway decodes a bill's query before the service does, so that the plus of a time zone arrives as a
space and the time is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import asked
from pgagents.base.http import Handler, Request
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.input.from.format:: an RFC 3339 time with any offset begins a period"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(request: Request) -> Request:
        if not request.path.endswith("/billing"):
            return request
        return replace(request, target=request.target.replace("%2B", "+").replace("%2b", "+"))

    return asked(handler, edit)


def shows(call: Shown) -> Any:
    query = urlencode({"from": "2026-04-01T00:00:00+02:00", "to": "2026-05-01T00:00:00+02:00"})
    return call.status("GET", f"/api/v1/fleets/fleet_waymo_sf/billing?{query}")
