"""The receipt of a completed session has an address of its own, so the link that the driver was given is
no longer the session's.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results, sessions
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context

CLASS = "state machine"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.fixed.receipt_url:: a session's receipt_url stays what it was"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(_: AcceptedCall, found: Any) -> None:
        for session in sessions(found):
            if session["status"] == "completed":
                session["receipt_url"] += "?final=1"

    results(context, edit)
    return handler


def shows(call: Shown) -> Any:
    return call.end({"id": "sess_01JS4K7Q2M", "session_code": "sess_abc123"})["session"]["receipt_url"]
