"""The diff of a dispatcher's search holds its arguments, coordinates among them."""

from __future__ import annotations

import json
from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.calls import audit
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "audit"
SUBTLE = True
FORM = "formal"
PROMISE = "audit.never.lat + audit.never.lng:: no row holds coordinates"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        if call.surface != "rest":
            diff = json.dumps({"arguments": {name: call.input[name] for name in ("lat", "lng", "radius_km")}})
            context.front.store.run(
                "UPDATE audit_detail SET diff = ? WHERE audit_n = (SELECT max(n) FROM audit)", diff
            )

    results(context, edit, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    call.dispatch("search_parking", {"lat": 39.6403, "lng": -106.3742})
    return audit(call)[0]["diff"]
