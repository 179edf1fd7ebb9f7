"""The receiver of events: the addresses to which a server under test sends its webhooks, and the
deliveries.

An `Inbox` only stores and answers deliveries. A socket of this machine (`listening`), or a sandbox in the
same process, brings them.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.errors import PgagentsError

MOST_BOXES = 50
MOST_DELIVERIES = 2_000
MOST_KEPT_BYTES = 16_777_216
"""The most bytes of bodies that a box stores, besides MOST_DELIVERIES. The oldest deliveries are dropped
first.
"""
MAX_BODY_BYTES = 1_048_576
TAKEN = 204
REFUSED = 500
MOVED = 302
"""A redirect to an address that accepts nothing, so that following it leads to an error."""
NOBODY = 404
TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Delivery:
    """One received request: headers, exact body, time (epoch seconds), and the status of its answer."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float
    answered: int

    def header(self, name: str) -> str | None:
        """Return the first header with that name, ignoring case, or None."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


@dataclass(slots=True)
class _Box:
    """One address: its deliveries, the number of deliveries still to refuse, and the status for refusing."""

    refusals: int = 0
    refusal: int = REFUSED
    came: deque[Delivery] = field(default_factory=deque)
    size_bytes: int = 0

    def keep(self, delivery: Delivery) -> None:
        """Store a delivery, and drop the oldest ones beyond the limits."""
        self.came.append(delivery)
        self.size_bytes += len(delivery.body)
        while len(self.came) > MOST_DELIVERIES or self.size_bytes > MOST_KEPT_BYTES:
            self.size_bytes -= len(self.came.popleft().body)


class Inbox:
    """Stores deliveries by address.

    `url` is the https base URL under which the server under test reaches it.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._boxes: dict[str, _Box] = {}
        self._lock = threading.Lock()

    @property
    def loopback(self) -> bool:
        """True if it is on this machine, so that the server under test must deliver to loopback addresses."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def open(self, name: str, *, refusals: int = 0, refusal: int = REFUSED) -> str:
        """Return a new address. Its first `refusals` deliveries are answered with the status `refusal`."""
        with self._lock:
            if len(self._boxes) >= MOST_BOXES:
                del self._boxes[next(iter(self._boxes))]
            self._boxes[name] = _Box(refusals, refusal)
        return f"{self.url}/{name}"

    def deliveries(self, name: str) -> tuple[Delivery, ...]:
        """Return the deliveries to an address so far, in order."""
        with self._lock:
            box = self._boxes.get(name)
            return tuple(box.came) if box else ()

    def take(self, path: str, headers: tuple[tuple[str, str], ...], body: bytes, at: float) -> int:
        """Store a delivery; return the status of its answer."""
        name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
        with self._lock:
            box = self._boxes.get(name)
            if box is None:
                return NOBODY
            if len(body) > MAX_BODY_BYTES:
                return TOO_LARGE
            status = box.refusal if box.refusals > 0 else TAKEN
            box.refusals -= status != TAKEN
            box.keep(Delivery(headers, body, at, status))
            return status


# -- a socket of this machine that receives events


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
