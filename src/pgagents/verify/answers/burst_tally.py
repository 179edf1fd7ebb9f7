"""Count the calls of a burst that were let through, and judge if they exceed the limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pgagents.model.answers.limit_reader import LIMITED
from pgagents.model.model import Bucket
from pgagents.verify.answers.rate_limits import ahead_s, in_epoch, rate_of
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.exchange import Exchange

SLACK = 2
MOST_LIMIT = 10**9
MOST_TIMES = 2
"""A key with more than this many times the published limit is unlimited."""
ENOUGH_TO_TELL = 20
FULL_AGAIN = 0.9
"""A bucket that regains this part of its tokens while one request is sent cannot be emptied by a burst."""
TELLS_S = 10.0
"""The shortest window, in seconds, for which two successive reset headers clearly differ."""
MOST_TRIED = 3
"""The most calls without a 429, as a multiple of the limit.

An enforced limit is met within two windows, so after that many calls this client is too slow to meet it.
"""


@dataclass(slots=True)
class Tally:
    """Counts the calls of a burst that were let through: all of them, and those since the last window began.

    `end` is the end of the window by the reset header (epoch seconds); None if the header cannot be read.
    """

    bucket: Bucket
    told: int
    passed: int = 0
    left: int = 0
    began: float = 0.0
    took_s: float = 0.0
    in_window: int = 0
    end: float | None = None

    def add(self, exchange: Exchange, setting: Setting) -> None:
        """Count a call that was let through."""
        self.began = self.began or exchange.sent_at
        self.took_s = exchange.sent_at + exchange.seconds - self.began
        self.passed += 1
        self.told = _limit(setting, exchange) or self.told
        rate = rate_of(exchange, setting)
        self.left = rate.remaining if rate is not None else 0
        before, self.end = self.end, None
        if (
            rate is not None
            and rate.reset is not None
            and self.bucket.per_s >= (1.0 if in_epoch(setting) else TELLS_S)
        ):
            self.end = exchange.sent_at + ahead_s(exchange, rate.reset, setting)
        # the end of a sliding window moves with the calls; that of any other stays, then jumps by a whole
        # window
        other = before is None or self.end is None or self.end - before > self.bucket.per_s / 2
        self.in_window = 1 if other else self.in_window + 1

    def not_applicable(self) -> str:
        """Return why the burst proves nothing; empty if it can be judged."""
        if self.told > self.bucket.requests * MOST_TIMES:
            return f"this unlimited key's limit is {self.told:,}: an ordinary key shows it"
        if (
            self.passed >= ENOUGH_TO_TELL
            and self.took_s / self.passed * (self.told / self.bucket.per_s) >= FULL_AGAIN
        ):
            return (
                f"the bucket refills as fast as this client sends: {self.passed / self.took_s:.1f} a second"
            )
        if (
            self.bucket.refill == "window"
            and not self.too_many()
            and self.passed > MOST_TRIED * self.told + SLACK
        ):
            return (
                f"windows of {self.bucket.per_s:g} s end before this client has used one up: "
                f"{self.passed / self.took_s:.1f} calls a second"
            )
        return ""

    def too_many(self) -> str:
        """Return the expected number of calls if more were let through; else an empty text."""
        per_s = self.bucket.per_s
        if self.bucket.refill == "even":
            most = self.told + math.ceil(self.took_s * (self.told / per_s)) + SLACK
            return (
                f"a {LIMITED} after at most {self.told} calls and what refilled in {self.took_s:.1f} s"
                if self.passed > most
                else ""
            )
        if self.in_window > self.told + SLACK:
            return (
                f"a {LIMITED} after at most {self.told} calls in a window of {per_s:g} s, one end of "
                "which was announced"
            )
        windows = 2 + math.floor(self.took_s / per_s)
        if self.passed > windows * self.told + SLACK:
            return (
                f"a {LIMITED} after at most {windows} times {self.told} calls in {self.took_s:.1f} s, by "
                f"windows of {per_s:g} s"
            )
        return ""


def _limit(setting: Setting, exchange: Exchange) -> int | None:
    rate = rate_of(exchange, setting)
    return rate.limit if rate is not None and rate.limit < MOST_LIMIT else None
