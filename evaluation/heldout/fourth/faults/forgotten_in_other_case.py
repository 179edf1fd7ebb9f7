"""A driver's deletion looks for the plate as it was sent, while plates are kept in upper case, so a small one
is never forgotten."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "retention"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "retention.drivers.after_s + "
    "workflows.seasons.steps.blank.expect_timed:: "
    "a plate that was asked to be forgotten is blanked after 30 days"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        context.front.store.run(
            "UPDATE forget SET plate = ? WHERE n = (SELECT max(n) FROM forget)", call.input["plate"]
        )
        return found

    acts(context, act, "forget_driver")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(plate="gone-7")
    call.end(session)
    call.status("DELETE", "/sandbox/v1/drivers?plate=gone-7", key="operator")
    call.wait(31 * 86_400)
    return call.session(session["id"])["plate"]
