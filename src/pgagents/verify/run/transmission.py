"""A request that is ready to be sent, and what may be on its way at the same time.

Whoever runs a probe sends its transmissions: at once, or as a `Task` together with those of other probes
(`lanes`). Only what `Transmission.begin` returns may run in another thread.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from greenlet import greenlet

from pgagents.base.http import Request, Response, Silence
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.pace import Limit

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it was sent, and its answer.

    `seconds` is the response time, `sent_at` the server's time when the request was sent, and `number` the
    request's number in the run.
    """

    request: Request
    answer: Response | Silence
    seconds: float
    sent_at: float
    number: int = 0
    overlapped: bool = False
    """True if another request was on its way at the same time."""
    server_ended: bool = False
    """True if nothing took a connection right after it. Only a request that is sent alone is examined."""
    printed: str = ""
    """The text that the server's process printed meanwhile.

    It is empty unless the server was started for the run and did not answer well.
    """
    intention: int = 0
    """The number of its line in the journal; 0 if it has none."""
    several: tuple[Received, ...] = ()
    """One part for each request, if several were sent together; else empty."""


@dataclass(frozen=True, slots=True)
class Transmission:
    """One request, or several that only read.

    | field | meaning |
    |---|---|
    | `begin` | counts the request, in the run's thread; returns the function that sends it, in any thread |
    | `writes` | True if the request may change something on the server |
    | `count` | the number of requests that it sends at the same time |
    | `line` | requests with an equal `line` are sent one after another; None if the request need not wait |
    | `alone` | True if nothing else may be on its way beside it |
    | `due` | the timer's value before which a limit forbids to send it; `begin` waits until then |
    | `limit` | what the server limits it by; None if no limit delays it |
    | `makes` | the resources of which it makes instances |
    | `frees` | the resources of which ids may come again after it; nothing that makes one goes beside it |
    """

    begin: Callable[[], Callable[[], Received]]
    writes: bool
    line: Hashable = None
    count: int = 1
    alone: bool = False
    due: float = 0.0
    limit: Limit | None = None
    makes: frozenset[str] = frozenset()
    frees: frozenset[str] = frozenset()

    def disturbs(self, other: Transmission) -> bool:
        """True if one of two requests may make an instance under the id that the other one frees.

        Nobody could tell it from the removed one if both were on their way.
        """
        return bool(self.makes & other.frees or self.frees & other.makes)


class Task(Generic[T]):
    """Work that pauses at each transmission, so that whoever runs it decides when the request goes out.

    Each method lets the work go on; it returns the next transmission, or None at the work's end, and raises
    what the work raises. `result` is what the work returned.
    """

    result: T

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._stack = greenlet(self._run)
        self._stack.gr_context = copy_context()  # an empty one without this

    def start(self) -> Transmission | None:
        """Begin the work."""
        ready: Transmission | None = self._stack.switch()
        return ready

    def resume(self, received: Received) -> Transmission | None:
        """Give the work the answer to its transmission."""
        ready: Transmission | None = self._stack.switch(received)
        return ready

    def fail(self, error: BaseException) -> Transmission | None:
        """Raise an error where the work waits for the answer to its transmission."""
        ready: Transmission | None = self._stack.throw(error)
        return ready

    def send(self, transmission: Transmission) -> Transmission | None:
        """Send the work's transmission at once, and give the work the answer or the error."""
        try:
            received = transmission.begin()()
        except BaseException as error:  # lets the work note what the interrupted request may have made
            return self.fail(error)
        return self.resume(received)

    def _run(self) -> None:
        with _carried_by(self._pause):
            self.result = self._work()

    def _pause(self, transmission: Transmission) -> Received:
        received: Received = self._stack.parent.switch(transmission)
        return received


def transmit(transmission: Transmission) -> Received:
    """Have a request sent, and return its answer: at once, or when the task that asks for it is resumed."""
    return _carrier.get()(transmission)


def _send_at_once(transmission: Transmission) -> Received:
    return transmission.begin()()


_carrier: ContextVar[Callable[[Transmission], Received]] = ContextVar("carrier", default=_send_at_once)


@contextmanager
def _carried_by(carry: Callable[[Transmission], Received]) -> Iterator[None]:
    token = _carrier.set(carry)
    try:
        yield
    finally:
        _carrier.reset(token)


def sending_at_once() -> AbstractContextManager[None]:
    """Send at once what is transmitted meanwhile, although a task asks for it."""
    return _carried_by(_send_at_once)


# -- a call with all its values, and the exception that ends a run


class Stop(Exception):
    """The run ends here; the message says why."""


@dataclass(slots=True)
class Ready:
    """A call with all its values, and the last known body of its subject."""

    call: Call
    values: Mapping[str, Any]
    subject: Mapping[str, Any] | None
    sent: bool = False
    """True if it was sent at least once."""
    found: frozenset[str] = frozenset()
    """The resources of which it names an instance that was there before this run."""
    era: int | None = None
    """The number of the server's returns when the values were chosen; None if it does not matter."""
