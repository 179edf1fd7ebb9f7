"""Servers that count calls in windows: a shop with limits, lawful ways to count, and ways to break the
promise.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from functools import cache
from typing import Any

from inprocess import START, Inside, inside, over_tls, verify_sandbox
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Bucket, Model
from pgagents.report.report import Report
from pgagents.sandbox.limits import Drawn, Limits
from pgagents.verify.plan.options import Options
from verifying import PARK_GRAPH, SHOP

LOOKS, ORDERS, PER_S = 40, 25, 60
LIMITS = """\
limits:
  headers: {limit: X-RateLimit-Limit, remaining: X-RateLimit-Remaining, reset: X-RateLimit-Reset}
  reset_unit: UNIT
  buckets:
    looks: {requests: 40, per_s: PER_S, refill: REFILL}
    orders: {requests: 25, per_s: PER_S, refill: REFILL}

errors:
"""


@cache
def shop(refill: str = "window", unit: str = "epoch_seconds", per_s: int = PER_S) -> Model:
    """The shop, with a limit for its reads and one for its writes."""
    text = SHOP.read_text(encoding="utf-8")
    for old, new in (
        ("errors:\n", LIMITS.replace("REFILL", refill).replace("UNIT", unit).replace("PER_S", str(per_s))),
        ("always: [no_token, broken]", "always: [no_token, broken, too_many]"),
        ("    broken: 500\n", "    broken: 500\n    too_many: 429\n"),
        ("     crashed: broken}", "     crashed: broken, limited: too_many}"),
        ("422: Refused}", "422: Refused, 429: Too many}"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    for effect, bucket in (("read", "looks"), ("write", "orders")):
        text = text.replace(f"    effect: {effect}\n", f"    effect: {effect}\n    bucket: {bucket}\n")
    return load_text(text, str(SHOP))


@cache
def park_graph() -> Model:
    """Park Graph, if it counted in windows."""
    return load_text(
        PARK_GRAPH.read_text(encoding="utf-8").replace("{requests: ", "{refill: window, requests: "),
        str(PARK_GRAPH),
    )


class Counted(Limits):
    """Counts calls one by one, as a subclass says; shares nothing with how the sandbox counts."""

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self.calls: dict[tuple[str, str], list[float]] = {}

    def draw(
        self, action: Any, key: Any, *, agent: bool, end_user: str | None, peer: str, now: float
    ) -> Drawn | None:
        chosen = self._buckets(action, key, agent, end_user, peer)
        if not chosen:
            return None
        states = [
            (b, owner, capacity, *self.state(b, self.calls.setdefault((b.name, owner), []), capacity, now))
            for b, owner, capacity in chosen
        ]
        full = [
            (wait_s, capacity, ends_s) for _, _, capacity, used, ends_s, wait_s in states if used >= capacity
        ]
        if full:
            wait_s, capacity, ends_s = max(full)
            return Drawn(capacity, 0, ends_s, wait_s)
        told = []
        for bucket, owner, capacity, *_ in states:
            calls = self.calls[bucket.name, owner]
            calls.append(now)
            used, ends_s, _ = self.state(bucket, calls, capacity, now)
            told.append(Drawn(capacity, max(0, capacity - used), ends_s, 0.0))
        return min(told, key=lambda drawn: drawn.remaining)

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        """Return the number of calls that count, and two times in seconds: to the end that is said, and to
        the next call.
        """
        raise NotImplementedError


class ByTheClock(Counted):
    """Windows begin with the clock's minutes (Envoy, Kong, Rack::Attack)."""

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        del capacity
        ends_s = bucket.per_s - now % bucket.per_s
        return sum(at // bucket.per_s == now // bucket.per_s for at in calls), ends_s, ends_s


class FromTheFirstCall(Counted):
    """A window begins with the first call after the one before it ended (GitHub, Laravel,
    express-rate-limit).
    """

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        del capacity
        began, used = now, 0
        for at in [*calls, now]:
            if not used or at >= began + bucket.per_s:
                began, used = at, 0
            used += 1
        return used - 1, began + bucket.per_s - now, began + bucket.per_s - now


class Sliding(Counted):
    """A call counts for a window's time from when it was made; told is when all will be back if no more
    are made.
    """

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        del capacity
        counting = [at for at in calls if at > now - bucket.per_s]
        return len(counting), bucket.per_s, counting[0] + bucket.per_s - now if counting else 0.0


class SlidingByTheOldest(Sliding):
    """The same, and told is when the oldest call falls out (Flask-Limiter)."""

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        used, _, wait_s = super().state(bucket, calls, capacity, now)
        return used, wait_s or bucket.per_s, wait_s


class Weighed(Counted):
    """A window whose predecessor counts less as this one passes (Cloudflare, Upstash); answers name this
    one's end.
    """

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        used = self.used(bucket, calls, now)
        moments = (now + step / 20 for step in range(2 * 20 * int(bucket.per_s) + 1))
        wait_s = (
            next(at - now for at in moments if self.used(bucket, calls, at) < capacity)
            if used >= capacity
            else 0.0
        )
        return used, bucket.per_s - now % bucket.per_s, wait_s

    def used(self, bucket: Bucket, calls: list[float], now: float) -> int:
        """Return the number of calls that count at this moment."""
        window = now // bucket.per_s
        before, here = (sum(at // bucket.per_s == of for at in calls) for of in (window - 1, window))
        return here + math.floor(before * (1 - now % bucket.per_s / bucket.per_s))


class Secondary(ByTheClock):
    """Refuses what follows the twelfth call of ten seconds too, of whatever key, as GitHub's secondary limits
    do. Its answer says what remains of the key's own.
    """

    def draw(
        self, action: Any, key: Any, *, agent: bool, end_user: str | None, peer: str, now: float
    ) -> Drawn | None:
        calls = self.calls.setdefault(("all", ""), [])
        drawn = super().draw(action, key, agent=agent, end_user=end_user, peer=peer, now=now)
        calls.append(now)
        recent = sum(at > now - 10 for at in calls)
        return replace(drawn, wait_s=90.0) if drawn and recent > 12 and not drawn.wait_s else drawn


class OthersEmpty(ByTheClock):
    """The second caller has used up its own windows."""

    def draw(self, action: Any, key: Any, **more: Any) -> Drawn | None:
        drawn = super().draw(action, key, **more)
        own = drawn is None or not key or key.project == "main"
        return drawn if own else replace(drawn, remaining=0, wait_s=50.0)


class Halved(Counted):
    """Tells the end of the clock's minute, and counts anew at its half, too."""

    def state(
        self, bucket: Bucket, calls: list[float], capacity: int, now: float
    ) -> tuple[int, float, float]:
        del capacity
        half = bucket.per_s / 2
        return (
            sum(at // half == now // half for at in calls),
            bucket.per_s - now % bucket.per_s,
            half - now % half,
        )


class Edited(Limits):
    """The sandbox's own windows, and what a subclass makes of what they tell."""

    def draw(self, *given: Any, **named: Any) -> Drawn | None:
        drawn = super().draw(*given, **named)
        return self.edit(drawn) if drawn else None

    def edit(self, drawn: Drawn) -> Drawn:
        """Return what is said, and done, instead."""
        raise NotImplementedError


class Unenforced(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, wait_s=0.0)


class Twice(Edited):
    """Limits after twice what it tells."""

    def _buckets(self, *given: Any) -> list[tuple[Bucket, str, int]]:
        return [(bucket, owner, 2 * capacity) for bucket, owner, capacity in super()._buckets(*given)]

    def edit(self, drawn: Drawn) -> Drawn:
        limit = drawn.limit // 2
        return replace(drawn, limit=limit, remaining=max(0, drawn.remaining - limit))


class WaitTooLong(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, wait_s=PER_S + 30.0 if drawn.wait_s else 0.0)


class WaitTooShort(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, wait_s=1.0 if drawn.wait_s else 0.0)


class WaitCut(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, wait_s=float(max(1, int(drawn.wait_s))) if drawn.wait_s else 0.0)


class ResetPast(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, full_in_s=-20.0)


class ResetBeyond(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, full_in_s=drawn.full_in_s + PER_S)


class RemainingFrozen(Edited):
    def edit(self, drawn: Drawn) -> Drawn:
        return replace(drawn, remaining=drawn.limit - 1 if not drawn.wait_s else 0)


class Constant(RemainingFrozen):
    """The same headers in each answer: every call may be the first of a window."""

    def edit(self, drawn: Drawn) -> Drawn:
        return replace(super().edit(drawn), full_in_s=0.0)


class RemainingRises(Edited):
    """Two machines, of which one tells what it counted alone: half. Chance chooses who answers, not an
    even or odd number of calls.
    """

    seed = 0

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._random = random.Random(self.seed)

    def edit(self, drawn: Drawn) -> Drawn:
        other = self._random.random() < 1 / 2
        return (
            replace(drawn, remaining=drawn.limit - 1 - (drawn.limit - drawn.remaining) // 2)
            if other and not drawn.wait_s
            else drawn
        )


def opened(of: Model, limits: Callable[[Model], Limits] | None, phase_s: float = 0.0) -> Inside:
    """A sandbox whose limits are counted so (None: as the sandbox does), so many seconds into a clock's
    minute.
    """
    here = inside(of, start=START + phase_s)
    if limits is not None:
        here.sandbox.front.limits = limits(of)
    return here


def report(
    here: Inside,
    of: Model,
    *,
    limits: bool = True,
    seed: int = 1,
    call_s: float = 0.0,
    others: int = 0,
    ahead_s: float | None = None,
    **more: Any,
) -> Report:
    """Verify it with an ordinary key (a lifted one without `limits`). Each call takes `call_s`; before each
    tenth, `others` are made with the same key by somebody else. With `ahead_s`, Retry-After is a date of a
    clock that is so far ahead."""
    server, number = over_tls(here.sandbox.handler), 0
    token = here.sandbox.tokens["test" if limits else "unlimited"]
    theirs = Request("GET", "/products?limit=1", (("Authorization", f"Bearer {token}"),))

    def handler(request: Request) -> Response | Silence:
        nonlocal number
        number += 1
        for _ in range(others if number % 10 == 0 else 0):
            server(theirs)
        answer = server(request)
        here.now[0] += call_s
        if ahead_s is None or isinstance(answer, Silence) or not (wait := answer.header("Retry-After")):
            return answer
        moment = formatdate(here.now[0] + int(wait) + ahead_s, usegmt=True)
        return answer.with_header("Retry-After", moment)

    return verify_sandbox(
        of,
        here,
        Options(seed=seed, limits=limits, **more),
        keys={**here.keys, "main": token},
        handler=handler,
    )
