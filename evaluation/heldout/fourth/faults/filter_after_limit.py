"""Search takes the nearest lots up to the limit and only then drops those without autonomous entry, so it
finds too few.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "search"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.search_parking.input.autonomous_entry.description + "
    "actions.search_parking.output.200.description:: "
    "what is found are the nearest lots within the radius that a vehicle may enter, up to the limit"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if not call.input.get("autonomous_entry"):
            return inner(call)
        found = inner(given(call, autonomous_entry=False))
        if not isinstance(found, Refusal):
            found["lots"] = [lot for lot in found["lots"] if lot["autonomous_entry"]]
        return found

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return [lot["id"] for lot in call.lots(f"{NEAR}&radius_km=1.5&limit=1&autonomous_entry=true")]
