"""That a fleet key takes its own fleet only was built into what it reads, and forgotten where it holds
spaces.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "fleet"
SUBTLE = True
FORM = "words"
PROMISE = "actions.dispatch_av_fleet.input.fleet_id.description:: a fleet key takes its own only"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.key is None or call.key.group is None:
            return inner(call)
        return inner(replace(call, key=replace(call.key, group=call.input["fleet_id"])))

    acts(context, act, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    body = {"fleet_id": "fleet_of_another", "lat": 39.6403, "lng": -106.3742, "vehicles": [{"plate": "AV-1"}]}
    return call.status("POST", "/api/v1/av-fleet/dispatch", body, key="fleet")
