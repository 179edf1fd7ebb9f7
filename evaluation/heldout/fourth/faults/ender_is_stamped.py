"""Every write of an agent stamps the session with its name, so a session changes its agent when another
one ends it.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import results
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.park_graph.domain import PLATFORMS
from sandboxes import named

CLASS = "attribution"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "resources.session.fixed.agent_name + "
    "workflows.each-door.steps.leave_integration.expect:: "
    "the agent that created a session stays its agent"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def edit(call: AcceptedCall, data: Any) -> None:
        integration = call.key.integration if call.key else None
        own = (
            {"agent_name": integration, "agent_platform": PLATFORMS[integration]}
            if integration in PLATFORMS
            else {}
        )
        stamp = {**own, **call.attribution}
        if stamp:
            data["session"].update(stamp)
            context.front.store.run(
                "UPDATE session SET agent_name = ?, agent_platform = ? WHERE id = ?",
                stamp["agent_name"],
                stamp["agent_platform"],
                data["session"]["id"],
            )

    results(context, edit, "end_session")
    return handler


def shows(call: Shown) -> Any:
    session = call.park()
    call.dispatch("end_session", named(session))
    return call.session(session["id"])["agent_name"]
