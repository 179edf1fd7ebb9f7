"""Sessions are kept in a cache by their id, which is looked into before it is asked whose they are; a
write empties it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from evaluation.heldout.fifth.around import cached
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = True
FORM = "formal"
PROMISE = "behaviour.foreign_id:: another project's session is not found"


def wrap(handler: Handler, context: Context) -> Handler:
    cached(
        context,
        "get_session",
        frozenset({"end_session", "extend_session", "refund_session", "advance_clock", "forget_driver"}),
        60.0,
    )
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_cascade")
    call.session(session["id"])
    return call.status("GET", f"/api/v1/sessions/{session['id']}", key="second")
