"""The limit's headers tell the truth: a limit not below the published one, a remainder that falls, a reset that can be.

A bucket may be shared, refill while it is used, or be another than the action's own, so nothing is claimed about a fall
of exactly one; what is claimed: 0 <= remaining < limit after an accepted call, no rise beyond the refill, a fall
within a row of calls that the refill cannot make up for, and, where nobody else uses the server, no fall beyond one a call.
A bucket refills evenly, so what is told to remain says when it is full; and calls of one bucket are not told another one's limit.

Of a bucket that counts in windows (`refill: window`) is claimed what windows by the clock, windows from the first call and windows
that slide all keep: the reset is no further away than a window is long, and until the end that was told nothing comes back but at an
even pace (as where the window before is weighed), and what falls out of a window that slides. Where others use the server too, whose
calls fall out is not known, so a window that is told to end a whole window later shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pgagents.model.contract import Contract
from pgagents.model.model import Bucket
from pgagents.verify.answers.rate_limits import (
    SKEW_S,
    WHOLE_S,
    Reading,
    ahead_s,
    estimate_refill,
    fallen_out,
    in_epoch,
    note_sent,
    rate_of,
    reading_of,
)
from pgagents.verify.check.check import Check, Judgement, judge_broken, judge_kept, promise, promise_at
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint, wire_surfaces
from pgagents.verify.wire.exchange import LIMITED, Exchange

NAME = "rate_limit_headers"
ROW = 4
HALF = 0.5
"""So much of a request refilled within a row is enough to hide its fall: a server may count in whole ones, or round."""
READINGS = 8
MOST_CALLERS = 50
"""Of so many callers is remembered what they were told, those heard of last; each access token is one."""
BEHIND = 3
"""How many calls a server's count may be behind: it may be kept elsewhere, and told a little late."""
HELD_BACK = 10
"""Such a part of the limit may not be told to remain, for other clients' sake, though it is there."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Limit, remaining and reset of each endpoint with a bucket, and the fall on each surface."""
    headers = setting.model.limits.headers
    if headers is None:
        return
    for endpoint in _endpoints(setting):
        bucket = setting.model.buckets[str(endpoint.action.bucket)]
        says = f"{headers.limit} of {endpoint.action.name} is at least the {bucket.requests} that are published, and its own bucket's"
        yield promise(NAME, "limit", endpoint, says, bucket.origin, bucket.cite)
        window = bucket.refill == "window"
        rises = "rises within a window" if window else "rises faster than the bucket refills"
        says = f"{headers.remaining} of {endpoint.action.name} is below its limit and never {rises}"
        yield promise(NAME, "remaining", endpoint, says, ("limits", "headers", "remaining"), bucket.cite)
        says = f"{headers.reset} of {endpoint.action.name} is when the {'window ends' if window else 'bucket is full again'}"
        yield promise(NAME, "reset", endpoint, says, ("limits", "reset_unit"), bucket.cite)
    for surface in wire_surfaces(setting.model):
        if _row_endpoint(setting, surface) is not None:
            yield promise_at(
                NAME, "falls", f"@{surface}", f"{headers.remaining} falls as calls are made", ("limits", "headers", "remaining")
            )


def _endpoints(setting: Setting) -> list[Endpoint]:
    return [d for d in setting.endpoints if d.action.bucket is not None]


def _row_endpoint(setting: Setting, surface: str) -> Endpoint | None:
    return next((d for d in _endpoints(setting) if d.surface == surface and d.action.effect == "read"), None)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge every accepted call's headers alone and against the ones before; of a limited one when its bucket is full again."""
    endpoint = exchange.call.endpoint
    if lengths := memory.setting.compute_once(
        (NAME, "windows"), lambda: {b.per_s for b in memory.model.buckets.values() if b.refill == "window"}
    ):
        note_sent(exchange, lengths, _noted(exchange, memory).setdefault("sent", {}))
    if (
        endpoint is None
        or endpoint.action.bucket is None
        or not (exchange.success or exchange.status == LIMITED)
        or exchange.call.intent == "framework"
        or exchange.call.twist
    ):
        return
    values = rate_of(exchange, memory.setting)
    if values is None:
        return
    limit = values[0]
    place, model = exchange.place, memory.model
    bucket = model.buckets[endpoint.action.bucket]
    possible = [b for b in model.buckets.values() if b is bucket or b.when is not None]
    if exchange.status == LIMITED:  # of a bucket that is empty the moment alone is new
        yield _reset(exchange, values, possible, memory, f"{NAME}/reset/{place}")
        return
    yield _limit(exchange, limit, bucket, possible, memory, f"{NAME}/limit/{place}")
    yield _reset(exchange, values, possible, memory, f"{NAME}/reset/{place}")
    if not exchange.call.beside:
        told = reading_of(exchange, *values[1:], memory.setting)
        windows = [b.per_s for b in possible if b.refill == "window"]
        yield _remaining(exchange, limit, told, bucket.per_s, windows, memory, f"{NAME}/remaining/{place}")
        yield from _row(exchange, limit, told, bucket.per_s, windows, memory)


def _limit(exchange: Exchange, limit: int, bucket: Bucket, possible: list[Bucket], memory: Memory, contract: str) -> Judgement:
    """Not below what is published; nor the limit of a bucket that such a call does not draw from, where this bucket's own is told, too."""
    smallest = min(b.requests for b in possible)
    if limit < smallest:
        return judge_broken(contract, f"a limit of at least {smallest}", f"a limit of {limit}")
    told: set[int] = _noted(exchange, memory).setdefault(("told", bucket.name), set())
    told.add(limit)
    others = {b.requests: b.name for b in memory.model.buckets.values() if b not in possible}
    if bucket.requests in told and limit in others and limit not in {b.requests for b in possible}:
        expected = f"a limit of {bucket.requests}, as other calls of {bucket.name} are told"
        return judge_broken(contract, expected, f"{limit}, that of {others[limit]}")
    return judge_kept(contract)


def _reset(exchange: Exchange, told: tuple[int, int, int], possible: list[Bucket], memory: Memory, contract: str) -> Judgement:
    """Full again: when what lacks has been refilled, at the even pace of the bucket that is told of; or when its window ends."""
    limit, remaining, reset = told
    epoch = in_epoch(memory.setting)
    ahead = ahead_s(exchange, reset, memory.setting)
    lacks = limit - remaining
    times = [_times(bucket, limit, lacks, exchange.seconds, epoch=epoch) for bucket in possible]
    if min(soonest for soonest, _ in times) - WHOLE_S <= ahead <= max(latest for _, latest in times) + WHOLE_S:
        return judge_kept(contract)
    said = f"{reset}, which is {ahead:+.0f} s from now" if epoch else f"{reset} s"
    if any(b.refill == "window" for b in possible):
        about = f"at most {max(b.per_s for b in possible):g} s from now, when the window ends"
    else:
        about = f"about {lacks * max(b.per_s for b in possible) / limit:.0f} s from now: {lacks} of {limit} lack"
    return judge_broken(contract, f"in {'epoch seconds' if epoch else 'seconds'}, {about}", f"reset {said}")


def _times(bucket: Bucket, limit: int, lacks: int, answered_s: float, *, epoch: bool) -> tuple[float, float]:
    """How many seconds from the call a bucket of which so much lacks may be full again, at the soonest and at the latest."""
    if bucket.refill == "window":  # that may begin when the call is answered; seconds from now are by no clock of another's
        skew = SKEW_S if epoch else 0.0
        return -skew, bucket.per_s + answered_s + skew
    s = bucket.per_s
    return (
        max(0, lacks - 1 - max(BEHIND, limit // HELD_BACK)) * s / limit - SKEW_S,
        min(limit, lacks + BEHIND) * s / limit + SKEW_S,
    )


def _remaining(
    exchange: Exchange, limit: int, told: Reading, per_s: float, windows: list[float], memory: Memory, contract: str
) -> Judgement:
    """Below the limit, and not above what an earlier answer told and what came back since."""
    remaining = told.remaining
    if remaining >= limit:
        return judge_broken(contract, f"less than the limit of {limit} after an accepted call", f"remaining {remaining}")
    endpoint = exchange.call.endpoint
    key, noted = (exchange.call.surface, endpoint.action.bucket if endpoint else None, limit), _noted(exchange, memory)
    before: Reading | None = noted.get(key)
    noted[key] = told
    if before is not None:
        had = before.remaining
        refill = math.ceil(max(0.0, exchange.sent_at + exchange.seconds - before.at + 1.0) * limit / per_s)
        if remaining > had + refill + _back(before, exchange, windows, memory):
            expected = f"at most {had} + {refill} before its window ends" if windows else f"at most {had} + {refill} refilled"
            return judge_broken(contract, expected, f"remaining rose from {had} to {remaining}")
    return _cost(exchange, limit, remaining, memory, contract) or judge_kept(contract)


def _back(earlier: Reading, exchange: Exchange, windows: list[float], memory: Memory) -> float:
    """How many calls windows may have given back since an earlier reading."""
    return estimate_refill(earlier, exchange, windows, _fallen(earlier, exchange, windows, memory)) if windows else 0


def _fallen(earlier: Reading, exchange: Exchange, windows: list[float], memory: Memory) -> float:
    """How many calls may have fallen out of windows that slide; where others call too, any number."""
    return fallen_out(earlier, exchange, windows, _noted(exchange, memory)["sent"]) if memory.setting.exclusive else math.inf


def _cost(exchange: Exchange, limit: int, remaining: int, memory: Memory, contract: str) -> Judgement | None:
    """What is wrong where it falls by more than the calls since an earlier reading of the same kind: a call draws one.

    Of the same kind: the same endpoint, caller and headers, so the same buckets, whichever of them is closest to empty.
    """
    if not memory.setting.exclusive:
        return None
    kind = ("cost", exchange.place, limit, frozenset(name.lower() for name, _ in exchange.request.headers))
    readings: list[tuple[int, int]] = _noted(exchange, memory).setdefault(kind, [])
    readings.append((remaining, exchange.number))
    had, number = readings[0] if len(readings) <= READINGS else readings.pop(0)
    calls = exchange.number - number
    if had - remaining > calls + BEHIND:
        return judge_broken(contract, f"at least {had} - {calls}, one for each call since", f"remaining fell from {had} to {remaining}")
    return None


def _noted(exchange: Exchange, memory: Memory) -> dict[Any, Any]:
    """What was noted of the caller whose bucket it is: a role, or an access token, which belongs to no role."""
    callers: dict[tuple[str, str], dict[Any, Any]] = memory.notes.setdefault(NAME, {})
    whose = exchange.call.role, "" if exchange.call.role else exchange.request.header("authorization") or ""
    noted = callers[whose] = callers.pop(whose, {})
    if len(callers) > MOST_CALLERS:
        del callers[next(iter(callers))]
    return noted


def _row(exchange: Exchange, limit: int, told: Reading, per_s: float, windows: list[float], memory: Memory) -> Iterator[Judgement]:
    """A fall within a row of calls of one bucket and surface, whatever they were sent for.

    Where the bucket refills faster than it is used, being below its limit is all that can be seen; where a window ended within the
    row, or calls fell out of it, no more than that it is not the same four times.
    """
    key = ("row", exchange.call.surface, exchange.call.endpoint.action.bucket if exchange.call.endpoint else None)
    row: list[tuple[int, Reading]] = _noted(exchange, memory).setdefault(key, [])
    if row and row[0][0] != limit:
        row.clear()
    row.append((limit, told))
    if len(row) < ROW:
        return
    contract = f"{NAME}/falls@{exchange.call.surface}"
    readings = [reading for _, reading in row]
    first, last = readings[0], readings[-1]
    row.clear()
    if first.remaining == 0:
        return
    fell = last.remaining < first.remaining or (last.at - first.at) * limit / per_s >= HALF
    if not fell and _back(first, exchange, windows, memory):
        fell = len({reading.remaining for reading in readings}) > 1 or _fallen(first, exchange, windows, memory) > 0
    if fell:
        yield judge_kept(contract)
    else:
        yield judge_broken(contract, f"less than {first.remaining} after {ROW - 1} more calls", f"remaining {last.remaining}")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    rank=5,
)
