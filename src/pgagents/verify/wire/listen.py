"""Receive events on a socket of this machine for the duration of a run."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.verify.wire.receiver import MAX_BODY_BYTES, MOVED, TOO_LARGE, Inbox

HOST = "127.0.0.1"
TIMEOUT_S = 10.0
AT_ONCE = 32
DRAIN_BYTES = 65_536
MOST_DRAINED = 8 * MAX_BODY_BYTES


@contextmanager
def listening(
    url: str = "", port: int = 0, clock: Callable[[], float] = time.time, *, plain: bool = False
) -> Iterator[Inbox]:
    """Open an inbox that is reached over a socket until the block ends.

    Without `url` it listens on a free port of this machine, for a server that may deliver to loopback
    addresses. It uses TLS with a self-signed certificate, or none if `plain`. With `url` it listens without
    TLS on `port`, to which a tunnel or proxy at `url` forwards deliveries. Raises PgagentsError if the port
    is taken.
    """
    try:
        server = _Server((HOST, port), None if url or plain else _certificate())
    except OSError as error:
        raise PgagentsError(
            f"cannot listen on {HOST}:{port}: {error.strerror}", "give another --receiver-port"
        ) from None
    scheme = "http" if plain else "https"
    inbox = Inbox(url or f"{scheme}://{HOST}:{server.server_address[1]}/events")
    server.take = lambda path, headers, body: inbox.take(path, headers, body, clock())
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield inbox
    finally:
        server.shutdown()
        server.server_close()


def _certificate() -> ssl.SSLContext:
    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    trustme.CA(organization_name="pgagents receiver").issue_cert("localhost", HOST).configure_cert(context)
    return context


class _Server(ThreadingHTTPServer):
    """Answers a limited number of deliveries at once, each in limited time. Further connections are
    closed.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = AT_ONCE

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext | None) -> None:
        self.take: Callable[[str, tuple[tuple[str, str], ...], bytes], int] = lambda *_: 503
        self._context = context
        self._room = threading.Semaphore(AT_ONCE)
        super().__init__(address, _Delivery)

    def get_request(self) -> tuple[Any, Any]:
        connection, peer = super().get_request()
        connection.settimeout(TIMEOUT_S)
        if (
            self._context is not None
        ):  # handshakes run in the threads of deliveries, so that a slow one blocks no other
            connection = self._context.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, peer

    def process_request(self, request: Any, client_address: Any) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore connections that are closed early or send no HTTP."""


class _Delivery(BaseHTTPRequestHandler):
    """Answers one connection, and closes it after one delivery."""

    server: _Server
    timeout = TIMEOUT_S
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "pgagents", ""

    def do_POST(self) -> None:
        self.close_connection = True
        body = self._body()
        status = TOO_LARGE if body is None else self.server.take(self.path, tuple(self.headers.items()), body)
        self.send_response(status)
        if status == MOVED:
            self.send_header("Location", "/moved")
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def _body(self) -> bytes | None:
        """Return the exact bytes of the body; None if they are too many or their number is unknown."""
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._chunks()
        declared = self.headers.get("Content-Length") or "0"
        size = (
            int(declared)
            if declared.isascii() and declared.isdigit() and len(declared) < 10
            else MAX_BODY_BYTES + 1
        )
        if size <= MAX_BODY_BYTES:
            return self.rfile.read(size)
        for _ in range(
            min(size, MOST_DRAINED) // DRAIN_BYTES
        ):  # so that the sender can still read the answer
            if not self.rfile.read(DRAIN_BYTES):
                break
        return None

    def _chunks(self) -> bytes | None:
        found = b""
        while len(found) <= MAX_BODY_BYTES:
            line = self.rfile.readline(100).partition(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError:
                return None
            if not 0 <= size <= MAX_BODY_BYTES:
                return None
            if size == 0:
                return found
            found += self.rfile.read(size)
            self.rfile.readline(2)
        return None

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing about requests."""
