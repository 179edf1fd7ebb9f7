"""A small MCP server that keeps the protocol, and mistakes and legal oddities that can be switched on.

It is a handler over Streamable HTTP, written from the specification alone: it shares nothing with the server
of this project.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from pgagents.base.http import Request, Response

HEADERS = (("Content-Type", "application/json"),)
REVISIONS = ("2025-06-18", "2025-11-25")
READS = {"readOnlyHint": True, "openWorldHint": False}
TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "get_forecast",
        "title": "Forecast",
        "description": "Tell the weather of one of the next days in a city.",
        "inputSchema": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 2, "description": "A city, such as 'Rome'"},
                "days": {"type": "integer", "minimum": 0, "maximum": 9, "description": "Days from now"},
                "unit": {"enum": ["c", "f"], "description": "The unit of temperatures"},
            },
            "required": ["city"],
            "additionalProperties": False,
        },
        "outputSchema": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}},
            "required": ["city", "degrees"],
        },
        "annotations": READS,
    },
    {
        "name": "list_cities",
        "description": "List all cities whose weather is known.",
        "inputSchema": {"type": "object"},
        "annotations": READS,
    },
    {
        "name": "delete_city",
        "description": "Forget one city for good.",
        "inputSchema": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "The city to forget"}},
            "required": ["city"],
        },
        "annotations": {"readOnlyHint": False, "destructiveHint": True},
    },
)


class ToolServer:
    """A handler. `edits` change the tools, a message, or a result, by the method that they are for.

    `called` has the names of all tools that were called.
    """

    def __init__(self, **edits: Callable[..., Any]) -> None:
        self.edits, self.called = edits, list[str]()
        self.tools = deepcopy(list(TOOLS))
        self.sessions = 0
        edits.get("tools", lambda _: None)(self.tools)

    def __call__(self, request: Request) -> Response:
        if "transport" in self.edits and (found := self.edits["transport"](request)) is not None:
            return found  # type: ignore[no-any-return]
        if request.header("origin") not in (None, "http://127.0.0.1"):
            return Response(403)
        try:
            message = json.loads(request.body)
        except ValueError:
            return self._answer(
                400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "no"}}
            )
        method, params = message.get("method"), message.get("params") or {}
        told = request.header("mcp-protocol-version")
        if told not in (None, *REVISIONS) and method not in ("initialize", "server/discover"):
            return Response(400)
        if "id" not in message:
            return Response(202)
        session = request.header("mcp-session-id")
        if method not in ("initialize", "server/discover") and session is None:
            return Response(400)
        if session is not None and not session.startswith("s-"):
            return Response(404)
        said = self.say(str(method), params)
        said = {"jsonrpc": "2.0", "id": message["id"], **said}
        if (edit := self.edits.get(str(method).replace("/", "_"))) is not None:
            said = edit(said, params)
        answer = self._answer(200, said)
        return answer if method != "initialize" else answer.with_header("Mcp-Session-Id", "s-1")

    def _answer(self, status: int, message: Any) -> Response:
        return Response(status, HEADERS, json.dumps(message).encode())

    def say(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result or error of a message."""
        if method == "initialize":
            asked = params.get("protocolVersion")
            revision = asked if asked in REVISIONS else REVISIONS[-1]
            info = {"name": "weather", "version": "1.0"}
            return {
                "result": {"protocolVersion": revision, "capabilities": {"tools": {}}, "serverInfo": info}
            }
        if method == "ping":
            return {"result": {}}
        if method == "tools/list":
            return {"result": {"tools": self.tools}}
        if method == "tools/call":
            return self._call(str(params.get("name")), params.get("arguments") or {})
        return {"error": {"code": -32601, "message": "Method not found"}}

    def _call(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        self.called.append(name)
        tool = next((t for t in self.tools if t["name"] == name), None)
        if tool is None:
            return {"error": {"code": -32602, "message": f"Unknown tool: {name}"}}
        if name in ("list_cities", "list_countries"):
            return {"result": {"content": [{"type": "text", "text": "Rome, Oslo"}]}}
        if wrong := self._find_wrong(given):
            return {"result": {"content": [{"type": "text", "text": wrong}], "isError": True}}
        data = {"city": given["city"], "degrees": 21.5}
        return {
            "result": {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}
        }

    def _find_wrong(self, given: Mapping[str, Any]) -> str:
        city, days = given.get("city"), given.get("days", 0)
        if not isinstance(city, str) or len(city) < 2:
            return "city must be a text of two letters or more"
        if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= 9:
            return "days must be from 0 to 9"
        if given.get("unit", "c") not in ("c", "f"):
            return "unit must be c or f"
        strange = given.keys() - {"city", "days", "unit"}
        return f"unknown arguments: {', '.join(strange)}" if strange else ""


def serve_lines() -> None:
    """Serve one client over stdin and stdout."""
    server = ToolServer()
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            said = server.say(message["method"], message.get("params") or {})
            print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **said}), flush=True)


if __name__ == "__main__":
    serve_lines()
