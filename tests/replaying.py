"""Records a whole run of a plain sandbox in process, and tells whether another sandbox answers it alike.

A run sees the keys, the answers, the events and the clock of a sandbox, and nothing else of it. Where all
of them are equal, its requests and verdicts are equal too, and nothing has to be judged again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from inprocess import Inside, inside, verify_sandbox
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Options
from pgagents.verify.run.sender import at_once

Do = Callable[[Inside], Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One use of a sandbox. `seen` is its result, both clocks, and the events since the last step."""

    do: Do
    seen: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A run of a plain sandbox: its report, what the sandbox gave it at first, and its steps in order."""

    report: Report
    given: Any
    steps: tuple[Step, ...]

    def is_repeated_by(self, opened: Inside) -> bool:
        """Return True if a sandbox that nobody has used yet gives the same, and each step shows the same."""
        if _list_given(opened) != self.given:
            return False
        look = _Look(opened)
        return all(look(step.do(opened)) == step.seen for step in self.steps)


def record(of: Model, options: Options, main: str = "unlimited") -> Recording:
    """Verify a plain sandbox. The main identity has the key of the role `main`, where there are keys."""
    opened = inside(of)
    given, recorder = _list_given(opened), _Recorder(opened)
    keys = {**opened.keys, **({"main": opened.sandbox.tokens[main]} if opened.keys else {})}
    report = verify_sandbox(of, recorder.listen(), options, keys=keys)
    return Recording(report, given, recorder.finish())


def _list_given(opened: Inside) -> Any:
    """Return what a run knows of a sandbox before its first call."""
    return opened.keys, opened.client, opened.sandbox.oauth


class _Look:
    """Collects a sandbox's events, and adds to the result of a step what else can be seen behind it."""

    def __init__(self, opened: Inside) -> None:
        self._opened = opened
        self._came: dict[str, list[tuple[Any, ...]]] = {}
        """Deliveries by their address: a sandbox serves several at once, and a run reads one by one."""
        take = opened.inbox.take

        def hear(path: str, *delivery: Any) -> int:
            self._came.setdefault(path, []).append(delivery)
            return take(path, *delivery)

        opened.inbox.take = hear

    def __call__(self, result: Any) -> tuple[Any, ...]:
        came, self._came = self._came, {}
        return result, self._opened.now[0], self._opened.sandbox.front.clock.now(), came


@dataclass(slots=True)
class _Listening(Inside):
    """An open sandbox whose sleeps are recorded."""

    use: Callable[[Do, Callable[[], Any]], Any] = field(kw_only=True)

    def sleep(self, seconds: float) -> None:
        """Advance the time, and deliver the events that are due."""
        self.use(lambda opened: opened.sleep(seconds), lambda: Inside.sleep(self, seconds))


class _Recorder:
    """Stands between a run and its sandbox."""

    def __init__(self, opened: Inside) -> None:
        self._opened, self._look = opened, _Look(opened)
        self._handler = opened.sandbox.handler
        self._thread = threading.current_thread()
        self._steps: list[Step] = []
        self._together: list[tuple[Request, list[Response | Silence]]] = []
        """The calls of other threads since the last step, each with its answer when that is there."""

    def listen(self) -> Inside:
        """Return the sandbox for a run, each of whose uses becomes a step."""
        opened = self._opened
        front, inbox = opened.sandbox.front, opened.inbox
        refuse, open_address = front.plaintext, inbox.open
        front.plaintext = lambda request: self._use(
            lambda o: o.sandbox.front.plaintext(request), lambda: refuse(request)
        )
        inbox.open = lambda name, **more: self._use(
            lambda o: o.inbox.open(name, **more), lambda: open_address(name, **more)
        )
        heard = replace(opened.sandbox, handler=self._call)
        return _Listening(heard, opened.now, inbox, opened.faults, use=self._use)

    def finish(self) -> tuple[Step, ...]:
        """Return the steps of the run, which has ended."""
        self._end_together()
        return tuple(self._steps)

    def _call(self, request: Request) -> Response | Silence:
        if threading.current_thread() is self._thread:
            return self._use(lambda o: o.sandbox.handler(request), lambda: self._handler(request))
        answers: list[Response | Silence] = []
        self._together.append((request, answers))
        answers.append(self._handler(request))
        return answers[0]

    def _use(self, do: Do, act: Callable[[], Any]) -> Any:
        """Record a step: `act` does it now, and `do` with another sandbox later."""
        self._end_together()
        result = act()
        self._steps.append(Step(do, self._look(result)))
        return result

    def _end_together(self) -> None:
        """Record the calls of other threads as one step, in which they are at the same time again."""
        if not self._together:
            return
        requests = [request for request, _ in self._together]
        answers = [answers[0] for _, answers in self._together]
        self._together.clear()
        self._steps.append(Step(lambda o: at_once(o.sandbox.handler, requests), self._look(answers)))
