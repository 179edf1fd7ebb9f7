"""Legal behaviour of an MCP server."""

from __future__ import annotations

import json
from typing import Any

from faults import of_mcp as mcp
from faults.of_mcp import mcp_variation
from pgagents.base.http import Handler, Request, Response, Silence, json_bytes
from pgagents.sandbox.fault_declaration import Context


@mcp_variation().edit_tools_call
def errors_in_words(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """An error is a sentence that contains the API's code."""
    error = mcp.error(result) if mcp.is_error(result) else {}
    if "status" not in error:
        return mcp.with_text(result, f"I cannot do that: {error.get('message')}") if error else result
    return mcp.with_text(result, f"The API said {error['code']} ({error['status']}): {error.get('message')}")


@mcp_variation("other_tools")
def more_tools(handler: Handler, _context: Context) -> Handler:
    """The server lists a tool of its own beside the catalogue's."""
    tool = {"name": "help", "description": "How to use this server.", "inputSchema": {"type": "object"}}
    return mcp.results(handler, "tools/list", lambda _, result: {**result, "tools": [tool, *result["tools"]]})


@mcp_variation().handle_requests
def older_era(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The server speaks only the session-based protocol of 2025-11-25."""
    if mcp.parse_request(request).get("method") == "server/discover":
        return Response(400, (("Content-Type", "text/plain"),), b"Bad Request: Missing session ID")
    return handler(request)


def _fuller(tool: dict[str, Any]) -> dict[str, Any]:
    return {
        **tool,
        "icons": [{"src": "https://example.com/icon.png", "mimeType": "image/png"}],
        "inputSchema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **_turned(tool["inputSchema"]),
        },
        "annotations": {**tool["annotations"], "title": "A title"},
        "_meta": {**tool.get("_meta", {}), "com.example/since": "1"},
    }


def _turned(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema with `required`, which has no order, reversed."""
    return {**schema, "required": schema["required"][::-1]} if "required" in schema else schema


@mcp_variation()
def said_more(handler: Handler, _context: Context) -> Handler:
    """Tools and results carry more than was built: icons, a schema dialect, metadata, a title."""

    def listed(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "tools": [_fuller(tool) for tool in result["tools"]]}

    def called(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "_meta": {"com.example/took_ms": 3}}

    return mcp.results(mcp.results(handler, "tools/list", listed), "tools/call", called)


@mcp_variation().handle_requests
def streams_with_progress(_context: Context, handler: Handler, request: Request) -> Response | Silence:
    """Answers come as event streams, with progress and log messages before them."""
    found = handler(request)
    message = mcp.parse_answer(found) if isinstance(found, Response) and found.status == 200 else {}
    if not isinstance(found, Response) or not message:
        return found
    notes = [
        {"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "working"}},
        {
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progressToken": 1, "progress": 0.5},
        },
    ]
    body = b": here it comes\r\n\r\n" + b"".join(
        b"event: message\r\ndata: " + json_bytes(m) + b"\r\n\r\n" for m in (*notes, message)
    )
    kept = found.with_header("Content-Type", "text/event-stream; charset=utf-8").with_header(
        "Content-Length", None
    )
    return Response(kept.status, kept.headers, body)


@mcp_variation().edit_tools_call
def text_laid_out(_context: Context, _question: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The text of a result is indented JSON, or a sentence where no structured content is promised."""
    if mcp.is_error(result):
        return result
    if "structuredContent" not in result:
        return mcp.with_text(result, "It is done.")
    return mcp.with_text(result, json.dumps(result["structuredContent"], indent=2))


@mcp_variation()
def tools_in_pages(handler: Handler, _context: Context) -> Handler:
    """The list of tools comes in pages, and the first cursor is an empty text."""
    return mcp.in_pages(handler)


@mcp_variation()
def tools_only(handler: Handler, _context: Context) -> Handler:
    """The server offers tools only: no prompts, resources or instructions."""

    def edit(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in result.items() if k not in ("instructions",)}
        return {**kept, "capabilities": {"tools": {}}}

    return mcp.results(mcp.results(handler, "server/discover", edit), "initialize", edit)
