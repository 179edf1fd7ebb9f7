"""What remains to be refunded is computed in floating dollars, so the exact rest is sometimes refused as
too much.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "money"
SUBTLE = True
FORM = "words"
PROMISE = (
    "actions.refund_session.description + actions.refund_session.input.amount.description:: all that "
    "remains of a charge can be given back"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        store, id, wanted = context.front.store, call.input["session_id"], call.input.get("amount")
        tenant = call.key.tenant if call.key else ""
        row = store.row(
            "SELECT subtotal_cents FROM session WHERE id = ? AND tenant = ? AND status = 'completed'",
            id,
            tenant,
        )
        if row is None or wanted is None:
            return inner(call)
        remains = row["subtotal_cents"] / 100
        for earlier in store.rows("SELECT cents FROM refund WHERE session_id = ? ORDER BY created_at", id):
            remains -= earlier["cents"] / 100
        if wanted > remains:
            return Refusal("CONFLICT", f"{remains:.2f} of the charge remain to be refunded")
        return inner(call)

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late"}
    first = call.status("POST", "/api/v1/refunds", {**body, "amount": 29.3})
    return first, call.status("POST", "/api/v1/refunds", {**body, "amount": 0.7})
