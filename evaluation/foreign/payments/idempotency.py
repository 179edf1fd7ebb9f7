"""Stored answers of calls with an Idempotency-Key."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass

from flask import Response

from ..planting import planted
from .clock import Clock
from .errors import ApiError

KEY = re.compile("[!-~]{1,255}")
KEPT_S = 24 * 3600
STORED = {201, 202, 402, 404, 409}
REPEATED_HEADERS = ("Location", "Retry-After", "ETag")

Fields = tuple[tuple[str, str], ...]


@dataclass
class Stored:
    """The first call with a key, and its answer once there is one."""

    fields: Fields
    since: int
    status: int = 0
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


class StoredAnswers:
    """Answers by account, path and key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stored: dict[tuple[str, str, str], Stored] = {}
        self._lock = threading.Lock()

    def run(
        self, account: str, path: str, key: str | None, fields: Fields, action: Callable[[], Response]
    ) -> Response:
        """Answer from the store, or do the action and store its answer."""
        if key is None or planted("key-ignored"):
            return action()
        if not KEY.fullmatch(key):
            raise ApiError("idempotency_key_invalid", "a key has 1 to 255 visible ASCII characters")
        place = account, "" if planted("key-of-another-path") else path, key
        with self._lock:
            first = self._stored.get(place)
            if first is not None and first.status and self._clock() >= first.since + KEPT_S:
                first = None
            if first is None:
                mine = self._stored[place] = Stored(fields, self._clock())
        if first is not None:
            return self._replay(first, fields)
        try:
            response = action()
        except ApiError as error:
            response = error.response()
        except BaseException:
            self._forget(place)
            raise
        if response.status_code not in STORED:
            self._forget(place)
            return response
        mine.body = response.get_data()
        mine.headers = tuple(
            (name, response.headers[name])
            for name in REPEATED_HEADERS
            if name in response.headers and not planted("headers-not-replayed")
        )
        mine.status = response.status_code
        return response

    def _forget(self, place: tuple[str, str, str]) -> None:
        with self._lock:
            self._stored.pop(place, None)

    def _replay(self, first: Stored, fields: Fields) -> Response:
        if first.fields != fields and not planted("key-with-other-fields"):
            raise ApiError("idempotency_mismatch", "the key was used with other fields")
        if not first.status:
            raise ApiError("idempotency_in_progress", "the first call with this key is still running")
        response = Response(first.body, first.status, first.headers, content_type="application/json")
        response.headers["Idempotent-Replayed"] = "true"
        return response
