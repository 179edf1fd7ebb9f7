"""A cursor's life of 60 minutes was handed on as 60 to a function that counts seconds, so it dies after a
minute.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "paging"
SUBTLE = True
FORM = "words"
PROMISE = "actions.list_sessions.input.cursor.description:: a cursor lives one hour"


def wrap(handler: Handler, context: Context) -> Handler:
    made: dict[str, float] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        at = made.get(call.input.get("cursor") or "")
        if at is not None and call.now - at > 60:
            return Refusal("BAD_REQUEST", "The cursor is not of this list, or older than an hour", "cursor")
        found = inner(call)
        if not isinstance(found, Refusal) and found["next_cursor"] is not None:
            made[found["next_cursor"]] = call.now
        return found

    acts(context, act, "list_sessions", "search_sessions")
    return handler


def shows(call: Shown) -> Any:
    cursor = call.data("GET", "/api/v1/sessions?limit=1")["next_cursor"]
    call.wait(1800)
    return call.status("GET", f"/api/v1/sessions?limit=1&cursor={cursor}")
