"""Agents are known by their key when a session is made; that the MCP server says it is one counts for
nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation.heldout.around import acts
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.call import AcceptedCall, Domain
from pgagents.sandbox.fault_declaration import Context

CLASS = "opt-in"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "surfaces.mcp.headers.X-Agent-Surface + errors.codes.AGENT_OPT_IN_REQUIRED.meaning:: the header "
    "tells that an "
    "agent calls; its session is refused where the owner has not opted in"
)


def wrap(handler: Handler, context: Context) -> Handler:
    def act(inner: Domain, call: AcceptedCall) -> Any:
        key = call.key
        known = key is not None and (key.integration or key.group or key.granted is not None)
        return inner(call if known or call.surface != "rest" else replace(call, agent=False))

    acts(context, act, "create_session")
    return handler


def shows(call: Shown) -> Any:
    return call.status(
        "POST", "/api/v1/sessions", {"lot_id": "lot_sandstone", "plate": "CO-1"}, X_Agent_Surface="mcp"
    )
