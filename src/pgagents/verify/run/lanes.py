"""Run several probes at the same time, each in a lane of its own, with the same verdicts as one by one.

Only sending is concurrent: probes, the pool, the ledger and the judge stay on the run's own thread.
Answers are taken in the order in which their requests went out, however long each took. So what the run
does next never depends on the server's speed.

A request that may change something is never on its way together with one that reads. So every answer shows
the server as it was between two writes, and judging in the order of sending is right.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

from pgagents.verify.plan.order import LAST, NOTHING, Company, Slot
from pgagents.verify.run.driver import Disturbed, Driver, Turn
from pgagents.verify.run.transmission import Received, Stop, Task, Transmission

LAST_ANSWERS_S = 5.0
"""Seconds that an interrupted run waits for the answers to the requests that are on their way."""
LONG = 8
"""The requests of a long probe. It starts before shorter ones, so that it is not the last to end."""
LOOK_AHEAD = 500
"""The number of slots of the plan from which the next one is chosen."""
CHUNK_S = 0.05
"""Seconds that the run's thread waits at a time, so that it notices an interrupt on every system."""


PATIENCE_S = 5.0
"""Seconds that the whole run waits for a limit. While a probe waits longer, others run."""
MOST_WAITING = 8
"""The most probes that wait for limits beside those that run."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A probe that ran alone until a limit made it wait: its task, its turn, and its next request."""

    slot: Slot
    task: Task[None]
    turn: Turn
    transmission: Transmission
    sent: int
    """The number of its requests so far."""


@dataclass(slots=True, eq=False)
class Lane:
    """A running probe: its task, its turn while others run, and its request that is ready or on its way."""

    slot: Slot
    task: Task[None]
    turn: Turn
    transmission: Transmission | None = None
    overlapped: bool = False
    """True if another request was on its way beside its present one."""
    in_company: bool = False
    """True if other probes ran beside it at any time."""
    sent: int = 0
    """The number of its requests so far."""


class Lanes:
    """Runs the slots of a plan in lanes, with at most `workers` requests on their way. `admit` decides,
    when a probe may start, if it is run.

    The number of workers changes nothing but the time: requests go out in the same order, and their answers
    are taken in that order.
    """

    def __init__(
        self,
        driver: Driver,
        slots: Sequence[Slot],
        lanes: int,
        workers: int,
        *,
        admit: Callable[[Slot], bool],
        ordered: bool,
    ) -> None:
        """If `ordered`, no probe starts before one that is earlier in the plan."""
        self.driver, self._most, self._admit, self._ordered = driver, lanes, admit, ordered
        self._pending = deque(slots)
        self._running: list[Lane] = []
        self._ready: deque[Lane] = deque()
        """Lanes whose request is ready, the first ready first."""
        self._sent: deque[tuple[Lane, Future[Received]]] = deque()
        """Lanes whose request is on its way, the first sent first."""
        self._workers = workers
        self._threads = Workers[Received](workers) if workers > 1 else None
        self.again: list[Slot] = []
        """Probes to run once more alone, because others disturbed them or because they judged nothing."""
        self.alone: Counter[str] = Counter()
        """The requests of probes that ran alone, by check."""

    def take_over(self, waiting: Waiting) -> None:
        """Go on with a probe that ran alone until a limit made it wait."""
        lane = Lane(waiting.slot, waiting.task, waiting.turn, waiting.transmission, sent=waiting.sent)
        self._running.append(lane)
        self._ready.append(lane)

    def run(self) -> None:
        """Run all probes to their end. Raises Stop and KeyboardInterrupt, once no request is on its way.

        With one lane no two requests are on their way together: others go on while one waits for a limit.
        """
        self.driver.overlap(self._most, self._workers)
        try:
            while self._start() or self._running:
                self._put_off()
                self._send()
                self._take()
        except BaseException as error:
            self._give_up(error)
            raise
        finally:
            self.driver.overlap(1)
            if self._threads is not None:
                self._threads.close()

    def count_promised(self) -> int:
        """Return how many requests the running probes may still send."""
        return sum(max(0, lane.slot.probe.cost - lane.sent) for lane in self._running)

    # -- start of lanes

    def _start(self) -> bool:
        """Start the probes that may run now; return True if any was left to start."""
        started = False
        while self._has_free_lane() and (slot := self._next_slot()) is not None:
            self._pending.remove(slot)
            started = True
            if self._admit(slot):
                lane = Lane(slot, Task(partial(self.driver.run, slot.probe)), self.driver.pause())
                self._running.append(lane)
                self._step(lane, lane.task.start)
        return started

    def _has_free_lane(self) -> bool:
        """True if another probe may start. Those that wait for a limit leave their lane to others."""
        waiting = sum(map(self._is_waiting, self._ready))
        return len(self._running) - min(waiting, MOST_WAITING) < self._most

    def _is_waiting(self, lane: Lane) -> bool:
        return self._find_due(lane) - self.driver.timer() > PATIENCE_S

    def _find_due(self, lane: Lane) -> float:
        """Return the timer's value before which a lane's request is not sent; a later refusal moves it."""
        transmission = lane.transmission
        assert transmission is not None
        held = (
            self.driver.sender.holds.find_due(transmission.limit) if transmission.limit is not None else 0.0
        )
        return max(transmission.due, held)

    def _next_slot(self) -> Slot | None:
        """Return the first slot of the plan that may run beside the running ones; None if there is none.

        While calls wait for a limit, a further probe of the limited operation starts only if no other can.

        A long slot is preferred, then one that reads beside readers, or writes beside writers. A short slot
        that only reads waits for slots of earlier stages that write: it needs the instances that they make.
        """
        running = [lane.slot for lane in self._running]
        company = Company(running)
        earliest = min((slot.index for slot in (*running, *islice(self._pending, 1))), default=0)
        awaited = bool(self.driver.sender.holds.list_awaited(PATIENCE_S))
        like: Slot | None = None
        unlike: Slot | None = None
        limited: Slot | None = None
        stage = LAST
        for slot in islice(self._pending, 1 if self._ordered else LOOK_AHEAD):
            long = slot.probe.cost >= LONG
            has_data = slot.writes or long or slot.probe.stage <= stage
            matters = long or (like is None and (unlike is None or company.is_like(slot)))
            if matters and slot.after <= earliest and has_data and company.takes(slot):
                if awaited and self.driver.sender.must_wait(slot.probe, PATIENCE_S):
                    limited = limited or slot
                elif long:
                    return slot
                elif company.is_like(slot):
                    like = slot
                else:
                    unlike = slot
            if slot.writes:
                stage = min(stage, slot.probe.stage)
        return like or unlike or (None if running else limited)

    # -- steps of a lane

    def _step(self, lane: Lane, proceed: Callable[[], Transmission | None]) -> None:
        """Let a lane proceed to its next request or to its end. Raises Stop."""
        self._note_company()
        self.driver.resume(lane.turn)
        self.driver.judge.in_company, self.driver.judge.order = lane.in_company, lane.slot.index
        self.driver.removal.keeps_surplus = any(
            one.slot.compares != NOTHING for one in self._running if one is not lane
        )
        try:
            lane.transmission = proceed()
            if lane.transmission is None:
                self._running.remove(lane)
                if lane.in_company:
                    self._note_end(lane)
                return
        except BaseException:
            self._running.remove(lane)
            raise
        finally:
            lane.turn = self.driver.pause()
            self.driver.judge.in_company = self.driver.removal.keeps_surplus = False
        self._ready.append(lane)

    def _note_company(self) -> None:
        if len(self._running) > 1:
            for lane in self._running:
                lane.in_company = True

    def _note_end(self, lane: Lane) -> None:
        """Note a probe that runs once more, because others may have disturbed it or it left a contract open.

        One that only reads leaves open what it left open alone.
        """
        judge, slot = self.driver.judge, lane.slot
        open_still = slot.writes and not judge.is_all_judged(slot.probe.contracts)
        if judge.may_be_disturbed(lane.turn.number) or open_still:
            self.again.append(slot)

    # -- requests on their way

    def _send(self) -> None:
        """Send the ready requests that may be under way together: either only reads, or only writes.

        Reads and writes take turns. In its turn each kind sends all that is ready.
        """
        if self._send_alone():
            return
        changes = not self._sent
        kind: bool | None = None
        lines = set()
        room = self._most
        for lane, _ in self._sent:
            assert lane.transmission is not None
            room -= lane.transmission.count
            kind = lane.transmission.writes
            lines.add(lane.transmission.line)
        blocked = False
        beside = [lane.transmission for lane, _ in self._sent if lane.transmission is not None]
        for lane in self._list_due():
            transmission = lane.transmission
            assert transmission is not None
            kind = transmission.writes if kind is None else kind
            free = transmission.line is None or transmission.line not in lines
            if transmission.writes != kind:
                blocked = not changes
            elif transmission.count > room or any(transmission.disturbs(other) for other in beside):
                blocked = True  # else single requests would always take the room that several need
            if transmission.writes == kind and free and not blocked and transmission.count <= room:
                lines.add(transmission.line)
                beside.append(transmission)
                room -= transmission.count
                lane.sent, lane.overlapped = lane.sent + transmission.count, bool(self._sent)
                for other, _ in self._sent:
                    other.overlapped = True
                self._sent.append((lane, self._submit(transmission)))
                if lane.slot.company == "none":
                    self.alone[lane.slot.probe.check] += transmission.count
                self._ready.remove(lane)

    def _put_off(self) -> None:
        """End a probe that nothing may run beside, if a limit delays its first request and others are left.

        It has seen nothing yet, and runs once more when the others have ended.
        """
        for lane in tuple(self._ready):
            if self._pending and lane.slot.company == "none" and lane.sent <= 1 and self._is_waiting(lane):
                self._ready.remove(lane)
                self._step(lane, partial(lane.task.fail, Disturbed()))
                self.again.append(lane.slot)

    def _list_due(self) -> list[Lane]:
        """Return the lanes whose request may be sent now, in the order in which they became ready.

        If all wait for limits, and nothing is on its way, the run waits with the one that is due first.
        """
        due = [lane for lane in self._ready if not self._is_waiting(lane)]
        if due or self._sent or not self._ready:
            return due
        return [min(self._ready, key=self._find_due)]

    def _submit(self, transmission: Transmission) -> Future[Received]:
        """Return the future of a request's answer. With one worker it is sent on the run's own thread."""
        future: Future[Received] = Future()
        try:
            begun = transmission.begin()
            if self._threads is not None:
                return self._threads.submit(begun)
            future.set_result(begun())
        except Exception as error:
            future.set_exception(error)
        return future

    def _send_alone(self) -> bool:
        """Send a ready request that nothing may be on its way beside, as soon as nothing is.

        Return True as long as such a request is ready or on its way.
        """
        if any(lane.transmission is not None and lane.transmission.alone for lane, _ in self._sent):
            return True
        for lane in self._ready:
            assert lane.transmission is not None
            if lane.transmission.alone:
                if not self._sent:
                    self._ready.remove(lane)
                    lane.sent, lane.overlapped = lane.sent + lane.transmission.count, False
                    self._sent.append((lane, self._submit(lane.transmission)))
                return True
        return False

    def _take(self) -> None:
        """Wait for the answer to the request that was sent first, and take it."""
        if not self._sent:
            return
        lane, future = self._sent[0]
        self.driver.wait_for(future.done, lambda: wait([future], CHUNK_S))
        self._sent.popleft()
        self._hand_over(lane, future)

    def _hand_over(self, lane: Lane, future: Future[Received]) -> None:
        """Resume a lane with the answer to its request, or with the error. Raises Stop."""
        error = future.exception()
        if error is not None:
            self._step(lane, partial(lane.task.fail, error))
        else:
            received = replace(future.result(), overlapped=lane.overlapped)
            self._step(lane, partial(lane.task.resume, received))

    # -- the end

    def _give_up(self, error: BaseException) -> None:
        """End all lanes. Requests on their way are answered first, because they may have made something."""
        wait([future for _, future in self._sent], LAST_ANSWERS_S)
        for lane, future in tuple(self._sent):
            with suppress(Stop, KeyboardInterrupt):
                if future.done():
                    self._hand_over(lane, future)
        self._sent.clear()
        for lane in tuple(self._running):
            while lane in self._running:
                with suppress(Stop, KeyboardInterrupt):
                    self._step(lane, partial(lane.task.fail, _same(error)))


def _same(error: BaseException) -> BaseException:
    """Return an equal error for another probe, because one object must not be raised twice."""
    return error if not isinstance(error, Stop | KeyboardInterrupt) else type(error)(*error.args)


# -- threads that do not delay the end of an interrupted run


T = TypeVar("T")


class Workers(Generic[T]):
    """A fixed number of threads, each of which runs one job after the other.

    At the process's end they just stop, unlike those of `concurrent.futures`, for which the interpreter
    waits.
    """

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[tuple[Future[T], Callable[[], T]] | None] = SimpleQueue()
        self._count = count
        for number in range(count):
            Thread(target=self._work, name=f"pgagents-worker-{number}", daemon=True).start()

    def submit(self, job: Callable[[], T]) -> Future[T]:
        """Return the future of a job's result, or of the error that it raises."""
        future: Future[T] = Future()
        self._jobs.put((future, job))
        return future

    def close(self) -> None:
        """End each thread after its present job."""
        for _ in range(self._count):
            self._jobs.put(None)

    def _work(self) -> None:
        while (given := self._jobs.get()) is not None:
            future, job = given
            try:
                future.set_result(job())
            except BaseException as error:  # it is raised again by whoever asks for the result
                future.set_exception(error)
            del given, future, job  # else a thread that waits keeps the last answer in memory
