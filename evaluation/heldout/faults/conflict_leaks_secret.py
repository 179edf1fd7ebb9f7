"""The refusal of a used idempotency key quotes the payment's client secret."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox import fault_helpers
from pgagents.sandbox.fault_declaration import Context

CLASS = "secrets"
SUBTLE = True
PROMISE = "PG section 3: client_secret on create, never again"


def wrap(handler: Handler, _context: Context) -> Handler:
    kept: dict[str, str] = {}

    def edit(request: Request, answer: Response) -> Response:
        used, data = request.header("Idempotency-Key"), fault_helpers.data_of(answer)
        if used and answer.status == 201 and "session" in data:
            kept[used] = data["session"]["client_secret"]
        if used in kept and answer.status == 409:
            data["error"]["message"] += f" with {kept[used]}"
            return answer.with_json(data)
        return answer

    return fault_helpers.edits(handler, edit)


def shows(call: Shown) -> Any:
    body = {"lot_id": "lot_lionshead", "plate": "CO-1"}
    call("POST", "/api/v1/sessions", body, Idempotency_Key="k1")
    return "_secret_" in call("POST", "/api/v1/sessions", body, Idempotency_Key="k1").body.decode()
