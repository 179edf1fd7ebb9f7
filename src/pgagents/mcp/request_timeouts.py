"""Limit the time for a request of the HTTP server; uvicorn only limits the pause between requests."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 10.0
BODY_S = 30.0


class HttpWithTimeouts(H11Protocol):
    """HTTP/1.1 that closes a connection if a request is late.

    The head must arrive within `head_s` seconds, and the body within `body_s` more.
    """

    head_s = HEAD_S
    body_s = BODY_S

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._timer: asyncio.TimerHandle | None = None
        self._part: Any = None

    def connection_made(
        self,
        transport: asyncio.Transport,  # type: ignore[override]  # as uvicorn's own signature
    ) -> None:
        super().connection_made(transport)
        self._wait_for(h11.IDLE)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for(self.conn.their_state)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._wait_for(
            None if self.conn.their_state is h11.IDLE else self.conn.their_state
        )  # between requests uvicorn waits

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_for(None)
        super().connection_lost(exc)

    def _wait_for(self, part: Any) -> None:
        """Start the timer if a new part of a request begins, and stop it if no part is expected."""
        if part is self._part:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._part = part
        if part in (h11.IDLE, h11.SEND_BODY):
            self._timer = self.loop.call_later(
                self.head_s if part is h11.IDLE else self.body_s, self.transport.abort
            )


class NotOfTheEnd(logging.Filter):
    """Drop log records of requests that were cancelled because the server stopped."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return True if the record is to be written."""
        return not (record.exc_info and record.exc_info[0] is asyncio.CancelledError)
