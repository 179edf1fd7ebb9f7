"""A handler as an ASGI application, and a connection of uvicorn with the API's own 400."""

from __future__ import annotations

import asyncio
import re
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import h11
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Incoming
from uvicorn.protocols.http.h11_impl import H11Protocol

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.front import PEER, SCHEME

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
_ABSOLUTE = re.compile(r"https?://[^/?#]+(?=[/?]|$)", re.I)
DRAIN_S = 3.0
DRAIN_BYTES = 16_777_216
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Answer = Callable[[Request], Awaitable[Response | Silence]]


def at_once(handler: Handler) -> Answer:
    """Return an asynchronous form of a handler. It never waits."""

    async def answer(request: Request) -> Response | Silence:
        return handler(request)

    return answer


def app(
    handler: Answer,
    most_bytes: int | None,
    log: Callable[[str], None] = lambda _: None,
    *,
    malformed: Handler | None = None,
) -> App:
    """Return the ASGI application.

    `log` gets tracebacks. `malformed` answers a request with two lengths. A body over `most_bytes` is not
    read to its end: the handler gets one byte too many and refuses it. The handler runs on the same thread,
    because a call takes less time than a change of threads.
    """

    async def log_errors(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await answer(scope, receive, send)
        except Exception:
            log(traceback.format_exc())
            raise

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        incoming = Incoming(scope, receive)
        if malformed is not None and _two_lengths(scope):
            refusal = malformed(_request(scope, b""))
            assert isinstance(refusal, Response)
            await _refuse(incoming, refusal, send)
            return
        try:
            body, whole = await _body(incoming, most_bytes) if _has_body(scope) else (b"", True)
        except ClientDisconnect:
            return
        found = await handler(_request(scope, body))
        if isinstance(found, Silence):
            # the handler announced an answer and sends none, so uvicorn closes the connection
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
            return
        if whole:
            await send(_head(found))
            await send({"type": "http.response.body", "body": b"" if found.status == 204 else found.body})
            if found.status == 204 and found.body:
                scope["state"][WRITE](found.body)  # a fault's body, which h11 would refuse to send
        else:
            await _refuse(incoming, found, send)

    return log_errors


async def _refuse(incoming: Incoming, found: Response, send: Send) -> None:
    """Send an answer at once, then read on for a while.

    Closing a connection with unread bytes resets it, and the answer would be lost.
    """
    await send(_head(found, (b"connection", b"close")))
    await send({"type": "http.response.body", "body": found.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_S):
            left = DRAIN_BYTES
            more = True
            while more and left > 0:
                message = await incoming.receive()
                more = message["type"] == "http.request" and message.get("more_body", False)
                left -= len(message.get("body", b""))
    await send({"type": "http.response.body", "body": b""})


def _has_body(scope: Scope) -> bool:
    """Return whether a request has a body, by its headers (RFC 9112, 6.3)."""
    return any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])


def _two_lengths(scope: Scope) -> bool:
    """Return whether a request has both a length and chunks, on which a proxy might disagree (RFC 9112,
    6.1).
    """
    return {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}


async def _body(incoming: Incoming, most_bytes: int | None) -> tuple[bytes, bool]:
    """Return the body, and True if all of it was read."""
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
    # a server must accept this form (RFC 9112, 3.2.2)
    if target[:1] != "/" and (whole := _ABSOLUTE.match(target)):
        target = target[whole.end() :] or "/"
    if scope["query_string"]:
        target += "?" + scope["query_string"].decode("latin-1")
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    peer = scope["client"][0] if scope.get("client") else ""
    connection = ((PEER, peer), (SCHEME, scope["scheme"]))
    return Request(scope["method"], target, (*headers, *connection), body)


def _head(found: Response, *more: tuple[bytes, bytes]) -> MutableMapping[str, Any]:
    """Return the first message of an answer; one without content has no length (RFC 9110, 8.6).

    A fault's 204 with a body has one.
    """
    headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in found.headers]
    if found.status >= 200 and found.status != 304 and (found.status != 204 or found.body):
        headers.append((b"content-length", b"%d" % len(found.body)))
    return {"type": "http.response.start", "status": found.status, "headers": [*headers, *more]}


# -- connections


WRITE = "write"
"""The key of a connection's function that sends bytes as they are, in the state of its requests."""


def protocol_of(malformed: Callable[[Request], Response]) -> type[Connection]:
    """Make the protocol class of one port; `malformed` answers bytes that are not an HTTP request."""
    found: type[Connection] = type("Port", (Connection,), {"malformed": staticmethod(malformed)})
    return found


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 with other handling of malformed requests and of half-closed connections."""

    malformed: Callable[[Request], Response]
    """Answers bytes that are not an HTTP request; see `protocol_of`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._said_all = False

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # as uvicorn's own signature
    ) -> None:
        super().connection_made(transport)
        self.transport = PacketBuffer(transport, self.loop)  # type: ignore[assignment]  # what uvicorn asks
        self.app_state = {**self.app_state, WRITE: self.transport.write}

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks whether to go on
        """Keep the connection open for the answer after the client half-closes it, unless its request is
        incomplete.

        uvicorn itself closes at once. Over TLS nothing can be sent any more: asyncio's TLS has no half-closed
        connections.
        """
        if self.cycle is None or self.cycle.response_complete or self.scheme == "https":
            return False
        if self.conn.their_state is h11.SEND_BODY:
            if self.conn.our_state is not h11.SEND_BODY:
                super().data_received(b"")
                return False
            self.cycle.more_body = (
                False  # the request is being refused before all was read, and the refusal does not wait
            )
            self.cycle.message_event.set()
        self._said_all = True
        return True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._said_all and self.cycle.response_complete:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not an HTTP request with the API's error and headers."""
        del msg
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # an answer is being sent, so no other may follow
            return
        peer = self.client[0] if self.client else ""
        answer = type(self).malformed(Request("GET", "/", ((PEER, peer), (SCHEME, self.scheme or "http"))))
        headers = [(name, value) for name, value in answer.headers if name.lower() != "connection"]
        length = [("Content-Length", str(len(answer.body))), ("Connection", "close")]
        head = h11.Response(
            status_code=answer.status, headers=[*headers, *length], reason=HTTPStatus(answer.status).phrase
        )
        for event in (head, h11.Data(data=answer.body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()


# -- packets


class PacketBuffer:
    """Hold writes until the event loop's next round. All other calls go to the transport."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send soon. Empty data means at once: h11 writes it at the end of an answer of known length."""
        if not data:
            self._flush()
            return
        if not self._held:
            self._loop.call_soon(self._flush)
        self._held.append(data)

    def get_write_buffer_size(self) -> int:
        """Return the bytes that the peer has not accepted yet."""
        return self._transport.get_write_buffer_size() + sum(map(len, self._held))

    def close(self) -> None:
        """Send the buffered bytes, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, []
        if held:
            self._transport.write(b"".join(held))
