"""Drives probes: answers what they ask for, one step after another, and undoes what they made.

Instances that no later probe needs are removed while the run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance, Restarted, Unavailable
from pgagents.verify.judgement import Judgement
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.plan import Draft
from pgagents.verify.plan.selection import list_live_roles
from pgagents.verify.promise import Check, Probe
from pgagents.verify.run.call_executor import CallExecutor, Spent
from pgagents.verify.run.gate import Gate
from pgagents.verify.run.judge import Judge
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.lost_answers import RESTARTED
from pgagents.verify.run.obstacles import Acceptance
from pgagents.verify.run.redact import hide_key, hide_token, make_redactor
from pgagents.verify.run.requests import Routes
from pgagents.verify.run.sender import Sender
from pgagents.verify.run.timing import TOO_FEW_LEFT, Clocks, RequestBudget
from pgagents.verify.run.transmission import Stop
from pgagents.verify.setting import Memory
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Alone, Concurrent, GetNote, InstanceRef, Own, Reads, Sleep, Undo
from pgagents.verify.wire.exchange import Exchange

MOST_BEGUN = 5
"""The most times that a probe begins, if the server ends while it runs."""


class Disturbed(Exception):
    """Another probe may have caused what this one saw, so it runs once more alone."""


@dataclass(slots=True)
class Turn:
    """The state of a running probe while other probes have their turn."""

    number: int
    cleaning: bool


class Driver:
    """Runs the probes of one run.

    `executor` executes their calls, `sender` sends, `judge` judges, `factory` holds the living instances.
    """

    def __init__(
        self,
        routes: Routes,
        identities: Identities,
        options: Options,
        made: Draft,
        ledger: Ledger,
        factory: FixtureFactory,
        checks: Mapping[str, Check],
        clocks: Clocks,
    ) -> None:
        self.setting = setting = routes.setting
        self.model, self.factory, self.timer = setting.model, factory, clocks.timer
        self.keys = keys = identities.keys
        self.roles = identities.roles
        self.redactor = make_redactor(
            self.model, keys, identities.hidden, identities.variables, identities.certificate
        )
        self.judge = Judge(setting, ledger, factory, self.redactor, keys, checks, clocks.timer)
        self._started = clocks.timer()
        until = None if options.max_time_s is None else self._started + options.max_time_s
        gate = Gate(
            setting,
            factory,
            writes=made.writes,
            allowed=options.allow,
            roles=self.roles,
            live=list_live_roles(setting.model, identities, options),
        )
        gate.tripwire.bound = options.max_requests or 0
        factory.owned.test_data = setting.test_data
        budget = RequestBudget(made.max_requests, made.apart)
        self.sender = Sender(
            routes, keys, options, clocks, budget, gate.objection, until=until, commands=identities.commands
        )
        self.sender.maker.tag = factory.tag
        self.sender.maker.on_token = partial(hide_token, self.memory, self.redactor)  # no cycle
        self.sender.maker.on_key = partial(hide_key, self.memory, self.redactor)
        factory.pool.makes, factory.masked = made.writes, self.redactor.text
        called = [e for e in setting.home_endpoints if made.writes or e.action.effect == "read"]
        self.acceptance = Acceptance(self.model, called, keys)
        bounded = not made.apart  # by --max-requests, or as smoke is
        self.executor = CallExecutor(self.sender, self.judge, gate, factory, self.acceptance, bounded=bounded)
        self.removal = InstanceRemoval(self.executor)

    @property
    def ledger(self) -> Ledger:
        """The ledger with the verdict on each contract."""
        return self.judge.ledger

    @property
    def memory(self) -> Memory:
        """The notes that watchers keep."""
        return self.judge.memory

    def redact(self, text: str) -> str:
        """Return a text without any secret that the run has met."""
        return self.redactor.text(text)

    # -- several probes at the same time

    def pause(self) -> Turn:
        """Return the state of the running probe, so that `resume` can continue it later."""
        return Turn(self.judge.probe, self.sender.budget.cleaning)

    def resume(self, turn: Turn) -> None:
        """Continue the probe of this state, as `pause` returned it."""
        self.judge.probe = self.factory.pool.holder = turn.number
        self.sender.budget.cleaning = turn.cleaning

    def overlap(self, most: int, workers: int = 1) -> None:
        """Prepare for at most so many requests ready at the same time, and for so many under way."""
        self.sender.overlap(most, workers)

    def wait_for(self, is_answered: Callable[[], bool], wait: Callable[[], object]) -> None:
        """Call `wait` until a request is answered, and count the time as that of sending."""
        started = self.timer()
        while not is_answered():
            wait()
        self.sender.timing.seconds_sending += self.timer() - started

    @property
    def sent(self) -> int:
        """The number of requests so far."""
        return self.sender.budget.sent

    @property
    def counted(self) -> int:
        """The number of requests that count so far, plus those that undoing the remaining instances takes."""
        return self.executor.counted

    @property
    def answered(self) -> int:
        """The number of requests that got an answer."""
        return self.sender.silences.answered

    def seconds(self) -> float:
        """Seconds since the driver was made."""
        return self.timer() - self._started

    # -- steps of a probe

    def run(self, probe: Probe) -> None:
        """Drive one probe until it ends, too few requests are left, or an instance cannot be had.

        If it met a full place and left a contract open, drive it once more. Raises Stop.
        """
        filled = self._converse_undisturbed(probe)
        if filled and not self.ledger.all_judged(probe.contracts):
            self.removal.hang_up()
            self._converse_once(probe)

    def _converse_undisturbed(self, probe: Probe) -> bool:
        """Drive a probe from its beginning, and anew each time the server was started anew meanwhile.

        Return True if it met a full place.
        """
        for _ in range(MOST_BEGUN):
            try:
                return self._converse_once(probe)
            except Restarted as error:
                reason = str(error)
        self.ledger.mark_untested(probe.contracts, reason)
        return False

    def _converse_once(self, probe: Probe) -> bool:
        """Drive a probe once; return True if it met a full place."""
        number = self.judge.begin_probe()
        pool = self.factory.pool
        pool.begin(number)
        try:
            self._converse(probe)
        except Restarted:
            raise
        except Unavailable as error:
            self.ledger.mark_untested(probe.contracts, str(error))
            probe.tell(self.redact(str(error)))
        except Spent:
            self.ledger.mark_untested(probe.contracts, TOO_FEW_LEFT)
        except Stop as stop:
            self.ledger.mark_untested(probe.contracts, f"the run ended before: {stop}")
            raise
        except Disturbed:
            self.judge.note_disturbed(number)
        except Exception as error:  # an error of ours must not look like one of the server's
            self.ledger.mark_crashed(probe.contracts, error, probe.name)
        finally:
            try:
                self.removal.tidy(broke=pool.has_leases and self.judge.has_broken(number))
            finally:
                filled = pool.end(number)
        return filled

    def _converse(self, probe: Probe) -> None:
        chain: list[Exchange] = []
        silences = self.sender.silences
        era = silences.era

        def answer(step: Any) -> Any:
            if era != silences.era and not (isinstance(step, Judgement) and len(chain) < 2):
                raise Restarted(RESTARTED)
            return self._answer(step, chain, probe)

        with answering(answer):
            probe.run()
        self._note_unjudged(probe, chain)

    def _answer(self, step: Any, chain: list[Exchange], probe: Probe) -> Any:
        if isinstance(step, Judgement):
            shown = chain.index(step.seen_in) + 1 if step.seen_in in chain else len(chain)
            self.judge.enter(step, chain[:shown], probe)
        elif isinstance(step, Sleep):
            self.sender.timing.wait(step.seconds, quiet=step.quiet)
        elif isinstance(step, Alone):
            if self.judge.in_company:
                raise Disturbed
        elif isinstance(step, Own):
            return self.executor.own(step.number)
        elif isinstance(step, Undo):
            self.removal.undo(step.since)
        elif isinstance(step, GetNote):
            return self.memory.notes.get(step.key)
        elif isinstance(step, Concurrent):
            return self.executor.call_together(step, chain)
        elif isinstance(step, Reads):
            return self.executor.read(step, chain)
        elif isinstance(step, InstanceRef):
            with self.factory.pool.only_new() if step.new else nullcontext():
                return self.executor.run_inner(partial(self.factory.have, step), chain).body
        else:
            return self.executor.call(step, chain)
        return None

    def _note_unjudged(self, probe: Probe, chain: Sequence[Exchange]) -> None:
        """Note why a probe's answers showed nothing, where one was put off or did not come."""
        put_off = next((exchange for exchange in chain if exchange.unjudged), None)
        if put_off is not None:
            action = put_off.place.partition("@")[0]
            self.ledger.note_unjudged(probe.contracts, self.memory.delays.get(action, put_off.unjudged))

    def close(self) -> None:
        """Drop the references that would keep a finished run in memory until a garbage collection."""
        self.sender.timing.on_wait = None


# -- removal of instances while a run goes on


class InstanceRemoval:
    """Removes instances between the calls of probes. The budget does not count these requests."""

    def __init__(self, executor: CallExecutor) -> None:
        self._executor = executor
        self.keeps_surplus = False
        """True while another probe compares answers, which the removal of an instance could change."""

    @property
    def _factory(self) -> FixtureFactory:
        return self._executor.factory

    def remove(self, instance: Instance) -> bool:
        """Remove one instance; return True if it is gone. Raises Unavailable, Stop."""
        gone: bool = self._executor.run_inner(partial(self._factory.removals.undo, instance), [])
        return gone

    @contextmanager
    def _cleaning(self) -> Iterator[None]:
        """Note that the requests only remove instances."""
        budget = self._executor.sender.budget
        budget.cleaning = True
        try:
            yield
        finally:
            budget.cleaning = False

    def hang_up(self) -> None:
        """Remove the event receivers that are registered, because a repeated probe registers the same
        addresses again.
        """
        pool, hears = self._factory.pool, self._factory.proof.hears
        with self._cleaning():
            for instance in [t for t in pool.list_remaining() if hears(t.resource)]:
                with suppress(Unavailable):
                    self.remove(instance)

    def undo(self, since: int) -> None:
        """Remove the instances that this exchange and later ones made, the latest first."""
        pool = self._factory.pool
        with self._cleaning():
            for instance in reversed(pool.list_remaining()):
                made = instance.maker is not None and instance.maker.number >= since
                if made and instance in pool.list_remaining():
                    with suppress(Unavailable):
                        self.remove(instance)

    def tidy(self, *, broke: bool) -> None:
        """Remove the instances that later probes do not need. `broke` is True if the probe may have broken a
        contract.
        """
        pool = self._factory.pool
        with self._cleaning(), suppress(Unavailable, Stop):
            for instance in pool.surplus(broke=broke):
                if self.keeps_surplus:
                    break
                if instance in pool.list_remaining():
                    self.remove(instance)
