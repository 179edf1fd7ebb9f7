"""How long a connection of the sandbox may take: a client that is slow or gone must not hold it for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pgagents.sandbox.front import PEER, SCHEME
from pgagents.sandbox.together import Together
from pgagents.wire import Request, Response

HEAD_S = 10.0
BODY_S = 30.0
KEEP_ALIVE_S = 15


def port(malformed: Callable[[Request], Response]) -> type[Patience]:
    """The protocol of one port; `malformed` answers what is no HTTP request."""
    found: type[Patience] = type("Port", (Patience,), {"malformed": staticmethod(malformed)})
    return found


class Patience(H11Protocol):
    """HTTP/1.1 with a bound on a request's head (from the connection or the first byte on), and one on its body.

    uvicorn itself bounds only the pause between two requests. A connection that is late is cut: it asked for nothing yet.
    """

    head_s = HEAD_S
    body_s = BODY_S
    malformed: Callable[[Request], Response]
    """Answers what is no HTTP request; see `port`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._reading: Any = None
        self._said_all = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own signature
        super().connection_made(transport)
        self.transport = Together(transport, self.loop)  # type: ignore[assignment]  # a transport in all that uvicorn asks of it
        self._read(h11.IDLE)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._read(self.conn.their_state)

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks whether to go on
        """A client that says it has said all may still hear its answer, unless it said but half of its request.

        uvicorn itself hangs up at once. Over TLS nothing can be written then (asyncio's TLS knows no half-closed connection).
        """
        if self.cycle is None or self.cycle.response_complete or self.scheme == "https":
            return False
        if self.conn.their_state is h11.SEND_BODY:
            if self.conn.our_state is not h11.SEND_BODY:
                super().data_received(b"")
                return False
            self.cycle.more_body = False  # it is being refused before all was read; the refusal waits for no more
            self.cycle.message_event.set()
        self._said_all = True
        return True

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._said_all and self.cycle.response_complete:
            self.transport.close()
        if self.conn.their_state is h11.IDLE:
            self._stop()  # between two requests uvicorn's own timer runs
        else:
            self._read(self.conn.their_state)

    def send_400_response(self, msg: str) -> None:
        """The refusal of what is no HTTP request, as the API words it and with its headers."""
        del msg
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # an answer is under way, nothing sensible can follow
            return
        peer = self.client[0] if self.client else ""
        answer = type(self).malformed(Request("GET", "/", ((PEER, peer), (SCHEME, self.scheme or "http"))))
        headers = [(name, value) for name, value in answer.headers if name.lower() != "connection"]
        length = [("Content-Length", str(len(answer.body))), ("Connection", "close")]
        head = h11.Response(status_code=answer.status, headers=[*headers, *length], reason=HTTPStatus(answer.status).phrase)
        for event in (head, h11.Data(data=answer.body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def timeout_keep_alive_handler(self) -> None:
        """Cut a client that has not even taken its last answer: a polite close would wait for it."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _read(self, part: Any) -> None:
        """Begin to count where a new part of the request begins; a part that goes on keeps its time."""
        if part is self._reading and self._timer is not None:
            return
        self._stop()
        if part in (h11.IDLE, h11.SEND_BODY):
            self._reading = part
            self._timer = self.loop.call_later(self.head_s if part is h11.IDLE else self.body_s, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
