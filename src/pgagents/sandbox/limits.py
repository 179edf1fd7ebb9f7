"""Rate limits by token buckets and fixed windows, and their headers.

Windows begin at multiples of their length, so a burst across a boundary gets two limits: the hardest case for
clients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Bucket, Model
from pgagents.sandbox.keys import Key

_MOST_BUCKETS = 100_000


@dataclass(frozen=True, slots=True)
class Drawn:
    """The state of a limit after a call.

    `limit` and `remaining` count tokens. `full_in_s` is the time until the bucket is full again. `wait_s` is
    the time to wait before the next call; 0 means that the call is accepted. `name` and `per_s` are the
    bucket's.
    """

    limit: int
    remaining: int
    full_in_s: float
    wait_s: float
    name: str = "default"
    per_s: float = 60.0


class Limits:
    """The levels of all buckets. It is not thread-safe: the front holds its lock."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._levels: dict[tuple[str, str], tuple[float, float]] = {}
        self._applying: dict[tuple[str, Key | None, bool], list[Bucket]] = {}

    def draw(
        self,
        action: Action | None,
        key: Key | None,
        *,
        agent: bool,
        end_user: str | None,
        peer: str,
        now: float,
    ) -> Drawn | None:
        """Take one token from every bucket that applies; if one of them is empty, take none.

        Returns the state of the tightest bucket, or None if no bucket applies. `now` is in epoch seconds.
        """
        chosen = self._buckets(action, key, agent, end_user, peer)
        if not chosen:
            return None
        levels = [self._level(*one, now) for one in chosen]
        # half a millionth of a token is rounding noise of doubles, not a missing token
        lacking = any(level < 1.0 - 5e-7 for level in levels)
        told: list[tuple[float, Drawn]] = []
        for (bucket, owner, capacity), level in zip(chosen, levels, strict=True):
            left = level if lacking else max(0.0, level - 1.0)
            self._levels[bucket.name, owner] = (left, now)
            wait = max(0.0, _seconds(bucket, capacity, 1.0 - level, now)) if level < 1.0 - 5e-7 else 0.0
            told.append(
                (
                    left,
                    Drawn(
                        capacity,
                        int(left + 5e-7),
                        _seconds(bucket, capacity, capacity - left, now),
                        wait,
                        bucket.name,
                        bucket.per_s,
                    ),
                )
            )
        self._evict_oldest()
        closest = max(told, key=lambda t: t[1].wait_s) if lacking else min(told, key=lambda t: t[0])
        return closest[1]

    def _level(self, bucket: Bucket, owner: str, capacity: int, now: float) -> float:
        """Return the tokens in a bucket now."""
        level, at = self._levels.get((bucket.name, owner), (float(capacity), now))
        if bucket.refill == "window":
            return level if at // bucket.per_s >= now // bucket.per_s else float(capacity)
        return min(float(capacity), level + max(0.0, now - at) * (capacity / bucket.per_s))

    def headers(self, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        """Return the rate-limit headers of an answer made now."""
        names = self._model.limits.headers
        if names is None:
            return []
        found = self._levels_told(names, drawn, now)
        if drawn.wait_s:
            found.append((names.retry, str(retry_after_s(drawn))))
        return found

    def _levels_told(self, names: Any, drawn: Drawn, now: float) -> list[tuple[str, str]]:
        """Return the headers with the limit and the remaining calls, in the catalogue's form."""
        if names.ietf:
            in_s = math.ceil(drawn.full_in_s - 1e-6)
            policy = f'"{drawn.name}";q={drawn.limit};w={max(1, math.ceil(drawn.per_s))}'
            return [
                ("RateLimit", f'"{drawn.name}";r={drawn.remaining};t={in_s}'),
                ("RateLimit-Policy", policy),
            ]
        if names.usage is not None:
            numbers = {
                "limit": drawn.limit,
                "remaining": drawn.remaining,
                "used": drawn.limit - drawn.remaining,
            }
            return [(names.usage, names.pattern.format(**numbers))]
        if names.limit is None:
            return []
        at = now if self._model.limits.reset_unit == "epoch_seconds" else 0.0
        return [
            (names.limit, str(drawn.limit)),
            (names.remaining, str(drawn.remaining)),
            (names.reset, str(math.ceil(at + drawn.full_in_s - 1e-6))),
        ]

    def _buckets(
        self, action: Action | None, key: Key | None, agent: bool, end_user: str | None, peer: str
    ) -> list[tuple[Bucket, str, int]]:
        known = (str(action.name) if action else "", key, agent)
        if known not in self._applying:
            if len(self._applying) >= _MOST_BUCKETS:
                self._applying.clear()  # every new grant is a separate caller
            self._applying[known] = [
                b for b in self._model.buckets.values() if self._applies(b, action, key, agent)
            ]
        found = []
        for bucket in self._applying[known]:
            if bucket.of == "address" or key is None:
                found.append((bucket, peer, bucket.requests))
            elif bucket.of == "key":
                found.append((bucket, key.id, max(bucket.requests, key.per_minute or 0)))
            elif end_user is not None:
                found.append((bucket, f"{key.id}\n{end_user}", max(bucket.requests, key.per_minute or 0)))
        return found

    def _applies(self, bucket: Bucket, action: Action | None, key: Key | None, agent: bool) -> bool:
        if bucket.of == "address":  # an action may count by address, whoever calls it
            own = action is not None and bucket.when is None and action.bucket == bucket.name
            return key is None or own
        if key is None:
            return False
        return self._decide(bucket, action, key, agent)

    def _decide(self, bucket: Bucket, action: Action | None, key: Key, agent: bool) -> bool:
        """Return whether a bucket applies to a call with a key.

        A bucket without a condition applies to its own actions. The first of them also applies to calls of no
        action. Any other bucket applies if its condition holds.
        """
        if bucket.when is None:
            own = (
                action.bucket
                if action
                else next(
                    (b.name for b in self._model.buckets.values() if b.of == "key" and not b.when), None
                )
            )
            return bucket.name == own
        caller = {
            "id": key.id,
            "role": key.role,
            "project": key.project,
            "plan": key.plan,
            "mode": key.mode,
            "group": key.group,
            "integration": key.integration,
            "unlimited": key.unlimited,
            "operator": key.operator,
            "end_user_opt_in": key.end_user_opt_in,
            "scopes": list(key.scopes),
        }
        call = {
            "agent": agent,
            "action": str(action.name) if action else None,
            "effect": action.effect if action else None,
        }
        return Scope({"key": caller, "call": call}).holds(bucket.when)

    def _evict_oldest(self) -> None:
        if len(self._levels) > _MOST_BUCKETS:
            oldest = sorted(self._levels, key=lambda k: self._levels[k][1])[: _MOST_BUCKETS // 10]
            for key in oldest:
                del self._levels[key]


def _seconds(bucket: Bucket, capacity: int, tokens: float, now: float) -> float:
    """Return the seconds until this many additional tokens are available."""
    if bucket.refill == "window":
        return bucket.per_s - now % bucket.per_s
    return tokens / (capacity / bucket.per_s)


def retry_after_s(drawn: Drawn) -> int:
    """Return the whole seconds until the next token, at least one."""
    return max(1, math.ceil(drawn.wait_s - 1e-6))
