"""So that searches can be cached their centre is rounded to three places, and distances are told from
there.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "search"
SUBTLE = False
FORM = "formal"
PROMISE = "actions.search_parking.laws.true-distance:: distance_km is the distance from the centre asked for"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        return inner(given(call, lat=round(call.input["lat"], 3), lng=round(call.input["lng"], 3)))

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return [lot["distance_km"] for lot in call.lots()]
