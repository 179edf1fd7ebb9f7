"""Vehicles are put into a table by their plate, so two entries of one plate get one hold."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "fleet"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.dispatch_av_fleet.laws.one-each:: there is one allocation for each vehicle"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        merged = {vehicle["plate"].upper(): vehicle for vehicle in call.input["vehicles"]}
        return inner(given(call, vehicles=list(merged.values())))

    acts(context, act, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    body = {
        "fleet_id": "fleet_waymo_sf",
        "lat": 39.6403,
        "lng": -106.3742,
        "vehicles": [{"plate": "AV-1"}, {"plate": "av-1"}],
    }
    return len(call.data("POST", "/api/v1/av-fleet/dispatch", body, status=201, key="fleet")["allocations"])
