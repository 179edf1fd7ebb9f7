"""A wrong session code is answered with 403, which tells that the session exists."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "errors"
SUBTLE = True
PROMISE = "lifecycle: wrong session_code or unknown id: 404"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row("SELECT code FROM session WHERE id = ?", call.input["session_id"])
        if row is not None and row["code"] != call.input["session_code"]:
            return Refusal("FORBIDDEN", "The code does not fit")
        return inner(call)

    acts(context, act, "end_session", "extend_session")
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/sessions/end", {"session_id": call.park()["id"], "session_code": "no"}
    )
