"""A hold's plate is kept in upper case and compared with the plate as it was sent, so a fleet that writes
it small is refused.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "AV fleet"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.create_session.input.hold_id.description + "
    "schemas.Allocation.properties.plate.description:: "
    "a hold is taken with the plate that it was made for, which is shown in upper case"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if call.input.get("hold_id") is not None and call.input["plate"] != call.input["plate"].upper():
            found = context.front.store.row(
                "SELECT 1 FROM hold WHERE id = ? AND status = 'active'", call.input["hold_id"]
            )
            if found is not None:
                return Refusal("CONFLICT", "The hold is for another plate or lot")
        return inner(call)

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    hold = call.hold(vehicles=[{"plate": "av-1"}])
    body = {"lot_id": hold["lot_id"], "plate": "av-1", "hold_id": hold["hold_id"]}
    return call.status("POST", "/api/v1/sessions", body, key="fleet")
