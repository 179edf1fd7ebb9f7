"""Lists show the payment's id of completed sessions."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "secrets"
SUBTLE = True
PROMISE = "PG section 3: payment_intent_id on create, never again"


def wrap(handler: Handler, context: Context) -> Handler:
    def told(_: AcceptedCall, found: Any) -> None:
        for session in found["sessions"]:
            if session["status"] == "completed":
                row = context.front.store.row(
                    "SELECT payment_intent_id FROM session WHERE id = ?", session["id"]
                )
                session["payment_intent_id"] = row["payment_intent_id"]

    results(context, told, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    return [sorted(s) for s in call.data("GET", "/api/v1/sessions?status=completed")["sessions"]]
