"""A handler as an ASGI application: reads the body with a bound, calls, answers."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from starlette.requests import ClientDisconnect
from starlette.requests import Request as Incoming
from starlette.responses import Response as Outgoing

from pgagents.sandbox.front import PEER, SCHEME
from pgagents.wire import Handler, Request, Response, Silence

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
DRAIN_S = 3.0
DRAIN_BYTES = 16_777_216
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def app(handler: Handler, most_bytes: int | None, log: Callable[[str], None] = lambda _: None) -> App:
    """The application; `log` hears of what goes wrong in it.

    A body over `most_bytes` is not read to its end: the handler sees one byte too many and refuses it.

    The handler runs inline: a call takes well under a millisecond, less than a change of threads.
    """

    async def logged(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        except Exception:
            log(traceback.format_exc())
            raise

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        incoming = Incoming(scope, receive)
        try:
            body, whole = await _body(incoming, most_bytes)
        except ClientDisconnect:
            return
        found = handler(_request(scope, body))
        if isinstance(found, Silence):
            # an answer that is announced and never comes: uvicorn closes the connection
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        if whole:
            await _outgoing(found, close=False)(scope, receive, send)
        else:
            await _refuse(incoming, _outgoing(found, close=True), send)

    return logged


async def _refuse(incoming: Incoming, outgoing: Outgoing, send: Send) -> None:
    """Answer at once, then read on a little: a connection closed on unread bytes is reset, and the answer lost with it."""
    await send({"type": "http.response.start", "status": outgoing.status_code, "headers": outgoing.raw_headers})
    await send({"type": "http.response.body", "body": outgoing.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            left = DRAIN_BYTES
            more = True
            while more and left > 0:
                message = await incoming.receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
                left -= len(message.get("body", b""))
    await send({"type": "http.response.body", "body": b""})


async def _body(incoming: Incoming, most_bytes: int | None) -> tuple[bytes, bool]:
    """The body, and whether all of it was read."""
    declared = incoming.headers.get("content-length", "")
    if most_bytes is not None and declared.isdigit() and int(declared[:20]) > most_bytes:
        return b"", False
    parts = bytearray()
    while True:
        message = await incoming.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        parts += message.get("body", b"")
        if most_bytes is not None and len(parts) > most_bytes:
            return bytes(parts[: most_bytes + 1]), False
        if not message.get("more_body", False):
            return bytes(parts), True


def _request(scope: Scope, body: bytes) -> Request:
    target = scope["raw_path"].decode("latin-1") if scope.get("raw_path") else scope["path"]
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    peer = scope["client"][0] if scope.get("client") else ""
    return Request(scope["method"], target, (*headers, (PEER, peer), (SCHEME, scope["scheme"])), body)


def _outgoing(found: Response, *, close: bool) -> Outgoing:
    outgoing = Outgoing(found.body, found.status)
    kept = [(k, v) for k, v in outgoing.raw_headers if k == b"content-length"]
    outgoing.raw_headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in found.headers] + kept
    if close:
        outgoing.raw_headers.append((b"connection", b"close"))
    return outgoing
