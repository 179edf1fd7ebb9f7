"""A hold's expiry is printed by the language's own isoformat, with +00:00 where all other times end in Z."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "time zones"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.time_zone + schemas.Allocation.properties.expires_at.format:: times are in UTC with Z"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        for held in data["allocations"]:
            held["expires_at"] = held["expires_at"].replace("Z", "+00:00")

    results(context, edit, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    return call.hold()["expires_at"]
