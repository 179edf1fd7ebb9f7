"""Times are read with strptime and %S, so one with a fraction of a second, as JavaScript's toISOString
writes it, is refused.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.input.from.format:: from is any RFC 3339 date and time"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        for name in ("from", "to"):
            if "." in call.input[name]:
                return Refusal("BAD_REQUEST", f"{name} must be a date and time", name)
        return inner(call)

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    query = urlencode({"from": "2026-04-01T00:00:00.000Z", "to": "2026-05-01T00:00:00.000Z"})
    return call.status("GET", f"/api/v1/fleets/fleet_waymo_sf/billing?{query}", key="fleet")
