"""What an answer's headers tell of the bucket that is closest to empty."""

from __future__ import annotations

from pgagents.verify.memory import Setting
from pgagents.verify.seen import Seen


def rate_of(seen: Seen, setting: Setting) -> tuple[int, int, int] | None:
    """Limit, remaining and reset of an answer; None where one is missing or no whole number."""
    names = setting.model.limits.headers
    if names is None:
        return None
    found = [seen.header(n) for n in (names.limit, names.remaining, names.reset)]
    if any(v is None or not v.strip().isdigit() or len(v) > 15 for v in found):
        return None
    limit, remaining, reset = (int(str(v)) for v in found)
    return limit, remaining, reset
