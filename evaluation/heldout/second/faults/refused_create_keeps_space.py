"""The space is taken before the vehicle is judged: an autonomous one that is refused with 409 leaves its
space taken.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.lots import take_space

CLASS = "partial failure"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.takes:: only a session takes a space"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if (
            isinstance(found, Refusal)
            and found.code == "CONFLICT"
            and (call.input.get("vehicle") or {}).get("autonomous")
        ):
            take_space(context.courier.outbox, call.input["lot_id"], call.now)
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    call.status(
        "POST",
        "/api/v1/sessions",
        {"lot_id": "lot_lifthouse", "plate": "AV-1", "vehicle": {"autonomous": True}},
    )
    return call.available("lot_lifthouse")
