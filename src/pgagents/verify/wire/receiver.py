"""The receiver of events: the addresses to which a server under test sends its webhooks, and the deliveries.

An `Inbox` only stores and answers deliveries. A socket listener (`verify/wire/listen.py`), or a sandbox in
the same process, brings them.
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
