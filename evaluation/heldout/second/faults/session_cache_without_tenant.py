"""Sessions are cached for half a minute by their id alone: once its owner has looked, any project gets it."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "tenancy"
SUBTLE = True
FORM = "formal"
PROMISE = "resources.session.tenant:: another project's session is NOT_FOUND"


def wrap(handler: Handler, context: Context) -> Handler:
    kept: dict[str, tuple[float, Any]] = {}

    def act(inner: Domain, call: AcceptedCall) -> Any:
        found, id = inner(call), call.input["session_id"]
        if call.action.name != "get_session":
            kept.pop(id, None)
        elif not isinstance(found, Refusal):
            kept[id] = (call.now + 30, found)
        elif call.now < kept.get(id, (0.0, None))[0]:
            return kept[id][1]
        return found

    acts(context, act, "get_session", "end_session", "extend_session", "refund_session")
    return handler


def shows(call: Shown) -> Any:
    id = call.park()["id"]
    call.session(id)
    return call.status("GET", f"/api/v1/sessions/{id}", key="second")
