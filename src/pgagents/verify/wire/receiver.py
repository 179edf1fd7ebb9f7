"""The receiver of events: where a server under test sends its webhooks, and what came.

An `Inbox` only keeps and answers; who brings it the deliveries is the caller's business: a listener on a socket
(`verify/wire/listen.py`), or a sandbox in the same process.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

MOST_BOXES = 50
MOST_DELIVERIES = 2_000
MOST_KEPT_BYTES = 16_777_216
"""Kept for each box, so many and so much of their bodies; a server that sends without end only pushes its own older ones out."""
MAX_BODY_BYTES = 1_048_576
TAKEN = 204
REFUSED = 500
NOBODY = 404
TOO_LARGE = 413


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request that came: headers as they came, the body's exact bytes, when (epoch seconds), and what it was answered."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    at: float
    answered: int

    def header(self, name: str) -> str | None:
        """The first header of that name, any case."""
        return next((v for k, v in self.headers if k.lower() == name.lower()), None)


@dataclass(slots=True)
class _Box:
    """One address: what came, and how many more are to be refused."""

    refusals: int = 0
    came: deque[Delivery] = field(default_factory=deque)
    size_bytes: int = 0

    def keep(self, delivery: Delivery) -> None:
        """Keep it, and of the older ones as many as there is room for."""
        self.came.append(delivery)
        self.size_bytes += len(delivery.body)
        while len(self.came) > MOST_DELIVERIES or self.size_bytes > MOST_KEPT_BYTES:
            self.size_bytes -= len(self.came.popleft().body)


class Inbox:
    """Keeps deliveries by the address they came to. `url` is the base under which the server under test reaches it, https."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._boxes: dict[str, _Box] = {}
        self._lock = threading.Lock()

    @property
    def loopback(self) -> bool:
        """Whether it is on this machine, so that the server under test must send to loopback addresses."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def open(self, name: str, *, refusals: int = 0) -> str:
        """An address of its own, whose first so many deliveries are answered with an error."""
        with self._lock:
            if len(self._boxes) >= MOST_BOXES:
                del self._boxes[next(iter(self._boxes))]
            self._boxes[name] = _Box(refusals)
        return f"{self.url}/{name}"

    def deliveries(self, name: str) -> tuple[Delivery, ...]:
        """What came to an address so far, in order."""
        with self._lock:
            box = self._boxes.get(name)
            return tuple(box.came) if box else ()

    def take(self, path: str, headers: tuple[tuple[str, str], ...], body: bytes, at: float) -> int:
        """Keep a delivery; gives the status to answer it with."""
        name = path.partition("?")[0].rstrip("/").rpartition("/")[2]
        with self._lock:
            box = self._boxes.get(name)
            if box is None:
                return NOBODY
            if len(body) > MAX_BODY_BYTES:
                return TOO_LARGE
            status = REFUSED if box.refusals > 0 else TAKEN
            box.refusals -= status == REFUSED
            box.keep(Delivery(headers, body, at, status))
            return status
