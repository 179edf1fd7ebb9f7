"""All keys draw from one bucket, so that one key's burst limits the others."""

from __future__ import annotations

from typing import Any

from pgagents.model import Bucket
from pgagents.sandbox.limits import Limits
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler

BREAKS = frozenset({"rate_enforced"})
ALSO: dict[str, str] = {}
NEEDS = frozenset({"limits"})


class _Shared(Limits):
    """One level for a bucket, whoever draws."""

    def _buckets(self, *given: Any) -> list[tuple[Bucket, str, int]]:
        return [(bucket, "all", bucket.requests) for bucket, _, _ in super()._buckets(*given)]


def wrap(handler: Handler, context: Context) -> Handler:
    """Count every call for all keys."""
    context.front.limits = _Shared(context.model)
    return handler
