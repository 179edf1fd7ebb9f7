"""A hold is no longer found when its time is over, but a job that runs every five minutes gives its space
back.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "AV fleet"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.hold.expires_by + "
    "resources.hold.takes + "
    "schemas.Allocation.properties.expires_at.description:: "
    "at expires_at the space is given back"
)


EVERY_S = 300


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store

    def act(inner: Domain, call: AcceptedCall) -> Any:
        store.run(
            "UPDATE hold SET status = 'asleep' WHERE status = 'active' AND expires_at <= ? "
            "AND CAST(expires_at / ? AS INTEGER) = CAST(? / ? AS INTEGER)",
            call.now,
            EVERY_S,
            call.now,
            EVERY_S,
        )
        try:
            return inner(call)
        finally:
            store.run("UPDATE hold SET status = 'active' WHERE status = 'asleep'")

    acts(context, act)
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold(ttl_seconds=30)
    call.wait(60)
    return call.available(hold["lot_id"])
