"""Run a plan's probes within the budget: one at a time, or several in lanes.

Every run begins with one request at a time, until the server has accepted the key and its response time is
known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from pgagents.report.contract import Contract, Rank
from pgagents.report.report import Finding
from pgagents.verify.cases.generated import list_drawn_places
from pgagents.verify.check_registry import checks_for
from pgagents.verify.fixtures.instance import Unavailable
from pgagents.verify.fixtures.request_template import time_passes
from pgagents.verify.plan.options import FINISHING, GENERATING, LANES, Options, Progress
from pgagents.verify.plan.order import LAST, Slot, by_phase, lay_out
from pgagents.verify.plan.plan import Draft
from pgagents.verify.plan.selection import loopback
from pgagents.verify.promise import RANDOM, Probe
from pgagents.verify.run.breaks import Break, describe_condition, exchange_of
from pgagents.verify.run.call_executor import Spent
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.lanes import PATIENCE_S, Lanes, Waiting
from pgagents.verify.run.timing import TOO_FEW_LEFT
from pgagents.verify.run.transmission import Stop, Task
from pgagents.verify.setting import Setting
from pgagents.verify.values.generators import OutOfTime, drawing_until
from pgagents.verify.wire.endpoint import OPERATOR
from pgagents.verify.wire.exchange import Exchange

INTERRUPTED = "interrupted"
WAITING = "waiting for the server's limit"
RETRIES = 12
"""Requests kept back to try failing cases once more."""
TICK_S = 0.001
OWN, ONCE_MORE = 2, 10
"""Further requests for each lane: to make its own instances, and to repeat probes that others disturbed."""
MOST_OPEN_ANSWERS = 40
"""The number of answers after which a run with a key goes on in lanes, though no call has shown the key yet.

The calls that take it may need what cannot be made.
"""


class Course:
    """Runs the probes of one plan. `begun` is the timer's value at the run's beginning."""

    def __init__(
        self,
        driver: Driver,
        draft: Draft,
        options: Options,
        on_progress: Callable[[Progress], None] | None,
        begun: float,
    ) -> None:
        self.driver, self.draft, self._options = driver, draft, options
        self._on_progress, self._begun = on_progress, begun
        self._reserve = min(RETRIES, draft.max_requests // 10)
        self._planned = min(draft.max_requests, sum(p.cost for p in draft.probes) + self._reserve)
        self._lanes: Lanes | None = None
        self._drawn: list[Probe] = []
        """The probes with random calls that came after the plan's."""
        self.seconds_drawing = 0.0
        self._new_findings = NewFindings(driver, options.accepted)
        self._own_instances = 0
        """Further requests for the instances that several lanes make."""
        # neither the server's speed nor the workers count, so that equal runs are equal
        single = loopback(driver.setting.url) if options.lanes_by_address else options.workers == 1
        self.most_lanes = 1 if single else LANES
        self.lanes = 1
        """The number of lanes so far."""
        self.alone: Counter[str] = Counter()
        """The number of requests of probes that ran alone despite several lanes, by check."""

    @property
    def workers(self) -> int:
        """The most requests that may be on their way at the same time so far."""
        return min(self.lanes, self._options.workers or self.lanes)

    def run(self) -> str:
        """Run all probes; return why the run ended early, or an empty text."""
        driver = self.driver
        driver.sender.timing.on_wait = lambda seconds: self._tell(WAITING, seconds)
        slots = self._lay_out(self.draft.probes)
        try:
            self._ask_for_time()
            self._run_slots(slots)
            self._run_slots(self._lay_out(self._draw(), len(slots)))
        except Stop as stop:
            return str(stop)
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            driver.judge.enter_put_aside()
            self._tell(FINISHING)
        return ""

    def run_for(self, companion: Companion) -> str:
        """Run the probes of a companion, one at a time and outside the plan's budget.

        Return the reason why the run ended early, or an empty text.
        """
        driver = self.driver
        budget = driver.sender.budget
        budget.most = max(budget.most, driver.counted) + companion.most_requests
        try:
            for probe in companion.list_probes(driver.setting, driver.roles):
                self._tell(probe.name)
                driver.run(probe)
        except Stop as stop:
            return str(stop)
        except KeyboardInterrupt:
            return INTERRUPTED
        return ""

    def _draw(self) -> list[Probe]:
        """Return the probes with random calls, in their order. Raises Stop."""
        drawn, begun = self._drawn, self.driver.timer()
        if self.draft.room:
            self._tell(GENERATING)
        left = self.driver.sender.timing.left
        with drawing_until(lambda: left.is_over), suppress(OutOfTime):
            for probe in self.draft.draw():
                left.check()
                drawn.append(probe)
                self._tell(f"{GENERATING}: {len(drawn)} of at most {self.draft.room}")
        left.check()
        self._planned = min(self.draft.max_requests, self._planned + sum(p.cost for p in drawn))
        self.seconds_drawing = self.driver.timer() - begun
        return by_phase(drawn, self._options.seed)

    def count_drawn(self) -> tuple[int, int]:
        """Return the number of operations with random calls, and of those that could have some.

        Both are 0 if the run has no random calls.
        """
        drawn = (p for p in (*self.draft.probes, *self._drawn) if p.priority == RANDOM)
        places = {endpoint.place for probe in drawn for endpoint in probe.endpoints}
        if not places:
            return 0, 0
        setting = replace(self.driver.setting, drawn_writes=self.draft.draws_writes)
        return len(places), list_drawn_places(setting)[1]

    def _lay_out(self, probes: Sequence[Probe], first: int = 0) -> list[Slot]:
        setting = self.driver.setting
        return lay_out(setting, checks_for(setting), probes, writes=self.draft.writes, first=first)

    def _run_slots(self, slots: Sequence[Slot]) -> None:
        """Run slots one at a time until the number of lanes is known, then in that many lanes."""
        for number, slot in enumerate(slots):
            may_leave = self.most_lanes == 1 or self._is_server_known()
            if may_leave and self.most_lanes > 1:
                self.lanes = self.most_lanes
                self._run_lanes(slots[number:])
                return
            if (waiting := self._run_alone(slot, may_leave=may_leave)) is not None:
                self._run_lanes(slots[number + 1 :], waiting)
                return

    def _run_alone(self, slot: Slot, *, may_leave: bool) -> Waiting | None:
        """Run a probe while nothing else runs.

        If it must wait long for a limit and may leave, it is returned before its end, so that others can run
        meanwhile.
        """
        if not self._admit(slot):
            return None
        driver = self.driver
        driver.judge.order = slot.index
        task = Task(partial(driver.run, slot.probe))
        transmission, sent = task.start(), 0
        while transmission is not None:
            waits = transmission.due - driver.timer() > PATIENCE_S and driver.acceptance.known
            if may_leave and waits and (slot.company != "none" or sent <= 1):
                return Waiting(slot, task, driver.pause(), transmission, sent)
            transmission, sent = task.send(transmission), sent + 1
        return None

    def _run_lanes(self, slots: Sequence[Slot], waiting: Waiting | None = None) -> None:
        """Run slots in lanes, of which `waiting` is the first if it is given."""
        ordered = self._options.max_requests is not None or self._options.profile == "smoke"
        if not ordered and self._lanes is None and self.lanes > 1:
            self._own_instances = OWN * self.lanes
            self.driver.sender.budget.most += (OWN + ONCE_MORE) * self.lanes
        within = [slot for slot in slots if slot.probe.stage != LAST]
        self._lanes = Lanes(self.driver, within, self.lanes, self.workers, admit=self._admit, ordered=ordered)
        self._lanes.alone = self.alone  # one count for the plan's probes and the random ones
        if waiting is not None:
            self._lanes.take_over(waiting)
        self._lanes.run()
        exceeding = [slot for slot in slots if slot.probe.stage == LAST]
        for slot in (*self._lanes.again, *exceeding):  # alone, nothing but the server can be the reason
            sent = self.driver.sent
            self._run_alone(slot, may_leave=False)
            if self.driver.sent > sent:
                self.alone[slot.probe.check] += self.driver.sent - sent

    def _is_server_known(self) -> bool:
        """True after the server has accepted the key.

        Where no call presents the key for long, the run does not wait for it any more.
        """
        return self.driver.acceptance.known or self.driver.answered >= MOST_OPEN_ANSWERS

    def _admit(self, slot: Slot) -> bool:
        """Return True if a probe runs now.

        If too few requests are left for the probe, its contracts are noted as untested. An
        optional one whose contracts are all judged is left out without a note. So is a repeating or random
        one for which requests are short. Once something is broken, some requests
        are kept back to try it again.
        """
        probe, driver, draft = slot.probe, self.driver, self.draft
        if probe.optional and driver.judge.is_all_judged(probe.contracts):
            return False
        undoing = driver.factory.pool.count_undo_requests()
        until = draft.again_until + self._own_instances
        most = driver.sender.budget.most - (draft.for_last if probe.stage != LAST else 0)
        if probe.priority == RANDOM:
            until = most - self._reserve
        if probe.priority > 1 and driver.sent + undoing + probe.cost + 1 > until:
            return False
        promised = self._lanes.count_promised() if self._lanes else 0
        kept = driver.executor.count_proofs() + driver.executor.count_lists()
        need = driver.counted + kept + probe.cost + 1 + promised
        if need > most - self._reserve and (driver.ledger.broken or need > most):
            driver.ledger.mark_untested(probe.contracts, TOO_FEW_LEFT)
            return False
        self._tell(probe.name)
        return True

    def _ask_for_time(self) -> None:
        """Read the server's time, because an earlier run may have moved the operator's clock. Raises Stop."""
        tick = time_passes(self.driver.setting, TICK_S)
        if tick is not None and OPERATOR in self.driver.keys:
            with suppress(Unavailable, Spent):
                self.driver.executor.call(tick, [])

    def _tell(self, doing: str, waiting_s: float = 0.0) -> None:
        if self._on_progress is None:
            return
        driver = self.driver
        ledger, seconds = driver.judge.ledger, driver.timer() - self._begun
        self._on_progress(
            Progress(
                driver.sent,
                self._planned,
                ledger.judged,
                len(ledger.entries),
                ledger.broken,
                seconds,
                doing,
                waiting_s,
                self._new_findings.take(),
                driver.sender.holds.list_awaited(),
                self._new_findings.ranks,
            )
        )


# -- a companion of a run, which sees every exchange and asks for calls of its own


class Companion(Protocol):
    """Sees each exchange after all watchers have judged it, and asks for probes after those of the plan."""

    @property
    def most_requests(self) -> int:
        """The number of requests that its probes may take beyond the plan's."""

    def begin(self, redact: Callable[[str], str]) -> None:
        """Receive the function that masks secrets in a text, before the first exchange."""

    def note(self, exchange: Exchange) -> None:
        """Receive an exchange that all watchers have judged."""

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield probes one by one. The exchanges of each are noted before the next one is requested."""
        ...


# -- findings that are reported while a run goes on


class NewFindings:
    """The findings since the last call of `take`. Contracts with one cause are one finding.

    There are none while the run may still end because the server refuses the key: then it withdraws every
    judgement. Two kinds of findings wait for the report: those that only contradict a guess, and those that
    another finding explains.

    Contracts whose ids begin with one of `accepted` are left out, so that others of their cause are told.
    """

    def __init__(self, driver: Driver, accepted: tuple[str, ...] = ()) -> None:
        self._driver, self._accepted = driver, accepted
        self._broken = 0
        """The number of broken contracts in the ledger at the last call of `take`."""
        self._causes: set[str] = set()
        self._taken: dict[str, Break] = {}
        """The break of each contract whose cause is among these."""
        self.ranks: Counter[Rank] = Counter()
        """The number of findings of each rank so far."""

    def take(self) -> tuple[Finding, ...]:
        """Return the new findings in the order of their requests, without any secret."""
        driver = self._driver
        ledger = driver.judge.ledger
        if ledger.broken == self._broken or not self._is_key_settled():
            return ()
        self._broken = ledger.broken
        found: list[Finding] = []
        for entry in ledger.entries.values():
            broken = entry.broken
            if (
                broken is None
                or broken.odd
                or broken.judgement.derived
                or self._taken.get(entry.contract.id) is broken
                or entry.contract.id in ledger.settled
                or entry.contract.id.startswith(self._accepted)
            ):
                continue
            self._taken[entry.contract.id] = broken
            said = ledger.find_cause(entry).key
            if said not in self._causes:
                self._causes.add(said)
                self.ranks[ledger.find_rank(entry)] += 1
                found.append(
                    driver.redactor.finding(_make_finding(entry.contract, broken, ledger.find_rank(entry)))
                )
        return tuple(sorted(found, key=lambda f: f.exchanges[-1].number if f.exchanges else 0))

    def _is_key_settled(self) -> bool:
        """True if the run can no longer end because the server refuses the key."""
        return self._driver.acceptance.is_settled


def _make_finding(contract: Contract, broken: Break, rank: Rank) -> Finding:
    """Return the finding of one broken contract."""
    chain = tuple(map(exchange_of, broken.chain))
    said = broken.judgement
    when = describe_condition(broken)
    return Finding(contract, rank, said.expected, said.actual, chain, None, (), when=when)
