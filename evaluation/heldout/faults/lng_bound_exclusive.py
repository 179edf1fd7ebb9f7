"""A longitude of exactly 180 or -180 degrees is refused."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "off-by-one"
SUBTLE = False
PROMISE = "ranges: lng -180...180"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.input.get("lng") in (180, -180):
            return Refusal("BAD_REQUEST", "lng must be less than 180", "lng")
        return inner(call)

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    return call.status("GET", "/api/v1/lots/search?lat=0&lng=180")
