"""Rate-limit headers are true: the limit is the published one or higher, the remainder falls, the reset is
possible.

Buckets may be shared, refill while used, or not be the action's own, so no fall of exactly one is expected.
After an accepted call, 0 <= remaining < limit. The remainder never rises faster than the refill, and it falls
within a row of calls that outpaces the refill. In an exclusive run it falls by at most one a call.

The fields of the IETF promise less: `t` is no longer than a window, and a policy's window is the bucket's.
An evenly refilled bucket gives the time when it is full again. A window bucket's reset is at most one window
away. Until then nothing comes back, except at an even pace or by sliding out of the window. If others use the
server, a sliding window shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pgagents.catalogue.model.answers import POLICY, RATE_LIMIT
from pgagents.catalogue.model.identity import find_proof
from pgagents.catalogue.model.model import Bucket
from pgagents.report.contract import Contract, Rank
from pgagents.verify.answers.headers import (
    SKEW_S,
    WHOLE_S,
    Rate,
    Reading,
    ahead_s,
    count_expired,
    estimate_refill,
    in_epoch,
    note_sent,
    rate_of,
    reading_of,
)
from pgagents.verify.promise import (
    Check,
    Judgement,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
    promise_at,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import Endpoint, wire_surfaces
from pgagents.verify.wire.exchange import Exchange

NAME = "rate_limit_headers"
ROW = 4
HALF = 0.5
"""If this part of a request refills during a row of calls, the row may hide its fall.

A server may count whole requests, or round.
"""
READINGS = 8
MOST_CALLERS = 50
"""The number of callers whose latest readings are remembered. Each access token is a caller."""
BEHIND = 3
"""The number of calls that a server's count may lack, because another machine counts them."""
HELD_BACK = 10
"""A server may withhold 1/HELD_BACK of the limit from the remainder, for other clients."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts about limit, remainder and reset for each endpoint with a bucket, and about the fall
    for each surface.
    """
    headers, names = setting.model.limits.headers, setting.model.limit_reader.names
    if not names:
        return
    limit, remaining, reset = (
        (headers.limit, headers.remaining, headers.reset) if headers.limit else _in_words(headers)
    )
    at = ("limits", "headers", "remaining") if headers.limit else ("limits", "headers")
    for endpoint in _endpoints(setting):
        bucket = setting.model.buckets[str(endpoint.action.bucket)]
        says = (
            f"{limit} of {endpoint.action.name} is at least the {bucket.requests} that are "
            "published, and its own bucket's"
        )
        yield promise(NAME, "limit", endpoint, says, bucket.origin, bucket.cite)
        window = bucket.refill == "window"
        rises = "rises within a window" if window else "rises faster than the bucket refills"
        says = f"{remaining} of {endpoint.action.name} is below its limit and never {rises}"
        yield promise(NAME, "remaining", endpoint, says, at, bucket.cite)
        if reset:
            says = (
                f"{reset} of {endpoint.action.name} is when the "
                f"{'window ends' if window else 'bucket is full again'}"
                if headers.reset
                else f"{reset} of {endpoint.action.name} is no longer than a window"
            )
            origin = ("limits", "reset_unit") if headers.reset else at
            yield promise(NAME, "reset", endpoint, says, origin, bucket.cite)
    for surface in wire_surfaces(setting.model):
        if _row_endpoint(setting, surface) is not None:
            yield promise_at(NAME, "falls", f"@{surface}", f"{remaining} falls as calls are made", at)


def _in_words(headers: Any) -> tuple[str, str, str]:
    """Return the words for limit, remainder and reset in contracts, for a form without a header for each."""
    if headers.ietf:
        return f"the quota in {POLICY}", f"`r` in {RATE_LIMIT}", f"`t` in {RATE_LIMIT}"
    return f"the limit in {headers.usage}", f"the remainder in {headers.usage}", ""


def _endpoints(setting: Setting) -> list[Endpoint]:
    return [d for d in setting.endpoints if d.action.bucket is not None]


def _row_endpoint(setting: Setting, surface: str) -> Endpoint | None:
    return next((d for d in _endpoints(setting) if d.surface == surface and d.action.effect == "read"), None)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the headers of each accepted call, alone and against earlier ones. For a limited call, judge only
    the reset.
    """
    endpoint = exchange.call.endpoint
    if lengths := memory.setting.compute_once(
        (NAME, "windows"), lambda: {b.per_s for b in memory.model.buckets.values() if b.refill == "window"}
    ):
        note_sent(exchange, lengths, _get_notes(exchange, memory).setdefault("sent", {}))
    if (
        endpoint is None
        or endpoint.action.bucket is None
        or not (exchange.success or exchange.limited)
        or exchange.call.intent == "framework"
        or exchange.call.twist
        or exchange.cached
    ):
        return
    values = rate_of(exchange, memory.setting)
    if values is None:
        return
    limit = values.limit
    place, model = exchange.place, memory.model
    bucket = model.buckets[endpoint.action.bucket]
    possible = [b for b in model.buckets.values() if b is bucket or b.when is not None]
    if limit < 1:  # neither a remainder nor a reset can be computed of it
        if not exchange.limited:
            yield _limit(exchange, values, bucket, possible, memory, f"{NAME}/limit/{place}")
        for detail in ("remaining", "reset") if values.reset is not None else ("remaining",):
            yield judge_untested(f"{NAME}/{detail}/{place}", f"the answer announces a limit of {limit}")
        return
    if values.reset is not None:
        yield _reset(exchange, values, values.reset, possible, memory, f"{NAME}/reset/{place}")
    if exchange.limited:  # the remainder of an empty bucket proves nothing
        return
    yield _limit(exchange, values, bucket, possible, memory, f"{NAME}/limit/{place}")
    if not exchange.call.beside:
        told = reading_of(exchange, values, memory.setting)
        windows = [b.per_s for b in possible if b.refill == "window"]
        yield _remaining(exchange, limit, told, bucket.per_s, windows, memory, f"{NAME}/remaining/{place}")
        yield from _row(exchange, limit, told, bucket.per_s, windows, memory)


def _limit(
    exchange: Exchange, rate: Rate, bucket: Bucket, possible: list[Bucket], memory: Memory, contract: str
) -> Judgement:
    """Judge that the limit is not lower than the published one, and is not that of a bucket which the call
    does not use.

    The latter is judged only if other calls of this bucket got its own limit.
    """
    limit = rate.limit
    if rate.window_s is not None and rate.window_s not in {b.per_s for b in possible}:
        expected = " or ".join(f"{b.per_s:g} s" for b in possible)
        return judge_broken(
            contract, f"a window of {expected}", "a window of {window_s} s", window_s=rate.window_s
        )
    smallest = min(b.requests for b in possible)
    if limit < smallest:
        return judge_broken(contract, f"a limit of at least {smallest}", "a limit of {limit}", limit=limit)
    told: set[int] = _get_notes(exchange, memory).setdefault(("told", bucket.name), set())
    told.add(limit)
    others = {b.requests: b.name for b in memory.model.buckets.values() if b not in possible}
    if bucket.requests in told and limit in others and limit not in {b.requests for b in possible}:
        expected = f"a limit of {bucket.requests}, as answers to other calls of {bucket.name} return"
        return judge_broken(contract, expected, "{limit}, that of {other}", limit=limit, other=others[limit])
    return judge_kept(contract)


def _reset(
    exchange: Exchange, rate: Rate, reset: int, possible: list[Bucket], memory: Memory, contract: str
) -> Judgement:
    """Judge that the reset is the time when the evenly refilled bucket is full, or when the window ends."""
    limit, lacks = rate.limit, rate.limit - rate.remaining
    epoch = in_epoch(memory.setting)
    ahead = ahead_s(exchange, reset, memory.setting)
    ietf = memory.model.limits.headers.ietf
    times = [
        (0.0, bucket.per_s + exchange.seconds)  # its `t` need not be the time when all calls are back
        if ietf
        else _times(bucket, limit, lacks, exchange.seconds, epoch=epoch)
        for bucket in possible
    ]
    if (
        min(soonest for soonest, _ in times) - WHOLE_S
        <= ahead
        <= max(latest for _, latest in times) + WHOLE_S
    ):
        return judge_kept(contract)
    said = f"{reset}, which is {ahead:+.0f} s from now" if epoch else f"{reset} s"
    if ietf or any(b.refill == "window" for b in possible):
        about = f"at most {max(b.per_s for b in possible):g} s from now, when the window ends"
    else:
        about = (
            f"about {lacks * max(b.per_s for b in possible) / limit:.0f} s from now: {lacks} of {limit} lack"
        )
    return judge_broken(contract, f"in {'epoch seconds' if epoch else 'seconds'}, {about}", f"reset {said}")


def _times(bucket: Bucket, limit: int, lacks: int, answered_s: float, *, epoch: bool) -> tuple[float, float]:
    """Return the earliest and the latest time at which a bucket is full again, in seconds after the call."""
    if bucket.refill == "window":
        # a window may begin with the answer; seconds from now do not depend on the server's clock
        skew = SKEW_S if epoch else 0.0
        return -skew, bucket.per_s + answered_s + skew
    s = bucket.per_s
    return (
        max(0, lacks - 1 - max(BEHIND, limit // HELD_BACK)) * s / limit - SKEW_S,
        min(limit, lacks + BEHIND) * s / limit + SKEW_S,
    )


def _remaining(
    exchange: Exchange,
    limit: int,
    told: Reading,
    per_s: float,
    windows: list[float],
    memory: Memory,
    contract: str,
) -> Judgement:
    """Judge that the remainder is below the limit, and not above an earlier remainder plus the refill since
    then.
    """
    remaining = told.remaining
    if remaining >= limit:
        return judge_broken(
            contract,
            f"less than the limit of {limit} after an accepted call",
            "remaining {remaining}",
            remaining=remaining,
        )
    endpoint = exchange.call.endpoint
    key, noted = (
        (exchange.call.surface, endpoint.action.bucket if endpoint else None, limit),
        _get_notes(exchange, memory),
    )
    before: Reading | None = noted.get(key)
    if exchange.overlapped:  # the server may have counted the other calls first
        return judge_kept(contract)
    noted[key] = told
    if before is not None:
        had = before.remaining
        refill = math.ceil(max(0.0, exchange.sent_at + exchange.seconds - before.at + 1.0) * limit / per_s)
        if remaining > had + refill + _back(before, exchange, windows, memory):
            expected = (
                f"at most {had} + {refill} before its window ends"
                if windows
                else f"at most {had} + {refill} refilled"
            )
            return judge_broken(
                contract, expected, "remaining rose from {had} to {remaining}", had=had, remaining=remaining
            )
    return _cost(exchange, limit, remaining, memory, contract) or judge_kept(contract)


def _back(earlier: Reading, exchange: Exchange, windows: list[float], memory: Memory) -> float:
    """Return how many calls the windows may have returned since an earlier reading."""
    return (
        estimate_refill(earlier, exchange, windows, _count_expired(earlier, exchange, windows, memory))
        if windows
        else 0
    )


def _count_expired(earlier: Reading, exchange: Exchange, windows: list[float], memory: Memory) -> float:
    """Return how many calls may have left sliding windows; infinite unless the run is exclusive."""
    return (
        count_expired(earlier, exchange, windows, _get_notes(exchange, memory)["sent"])
        if memory.setting.exclusive
        else math.inf
    )


def _cost(exchange: Exchange, limit: int, remaining: int, memory: Memory, contract: str) -> Judgement | None:
    """Return a broken judgement if the remainder fell by more than the calls since a comparable reading, else
    None.

    Comparable readings have the same endpoint, caller and headers, and so the same buckets.
    """
    if not memory.setting.exclusive:
        return None
    kind = ("cost", exchange.place, limit, frozenset(name.lower() for name, _ in exchange.request.headers))
    readings: list[tuple[int, int]] = _get_notes(exchange, memory).setdefault(kind, [])
    readings.append((remaining, exchange.number))
    had, number = readings[0] if len(readings) <= READINGS else readings.pop(0)
    calls = exchange.number - number
    if had - remaining > calls + BEHIND:
        return judge_broken(
            contract,
            f"at least {had} - {calls}, one for each call since",
            "remaining fell from {had} to {remaining}",
            had=had,
            remaining=remaining,
        )
    return None


def _get_notes(exchange: Exchange, memory: Memory) -> dict[Any, Any]:
    """Return the notes about the caller that owns the bucket: a role, or an access token of no role."""
    callers: dict[tuple[str, str], dict[Any, Any]] = memory.notes.setdefault(NAME, {})
    role = exchange.call.role
    whose = role, "" if role else find_proof(memory.model, exchange.request)
    noted = callers[whose] = callers.pop(whose, {})
    if len(callers) > MOST_CALLERS:
        del callers[next(iter(callers))]
    return noted


def _row(
    exchange: Exchange, limit: int, told: Reading, per_s: float, windows: list[float], memory: Memory
) -> Iterator[Judgement]:
    """Judge that the remainder falls during a row of calls of one bucket and surface.

    If the bucket refills faster than it is used, one value below the limit is enough. If a window ended
    during the row, or calls left a sliding one, the values must only not all be equal.
    """
    key = (
        "row",
        exchange.call.surface,
        exchange.call.endpoint.action.bucket if exchange.call.endpoint else None,
    )
    notes = _get_notes(exchange, memory)
    row: list[tuple[int, Reading]] = notes.setdefault(key, [])
    if row and row[0][0] != limit:
        row.clear()
        notes["readings", *key] = 0
    row.append((limit, told))
    number = notes["readings", *key] = notes.get(("readings", *key), 0) + 1
    contract = f"{NAME}/falls@{exchange.call.surface}"
    readings = [reading for _, reading in row]
    first, last = readings[0], readings[-1]
    kept_now = number % ROW == 0  # by number, because a server's speed decides which rows are close together
    if len(row) < ROW:
        if kept_now:
            yield judge_kept(contract)
        return
    most_s = exchange.sent_at + exchange.seconds - first.at  # the server counts between call and answer
    loose = most_s * limit / per_s >= HALF
    del row[: 1 if loose else ROW]  # the next calls may take less time
    if first.remaining == 0:
        return
    fell = last.remaining < first.remaining or loose
    if exchange.overlapped and not fell:  # the server may have counted these calls in another order
        left = [reading.remaining for reading in readings]
        fell = min(left) < max(left)
    if not fell and _back(first, exchange, windows, memory):
        fell = (
            len({reading.remaining for reading in readings}) > 1
            or _count_expired(first, exchange, windows, memory) > 0
        )
    if not fell:
        yield judge_broken(
            contract,
            f"less than {first.remaining} after {ROW - 1} more calls",
            "remaining {remaining}",
            remaining=last.remaining,
        )
    elif kept_now:
        yield judge_kept(contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    turn=5,
    rank=Rank.WRONG,
)
