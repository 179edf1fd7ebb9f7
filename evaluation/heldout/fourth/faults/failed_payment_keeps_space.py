"""When the payment of a new session fails the space that was taken for it is not given back."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.fourth.around import down
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "partial failure"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.session.takes.counter + "
    "errors.codes.BAD_GATEWAY.provoked_by.create_session + "
    "workflows.refusals.title:: "
    "a create that is answered 502 takes no space"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal) and found.code == "BAD_GATEWAY":
            context.front.store.run(
                "UPDATE lot SET available = available - 1 WHERE id = ? AND available > 0",
                call.input["lot_id"],
            )
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    down(call, "next")
    status = call.status("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "CO-1"})
    return status, call.available("lot_cascade")
