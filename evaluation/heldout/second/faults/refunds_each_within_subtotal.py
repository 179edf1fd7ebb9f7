"""Each partial refund is held to the subtotal by itself, not together with those before it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "words"
PROMISE = (
    "workflows.refunds.title + actions.refund_session.description:: together never more than the charge; "
    "all that remains or a part of it"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, id = context.front.store, call.input["session_id"]
        row = store.row(
            "SELECT subtotal_cents AS most, (SELECT coalesce(sum(cents), 0) FROM refund WHERE session_id "
            "= session.id) AS given "
            "FROM session WHERE id = ? AND status = 'completed'",
            id,
        )
        if "amount" not in call.input or row is None or row["given"] >= row["most"]:
            return inner(call)
        store.run("UPDATE refund SET session_id = 'aside ' || session_id WHERE session_id = ?", id)
        found = inner(call)
        store.run("UPDATE refund SET session_id = ? WHERE session_id = 'aside ' || ?", id, id)
        return found

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late", "amount": 20}
    return [call.status("POST", "/api/v1/refunds", body) for _ in range(2)]
