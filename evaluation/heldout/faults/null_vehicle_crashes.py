"""A vehicle of null, which many clients send for none, crashes the server."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "input"
SUBTLE = False
PROMISE = "A member of a wrong type is 400; INTERNAL is not for what a caller sends"


def wrap(handler: Handler, context: Context) -> Handler:
    reader = fault_helpers.RequestReader(context.model)

    def repair(request: Request) -> Request:
        values = reader.arguments(request)
        if "vehicle" in values and values["vehicle"] is None:
            del values["vehicle"]
            return reader.with_arguments(request, values).with_header("X-Held-Out", "null")
        return request

    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.request.header("X-Held-Out") == "null":
            raise TypeError("'NoneType' object is not subscriptable")
        return inner(call)

    acts(context, act, "create_session")
    return fault_helpers.repairs(handler, repair)


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "CO-1", "vehicle": None}
    )
