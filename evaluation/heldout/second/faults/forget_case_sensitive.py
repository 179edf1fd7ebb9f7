"""A request to forget a driver is kept as it was typed, and compared as it was kept: in lower case it
finds nobody.
"""

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
    "retention.drivers.after_s + operator.actions.forget_driver.description:: after 30 days the plate is "
    "blanked"
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
    session = call.park(plate="ab-12")
    call.status("DELETE", "/sandbox/v1/drivers?plate=ab-12", key="operator")
    call.wait(31 * 86_400)
    return call.session(session["id"])["plate"]
