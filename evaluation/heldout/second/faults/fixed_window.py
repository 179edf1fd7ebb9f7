"""Calls are counted by the clock's minute instead of a bucket that refills, so around its turn twice as
many pass.
"""

from __future__ import annotations

from typing import Any

from evaluation.heldout.calls import Shown
from pgagents.base.http import Handler
from pgagents.sandbox.fault_declaration import Context
from pgagents.sandbox.limits import Drawn, Limits

CLASS = "limits"
SUBTLE = True
FORM = "formal"
PROMISE = (
    "limits.buckets.read.requests + limits.buckets.create.requests:: 240 and 60 in any minute: rolling "
    "token buckets"
)


class _Windows(Limits):
    """Counts by whole minutes."""

    def draw(
        self, action: Any, key: Any, *, agent: bool, end_user: str | None, peer: str, now: float
    ) -> Drawn | None:
        chosen = self._buckets(action, key, agent, end_user, peer)
        if not chosen:
            return None
        minute, left_s = now // 60, 60 - now % 60
        levels = []
        for bucket, owner, capacity in chosen:
            level, at = self._levels.get((bucket.name, owner), (float(capacity), minute))
            levels.append(level if at == minute else float(capacity))
        lacking = any(level < 1 for level in levels)
        told = []
        for (bucket, owner, capacity), level in zip(chosen, levels, strict=True):
            left = level if lacking else level - 1
            self._levels[bucket.name, owner] = (left, minute)
            told.append(Drawn(capacity, int(left), left_s, left_s if level < 1 else 0.0))
        return max(told, key=lambda t: t.wait_s) if lacking else min(told, key=lambda t: t.remaining)


def wrap(handler: Handler, context: Context) -> Handler:
    context.front.limits = _Windows(context.model)
    return handler


def shows(call: Shown) -> Any:
    call.wait(58)
    first = [call.status("GET", "/api/v1/sessions", key="test") for _ in range(240)].count(200)
    call.wait(3)
    return first, [call.status("GET", "/api/v1/sessions", key="test") for _ in range(240)].count(200)
