"""The limit is in the query and the sorting after it, so where there are more lots than the limit, not the
nearest are told.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts, given
from evaluation.heldout.calls import NEAR, Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "search and filters"
SUBTLE = True
FORM = "words"
PROMISE = "actions.search_parking.description:: the lots near a coordinate, nearest first"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(given(call, limit=1000))
        if not isinstance(found, Refusal):
            first = sorted(found["lots"], key=lambda lot: lot["id"])[: call.input["limit"]]
            found["lots"] = sorted(first, key=lambda lot: lot["distance_km"])
        return found

    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return [lot["id"] for lot in call.lots(f"{NEAR}&radius_km=1.5&limit=1")]
