"""The time of a count is that of the server's start, however often it is counted since."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, rfc3339
from pgagents.sandbox.fault_declaration import Context

CLASS = "time"
SUBTLE = True
PROMISE = "Availability.updated_at: when this was counted"


def wrap(handler: Handler, context: Context) -> Handler:
    booted = rfc3339(context.front.clock.now())

    def old(_: AcceptedCall, found: Any) -> None:
        found["availability"]["updated_at"] = booted

    results(context, old, "check_availability")
    return handler


def shows(call: Shown) -> Any:
    call.wait(600)
    call.park()
    return call.data("GET", "/api/v1/lots/lot_lionshead/availability")["availability"]["updated_at"]
