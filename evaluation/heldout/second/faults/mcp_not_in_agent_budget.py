"""The budget of a sandbox key's agent calls knows agents by their keys and by the dispatcher, and not by
the header of our MCP server.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.around import seeing
from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "limits.buckets.sandbox.when + surfaces.mcp.headers.X-Agent-Surface:: the budget is for agent calls; "
    "the header"
    " tells the API that an agent calls"
)


def wrap(handler: Handler, context: Context) -> Handler:
    seen, at = seeing(handler)
    limits = context.front.limits
    inner = limits.draw

    def draw(
        action: Any, key: Any, *, agent: bool, end_user: str | None, peer: str, now: float
    ) -> Drawn | None:
        known = key is not None and (key.integration or key.group or key.granted is not None)
        agent = agent and bool(known or at[0].path.startswith("/api/v1/agents/"))
        return inner(action, key, agent=agent, end_user=end_user, peer=peer, now=now)

    limits.draw = draw  # type: ignore[method-assign]  # a fault
    return seen


def shows(call: Shown) -> Any:
    return [
        call.status("GET", "/api/v1/sessions", key="test", X_Agent_Surface="mcp") for _ in range(31)
    ].count(429)
