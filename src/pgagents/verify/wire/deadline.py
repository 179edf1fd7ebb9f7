"""One deadline for a whole answer, because httpcore's time-outs start anew with every byte."""

from __future__ import annotations

import math
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import httpcore

from pgagents.verify.wire.lease import may_send

MOST_HELD = 16_384
HEAD_END = re.compile(rb"\n\r?\n")
"""The blank line after an answer's headers."""
HEAD_START = b"HTTP/1."
QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
"""Linux has it alone."""


class Deadline(httpcore.NetworkBackend):
    """A network backend whose streams stop reading at the time `at` (by the timer).

    Each thread sets its own `at` before each request.
    """

    def __init__(self, inner: httpcore.NetworkBackend, timer: Callable[[], float]) -> None:
        self._inner, self._timer = inner, timer
        self._of_thread = threading.local()

    @property
    def at(self) -> float:
        """The time at which this thread's request must end, by the timer."""
        return float(getattr(self._of_thread, "at", math.inf))

    @at.setter
    def at(self, value: float) -> None:
        self._of_thread.at = value

    @property
    def connected(self) -> bool:
        """True if this thread has opened a connection since `connected` was last set to False."""
        return bool(getattr(self._of_thread, "connected", False))

    @connected.setter
    def connected(self, value: bool) -> None:
        self._of_thread.connected = value

    def get_seconds_left(self, timeout: float | None) -> float:
        """Return the seconds that are left, or the time-out if it is shorter.

        Raises httpcore.ReadTimeout if none are left.
        """
        left = self.at - self._timer()
        if left <= 0:
            raise httpcore.ReadTimeout("the answer did not end in time")
        return left if timeout is None else min(timeout, left)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect within the time left."""
        self.connected = True
        return _Stream(
            self._inner.connect_tcp(
                host, port, self.get_seconds_left(timeout), local_address, socket_options
            ),
            self,
        )

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Connect within the time left."""
        return _Stream(
            self._inner.connect_unix_socket(path, self.get_seconds_left(timeout), socket_options), self
        )

    def sleep(self, seconds: float) -> None:
        """Wait between attempts to connect."""
        self._inner.sleep(seconds)


class _Stream(httpcore.NetworkStream):
    """A connection that collects written bytes until an answer is read.

    So a request's head and a short body are sent together, which wakes many servers once instead of twice.
    """

    def __init__(self, inner: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline
        self._held = b""
        self._last_read = b""

    @property
    def after_head(self) -> bytes:
        """The bytes that came in one piece with the end of an answer's head; for answers without a body."""
        rest = self._last_read
        while (end := HEAD_END.search(rest)) is not None:
            rest = rest[end.end() :]
            if not rest.startswith(HEAD_START):  # else the head before it was that of a 103
                return rest
        return b""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            with suppress(
                httpcore.WriteError
            ):  # a server may answer early, with a reason, without reading everything
                self._flush(timeout)
        self._acknowledge_at_once()
        came = self._inner.read(max_bytes, self._deadline.get_seconds_left(timeout))
        self._last_read = self._last_read[-2:] + came  # a blank line may come in two pieces
        return came

    def _acknowledge_at_once(self) -> None:
        """Let no server wait for the system's late acknowledgement of an answer's head.

        uvicorn with `--reload` or `--workers` sends no body before it, 40 ms later. Linux forgets the option
        with each request.
        """
        connection = self._inner.get_extra_info("socket")
        if QUICKACK is not None and connection is not None:
            with suppress(OSError):  # a Unix socket has no such option
                connection.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer
        self._last_read = b""
        if len(self._held) > MOST_HELD:
            self._flush(timeout)

    def _flush(self, timeout: float | None) -> None:
        """Send what is held, unless the lease has ended since the request was begun.

        The process may have stood still meanwhile, and another run may use the server by now.
        """
        if not may_send():
            raise httpcore.ReadTimeout("the lease has ended")
        held, self._held = self._held, b""
        self._inner.write(held, self._deadline.get_seconds_left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._inner.start_tls(ssl_context, server_hostname, self._deadline.get_seconds_left(timeout)),
            self._deadline,
        )

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
