"""The offset of a billing period is cut off and the rest is read as UTC."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.get_fleet_billing.laws.same-period:: epoch(response.report.from) == epoch(input.from)"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        period = {}
        for name in ("from", "to"):
            text = call.input[name].upper()
            period[name] = text[:-6] + "Z" if text[-6:-5] in ("+", "-") else text
        return inner(given(call, **period))

    acts(context, act, "get_fleet_billing")
    return handler


def shows(call: Shown) -> Any:
    return call.billed("fleet_waymo_sf", "2026-04-01T00:00:00-06:00", "2026-05-01T00:00:00-06:00")["from"]
