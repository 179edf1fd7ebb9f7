"""Run several conversations at the same time, each to its end.

Requests go out in rounds, either only reads or only writes, as in the lanes of a plan. Answers are taken in
the order in which their requests went out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Generic, TypeVar

from pgagents.verify.run.driver import Driver
from pgagents.verify.run.lanes import CHUNK_S, LAST_ANSWERS_S
from pgagents.verify.run.sending.transmission import Received, Sending, Transmission
from pgagents.verify.run.workers import Workers

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Conversation(Generic[T]):
    """A conversation, with its request that is to be sent next, or with its end."""

    steps: Sending[T]
    ready: Transmission | None = None
    end: T | BaseException | None = None

    def proceed(self, step: Callable[[], Transmission]) -> None:
        """Go on to the next request or to the end."""
        self.ready = None
        try:
            self.ready = step()
        except StopIteration as stop:
            self.end = stop.value
        except BaseException as error:  # whoever asked for the ends decides what each error means
            self.end = error


def finish_together(
    driver: Driver, several: Sequence[Sending[T]], patience_s: float = LAST_ANSWERS_S
) -> tuple[list[T | BaseException | None], bool]:
    """Run steps to their ends; return the result of each, or the error that ended it.

    The second value is True if an interrupt came. An interrupt ends all of them, after at most `patience_s`
    seconds for the requests on their way.
    """
    interrupted = False
    conversations = [_Conversation(steps) for steps in several]
    threads: Workers[Received] = Workers(len(conversations))
    driver.overlap(len(conversations))
    try:
        for one in conversations:
            one.proceed(partial(next, one.steps))
        while unended := [one for one in conversations if one.ready is not None]:
            interrupted = not _send_round(driver, threads, unended, patience_s) or interrupted
    finally:
        driver.overlap(1)
        threads.close()
    ends = [one.end for one in conversations]
    return ends, interrupted or any(isinstance(end, KeyboardInterrupt) for end in ends)


def _send_round(
    driver: Driver, threads: Workers[Received], unended: Sequence[_Conversation[T]], patience_s: float
) -> bool:
    """Send the next requests that may be on their way at the same time, and take their answers.

    Return False if an interrupt ended the conversations.
    """
    sent: list[tuple[_Conversation[T], Future[Received]]] = []
    try:
        for one, ready in _choose(unended):
            sent.append((one, threads.submit(ready.begin())))
        for one, future in sent:
            driver.wait_for(future.done, partial(wait, [future], CHUNK_S))
            _hand_over(one, future, overlapped=len(sent) > 1)
    except KeyboardInterrupt as error:
        with suppress(KeyboardInterrupt):
            wait([future for _, future in sent], patience_s)
        for one, future in sent:
            if one.ready is not None and future.done():
                _hand_over(one, future, overlapped=len(sent) > 1)
        for one in unended:
            while one.ready is not None:
                one.proceed(partial(one.steps.throw, type(error)(*error.args)))
        return False
    return True


def _choose(unended: Sequence[_Conversation[T]]) -> list[tuple[_Conversation[T], Transmission]]:
    """Return the conversations whose requests may go out beside the first one's, each with its request."""
    chosen: list[tuple[_Conversation[T], Transmission]] = []
    lines = set()
    for one in unended:
        ready = one.ready
        if ready is None or (chosen and (ready.alone or ready.writes != chosen[0][1].writes)):
            continue
        if ready.alone:
            return [(one, ready)]
        if ready.line is None or ready.line not in lines:
            lines.add(ready.line)
            chosen.append((one, ready))
    return chosen


def _hand_over(one: _Conversation[T], future: Future[Received], *, overlapped: bool) -> None:
    """Resume a conversation with the answer to its request, or with the error."""
    error = future.exception()
    if error is not None:
        one.proceed(partial(one.steps.throw, error))
    else:
        one.proceed(partial(one.steps.send, replace(future.result(), overlapped=overlapped)))
