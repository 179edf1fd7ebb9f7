"""Tools and results say more than was built: icons, a dialect, metadata, a title among the hints."""

from __future__ import annotations

from typing import Any

from pgagents.sandbox import meddle_mcp
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

POINT: str | None = None


def wrap(handler: Handler, _context: Context) -> Handler:
    """Add it."""

    def listed(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "tools": [_fuller(tool) for tool in result["tools"]]}

    def called(_: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "_meta": {"com.example/took_ms": 3}}

    return meddle_mcp.results(meddle_mcp.results(handler, "tools/list", listed), "tools/call", called)


def _fuller(tool: dict[str, Any]) -> dict[str, Any]:
    return {
        **tool,
        "icons": [{"src": "https://example.com/icon.png", "mimeType": "image/png"}],
        "inputSchema": {"$schema": "https://json-schema.org/draft/2020-12/schema", **_turned(tool["inputSchema"])},
        "annotations": {**tool["annotations"], "title": "A title"},
        "_meta": {**tool.get("_meta", {}), "com.example/since": "1"},
    }


def _turned(schema: dict[str, Any]) -> dict[str, Any]:
    """Lists without an order in another one."""
    return {**schema, "required": schema["required"][::-1]} if "required" in schema else schema
