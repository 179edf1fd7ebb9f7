"""Read rate limits from answers: whether the call was limited, how many calls remain, when to call again.

A limit is in three headers, in `RateLimit` and `RateLimit-Policy` (RFC 9651), or in one such as `32/40`. An
API may also give no more than Retry-After.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from pgagents.model.answers.error_reader import ReadError

LIMITED = 429
RATE_LIMIT, POLICY, RETRY_AFTER = "RateLimit", "RateLimit-Policy", "Retry-After"
LONGEST = 2_000
"""Longest header that is read, in characters."""
Headers = Callable[[str], str | None]
"""A function that returns the answer's header of this name, or None."""


@dataclass(frozen=True, slots=True)
class ToldLimit:
    """The limit that an answer states. A part that the answer leaves out is None.

    `reset` is in epoch seconds or in seconds from now, as the catalogue says.
    """

    limit: int | None
    remaining: int
    reset: int | None
    window_s: int | None = None


class LimitReader:
    """Reads limits as the catalogue's `limits` describes them."""

    def __init__(self, limits: Any, limited: str | None) -> None:
        self._headers = limits.headers
        self._limited = limited
        self.statuses: frozenset[int] = frozenset(limits.status)
        self.in_epoch: bool = limits.reset_unit == "epoch_seconds" and bool(
            self._headers and self._headers.reset
        )
        self.retry: str = self._headers.retry if self._headers else RETRY_AFTER
        pattern = self._headers.pattern if self._headers else None
        self._pattern = _compile(pattern) if pattern else None

    @property
    def names(self) -> list[str]:
        """The headers that show a limit, except the one that says when to call again."""
        given = self._headers
        if given is None:
            return []
        if given.ietf:
            return [RATE_LIMIT, POLICY]
        return [name for name in (given.limit, given.remaining, given.reset, given.usage) if name]

    def is_limited(self, status: int, header: Headers, error: ReadError | None = None) -> bool:
        """Return whether an answer refuses a call because of the rate limit.

        Any status except 429 may have other reasons. Then the error code decides, or else a header about
        waiting or calls left.
        """
        if status not in self.statuses:
            return False
        code = error.code if error is not None else None
        if status == LIMITED or (code is not None and code.name == self._limited):
            return True
        if code is not None and self._limited is not None:
            return False
        told = self.read(header)
        return header(self.retry) is not None or (told is not None and told.remaining == 0)

    def read(self, header: Headers) -> ToldLimit | None:
        """Return the limit that an answer shows; None if no header can be read."""
        given = self._headers
        if given is None:
            return None
        if given.ietf:
            return _read_fields(header(RATE_LIMIT), header(POLICY))
        if self._pattern is not None:
            return _read_usage(self._pattern, header(given.usage))
        if given.limit is None:
            return None
        limit, remaining, reset = (
            _whole(header(name)) for name in (given.limit, given.remaining, given.reset)
        )
        if limit is None or remaining is None:
            return None
        return ToldLimit(limit, remaining, reset)

    def wait_s(self, header: Headers, now: float) -> float | None:
        """Return the seconds to wait before the next call; None if the answer does not say."""
        told = retry_after_s(header(self.retry), now)
        if told is not None:
            return told
        limit = self.read(header)
        if limit is None or limit.reset is None or limit.remaining:
            return None
        return max(0.0, limit.reset - now if self.in_epoch else float(limit.reset))


def retry_after_s(text: str | None, now: float) -> float | None:
    """Return the value of Retry-After in seconds (RFC 9110, 10.2.3); None if it is neither a number nor a
    date.
    """
    if text is None or len(text) > 64:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
        # an HTTP date without a zone is one of UTC (RFC 9110, 5.6.7), wherever this machine is
        return max(0.0, (at if at.tzinfo is not None else at.replace(tzinfo=UTC)).timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def find_pattern_problem(pattern: str) -> str:
    """Describe what is wrong with the pattern of a usage header; empty if it is valid."""
    names = re.findall(r"\{(\w*)\}", pattern)
    if names.count("limit") != 1 or len(names) != 2 or not {"used", "remaining"} & set(names):
        return "it needs `{limit}` and one of `{used}` and `{remaining}`, each once"
    return ""


def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", pattern)
    return re.compile(
        "".join(rf"(?P<{p}>\d{{1,15}})" if n % 2 else re.escape(p) for n, p in enumerate(parts))
    )


def _read_usage(pattern: re.Pattern[str], text: str | None) -> ToldLimit | None:
    found = pattern.fullmatch(text.strip()) if text is not None and len(text) < LONGEST else None
    if found is None:
        return None
    numbers = {name: int(value) for name, value in found.groupdict().items()}
    left = numbers["remaining"] if "remaining" in numbers else max(0, numbers["limit"] - numbers["used"])
    return ToldLimit(numbers["limit"], left, None)


def _read_fields(limits: str | None, policies: str | None) -> ToldLimit | None:
    """Return the limit with the fewest calls left, and the quota of its policy."""
    known = dict(_parse(policies))
    found = [(params, known.get(name, {})) for name, params in _parse(limits) if _is_count(params.get("r"))]
    if not found:
        return None
    item, policy = min(found, key=lambda pair: pair[0]["r"])
    quota, window, reset = policy.get("q"), policy.get("w"), item.get("t")
    return ToldLimit(
        quota if _is_count(quota) else None,
        item["r"],
        reset if _is_count(reset) else None,
        window if _is_count(window) else None,
    )


def _parse(text: str | None) -> Collection[tuple[str, dict[str, Any]]]:
    """Return the items of a structured list with their parameters; empty if it is malformed."""
    if not text or len(text) > LONGEST:
        return []
    import http_sf

    try:
        found: Any = http_sf.parse(text.encode(), tltype="list")
    except (ValueError, http_sf.StructuredFieldError):
        return []
    return [
        (item[0], item[1])
        for item in found
        if isinstance(item[0], str) and not isinstance(item[0], http_sf.Token)
    ]


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0


def _whole(text: str | None) -> int | None:
    """Return the number that a header holds; None if it is anything but at most 15 digits of ASCII."""
    digits = (text or "").strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
