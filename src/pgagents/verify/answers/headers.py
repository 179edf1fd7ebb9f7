"""Read headers of an answer: its rate limit and its request id.

A rate limit consists of the limit, the remaining calls, and the end of the window.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange

SKEW_S = 5.0
"""The largest difference, in seconds, between the server's clock and ours."""
WHOLE_S = 1.0
"""The uncertainty, in seconds, of a time in whole seconds."""
GRAINS = 64
"""Number of parts of a window by which our own calls are counted."""


@dataclass(frozen=True, slots=True)
class Rate:
    """The rate limit as an answer shows it: limit, remaining calls, reset and window length.

    The limit is the catalogue's if the answer has none. The last two are None if the answer lacks them.
    """

    limit: int
    remaining: int
    reset: int | None
    window_s: int | None


def rate_of(exchange: Exchange, setting: Setting) -> Rate | None:
    """Return the rate limit that an answer shows; None if no header can be read."""
    told = setting.model.limit_reader.read(exchange.header)
    if told is None:
        return None
    endpoint = exchange.call.endpoint
    bucket = setting.model.buckets.get(str(endpoint.action.bucket)) if endpoint is not None else None
    limit = told.limit if told.limit is not None else bucket.requests if bucket is not None else None
    return Rate(limit, told.remaining, told.reset, told.window_s) if limit is not None else None


def in_epoch(setting: Setting) -> bool:
    """True if the reset header gives an epoch time, not seconds from now."""
    return setting.model.limit_reader.in_epoch


def ahead_s(exchange: Exchange, reset: int, setting: Setting) -> float:
    """Seconds from the moment the call was sent to the reset that its answer gives."""
    return reset - exchange.sent_at if in_epoch(setting) else float(reset)


@dataclass(frozen=True, slots=True)
class Reading:
    """The remaining calls at the time `at`, and the earliest and latest end of their window.

    All times are epoch seconds by our clock.
    """

    remaining: int
    at: float
    soonest: float
    latest: float


def reading_of(exchange: Exchange, rate: Rate, setting: Setting) -> Reading:
    """Return the Reading of an answer. Without a reset header, its window may end at any time.

    A reset in seconds counts from some moment between the call and its answer, so the server's clock does not
    matter. A reset in epoch seconds allows for a difference between the clocks.
    """
    remaining, reset = rate.remaining, rate.reset
    if reset is None:
        return Reading(remaining, exchange.sent_at, -math.inf, math.inf)
    end = exchange.sent_at + ahead_s(exchange, reset, setting)
    if in_epoch(setting):
        return Reading(remaining, exchange.sent_at, end - WHOLE_S - SKEW_S, end + WHOLE_S + SKEW_S)
    return Reading(remaining, exchange.sent_at, end - WHOLE_S, end + WHOLE_S + exchange.seconds)


def note_sent(exchange: Exchange, windows: Iterable[float], sent: dict[Any, Any]) -> None:
    """Count a call in `sent`, for windows of each of these lengths in seconds.

    In a sliding window, a call no longer counts once a whole window has passed since it was made.
    """
    for per_s in windows:
        counts: dict[int, int] = sent.setdefault(per_s, {})
        grain = int(exchange.sent_at * GRAINS // per_s)
        counts[grain] = counts.get(grain, 0) + 1
        if len(counts) > 3 * GRAINS:
            del counts[next(iter(counts))]


def estimate_refill(earlier: Reading, exchange: Exchange, windows: Sequence[float], fallen: float) -> float:
    """Return how many calls may have become available since an earlier reading, besides those of an even
    refill.

    The result is infinite once the earlier reading's window may have ended. Before that it is `fallen` for a
    sliding window, whose announced end lies a whole window ahead. For any other window it is 0: a fixed one,
    for example, returns nothing before its end.
    """
    if exchange.answered_at >= earlier.soonest:
        return math.inf
    return fallen if earlier.latest - earlier.at >= min(windows) else 0


def count_expired(
    earlier: Reading, exchange: Exchange, windows: Sequence[float], sent: dict[Any, Any]
) -> int:
    """Return how many of our calls left a sliding window between an earlier reading and this answer."""
    found = 0
    for per_s in windows:
        first = (earlier.at - per_s - WHOLE_S) * GRAINS // per_s
        last = (exchange.answered_at - per_s + WHOLE_S) * GRAINS // per_s
        found = max(
            found, sum(count for grain, count in sent.get(per_s, {}).items() if first <= grain <= last)
        )
    return found


# -- the header with an answer's request id


FOREIGN = "pgv-trace-1"
"""An id that a client or a proxy may send. A server may return it beside its own id, but not in its place."""


def header_name(model: Model) -> str | None:
    """Return the declared header whose id the error envelope repeats, recognised by its name; None without
    one.
    """
    wanted = _letters((model.errors.request_id_at or "").rpartition(".")[2])
    return next((h.name for h in model.headers if wanted and _letters(h.name).endswith(wanted)), None)


def foreign(setting: Setting) -> tuple[str, str] | None:
    """Return the request id header and an id that the header's schema refuses; None if the schema allows any
    id.
    """
    name = header_name(setting.model)
    header = next((h for h in setting.model.headers if h.name == name), None)
    if header is None or setting.test(("header", header.name), header.schema).is_valid(FOREIGN):
        return None
    return header.name, FOREIGN


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
