"""Once the owner switches agents off, an agent cannot end or extend what it started before."""

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
PROMISE = "PG-E1: get, extend and end of a running session keep working"


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        row = context.front.store.row(
            "SELECT agents FROM lot WHERE id = (SELECT lot_id FROM session WHERE id = ?)",
            call.input["session_id"],
        )
        if call.agent and row is not None and not row["agents"]:
            return Refusal("FORBIDDEN", "This lot does not take agents")
        return inner(call)

    acts(context, act, "end_session", "extend_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park(key="copilot")
    call.data("PATCH", "/sandbox/v1/lots/lot_lionshead", {"agents_allowed": False}, key="operator")
    return call.status("POST", "/api/v1/sessions/end", named(session), key="copilot")
