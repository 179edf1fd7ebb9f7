"""Read the time that an answer tells."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pgagents.cel.expression import epoch

LEAST_EPOCH_S, MOST_EPOCH_S = 900_000_000.0, 9_000_000_000.0
"""Numbers between these count as times, in epoch seconds: from 1998 to 2255."""


def find_time(body: Any) -> float | None:
    """Return the first time in an answer, in epoch seconds.

    A number counts as a time from 1998 on, so that a number of seconds to wait does not.
    """
    texts = (t for t in map(epoch, _texts(body)) if math.isfinite(t))
    return next(texts, None) or next((t for t in _numbers(body) if LEAST_EPOCH_S <= t < MOST_EPOCH_S), None)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [number for member in members for number in _numbers(member)]


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
