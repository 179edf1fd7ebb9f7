"""A webhook that was there once is answered 410 GONE instead of 404."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import refusal, tenant
from pgagents.base.http import Handler, Request, Response
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.fault_helpers import edits

CLASS = "status codes"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "actions.delete_webhook.errors + errors.codes.NOT_FOUND.meaning:: an id that does not exist or has "
    "been deleted"
    " is NOT_FOUND; there is no 410"
)


def wrap(handler: Handler, context: Context) -> Handler:
    gone: list[bool] = []

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        sql = "SELECT 1 FROM webhook WHERE id = ? AND tenant = ? AND deleted_at IS NOT NULL"
        if isinstance(found, Refusal) and context.front.store.row(
            sql, call.input["webhook_id"], tenant(call.key)
        ):
            gone.append(True)
        return found

    def edit(request: Request, answer: Response) -> Response:
        was, gone[:] = bool(gone), []
        return (
            refusal(answer, 410, "GONE", "The webhook was deleted")
            if was and answer.status == 404
            else answer
        )

    acts(context, act, "delete_webhook")
    return edits(handler, edit)


def shows(call: Shown) -> Any:
    id = call.hook("session.ended")["id"]
    return [call.status("DELETE", f"/api/v1/webhooks/{id}") for _ in range(2)]
