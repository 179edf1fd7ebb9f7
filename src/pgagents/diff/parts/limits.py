"""Compare the limits of two editions: buckets of requests, sizes, and the headers about them."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.cel.rewrite import normal
from pgagents.diff.change import Change, whole
from pgagents.model.model import Model


def compare_limits(old: Model, new: Model) -> Iterator[Change]:
    """Yield the changes for a caller that stays within the limits, or exceeds one."""
    yield from _compare_buckets(old, new)
    a, b = old.limits, new.limits
    if a.max_body_bytes != b.max_body_bytes:
        less = b.max_body_bytes is not None and (
            a.max_body_bytes is None or b.max_body_bytes < a.max_body_bytes
        )
        yield whole(
            "breaking" if less else "addition",
            "body-size",
            f"bodies have at most {b.max_body_bytes} bytes now",
            "limits",
            "max_body_bytes",
        )
    for key in ("headers", "reset_unit"):
        if getattr(a, key) != getattr(b, key):
            yield whole(
                "breaking" if getattr(a, key) else "addition",
                "limit-headers",
                f"{key} of the limits changed",
                "limits",
                key,
            )
    if set(a.status) != set(b.status):
        said = ", ".join(map(str, sorted(b.status)))
        yield whole("breaking", "limit-status", f"calls over a limit get {said} now", "limits", "status")
    for key in ("end_user", "unlimited", "budgets"):
        if getattr(a, key) != getattr(b, key):
            yield whole("may break", "limits", f"{key} of the limits changed", "limits", key)


def _compare_buckets(old: Model, new: Model) -> Iterator[Change]:
    for name, was in old.buckets.items():
        now = new.buckets.get(name)
        if now is None:
            yield whole("addition", "limit", f"bucket {name} is gone", "limits", "buckets", name)
        elif (
            now.requests < was.requests
            or now.requests / now.per_s < was.requests / was.per_s
            or now.of != was.of
        ):
            before = f"{was.requests} per {was.per_s:g} s and {was.of}"
            message = f"{name}: {now.requests} requests per {now.per_s:g} s and {now.of} now, were {before}"
            yield whole("breaking", "limit", message, "limits", "buckets", name)
        elif (now.requests, now.per_s) != (was.requests, was.per_s):
            yield whole(
                "addition",
                "limit",
                f"{name}: {now.requests} requests per {now.per_s:g} s now",
                "limits",
                "buckets",
                name,
            )
        if now is not None and (was.when and normal(was.when.tree)) != (now.when and normal(now.when.tree)):
            yield whole("may break", "limit", f"other calls draw from {name} now", "limits", "buckets", name)
        if now is not None and was.refill != now.refill:
            how = (
                "evenly"
                if now.refill == "even"
                else f"all together at the end of a window of {now.per_s:g} s"
            )
            yield whole(
                "may break", "limit", f"calls of {name} come back {how} now", "limits", "buckets", name
            )
    for name in new.buckets.keys() - old.buckets.keys():
        yield whole(
            "breaking",
            "limit",
            f"bucket {name} is new: {new.buckets[name].requests} requests",
            "limits",
            "buckets",
            name,
        )
