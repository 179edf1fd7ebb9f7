"""Rate-limit headers are true: the limit is the published one or higher, the remainder falls, the reset is
possible.

Buckets may be shared, as GitHub's by a user's tokens, refill while used, as Shopify's, or not be the action's
own, and calls may weigh more than one, as those of Binance, so no fall of exactly one is expected. After an
accepted call, 0 <= remaining < limit. The remainder never rises faster than the refill, and it falls within a
row of calls that outpaces the refill.

The fields of the IETF (draft-ietf-httpapi-ratelimit-headers) promise less: `t` is no longer than a window,
and a policy's window is the bucket's. An evenly refilled bucket gives the time when it is full again. A
window bucket's reset is at most one window away. Until then nothing comes back, except at an even pace or by
sliding out of the window. If others use the server, a sliding window shows nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pgagents.base.places import Pointer
from pgagents.catalogue.model.answers import POLICY, RATE_LIMIT
from pgagents.catalogue.model.identity import find_proof
from pgagents.catalogue.model.model import Bucket
from pgagents.report.contract import Rank
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
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Case, Trial, make_check
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.endpoint import wire_surfaces
from pgagents.verify.wire.exchange import Exchange

LIMIT, REMAINING, RESET, FALLS = "limit", "remaining", "reset", "falls"
CALLERS = "rate_limit_headers/callers"
"""The note of the latest readings of each caller."""
ROW = 4
"""The calls of a row: more than one, as a call that another machine counts shows no fall."""
HALF = 0.5
"""If this part of a request refills during a row of calls, the row may hide its fall, since remainders are
whole numbers in the headers.
"""
MOST_CALLERS = 50
"""The number of callers whose latest readings are remembered. Each access token is a caller."""
BEHIND = 3
"""The number of calls that a server's count may lack, as one of Kong's nodes has those of others later."""
HELD_BACK = 10
"""A server may withhold 1/HELD_BACK of the limit from the remainder, for other clients."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield the cases of limit, remainder and reset at each endpoint with a bucket, and of the fall on each
    surface.
    """
    del roles
    headers = setting.model.limits.headers
    if not setting.model.limit_reader.names:
        return
    limit, remaining, reset = headers.limit, headers.remaining, headers.reset
    at: Pointer = ("limits", "headers", "remaining")
    if not headers.limit:
        (limit, remaining, reset), at = _name_parts(headers), ("limits", "headers")
    endpoints = [endpoint for endpoint in setting.endpoints if endpoint.action.bucket is not None]
    for endpoint in endpoints:
        bucket, name = setting.model.buckets[str(endpoint.action.bucket)], endpoint.action.name
        window = bucket.refill == "window"
        says = f"{limit} of {name} is at least the {bucket.requests} that are published, and its own bucket's"
        yield Case(endpoint, says, bucket.origin, detail=LIMIT, cite=bucket.cite)
        rises = "rises within a window" if window else "rises faster than the bucket refills"
        says = f"{remaining} of {name} is below its limit and never {rises}"
        yield Case(endpoint, says, at, detail=REMAINING, cite=bucket.cite)
        if reset:
            ends = f"when the {'window ends' if window else 'bucket is full again'}"
            says = f"{reset} of {name} is {ends if headers.reset else 'no longer than a window'}"
            origin = ("limits", "reset_unit") if headers.reset else at
            yield Case(endpoint, says, origin, detail=RESET, cite=bucket.cite)
    read = {endpoint.surface for endpoint in endpoints if endpoint.action.effect == "read"}
    for surface in wire_surfaces(setting.model):
        if surface in read:
            says = f"{remaining} falls as calls are made"
            yield Case(None, says, at, detail=FALLS, place=f"@{surface}")


def _name_parts(headers: Any) -> tuple[str, str, str]:
    """Return the words for limit, remainder and reset in contracts, for a form without a header for each."""
    if headers.ietf:
        return f"the quota in {POLICY}", f"`r` in {RATE_LIMIT}", f"`t` in {RATE_LIMIT}"
    return f"the limit in {headers.usage}", f"the remainder in {headers.usage}", ""


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge the headers of each accepted call, alone and against earlier ones. For a limited call, judge only
    the reset.
    """
    endpoint, setting = exchange.call.endpoint, memory.setting
    buckets = memory.model.buckets.values()
    lengths = {bucket.per_s for bucket in buckets if bucket.refill == "window"}
    if lengths:
        note_sent(exchange, lengths, _get_notes(exchange, memory).setdefault("sent", {}))
    trial = CHECK.find_trial(setting, exchange.place, LIMIT)
    if (
        endpoint is None
        or trial is None
        or not (exchange.success or exchange.limited)  # a gateway's 502 counts nothing
        or exchange.call.intent == "framework"
        or exchange.call.twist  # without the right key, it is another caller's bucket
        or exchange.cached  # a stored answer has the headers of the call that it was made for
    ):
        return
    rate = rate_of(exchange, setting)
    if rate is None:
        return
    bucket = memory.model.buckets[str(endpoint.action.bucket)]
    possible = [other for other in buckets if other is bucket or other.when is not None]
    remaining = CHECK.find_trial(setting, exchange.place, REMAINING)
    reset = CHECK.find_trial(setting, exchange.place, RESET) if rate.reset is not None else None
    if rate.limit < 1:  # neither a remainder nor a reset can be computed of it
        if not exchange.limited:
            yield _judge_limit(trial, exchange, rate, bucket, possible, memory)
        for other in (remaining, reset):
            if other is not None:
                yield other.untested(f"the answer announces a limit of {rate.limit}")
        return
    if reset is not None:
        yield _judge_reset(reset, exchange, rate, possible)
    if exchange.limited:  # the remainder of an empty bucket proves nothing
        return
    yield _judge_limit(trial, exchange, rate, bucket, possible, memory)
    if not exchange.call.beside:  # others on their way may be counted first
        windows = [other.per_s for other in possible if other.refill == "window"]
        reading = reading_of(exchange, rate, setting)
        if remaining is not None:
            yield _judge_remaining(remaining, exchange, rate.limit, reading, bucket.per_s, windows, memory)
        falls = CHECK.find_trial(setting, f"@{exchange.call.surface}", FALLS)
        if falls is not None:
            yield from _judge_row(falls, exchange, rate.limit, reading, bucket.per_s, windows, memory)


def _judge_limit(
    trial: Trial, exchange: Exchange, rate: Rate, bucket: Bucket, possible: list[Bucket], memory: Memory
) -> Judgement:
    """Judge that the limit is not lower than the published one, and is not that of a bucket which the call
    does not use.

    The latter is judged only if other calls of this bucket got its own limit: a key's plan may have more.
    """
    limit = rate.limit
    if rate.window_s is not None and rate.window_s not in {other.per_s for other in possible}:
        expected = " or ".join(f"{other.per_s:g} s" for other in possible)
        claim = "a window of {window_s} s"
        return trial.broken(f"a window of {expected}", claim, window_s=rate.window_s)
    smallest = min(other.requests for other in possible)
    if limit < smallest:
        return trial.broken(f"a limit of at least {smallest}", "a limit of {limit}", limit=limit)
    announced: set[int] = _get_notes(exchange, memory).setdefault(("announced", bucket.name), set())
    announced.add(limit)
    others = [b for b in memory.model.buckets.values() if b.requests == limit and b not in possible]
    if bucket.requests in announced and others and limit not in {b.requests for b in possible}:
        expected = f"a limit of {bucket.requests}, as answers to other calls of {bucket.name} return"
        return trial.broken(expected, "{limit}, that of {other}", limit=limit, other=others[-1].name)
    return trial.kept()


def _judge_reset(trial: Trial, exchange: Exchange, rate: Rate, possible: list[Bucket]) -> Judgement:
    """Judge that the reset is the time when the evenly refilled bucket is full, or when the window ends."""
    assert rate.reset is not None
    limit, lacks = rate.limit, rate.limit - rate.remaining
    epoch, ietf = in_epoch(trial.setting), trial.model.limits.headers.ietf
    ahead = ahead_s(exchange, rate.reset, trial.setting)
    times = [
        (0.0, bucket.per_s + exchange.seconds)  # its `t` need not be the time when all calls are back
        if ietf
        else _find_times(bucket, limit, lacks, exchange.seconds, epoch=epoch)
        for bucket in possible
    ]
    soonest, latest = min(first for first, _ in times), max(last for _, last in times)
    if soonest - WHOLE_S <= ahead <= latest + WHOLE_S:
        return trial.kept()
    longest_s = max(bucket.per_s for bucket in possible)
    if ietf or any(bucket.refill == "window" for bucket in possible):
        about = f"at most {longest_s:g} s from now, when the window ends"
    else:
        about = f"about {lacks * longest_s / limit:.0f} s from now: {lacks} of {limit} lack"
    claim = "reset {reset}, which is {ahead:+.0f} s from now" if epoch else "reset {reset} s"
    expected = f"in {'epoch seconds' if epoch else 'seconds'}, {about}"
    return trial.broken(expected, claim, reset=rate.reset, ahead=ahead)


def _find_times(
    bucket: Bucket, limit: int, lacks: int, answered_s: float, *, epoch: bool
) -> tuple[float, float]:
    """Return the earliest and the latest time at which a bucket is full again, in seconds after the call."""
    if bucket.refill == "window":
        # a window may begin with the answer; seconds from now do not depend on the server's clock
        skew = SKEW_S if epoch else 0.0
        return -skew, bucket.per_s + answered_s + skew
    each_s, late_s = bucket.per_s / limit, answered_s if epoch else 0.0
    return (
        max(0, lacks - 1 - max(BEHIND, limit // HELD_BACK)) * each_s - SKEW_S,
        min(limit, lacks + BEHIND) * each_s + SKEW_S + late_s,
    )


def _judge_remaining(
    trial: Trial,
    exchange: Exchange,
    limit: int,
    reading: Reading,
    per_s: float,
    windows: list[float],
    memory: Memory,
) -> Judgement:
    """Judge that the remainder is below the limit, and not above an earlier remainder plus the refill since
    then.
    """
    remaining = reading.remaining
    if remaining >= limit:
        expected = f"less than the limit of {limit} after an accepted call"
        return trial.broken(expected, "remaining {remaining}", remaining=remaining)
    bucket = exchange.call.endpoint.action.bucket if exchange.call.endpoint else None
    key, notes = (exchange.call.surface, bucket, limit), _get_notes(exchange, memory)
    before: Reading | None = notes.get(key)
    if exchange.overlapped:  # the server may have counted the other calls first
        return trial.kept()
    notes[key] = reading
    if before is not None:
        had = before.remaining
        refill = math.ceil(max(0.0, exchange.answered_at - before.at + 1.0) * limit / per_s)
        if remaining > had + refill + _estimate_back(before, exchange, windows, memory):
            expected = f"at most {had} + {refill} {'before its window ends' if windows else 'refilled'}"
            claim = "remaining rose from {had} to {remaining}"
            return trial.broken(expected, claim, had=had, remaining=remaining)
    return trial.kept()


def _estimate_back(earlier: Reading, exchange: Exchange, windows: list[float], memory: Memory) -> float:
    """Return how many calls the windows may have returned since an earlier reading."""
    if not windows:
        return 0
    return estimate_refill(earlier, exchange, windows, _count_expired(earlier, exchange, windows, memory))


def _count_expired(earlier: Reading, exchange: Exchange, windows: list[float], memory: Memory) -> float:
    """Return how many calls may have left sliding windows; infinite unless the run is exclusive."""
    if not memory.setting.exclusive:
        return math.inf
    return count_expired(earlier, exchange, windows, _get_notes(exchange, memory)["sent"])


def _get_notes(exchange: Exchange, memory: Memory) -> dict[Any, Any]:
    """Return the notes about the caller that owns the bucket: a role, or an access token of no role."""
    callers: dict[tuple[str, str], dict[Any, Any]] = memory.notes.setdefault(CALLERS, {})
    role = exchange.call.role
    caller = role, "" if role else find_proof(memory.model, exchange.request)
    notes = callers[caller] = callers.pop(caller, {})
    if len(callers) > MOST_CALLERS:
        del callers[next(iter(callers))]
    return notes


def _judge_row(
    trial: Trial,
    exchange: Exchange,
    limit: int,
    reading: Reading,
    per_s: float,
    windows: list[float],
    memory: Memory,
) -> Iterator[Judgement]:
    """Judge that the remainder falls during a row of calls of one bucket and surface.

    If the bucket refills faster than it is used, one value below the limit is enough. If a window ended
    during the row, or calls left a sliding one, the values must only not all be equal.
    """
    bucket = exchange.call.endpoint.action.bucket if exchange.call.endpoint else None
    key, notes = ("row", exchange.call.surface, bucket), _get_notes(exchange, memory)
    row: list[tuple[int, Reading]] = notes.setdefault(key, [])
    if row and row[0][0] != limit:
        row.clear()
        notes["readings", *key] = 0
    row.append((limit, reading))
    number = notes["readings", *key] = notes.get(("readings", *key), 0) + 1
    readings = [each for _, each in row]
    first, last = readings[0], readings[-1]
    kept_now = number % ROW == 0  # by number, because a server's speed decides which rows are close together
    if len(row) < ROW:
        if kept_now:
            yield trial.kept()
        return
    most_s = exchange.answered_at - first.at  # the server counts between call and answer
    loose = most_s * limit / per_s >= HALF
    del row[: 1 if loose else ROW]  # the next calls may take less time
    if first.remaining == 0:
        return
    fell = last.remaining < first.remaining or loose
    left = [each.remaining for each in readings]
    if exchange.overlapped and not fell:  # the server may have counted these calls in another order
        fell = min(left) < max(left)
    if not fell and _estimate_back(first, exchange, windows, memory):
        fell = len(set(left)) > 1 or _count_expired(first, exchange, windows, memory) > 0
    if not fell:
        expected = f"less than {first.remaining} after {ROW - 1} more calls"
        yield trial.broken(expected, "remaining {remaining}", remaining=last.remaining)
    elif kept_now:
        yield trial.kept()


CHECK = make_check("rate_limit_headers", __doc__, cases, watch=watch, turn=5, rank=Rank.WRONG)
