"""The limit's headers tell the truth: a limit not below the published one, a remainder that falls, a reset that can be.

A bucket may be shared, refill while it is used, or be another than the action's own, so nothing is claimed about a fall
of exactly one; what is claimed: 0 <= remaining < limit after an accepted call, no rise beyond the refill, a fall
within a row of calls that the refill cannot make up for, and, where nobody else uses the server, no fall beyond one a call.
A bucket refills evenly, so what is told to remain says when it is full; and calls of one bucket are not told another one's limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pgagents.contract import Contract
from pgagents.model import Bucket
from pgagents.verify.check import Judgement, broken, kept, promise, promise_at
from pgagents.verify.door import Door, wire_surfaces
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.rates import rate_of
from pgagents.verify.seen import LIMITED, UNAVAILABLE, Seen

RANK = 5
NAME = "rate_headers"
ROW = 4
HALF = 0.5
"""So much of a request refilled within a row is enough to hide its fall: a server may count in whole ones, or round."""
SKEW_S = 5.0
WHOLE_S = 1.0
"""A time in whole seconds is less exact by so much."""
READINGS = 8
MOST_CALLERS = 50
"""Of so many callers is remembered what they were told, those heard of last; each access token is one."""
BEHIND = 3
"""How many calls a server's count may be behind: it may be kept elsewhere, and told a little late."""
HELD_BACK = 10
"""Such a part of the limit may not be told to remain, for other clients' sake, though it is there."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Limit, remaining and reset of each door with a bucket, and the fall on each surface."""
    headers = setting.model.limits.headers
    if headers is None:
        return
    for door in _doors(setting):
        bucket = setting.model.buckets[str(door.action.bucket)]
        says = f"{headers.limit} of {door.action.name} is at least the {bucket.requests} that are published, and its own bucket's"
        yield promise(NAME, "limit", door, says, bucket.origin, bucket.cite)
        says = f"{headers.remaining} of {door.action.name} is below its limit and never rises faster than the bucket refills"
        yield promise(NAME, "remaining", door, says, ("limits", "headers", "remaining"), bucket.cite)
        says = f"{headers.reset} of {door.action.name} is when the bucket is full again"
        yield promise(NAME, "reset", door, says, ("limits", "reset_unit"), bucket.cite)
    for surface in wire_surfaces(setting.model):
        if _row_door(setting, surface) is not None:
            yield promise_at(
                NAME, "falls", f"@{surface}", f"{headers.remaining} falls as calls are made", ("limits", "headers", "remaining")
            )


def _doors(setting: Setting) -> list[Door]:
    return [d for d in setting.doors if d.action.bucket is not None]


def _row_door(setting: Setting, surface: str) -> Door | None:
    return next((d for d in _doors(setting) if d.surface == surface and d.action.effect == "read"), None)


def watch(seen: Seen, memory: Memory) -> Iterator[Judgement]:
    """Judge every accepted call's headers alone and against the ones before; of a limited one when its bucket is full again."""
    door = seen.call.door
    if (
        door is None
        or door.action.bucket is None
        or not (seen.success or seen.status == LIMITED)
        or seen.call.intent == "framework"
        or seen.call.twist
        or seen.status == UNAVAILABLE
    ):
        return
    values = rate_of(seen, memory.setting)
    if values is None:
        return
    limit, remaining, _ = values
    place, model = seen.place, memory.model
    bucket = model.buckets[door.action.bucket]
    possible = [b for b in model.buckets.values() if b is bucket or b.when is not None]
    if seen.status == LIMITED:  # of a bucket that is empty the moment alone is new
        yield _reset(seen, values, [b.per_s for b in possible], memory, f"{NAME}/reset/{place}")
        return
    yield _limit(seen, limit, bucket, possible, memory, f"{NAME}/limit/{place}")
    yield _reset(seen, values, [b.per_s for b in possible], memory, f"{NAME}/reset/{place}")
    if not seen.call.beside:
        yield _remaining(seen, limit, remaining, bucket.per_s, memory, f"{NAME}/remaining/{place}")
        yield from _row(seen, limit, remaining, bucket.per_s, memory)


def _limit(seen: Seen, limit: int, bucket: Bucket, possible: list[Bucket], memory: Memory, contract: str) -> Judgement:
    """Not below what is published; nor the limit of a bucket that such a call does not draw from, where this bucket's own is told, too."""
    smallest = min(b.requests for b in possible)
    if limit < smallest:
        return broken(contract, f"a limit of at least {smallest}", f"a limit of {limit}")
    told: set[int] = _noted(seen, memory).setdefault(("told", bucket.name), set())
    told.add(limit)
    others = {b.requests: b.name for b in memory.model.buckets.values() if b not in possible}
    if bucket.requests in told and limit in others and limit not in {b.requests for b in possible}:
        expected = f"a limit of {bucket.requests}, as other calls of {bucket.name} are told"
        return broken(contract, expected, f"{limit}, that of {others[limit]}")
    return kept(contract)


def _reset(seen: Seen, told: tuple[int, int, int], periods: list[float], memory: Memory, contract: str) -> Judgement:
    """Full again: when what lacks has been refilled, at the even pace of the bucket that is told of."""
    limit, remaining, reset = told
    epoch = memory.model.limits.reset_unit == "epoch_seconds"
    ahead = reset - seen.sent_at if epoch else float(reset)
    lacks = limit - remaining
    soonest = min(max(0, lacks - 1 - max(BEHIND, limit // HELD_BACK)) * s / limit for s in periods) - SKEW_S
    latest = max(min(limit, lacks + BEHIND) * s / limit for s in periods) + SKEW_S
    if soonest - WHOLE_S <= ahead <= latest + WHOLE_S:
        return kept(contract)
    said = f"{reset}, which is {ahead:+.0f} s from now" if epoch else f"{reset} s"
    expected = f"in {'epoch seconds' if epoch else 'seconds'}, about {lacks * max(periods) / limit:.0f} s from now: {lacks} of {limit} lack"
    return broken(contract, expected, f"reset {said}")


def _remaining(seen: Seen, limit: int, remaining: int, per_s: float, memory: Memory, contract: str) -> Judgement:
    if remaining >= limit:
        return broken(contract, f"less than the limit of {limit} after an accepted call", f"remaining {remaining}")
    door = seen.call.door
    key, noted = (seen.call.surface, door.action.bucket if door else None, limit), _noted(seen, memory)
    before = noted.get(key)
    noted[key] = (remaining, seen.sent_at)
    if before is not None:
        had, at = before
        refill = math.ceil(max(0.0, seen.sent_at + seen.seconds - at + 1.0) * limit / per_s)
        if remaining > had + refill:
            return broken(contract, f"at most {had} + {refill} refilled", f"remaining rose from {had} to {remaining}")
    return _cost(seen, limit, remaining, memory, contract) or kept(contract)


def _cost(seen: Seen, limit: int, remaining: int, memory: Memory, contract: str) -> Judgement | None:
    """What is wrong where it falls by more than the calls since an earlier reading of the same kind: a call draws one.

    Of the same kind: the same door, caller and headers, so the same buckets, whichever of them is closest to empty.
    """
    if not memory.setting.exclusive:
        return None
    kind = ("cost", seen.place, limit, frozenset(name.lower() for name, _ in seen.request.headers))
    readings: list[tuple[int, int]] = _noted(seen, memory).setdefault(kind, [])
    readings.append((remaining, seen.number))
    had, number = readings[0] if len(readings) <= READINGS else readings.pop(0)
    calls = seen.number - number
    if had - remaining > calls + BEHIND:
        return broken(contract, f"at least {had} - {calls}, one for each call since", f"remaining fell from {had} to {remaining}")
    return None


def _noted(seen: Seen, memory: Memory) -> dict[Any, Any]:
    """What was noted of the caller whose bucket it is: a role, or an access token, which belongs to no role."""
    callers: dict[tuple[str, str], dict[Any, Any]] = memory.notes.setdefault(NAME, {})
    whose = seen.call.role, "" if seen.call.role else seen.request.header("authorization") or ""
    noted = callers[whose] = callers.pop(whose, {})
    if len(callers) > MOST_CALLERS:
        del callers[next(iter(callers))]
    return noted


def _row(seen: Seen, limit: int, remaining: int, per_s: float, memory: Memory) -> Iterator[Judgement]:
    """A fall within a row of calls of one bucket and surface, whatever they were sent for.

    Where the bucket refills faster than it is used, being below its limit is all that can be seen.
    """
    key = ("row", seen.call.surface, seen.call.door.action.bucket if seen.call.door else None)
    row: list[tuple[int, int, float]] = _noted(seen, memory).setdefault(key, [])
    if row and row[0][0] != limit:
        row.clear()
    row.append((limit, remaining, seen.sent_at))
    if len(row) < ROW:
        return
    contract = f"{NAME}/falls@{seen.call.surface}"
    (_, first, began), (_, last, ended) = row[0], row[-1]
    row.clear()
    if first == 0:
        return
    if last < first or (ended - began) * limit / per_s >= HALF:
        yield kept(contract)
    else:
        yield broken(contract, f"less than {first} after {ROW - 1} more calls", f"remaining {last}")
