"""A call for as many items as may be asked for ends in an internal error."""

from __future__ import annotations

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request, Response, Silence, json_bytes

BREAKS = frozenset({"never_crashes"})
ALSO: dict[str, str] = {"mcp_errors": "an internal error is one of the protocol"}


def wrap(handler: Handler, context: Context) -> Handler:
    """Answer it with -32603."""
    bounds = [p.schema["maximum"] for a in context.model.actions for p in a.params if p.name == "limit"]

    def answer(request: Request) -> Response | Silence:
        question = meddle_mcp.asked(request)
        given = (question.get("params") or {}).get("arguments") or {}
        if question.get("method") != "tools/call" or given.get("limit") not in bounds:
            return handler(request)
        error = {"code": -32603, "message": "Internal error"}
        return Response(200, (("Content-Type", "application/json"),), json_bytes({"jsonrpc": "2.0", "id": question["id"], "error": error}))

    return answer
