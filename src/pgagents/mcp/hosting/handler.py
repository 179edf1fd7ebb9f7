"""Answer tool calls of many callers: each within its limits, with its own key, and with a line in the log."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from pgagents.client.answer import Answer, Problem
from pgagents.client.client import Client
from pgagents.mcp.hosting.allowance import Allowance
from pgagents.mcp.hosting.caller import Caller, find_caller
from pgagents.mcp.hosting.clients import SharedClient
from pgagents.mcp.hosting.log import note
from pgagents.mcp.server import Allowed, RequestHandler
from pgagents.mcp.tools import Tool
from pgagents.model.model import Model

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp_types import CallToolRequestParams

OPERATOR = "operator"
"""The caller's name in the log if the server has no sign-in.

Everybody with the token calls as the operator.
"""


class HostedHandler(RequestHandler):
    """Answer requests of callers who signed in. The operator uses a token instead, and has no limits."""

    def __init__(
        self,
        model: Model,
        client: Client,
        allowed: Allowed | None,
        clients: SharedClient,
        allowance: Allowance,
    ) -> None:
        super().__init__(model, client, allowed)
        self._clients, self._allowance = clients, allowance

    async def find_client(self, context: ServerRequestContext[Any, Any]) -> Client | Problem:
        """Return the client that calls with the caller's key, or why there is none."""
        return await self._clients.find(find_caller(context))

    def name_caller(self, context: ServerRequestContext[Any, Any]) -> str:
        """Return the id of who signed in; empty where nobody did."""
        caller = find_caller(context)
        return str(caller.id) if caller else ""

    async def answer(
        self, context: ServerRequestContext[Any, Any], tool: Tool, params: CallToolRequestParams
    ) -> Answer:
        """Call a tool within the caller's limits, and log the outcome."""
        caller, began = find_caller(context), time.monotonic()
        outcome: Answer | str = "given_up"
        try:
            with self._allowance.enter(caller.id) if caller else nullcontext() as refused:
                if refused is not None:
                    outcome = Answer(tool.action.name, None, None, refused)
                else:
                    outcome = await super().answer(context, tool, params)
            self._clients.hear(caller, outcome)
            return outcome
        except Exception:
            outcome = "failed"
            raise
        finally:  # calls that the client cancelled are logged too
            _log(tool, caller, outcome, time.monotonic() - began)


def _log(tool: Tool, caller: Caller | None, outcome: Answer | str, took_s: float) -> None:
    answer = None if isinstance(outcome, str) else outcome
    problem = answer.problem if answer is not None else None
    note(
        "call",
        {
            "tool": tool.listed["name"],
            "caller": caller.pseudonym if caller else OPERATOR,
            "outcome": outcome if isinstance(outcome, str) else problem.code if problem else "ok",
            "status": answer.status if answer is not None else None,
            "sent": problem.sent if problem is not None else None,
            "request_id": answer.request_id if answer is not None else None,
            "ms": round(took_s * 1000, 1),
        },
    )
