"""Stands before the sandbox: passes each request on and writes it down, or gives the answer that was
planned for it.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import httpx

HOP = {
    "connection",
    "keep-alive",
    "transfer-encoding",
    "content-length",
    "host",
    "content-encoding",
    "accept-encoding",
}


class Seen(NamedTuple):
    """A request as it came: header names in lower case, `at` in seconds of a clock that only goes on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    at: float
    answer: bytes


class Planned(NamedTuple):
    """An answer in place of the sandbox's; status 0 breaks the connection."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Front:
    """The front: its address, the requests that came, and the answers planned for the next ones."""

    url: str
    seen: list[Seen] = field(default_factory=list)
    plan: deque[Planned] = field(default_factory=deque)

    def since(self, number: int) -> list[Seen]:
        """Return the requests that came after so many."""
        return self.seen[number:]


@contextmanager
def front(behind: str) -> Iterator[Front]:
    """Listens on a free port of this machine until the end."""
    with httpx.Client(base_url=behind, timeout=30) as client:
        server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"client": client}))
        server.daemon_threads = True
        made = Front(f"http://127.0.0.1:{server.server_address[1]}")
        server.RequestHandlerClass.front = made  # type: ignore[attr-defined]  # a class of its own for each front
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is not news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    client: httpx.Client
    front: Front

    def _serve(self) -> None:
        at = time.monotonic()
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.front.plan:
            status, given, answer = self.front.plan.popleft()
        else:
            passed = {name: value for name, value in headers.items() if name not in HOP}
            found = self.client.request(self.command, self.path, headers=passed, content=body)
            status, given, answer = (
                found.status_code,
                {k: v for k, v in found.headers.items() if k.lower() not in HOP},
                found.content,
            )
        self.front.seen.append(Seen(self.command, self.path, headers, body, at, answer))
        self.close_connection = status == 0
        if status:
            self.send_response_only(status)
            for name, value in given.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _serve

    def log_message(self, *words: Any) -> None:
        """Nothing is written: what came is kept."""
