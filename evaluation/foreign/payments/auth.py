"""Keys in HTTP Basic, their accounts, and the window of calls of each."""

import base64
import binascii
import math
import threading
import time
from dataclasses import dataclass

from ..planting import planted
from .errors import ApiError

OPERATOR = "operator"
ACCOUNTS = {
    "cp_test_AccountOne00000000000000": "one",
    "cp_test_AccountTwo00000000000000": "two",
    "cp_op_Operator0000000000000000": OPERATOR,
}
REVOKED = "cp_test_Revoked00000000000000000"
CHALLENGE = {"WWW-Authenticate": 'Basic realm="coinpost", charset="UTF-8"'}
WINDOW_S = 60


def _known_keys() -> set[str]:
    return {*ACCOUNTS, REVOKED} if planted("revoked-key-works") else set(ACCOUNTS)


def read_key(header: str | None) -> str:
    """The known key in an Authorization header."""
    if header is None:
        raise ApiError("key_missing", "the Authorization header is missing", headers=CHALLENGE)
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() == "basic":
        try:
            user, colon, password = (
                base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            user = colon = password = ""
        if colon and not password and user in _known_keys():
            return user
    if planted("unknown-key-500"):
        raise RuntimeError("invalid identifier or password")
    raise ApiError("key_invalid", "the key is not valid here", headers=CHALLENGE)


@dataclass
class Window:
    """The calls of a key since its window began."""

    began: float
    calls: int = 0


class RateLimit:
    """Counts calls by key, in real time."""

    def __init__(self, quota: int) -> None:
        self.quota = quota
        self._windows: dict[str, Window] = {}
        self._lock = threading.Lock()

    def count(self, key: str) -> tuple[bool, dict[str, str]]:
        """Count a call: is it allowed, and the headers that say what is left."""
        with self._lock:
            now = time.monotonic()
            window = self._windows.get(key)
            if window is None or now >= window.began + WINDOW_S:
                window = self._windows[key] = Window(now)
            allowed = window.calls < self.quota
            if allowed:
                window.calls += 1
            left = max(1, math.ceil(window.began + WINDOW_S - now))
            calls_left = self.quota - window.calls
            if allowed and planted("remaining-before-call"):
                calls_left += 1
            headers = {
                "RateLimit-Policy": f'"default";q={self.quota};w={WINDOW_S}',
                "RateLimit": f'"default";r={calls_left};t={left}',
            }
            if not allowed:
                headers["Retry-After"] = str(left)
            return allowed, headers
