"""What remains to be refunded is the charge less the latest refund, not less all of them, so three refunds
give back more than was paid.
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
FORM = "formal"
PROMISE = "workflows.refunds.steps.too_much.status:: refunds together never exceed the charge"


def wrap(handler: Handler, context: Context) -> Handler:
    store = context.front.store
    last: dict[str, str] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        id = call.input["session_id"]
        rows = [
            tuple(r)
            for r in store.rows("SELECT * FROM refund WHERE session_id = ?", id)
            if r["id"] != last.get(id)
        ]
        store.run("DELETE FROM refund WHERE session_id = ? AND id <> ?", id, last.get(id, ""))
        found = inner(call)
        store.many("INSERT INTO refund VALUES (?, ?, ?, ?, ?)", rows)
        if not isinstance(found, Refusal):
            last[id] = found["refund"]["id"]
        return found

    acts(context, act, "refund_session")
    return handler


def shows(call: Shown) -> Any:
    body = {"session_id": "sess_01JS1E6R3A", "reason": "late"}
    return [call.status("POST", "/api/v1/refunds", {**body, "amount": amount}) for amount in (20, 10, 10)]
