"""How a check or a fixture asks for an answer: by a plain call, which returns once the answer is there.

Who answers depends on who asks: the driver answers a probe, and the executor answers what makes an instance
for a call. Each says so with `answering`, and the innermost one answers. A function that has a `Trial` asks
it; one that has none, such as a fixture, uses `ask`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from pgagents.verify.wire.call import Call, Sleep, Step
from pgagents.verify.wire.exchange import Exchange

A = TypeVar("A")
_answerer: ContextVar[Callable[[Any], Any]] = ContextVar("answerer")


def ask(step: Step[A]) -> A:
    """Return the answer to a step: the exchange of a `Call`, the body of an instance, a list of exchanges.

    What makes the answer impossible is raised, and ends the probe; a check need not catch it.
    """
    answer: A = hand_over(step)
    return answer


def ask_until(
    call: Call, holds: Callable[[Exchange], bool], waits_s: Sequence[float]
) -> tuple[Exchange, bool]:
    """Return the first answer to a read for which this holds, or that after the last of these waits, and
    whether it was repeated.
    """
    answer, late = ask(call), False
    for seconds in waits_s:
        if holds(answer):
            break
        ask(Sleep(seconds, quiet=True))
        answer, late = ask(call), True
    return answer, late


def hand_over(step: object) -> Any:
    """Hand anything to whoever answers now, and return the answer."""
    return _answerer.get()(step)


@contextmanager
def answering(answer: Callable[[Any], Any]) -> Iterator[None]:
    """Answer by this function what is asked meanwhile."""
    token = _answerer.set(answer)
    try:
        yield
    finally:
        _answerer.reset(token)


def changing_steps(change: Callable[[Any], Any]) -> AbstractContextManager[None]:
    """Change by this function what is asked meanwhile."""
    answer = _answerer.get()
    return answering(lambda step: answer(change(step)))
