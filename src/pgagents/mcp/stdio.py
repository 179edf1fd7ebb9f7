"""Serve one client over standard input and output: each line is a message, and stdout has nothing else."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pgagents.mcp.server import USUAL

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

LAST_S = 60.0
"""Seconds that open calls may take after the end of stdin."""
TOO_LONG = "\x00"
"""Begins what replaces a line that is too long: the id of its request follows. No message begins so."""
_END = 200
"""So many bytes of the end of a long line are looked at."""
_ID = r'"id"\s*:\s*(?P<id>-?(?:0|[1-9]\d{0,17})|"[ !#-\[\]-~]{0,80}")'
_VERSION = r'"jsonrpc"\s*:\s*"2\.0"'
_HEAD = re.compile(rf'\s*\{{\s*(?:{_VERSION}\s*,\s*)?(?:{_ID}\s*,\s*)?"method"\s*:'.encode())
_TAIL = re.compile(rf",\s*{_ID}\s*(?:,\s*{_VERSION}\s*)?\}}\s*$".encode())
"""Where clients write a request's id: before its method, or after its arguments. There it cannot be a
text.
"""


class Lines:
    """The lines of a stream, each of limited length.

    Of a longer line only the request's id is kept, so that the client learns which one failed.
    """

    def __init__(self, readline: Callable[[int], bytes], most: int = USUAL) -> None:
        self._readline, self._most = readline, most

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        import anyio

        line = await anyio.to_thread.run_sync(self._line, abandon_on_cancel=True)
        if not line:
            raise StopAsyncIteration
        return line

    def _line(self) -> str:
        line = self._readline(self._most + 1)
        if len(line) <= self._most:
            return line.decode("utf-8", "replace")
        head, tail = _HEAD.match(line), line[-_END:]
        while line and not line.endswith(b"\n"):
            line = self._readline(self._most)
            tail = (tail + line)[-_END:]
        found = head and (head if head["id"] else _TAIL.search(tail))
        return TOO_LONG + (found["id"].decode("utf-8", "replace") if found else "null")


async def serve(server: Server[Any], most: int = USUAL) -> None:
    """Serve until stdin ends. `most` is the largest message in bytes."""
    from mcp.server.stdio import stdio_server

    lines: Any = Lines(sys.stdin.buffer.readline, most)
    async with stdio_server(stdin=lines) as (came, goes):
        await serve_streams(server, came, goes, most)


class _Open:
    """The requests that have not been answered yet."""

    def __init__(self) -> None:
        import anyio

        self._ids: set[Any] = set()
        self._none = anyio.Event()

    def note_request(self, message: Any) -> None:
        """Note a request. A cancelled one gets no answer."""
        method, id = getattr(message, "method", None), getattr(message, "id", None)
        if method is not None and id is not None:
            self._ids.add(id)
        elif method == "notifications/cancelled":
            self._discard((message.params or {}).get("requestId"))

    def note_answer(self, message: Any) -> None:
        """Note an answer."""
        if getattr(message, "method", None) is None:
            self._discard(getattr(message, "id", None))

    def _discard(self, id: Any) -> None:
        self._ids.discard(id)
        if not self._ids:
            self._none.set()

    async def wait(self, most_s: float) -> None:
        """Wait until all are answered, at most this many seconds. No request may be added in the meantime."""
        import anyio

        if self._ids:
            self._none = anyio.Event()
            with anyio.move_on_after(most_s):
                await self._none.wait()


async def serve_streams(server: Server[Any], came: Any, goes: Any, most: int) -> None:
    """Serve until `came` ends and open calls are answered. An unreadable message is answered as JSON-RPC 2.0
    requires (5.1).

    The SDK (mcp 2.3.0) drops such a line, so a client that waits for its answer would wait for ever. At the
    end of its input it aborts open calls, which may have taken effect.
    """
    import anyio
    from mcp.shared.message import SessionMessage

    passed, passes = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    answers, answered = anyio.create_memory_object_stream[SessionMessage](0)
    open_calls = _Open()

    async def relay() -> None:
        async with passed:
            async for item in came:
                if not isinstance(item, Exception):
                    open_calls.note_request(item.message)
                    await passed.send(item)
                elif error := _error(item, most):
                    await goes.send(SessionMessage(error))
            await open_calls.wait(LAST_S)

    async def run() -> None:
        async with answers:
            await server.run(passes, answers, server.create_initialization_options())

    async with goes, anyio.create_task_group() as group:
        group.start_soon(relay)
        group.start_soon(run)
        async for item in answered:
            await goes.send(item)
            open_calls.note_answer(item.message)
        group.cancel_scope.cancel()


def _error(problem: Exception, most: int) -> Any:
    """Return the answer to a line that is not a message; None for an empty line."""
    from mcp_types import INVALID_REQUEST, PARSE_ERROR, ErrorData, JSONRPCError
    from pydantic import ValidationError

    if not isinstance(problem, ValidationError):
        return None
    first = problem.errors(include_url=False, include_context=False)[0]
    if first["type"] != "json_invalid":
        return JSONRPCError(
            jsonrpc="2.0", id=None, error=ErrorData(code=INVALID_REQUEST, message="Invalid Request")
        )
    if str(first["input"]).startswith(TOO_LONG):
        message = f"Invalid Request: the line is longer than {most:,} bytes"
        id = json.loads(str(first["input"])[len(TOO_LONG) :])
        return JSONRPCError(jsonrpc="2.0", id=id, error=ErrorData(code=INVALID_REQUEST, message=message))
    if not str(first["input"]).strip():
        return None
    return JSONRPCError(jsonrpc="2.0", id=None, error=ErrorData(code=PARSE_ERROR, message="Parse error"))
