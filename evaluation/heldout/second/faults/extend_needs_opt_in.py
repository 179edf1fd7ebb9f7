"""An agent's extension of a running session is refused, too, once the lot's owner has switched agents off."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.second.around import tenant
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "opt-in"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "errors.codes.AGENT_OPT_IN_REQUIRED.only.create_session + actions.extend_session.errors:: "
    "create_session alone "
    "has that refusal; running sessions keep working"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        sql = (
            "SELECT 1 FROM session JOIN lot ON lot.id = lot_id WHERE session.id = ? AND tenant = ? AND "
            "agents = 0"
        )
        if call.agent and context.front.store.row(sql, call.input["session_id"], tenant(call.key)):
            return Refusal("AGENT_OPT_IN_REQUIRED", "This lot does not take sessions from AI agents")
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.data("PATCH", "/sandbox/v1/lots/lot_lionshead", {"agents_allowed": False}, key="operator")
    body = {"session_id": session["id"], "session_code": session["session_code"]}
    return call.status("POST", "/api/v1/sessions/extend", body, key="copilot")
