"""The check whether a lot allows agents was put before every write of a session, so running ones cannot be
extended by an agent."""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context
from sandboxes import named

CLASS = "opt-in"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "errors.codes.AGENT_OPT_IN_REQUIRED.only + workflows.opt-out.steps.longer:: running sessions keep "
    "working where the owner opted out"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row(
            (
                "SELECT agents FROM lot JOIN session ON session.lot_id = lot.id WHERE session.id = ? AND "
                "tenant = ?"
            ),
            call.input["session_id"],
            call.key.tenant if call.key else "",
        )
        if call.agent and row is not None and not row["agents"]:
            return Refusal("AGENT_OPT_IN_REQUIRED", "This lot does not take sessions from AI agents")
        return inner(call)

    acts(context, act, "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park("lot_sandstone")
    return call.status("POST", "/api/v1/sessions/extend", named(session), X_Agent_Surface="mcp")
