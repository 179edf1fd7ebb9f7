"""Serving one client over standard input and output: a line is a message, and stdout carries nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server


async def serve(server: Server[Any]) -> None:
    """Serve until stdin ends."""
    from mcp.server.stdio import stdio_server

    async with stdio_server() as (came, goes):
        await serve_streams(server, came, goes)


async def serve_streams(server: Server[Any], came: Any, goes: Any) -> None:
    """Serve until `came` ends. What cannot be read as a message is answered as JSON-RPC 2.0 (section 5.1) says.

    The SDK (mcp 2.3.0) drops such a line, and a client that waits for an answer to it would wait for ever.
    """
    import anyio
    from mcp.shared.message import SessionMessage

    passed, passes = anyio.create_memory_object_stream[SessionMessage | Exception](0)

    async def relay() -> None:
        async with passed:
            async for item in came:
                if not isinstance(item, Exception):
                    await passed.send(item)
                elif error := _error(item):
                    await goes.send(SessionMessage(error))

    async with anyio.create_task_group() as group:
        group.start_soon(relay)
        await server.run(passes, goes, server.create_initialization_options())
        group.cancel_scope.cancel()


def _error(problem: Exception) -> Any:
    """The answer to a line that is no message; None to an empty one, which is nobody's question."""
    from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
    from pydantic import ValidationError

    if not isinstance(problem, ValidationError):
        return None
    first = problem.errors(include_url=False, include_context=False)[0]
    if first["type"] != "json_invalid":
        return JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=INVALID_REQUEST, message="Invalid Request"))
    if not str(first["input"]).strip():
        return None
    return JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=PARSE_ERROR, message="Parse error"))
