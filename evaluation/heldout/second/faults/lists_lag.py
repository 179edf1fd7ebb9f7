"""Lists are read from a replica that is two seconds behind, so what was just made is not in them."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, epoch_of
from pgagents.sandbox.fault_declaration import Context

CLASS = "caching"
SUBTLE = False
FORM = "formal"
PROMISE = "resources.session.listed_by:: list_sessions lists what create_session made"


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, found: Any) -> None:
        found["sessions"][:] = [
            s for s in found["sessions"] if (epoch_of(s["started_at"]) or 0) <= call.now - 2
        ]

    results(context, edit, "list_sessions")
    return handler


def shows(call: Shown) -> Any:
    call.park()
    return len(call.data("GET", "/api/v1/sessions")["sessions"])
