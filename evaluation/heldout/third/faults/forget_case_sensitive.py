"""A deletion request keeps the plate as it was typed, and plates are kept in upper case, so for a request in
lower case nothing is ever blanked.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "retention"
SUBTLE = True
FORM = "formal"
PROMISE = "retention.drivers:: a driver's plate is blanked 30 days after the verified request"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, _: Any) -> None:
        context.front.store.run(
            "UPDATE forget SET plate = ? WHERE n = (SELECT max(n) FROM forget)", call.input["plate"]
        )

    results(context, edit, "forget_driver")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(plate="go-1")
    call.end(session)
    call("DELETE", "/sandbox/v1/drivers?plate=go-1", key="operator")
    call.wait(31 * 86_400)
    return call.session(session["id"])["plate"]
