"""A connection of the sandbox: uvicorn's HTTP/1.1 with the API's own 400, and with answers to half-closed
connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pgagents.http import Request, Response
from pgagents.sandbox.front import OURS, PEER, SCHEME
from pgagents.sandbox.serving.packets import PacketBuffer

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
        secured = transport.get_extra_info("ssl_object")
        if secured is not None and secured.getpeercert():  # checked by the TLS library against our authority
            self.app_state = {**self.app_state, "certificate": OURS}
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
