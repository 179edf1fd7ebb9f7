"""A page of sessions is sorted by when each last changed, so one that was extended stands first."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal, rfc3339
from pgagents.sandbox.fault_declaration import Context

CLASS = "paging"
SUBTLE = True
FORM = "formal"
PROMISE = "actions.list_sessions.laws.newest-first:: sorted by started_at, the latest first"


def wrap(handler: Handler, context: Context) -> Handler:
    changed: dict[str, str] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found = inner(call)
        if isinstance(found, Refusal):
            return found
        if call.action.name == "list_sessions":
            found["sessions"].sort(
                key=lambda session: max(session["started_at"], changed.get(session["id"], "")), reverse=True
            )
        else:
            changed[call.input["session_id"]] = rfc3339(call.now)
        return found

    acts(context, act, "list_sessions", "extend_session", "end_session")
    return handler


def shows(call: Shown) -> Any:
    first = call.park()
    call.wait(60)
    call.park()
    call.wait(60)
    call.extend(first, 1)
    return call.pages(limit=10)
