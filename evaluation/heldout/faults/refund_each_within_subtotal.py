"""Each refund is held to the charge, but not all of them together."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "refunds"
SUBTLE = True
PROMISE = "PG-L8: all refunds together <= subtotal"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        if "amount" not in call.input:
            return inner(call)
        store, id = context.front.store, call.input["session_id"]
        store.run("UPDATE refund SET session_id = '~' || session_id WHERE session_id = ?", id)
        found = inner(call)
        store.run("UPDATE refund SET session_id = ? WHERE session_id = '~' || ?", id, id)
        return found

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 20}
    return [call.status("POST", "/api/v1/refunds", body) for _ in range(2)]
