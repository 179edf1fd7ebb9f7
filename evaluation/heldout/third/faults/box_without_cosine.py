"""Candidates come from a box that takes a degree of longitude to be as long as on the equator, so lots east
and west inside the radius are lost.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "search and filters"
SUBTLE = True
FORM = "words"
PROMISE = "actions.search_parking.output.200.description:: the lots within the radius"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(given(call, limit=1000))
        if not isinstance(found, Refusal):
            reach = call.input["radius_km"] / 111.195
            found["lots"] = [lot for lot in found["lots"] if abs(lot["lng"] - call.input["lng"]) <= reach][
                : call.input["limit"]
            ]
        return found

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return [lot["id"] for lot in call.lots()]
