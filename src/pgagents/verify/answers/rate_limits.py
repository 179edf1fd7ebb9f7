"""What an answer's headers tell of the bucket that is closest to empty, and of the window that it counts in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.exchange import Exchange

SKEW_S = 5.0
"""So much the server's clock and ours may differ."""
WHOLE_S = 1.0
"""A time in whole seconds is less exact by so much."""
GRAINS = 64
"""In so many parts of a window is remembered how many calls were made."""


def rate_of(exchange: Exchange, setting: Setting) -> tuple[int, int, int] | None:
    """Limit, remaining and reset of an answer; None where one is missing or no whole number."""
    names = setting.model.limits.headers
    if names is None:
        return None
    found = [exchange.header(n) for n in (names.limit, names.remaining, names.reset)]
    if any(v is None or not v.strip().isdigit() or len(v) > 15 for v in found):
        return None
    limit, remaining, reset = (int(str(v)) for v in found)
    return limit, remaining, reset


def in_epoch(setting: Setting) -> bool:
    """Whether the reset header tells a moment, not seconds from now."""
    return bool(setting.model.limits.reset_unit == "epoch_seconds")


def ahead_s(exchange: Exchange, reset: int, setting: Setting) -> float:
    """How far from the call the reset is that its answer tells."""
    return reset - exchange.sent_at if in_epoch(setting) else float(reset)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was told to remain, when, and between which moments by our clock the end lies that was told with it."""

    remaining: int
    at: float
    soonest: float
    latest: float


def reading_of(exchange: Exchange, remaining: int, reset: int, setting: Setting) -> Reading:
    """An answer's. Seconds from now are counted from somewhere between the call and its answer, and by no clock of another's."""
    end = exchange.sent_at + ahead_s(exchange, reset, setting)
    if in_epoch(setting):
        return Reading(remaining, exchange.sent_at, end - WHOLE_S - SKEW_S, end + WHOLE_S + SKEW_S)
    return Reading(remaining, exchange.sent_at, end - WHOLE_S, end + WHOLE_S + exchange.seconds)


def note_sent(exchange: Exchange, windows: Iterable[float], sent: dict[Any, Any]) -> None:
    """Count a call for windows of these lengths in seconds: where a window slides, a call comes back a window after it was made."""
    for per_s in windows:
        counts: dict[int, int] = sent.setdefault(per_s, {})
        grain = int(exchange.sent_at * GRAINS // per_s)
        counts[grain] = counts.get(grain, 0) + 1
        if len(counts) > 3 * GRAINS:
            del counts[next(iter(counts))]


def estimate_refill(earlier: Reading, exchange: Exchange, windows: Sequence[float], fallen: float) -> float:
    """How many calls windows of these lengths may have given back since an earlier reading, beside an even pace.

    All of them once the window that was told has ended. Until then none but those that fell out (`fallen`) of one that slides, and
    that only where it was told to end a whole window later: one that ends sooner is fixed, weighs the one before it evenly, or tells
    when its oldest call falls out.
    """
    if exchange.sent_at + exchange.seconds >= earlier.soonest:
        return math.inf
    return fallen if earlier.latest - earlier.at >= min(windows) else 0


def fallen_out(earlier: Reading, exchange: Exchange, windows: Sequence[float], sent: dict[Any, Any]) -> int:
    """How many of the caller's own calls were made a window before the time from an earlier reading to this one."""
    found = 0
    for per_s in windows:
        first = (earlier.at - per_s - WHOLE_S) * GRAINS // per_s
        last = (exchange.sent_at + exchange.seconds - per_s + WHOLE_S) * GRAINS // per_s
        found = max(found, sum(count for grain, count in sent.get(per_s, {}).items() if first <= grain <= last))
    return found
