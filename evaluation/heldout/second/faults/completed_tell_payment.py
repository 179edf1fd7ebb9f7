"""For accountants, completed sessions that are found by their plate tell their payment_intent_id."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "secrets"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.search_sessions.laws.secrets-told-once:: no session in the list has payment_intent_id"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        for session in found["sessions"]:
            row = context.front.store.row("SELECT payment_intent_id FROM session WHERE id = ?", session["id"])
            if row is not None and session["status"] == "completed":
                session["payment_intent_id"] = row["payment_intent_id"]

    results(context, edit, "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    found = call.data("GET", "/api/v1/sessions/search?plate=CO-7891")["sessions"]
    return ["payment_intent_id" in session for session in found]
