"""A connection of the sandbox: uvicorn's HTTP/1.1, with refusals that the API words and answers for clients that have said all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pgagents.http import Request, Response
from pgagents.sandbox.front import PEER, SCHEME
from pgagents.sandbox.serving.packets import PacketBuffer


def protocol_of(malformed: Callable[[Request], Response]) -> type[Connection]:
    """Make the protocol of one port; `malformed` answers what is no HTTP request."""
    found: type[Connection] = type("Port", (Connection,), {"malformed": staticmethod(malformed)})
    return found


class Connection(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, but for requests that are none and for clients that close their half of the connection."""

    malformed: Callable[[Request], Response]
    """Answers what is no HTTP request; see `protocol_of`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._said_all = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own signature
        super().connection_made(transport)
        self.transport = PacketBuffer(transport, self.loop)  # type: ignore[assignment]  # a transport in all that uvicorn asks of it

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
