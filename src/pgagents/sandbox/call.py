"""Types that pass between the front and a domain: an accepted call, a refusal, a raw body, and the clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pgagents.base.http import Request
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Output
from pgagents.sandbox.keys import Key


@dataclass(frozen=True, slots=True)
class AcceptedCall:
    """An accepted call: a known action, valid arguments with defaults, and a key with sufficient rights.

    `now` is the sandbox's time in epoch seconds. `agent` is true if an agent makes the call. `attribution`
    holds the values that the surface adds. `surface` is `rest` or the dispatcher's name.
    """

    action: Action
    input: Mapping[str, Any]
    key: Key | None
    now: float
    surface: str
    agent: bool
    attribution: Mapping[str, str]
    end_user: str | None
    request: Request
    given: frozenset[str] = field(default=frozenset())
    """Names of the arguments that the caller sent; the others in `input` are defaults."""
    headers: list[tuple[str, str]] = field(default_factory=list, compare=False)
    """Headers that the domain adds to the answer."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A domain's refusal: a code of the catalogue, a message, and the wrong argument or missing scope, if
    any.
    """

    code: str
    message: str
    field: str | None = None
    scope: str | None = None


class NotModified:
    """The answer 304: the caller has the current version (RFC 9110, 15.4.5)."""


@dataclass(frozen=True, slots=True)
class Other:
    """An answer with another declared success of the action than its first one."""

    output: Output
    data: Any


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is not JSON."""

    content_type: str
    body: bytes


Domain = Callable[[AcceptedCall], Any]
"""A function that carries out an action.

It returns the body's data (None for no body), a Raw, or a Refusal.
"""


# -- the clock


LATEST_S = 253_370_764_800.0
"""The time 9999-01-01T00:00:00Z in epoch seconds. RFC 3339 has four digits for a year."""


class Clock:
    """Seconds since 1970 from `source`, plus an offset that `advance` increases."""

    __slots__ = ("_offset_s", "_source")

    def __init__(self, source: Callable[[], float], start: float | None = None) -> None:
        self._source = source
        self._offset_s = 0.0 if start is None else start - source()

    def now(self) -> float:
        """Return the sandbox's time in epoch seconds."""
        return self._source() + self._offset_s

    def advance(self, seconds: float) -> float:
        """Move the clock forward; return the new time. Raises ValueError past the year 9998."""
        if self.now() + seconds >= LATEST_S:
            raise ValueError("past the year 9998")
        self._offset_s += seconds
        return self.now()


def rfc3339(moment: float) -> str:
    """Return epoch seconds as RFC 3339 in UTC with `Z`, in whole seconds."""
    return _format_moment(int(moment))


@lru_cache(1024)
def _format_moment(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch_of(text: str) -> float | None:
    """Return the epoch seconds of an RFC 3339 time; None if it has no offset or cannot be parsed."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None
