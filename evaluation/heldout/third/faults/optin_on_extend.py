"""The owner's opt-in is asked again when an agent extends a running session, which must keep working."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from evaluation.heldout.third.around import own
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context

CLASS = "opt-in"
SUBTLE = True
FORM = "formal"
PROMISE = "errors.codes.AGENT_OPT_IN_REQUIRED.only:: the opt-in is asked of create_session alone"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = own(context, call)
        lot = (
            context.front.store.row("SELECT agents FROM lot WHERE id = ?", row["lot_id"])
            if row is not None
            else None
        )
        if call.agent and lot is not None and not lot["agents"]:
            return Refusal("AGENT_OPT_IN_REQUIRED", "This lot does not take sessions from AI agents")
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_sandstone")
    named = {"session_id": session["id"], "session_code": session["session_code"]}
    return call.status("POST", "/api/v1/sessions/extend", named, X_Agent_Surface="mcp")
