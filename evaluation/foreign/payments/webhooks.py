"""Standard Webhooks: signed messages, each tried three times."""

import base64
import hashlib
import heapq
import hmac
import http.client
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import SplitResult, urlsplit

from ..planting import planted
from .storage import WebhookEndpoint

TIMEOUT_S = 10
PAUSES_S = (5, 30)  # before the second and the third attempt
HOSTS = {"127.0.0.1", "localhost"}  # messages to other hosts are never sent from here

logger = logging.getLogger(__name__)


@dataclass
class Message:
    """The message of one event to one endpoint."""

    id: str
    endpoint: WebhookEndpoint
    body: bytes
    attempts: int = 0


def sign(secret: str, id: str, timestamp: str, body: bytes) -> str:
    """The value of the header webhook-signature."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    if planted("signature-over-own-json"):
        body = json.dumps(json.loads(body), ensure_ascii=False).encode()
    digest = hmac.digest(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode()


def deliver(message: Message) -> bool:
    """Make one attempt; True if the endpoint took the message."""
    parts = urlsplit(message.endpoint.url)
    if parts.scheme != "http" or parts.hostname not in HOSTS:
        return False
    timestamp = str(int(time.time()))
    shown = str(int(time.time() * 1000)) if planted("timestamp-in-milliseconds") else timestamp
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": shown,
        "webhook-signature": sign(message.endpoint.secret, message.id, timestamp, message.body),
    }
    try:
        try:
            status = _post(parts, message.body, headers)
        except (ConnectionResetError, BrokenPipeError):
            if not planted("lost-is-sent-at-once"):
                raise
            status = _post(parts, message.body, headers)  # as HTTP clients do that repeat by themselves
    except (OSError, http.client.HTTPException):
        return False
    if planted("only-200-is-delivery"):
        return status == 200
    return 200 <= status < (400 if planted("redirect-is-delivery") else 300)


def _post(parts: SplitResult, body: bytes, headers: dict[str, str]) -> int:
    """Send a message once, and return the status of the answer."""
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=TIMEOUT_S)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


class Webhooks:
    """Sends messages in the background."""

    def __init__(self, is_wanted: Callable[[WebhookEndpoint], bool], new_id: Callable[[str], str]) -> None:
        self._is_wanted, self._new_id = is_wanted, new_id
        self._due: list[tuple[float, int, Message]] = []
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(64, thread_name_prefix="webhook")
        threading.Thread(target=self._schedule, daemon=True).start()

    def announce(self, event: str, at: int, data: dict[str, Any], endpoints: list[WebhookEndpoint]) -> None:
        """Send an event to each of these endpoints."""
        timestamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = json.dumps({"type": event, "timestamp": timestamp, "data": data}).encode()
        for endpoint in endpoints:
            self._put(time.monotonic(), Message(self._new_id("msg"), endpoint, body))

    def _put(self, due: float, message: Message) -> None:
        with self._changed:
            heapq.heappush(self._due, (due, next(self._order), message))
            self._changed.notify()

    def _schedule(self) -> None:
        while True:
            with self._changed:
                while not self._due or self._due[0][0] > time.monotonic():
                    self._changed.wait(self._due[0][0] - time.monotonic() if self._due else None)
                message = heapq.heappop(self._due)[2]
            self._pool.submit(self._attempt, message)

    def _attempt(self, message: Message) -> None:
        if not self._is_wanted(message.endpoint):
            return
        began = time.monotonic()
        if deliver(message):
            return
        message.attempts += 1
        if planted("message-id-per-attempt"):
            message.id = self._new_id("msg")
        if message.attempts <= len(PAUSES_S):
            self._put(began + PAUSES_S[message.attempts - 1], message)
        else:
            logger.info("%s was not taken", message.id)
