"""Coordinates in a query are read with float(), and no comparison holds for NaN: `lat=nan` finds nothing
instead of being refused.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import judged
from pgagents.base.http import Handler
from pgagents.catalogue.model.action import Action
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "odd input"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.search_parking.input.lat.type + actions.search_parking.input.lat.maximum:: a number from "
    "-90 to 90"
)


def wrap(handler: Handler, context: Context) -> Handler:
    nan: list[bool] = []

    def pairs(action: Action, given: list[tuple[str, str]]) -> list[tuple[str, str]]:
        bad = {k for k, v in given if k in ("lat", "lng") and v.strip().lower() in ("nan", "+nan", "-nan")}
        nan[:] = [True] if action.name == "search_parking" and bad else []
        return [(k, "0" if k in bad and nan else v) for k, v in given]

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if nan and call.surface == "rest":
            nan.clear()
            return {"lots": []}
        return found

    judged(context, pairs=pairs)
    acts(context, act, "search_parking")
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/lots/search?lat=nan&lng=-106.3742")
