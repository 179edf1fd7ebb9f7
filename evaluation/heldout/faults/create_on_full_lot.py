"""A session is started on a full lot, without a space."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph import lots

CLASS = "create"
SUBTLE = True
PROMISE = "PG-L7: create takes one space of its lot"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        row = lots.lot(context.front.store, call.input["lot_id"])
        if (
            isinstance(found, Refusal)
            and found.code == "CONFLICT"
            and row is not None
            and row["available"] == 0
        ):
            context.front.store.run("UPDATE lot SET available = 1 WHERE id = ?", row["id"])
            found = inner(call)
            context.front.store.run("UPDATE lot SET available = 0 WHERE id = ?", row["id"])
        return found

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    for n in range(12):
        call.park("lot_lifthouse", f"F-{n}")
    return call.status("POST", "/api/v1/sessions", {"lot_id": "lot_lifthouse", "plate": "F-13"})
