"""Decide whether a call is repeated, and how long to wait before. Nothing here sends or sleeps.

Three failures are always safe to repeat. These are a call over a rate limit, a proxy's answer without the
API, and a connection that was never made. After any other temporary failure a call is repeated only if a
second call has no further effect. That is a read, a PUT or DELETE, or a call with an idempotency key.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from dataclasses import dataclass

from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model

PASSING = frozenset((408, 425, 500, 502, 503, 504))
_UNASKED = frozenset((503, 521, 523))
"""Statuses by which a proxy says that it did not ask the API. Cloudflare's 521 and 523 mean that it could not
reach it. After any other, such as a 502, 504, 520 or 524, the API may have acted.
"""


@dataclass(frozen=True, slots=True)
class Patience:
    """Limits of repetition.

    `max_wait_s` bounds all waits of one call together. After `max_s`, no attempt begins.
    """

    attempts: int = 4
    max_wait_s: float = 30.0
    max_s: float = 60.0
    base_s: float = 0.5
    most_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """A wait of this many seconds; `why` is the reason, for people."""

    seconds: float
    why: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last response, the number of attempts, and True if an earlier attempt may have had an effect."""

    came: Response | Silence
    attempts: int
    uncertain: bool
    retry_after_s: float | None = None


Steps = Generator[Request | Backoff, Response | Silence | None, Ended]


def attempts(
    model: Model,
    action: Action,
    request: Request,
    patience: Patience,
    *,
    again: bool,
    clock: Callable[[], float],
    rng: random.Random,
) -> Steps:
    """Yield requests to send and waits to make, until the call has ended.

    `again` is true if the call may be repeated after any temporary failure.
    """
    unasked, edge = list_unasked(model), {e.status for e in model.errors.edge}
    began, waited, uncertain, number = clock(), 0.0, False, 0
    while True:
        number += 1
        came = yield request
        assert came is not None
        limits = model.limit_reader
        told = limits.wait_s(came.header, clock()) if isinstance(came, Response) else None
        safe = _safe(came, unasked) or (isinstance(came, Response) and _limited(model, came))
        if number >= patience.attempts or not (safe or (again and _passing(came, edge))):
            return Ended(came, number, uncertain, told)
        pause = _pause(told, number, patience, rng)
        if waited + pause > patience.max_wait_s or clock() - began + pause > patience.max_s:
            return Ended(came, number, uncertain, told)
        uncertain = uncertain or (not safe and not action.only_reads)
        waited += pause
        yield Backoff(
            pause, f"{_describe_answer(came)}; attempt {number + 1} of {patience.attempts} in {pause:.1f} s"
        )


def list_unasked(model: Model) -> set[int]:
    """Return the declared statuses with which a proxy answers without having asked the API."""
    return {e.status for e in model.errors.edge} & _UNASKED


def repeatable(action: Action, *, keyed: bool) -> bool:
    """Return whether a second call has no further effect. `keyed` is true if it has an idempotency key.

    A PUT or DELETE that is not idempotent, by its author's word, is not repeated.
    """
    replaces = action.method in ("PUT", "DELETE") and action.hints.idempotent.value
    return action.only_reads or replaces or keyed


def _limited(model: Model, came: Response) -> bool:
    """Return whether a response refuses the call because of a rate limit, so that it had no effect."""
    if came.status not in model.limit_reader.statuses:
        return False
    read = model.error_reader.read(came.status, read_json(came.body).value)
    return model.limit_reader.is_limited(came.status, came.header, read)


def _safe(came: Response | Silence, unasked: set[int]) -> bool:
    return came.kind == "refused" if isinstance(came, Silence) else came.status in unasked


def _passing(came: Response | Silence, edge: set[int]) -> bool:
    if isinstance(came, Silence):
        return came.kind in ("timeout", "reset")
    return came.status in PASSING or came.status in edge


def _pause(told: float | None, number: int, patience: Patience, rng: random.Random) -> float:
    """Return the seconds to wait.

    It is the requested wait plus a random part, which spreads clients over time. Without a request it is a
    growing random wait.
    """
    if told is not None:
        return told + rng.random() * min(1.0, 0.1 + told / 10)
    most: float = min(patience.most_s, patience.base_s * 2.0 ** (number - 1))
    return most / 2 + rng.random() * most / 2


def _describe_answer(came: Response | Silence) -> str:
    if isinstance(came, Response):
        return f"the API answered {came.status}"
    return "the API cannot be reached" if came.kind == "refused" else "the API gave no answer"
