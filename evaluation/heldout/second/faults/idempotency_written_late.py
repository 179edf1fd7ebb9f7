"""The idempotency key is written by a queue a second after the answer, so a repetition that comes at once
takes effect again.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Response
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import successful

CLASS = "concurrency"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "behaviour.replay + actions.create_session.input.idempotency_key.description:: conflict; repeated so "
    "that nothing is done twice"
)


def wrap(handler: Handler, context: Context) -> Handler:
    front = context.front
    inner = front._run
    written: dict[tuple[str, str], float] = {}

    def run(call: AcceptedCall, request_id: str) -> Response:
        value = call.input.get(call.action.idempotency) if call.action.idempotency else None
        if not value or call.key is None:
            return inner(call, request_id)
        name = (call.key.id, value)
        if call.now < written.get(name, 0.0):
            with front.store.transaction():
                front.store.run("DELETE FROM idempotency WHERE key_id = ? AND value = ?", *name)
        found = inner(call, request_id)
        if successful(found):
            written.setdefault(name, call.now + 1)
        return found

    front._run = run  # type: ignore[method-assign]  # a fault
    return handler


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    return [call.status("POST", "/api/v1/sessions", body, Idempotency_Key="k1") for _ in range(2)]
