"""Holds end when a job that runs every ten minutes finds them, so their spaces stay taken long after
expires_at.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "fleet"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.hold.expires_by:: a hold gives its space back when its time is over"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(_: AcceptedCall, found: Any) -> None:
        for held in found["allocations"]:
            context.front.store.run(
                "UPDATE hold SET expires_at = expires_at + 600 WHERE id = ?", held["hold_id"]
            )

    results(context, edit, "dispatch_av_fleet")
    return handler


def shows(call: Shown) -> Any:
    held = call.hold(ttl_seconds=30)
    before = call.available(held["lot_id"])
    call.wait(60)
    return call.available(held["lot_id"]) - before
