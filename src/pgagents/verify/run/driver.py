"""Drives probes: resolves what their calls need, sends them within the budget, lets every watcher judge,
undoes what was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.client.keys.secret_command import CommandSecrets
from pgagents.http import Handler, Patient
from pgagents.model.model import Model
from pgagents.verify.check.check import CONFLICT, Check, Judgement, Probe
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.factory import FixtureFactory, Instance, Unavailable
from pgagents.verify.plan.options import Options
from pgagents.verify.plan.safety import NO_WRITES
from pgagents.verify.run.gate import Gate
from pgagents.verify.run.judge import Judge, find_time
from pgagents.verify.run.known_answers import Answers
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.preflight.acceptance import Acceptance
from pgagents.verify.run.redaction.redact import Redactor
from pgagents.verify.run.sender import Sender
from pgagents.verify.run.sending.ready import Ready, Stop
from pgagents.verify.run.sending.transmission import Sending, finish
from pgagents.verify.wire.call import Alone, Call, Concurrent, GetNote, InstanceRef, Own, Reads, Sleep, Undo
from pgagents.verify.wire.exchange import Exchange

FULL_COSTS = 12
"""Further requests that a probe may send if a place is full and it goes on at another place."""
CLOCK_SLACK_S = 2.0
MOST_NESTED = 24
"""The most calls that wait for each other's instances. No catalogue's resources have as many levels."""


class Spent(Exception):
    """No request is left for this probe."""


class Disturbed(Exception):
    """Another probe may have caused what this one saw, so it runs once more alone."""


@dataclass(slots=True)
class Turn:
    """The state of a running probe while other probes have their turn."""

    number: int
    cleaning: bool


class Driver:
    """Runs the probes of one run. `sender` sends, `judge` judges, `factory` holds the living instances."""

    def __init__(
        self,
        setting: Setting,
        handler: Handler,
        keys: Mapping[str, str],
        options: Options,
        ledger: Ledger,
        factory: FixtureFactory,
        checks: Mapping[str, Check],
        *,
        clock: Callable[[], float],
        timer: Callable[[], float],
        sleep: Callable[[float], None],
        max_requests: int,
        apart: int = 0,
        writes: bool,
        plain: Handler | None = None,
        secrets: tuple[str, ...] = (),
        commands: CommandSecrets | None = None,
    ) -> None:
        self.setting, self.model, self.keys, self.factory = setting, setting.model, keys, factory
        self._redactor = _make_redactor(self.model, keys, secrets)
        self.judge = Judge(setting, ledger, factory, self._redactor, keys, checks, timer)
        self.timer = timer
        self._started = timer()
        until = None if options.max_time_s is None else self._started + options.max_time_s
        self.sender = Sender(
            setting,
            handler,
            plain,
            keys,
            options,
            clock=clock,
            timer=timer,
            sleep=sleep,
            max_requests=max_requests,
            apart=apart,
            until=until,
            commands=commands,
        )
        self._patient = handler if isinstance(handler, Patient) else None
        if self._patient is not None:
            self._patient.while_waiting, self.judge.defers = self._judge_meanwhile, True
        self._bounded = options.max_requests is not None
        self.gate = Gate(setting, factory, writes=writes, allowed=options.allow, roles=keys.keys())
        self.sender.objection = self.gate.objection
        self.sender.maker.on_token = partial(_hide_token, self.judge.memory, self._redactor)  # no cycle
        self.sender.maker.on_key = partial(_hide_key, self.judge.memory, self._redactor)
        factory.pool.makes = writes
        self._nested: Counter[int] = Counter()
        """The number of calls that wait for other calls, by the identity of the list of their exchanges."""
        called = [e for e in setting.home_endpoints if writes or e.action.effect == "read"]
        self.acceptance = Acceptance(self.model, called)
        self.keeps_surplus = False
        """True while another probe compares answers, which the removal of an instance could change."""
        self._answers = Answers()

    @property
    def ledger(self) -> Ledger:
        """The ledger with the verdict on each contract."""
        self.judge.flush()
        return self.judge.ledger

    @property
    def memory(self) -> Memory:
        """The notes that watchers keep."""
        self.judge.flush()
        return self.judge.memory

    @property
    def redactor(self) -> Redactor:
        """The redactor of a report's secrets."""
        self.judge.flush()
        return self._redactor

    def redact(self, text: str) -> str:
        """Return a text without any secret that the run has met."""
        return self.redactor.text(text)

    def _judge_meanwhile(self, is_answered: Callable[[], bool]) -> None:
        """Judge earlier exchanges until the answer to the request on its way has begun."""
        started = self.timer()
        self.judge.flush(is_answered)
        self.sender.seconds_sending -= self.timer() - started

    # -- several probes at the same time

    def pause(self) -> Turn:
        """Return the state of the running probe, so that `resume` can continue it later."""
        return Turn(self.judge.probe, self.sender.cleaning)

    def resume(self, turn: Turn) -> None:
        """Continue the probe of this state, as `pause` returned it."""
        self.judge.probe = self.factory.pool.holder = turn.number
        self.sender.cleaning = turn.cleaning

    def overlap(self, most: int) -> None:
        """Prepare for at most so many requests at the same time."""
        self.sender.overlap(most)
        several = most > 1
        self.judge.defers = several or self._patient is not None
        if self._patient is not None:  # it is called by the threads that send
            self._patient.while_waiting = None if several else self._judge_meanwhile

    def wait_for(self, is_answered: Callable[[], bool], wait: Callable[[], object]) -> None:
        """Judge earlier exchanges until a request is answered; call `wait` when none is left to judge."""
        started, judged = self.timer(), self.judge.seconds
        self.judge.flush(is_answered)
        while not is_answered():
            wait()
        self.sender.seconds_sending += self.timer() - started - (self.judge.seconds - judged)

    @property
    def sent(self) -> int:
        """The number of requests so far."""
        return self.sender.sent

    @property
    def counted(self) -> int:
        """The number of requests that count so far, plus those that undoing the remaining instances takes."""
        return self.sender.count_requests(self.factory.pool.count_undo_requests())

    @property
    def answered(self) -> int:
        """The number of requests that got an answer."""
        return self.sender.silences.answered

    def seconds(self) -> float:
        """Seconds since the driver was made."""
        return self.timer() - self._started

    # -- probes

    def run(self, probe: Probe) -> None:
        """Drive one probe to its end, with one request at a time. Raises Stop."""
        finish(self.steps(probe))

    def steps(self, probe: Probe) -> Sending[None]:
        """Drive one probe until it ends, its budget is spent, or an instance cannot be had.

        If it met a full place and left a contract open, drive it once more. Raises Stop.
        """
        filled = yield from self._converse_once(probe)
        if filled and not self.ledger.all_judged(probe.contracts):
            yield from self._hang_up()
            yield from self._converse_once(probe)

    def _converse_once(self, probe: Probe) -> Sending[bool]:
        """Drive a probe once; return True if it met a full place."""
        number = self.judge.begin_probe()
        pool = self.factory.pool
        pool.begin(number)
        conversation = probe.run()
        try:
            yield from self._converse(conversation, probe)
        except Unavailable as error:
            self.ledger.mark_untested(probe.contracts, str(error))
        except Spent:
            self.ledger.mark_untested(probe.contracts, "the budget of requests was spent")
        except Stop as stop:
            self.ledger.mark_untested(probe.contracts, f"the run ended before: {stop}")
            raise
        except Disturbed:
            self.judge.note_disturbed(number)
        except Exception as error:  # an error of ours must not look like one of the server's
            self.ledger.mark_crashed(probe.contracts, error, probe.name)
        finally:
            conversation.close()
            try:
                yield from self._tidy(broke=pool.has_leases and self.judge.has_broken(number))
            finally:
                filled = pool.end(number)
        return filled

    def _converse(self, conversation: Generator[Any, Any, None], probe: Probe) -> Sending[None]:
        chain: list[Exchange] = []
        answer: Any = None
        while True:
            try:
                step = conversation.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Judgement):
                self.judge.enter(step, chain, probe)
            elif isinstance(step, Sleep):
                self.sender.wait(step.seconds, quiet=step.quiet)
            elif isinstance(step, Alone):
                if self.judge.in_company:
                    raise Disturbed
            elif isinstance(step, Own):
                yield from self._own(step.number)
            elif isinstance(step, Undo):
                yield from self._undo(step.since)
            elif isinstance(step, GetNote):
                answer = self.memory.notes.get(step.key)
            elif isinstance(step, Concurrent):
                answer = yield from self.call_together(step, chain)
            elif isinstance(step, Reads):
                answer = yield from self._read(step, chain)
            elif isinstance(step, InstanceRef):
                with self.factory.pool.only_new() if step.new else nullcontext():
                    answer = (yield from self.run_generator(self.factory.have(step), chain)).body
            else:
                answer = yield from self.call(step, chain)

    def _hang_up(self) -> Sending[None]:
        """Remove the event receivers that are registered, because a repeated probe registers the same
        addresses again.
        """
        self.sender.cleaning = True
        try:
            for instance in [
                t for t in self.factory.pool.list_remaining() if self.factory.proof.hears(t.resource)
            ]:
                with suppress(Unavailable):
                    yield from self.run_generator(self.factory.removals.undo(instance), [])
        finally:
            self.sender.cleaning = False

    def _own(self, number: int) -> Sending[None]:
        """Prove that the run owns the instances which an exchange made, if a later call may change them."""
        for instance in list(self.factory.pool.instances):
            made = instance.maker is not None and instance.maker.number == number and not instance.ours
            if made and (instance.resource.undone_by is not None or instance.resource.moves):
                with suppress(Unavailable):
                    yield from self.run_generator(self.factory.proof.prove(instance), [])

    def _undo(self, since: int) -> Sending[None]:
        """Remove the instances that this exchange and later ones made, the latest first."""
        self.sender.cleaning = True
        try:
            for instance in reversed(self.factory.pool.list_remaining()):
                made = instance.maker is not None and instance.maker.number >= since
                if made and instance in self.factory.pool.list_remaining():
                    with suppress(Unavailable):
                        yield from self.run_generator(self.factory.removals.undo(instance), [])
        finally:
            self.sender.cleaning = False

    def _tidy(self, *, broke: bool) -> Sending[None]:
        """Remove the instances that later probes do not need. `broke` is True if the probe may have broken a
        contract.
        """
        self.sender.cleaning = True
        try:
            for instance in self.factory.pool.surplus(broke=broke):
                if self.keeps_surplus:
                    break
                if instance in self.factory.pool.list_remaining():
                    yield from self.run_generator(self.factory.removals.undo(instance), [])
        except (Unavailable, Stop):
            pass
        finally:
            self.sender.cleaning = False

    # -- calls

    def have(self, live: InstanceRef) -> Sending[Mapping[str, Any]]:
        """Return the body of a live instance. Raises Unavailable, Spent, Stop."""
        instance: Instance = yield from self.run_generator(self.factory.have(live), [])
        return instance.body

    def call(self, call: Call, chain: list[Exchange]) -> Sending[Exchange]:
        """Make the instances that a call needs, send it, and let every watcher judge the answer. Raises
        Unavailable, Spent, Stop.
        """
        ready = yield from self._ready(call, chain)
        if call.reuse and (known := self._answers.find(call, self.sender.maker.make(ready)[0])) is not None:
            chain.append(known)
            return known
        self._afford(1)
        try:
            exchange = yield from self.sender.send(ready)
        except (KeyboardInterrupt, Stop):
            if call.endpoint is not None and call.endpoint.action.effect == "write" and ready.sent:
                self.factory.unsure.add(call, ready.values, self.sender.maker.make(ready)[0])
            raise
        if not self._stale(exchange, self.factory.pool.borrowed):
            self._take(exchange, chain)
            yield from self._doubt_key()
            return exchange
        exchange.call = replace(
            call, intent="explore"
        )  # the thing was not as it should have been: this says nothing about the call
        self._take(exchange, [])
        with self.factory.pool.only_new():
            return (yield from self.call(call, chain))

    def _read(self, step: Reads, chain: list[Exchange]) -> Sending[list[Exchange]]:
        """Send calls that only read, at the same time where the run has several workers. Raises Unavailable,
        Spent, Stop.
        """
        found: list[Exchange] = []
        if len(step.calls) == 1 or not self.sender.overlaps:
            for call in step.calls:
                found.append((yield from self.call(call, chain)))
            return found
        ready = []
        for call in step.calls:
            ready.append((yield from self._ready(call, chain)))
        self._afford(len(ready))
        return (yield from self.sender.send_reads(ready, lambda exchange: self._take(exchange, chain)))

    def call_together(self, step: Concurrent, chain: list[Exchange]) -> Sending[list[Exchange]]:
        """Send calls at the same time; their answers are judged in the order of the calls. Raises
        Unavailable, Spent, Stop.
        """
        known: dict[int, Ready] = {}
        with self.factory.pool.only_new():
            for call in step.calls:  # the very same call has the very same arguments
                if id(call) not in known:
                    made = yield from self._ready(replace(call, beside=True), chain)
                    first = next(iter(known.values()), made).values
                    same = {name: first[name] for name in step.shared if name in first}
                    known[id(call)] = replace(made, values={**made.values, **same})
        ready = [known[id(call)] for call in step.calls]
        self._afford(len(ready))
        self.judge.flush()  # so that none of several threads does while it waits
        several = yield from self.sender.send_together(ready)
        done = [exchange for exchange in several if not 400 <= exchange.status < 500]
        for exchange in several:
            self._take(exchange, chain, alone=done == [exchange])
        if not done:  # none of them stood in another's way
            self._note_full(several[0])
        if self.sender.interrupted is not None:
            raise self.sender.interrupted
        return several

    def _ready(self, call: Call, chain: list[Exchange]) -> Sending[Ready]:
        if (
            call.endpoint is not None
            and call.endpoint.action.effect == "write"
            and not self.gate.may_write(call)
        ):
            raise Unavailable(NO_WRITES)
        if self.judge.in_company and call.endpoint is not None and call.endpoint.action is self.model.clock:
            raise Unavailable("the operator's clock stands still while other probes run")
        self.factory.pool.now = self.sender.now()
        values, subject = yield from self.run_generator(self.factory.arguments.resolve(call), chain)
        for instance in self.gate.find_changed_instances(call, values):
            yield from self.run_generator(self.factory.proof.prove(instance), [])
        for instance in self.gate.find_references(call, values):
            with suppress(Unavailable):  # the gate decides on the request itself
                yield from self.run_generator(self.factory.proof.prove(instance), [])
        return Ready(call, values, subject)

    def _stale(self, exchange: Exchange, borrowed: Sequence[Instance]) -> bool:
        """True if a call may have been refused because of earlier calls to a borrowed instance."""
        action = exchange.call.endpoint.action if exchange.call.endpoint is not None else None
        found = (t.resource.missing_in(action) if action else t.resource.missing for t in borrowed)
        missing = {code.name for code in found if code is not None}
        declared = self.model.codes.get(exchange.code or "")
        stale = bool(borrowed) and exchange.call.intent in ("valid", "explore") and declared is not None
        stale = stale and declared is not None and (declared.name in missing or declared.status == CONFLICT)
        for instance in borrowed if stale else ():
            instance.exhausted = True
        return stale

    def _take(self, exchange: Exchange, chain: list[Exchange], *, alone: bool = False) -> None:
        chain.append(exchange)
        self._believe(exchange)
        self.factory.note_exchange(exchange)
        self.judge.judge(exchange, alone=alone)
        if (
            exchange.call.endpoint is not None
            and exchange.call.endpoint.action is self.model.clock
            and exchange.success
        ):
            self._set_clock(exchange)
        if not exchange.call.beside:  # of calls at once one may stand in another's way
            self._note_full(exchange)
        self._answers.keep(exchange)

    def _note_full(self, exchange: Exchange) -> None:
        """Note that a place had no room for a call that should succeed."""
        code, filled = self.model.codes.get(exchange.code or ""), self.factory.pool.filled
        if code is not None and code.status == CONFLICT and exchange.call.intent in ("valid", "explore"):
            self.factory.note_refusal(exchange)
        if self.factory.pool.filled > filled and not self._bounded:
            self.sender.max_requests += FULL_COSTS

    def _believe(self, exchange: Exchange) -> None:
        """Note whether the server accepts our key. Raises Stop if it does not, because its answers then prove
        nothing.
        """
        if reason := self.acceptance.note(exchange):
            raise Stop(reason)

    def _doubt_key(self) -> Sending[None]:
        """If most actions refuse the key, send the reads that were answered once more, without the key.

        Raises Stop if the answers are the same.
        """
        for ready in self.acceptance.take_doubtful():
            self.acceptance.compare((yield from self.sender.send(ready)))
        if reason := self.acceptance.conclude():
            raise Stop(reason)

    def run_generator(self, asking: Generator[Call, Exchange, Any], chain: list[Exchange]) -> Sending[Any]:
        """Send the calls that a generator yields, and return the generator's result.

        Raises Unavailable if the instances of these calls depend on each other endlessly.
        """
        self._nested[id(chain)] += 1
        try:
            if self._nested[id(chain)] > MOST_NESTED:
                raise Unavailable("each of its resources is made by a call that needs another one of them")
            return (yield from self._answer(asking, chain))
        finally:
            self._nested[id(chain)] -= 1
            if not self._nested[id(chain)]:
                del self._nested[id(chain)]

    def _answer(self, asking: Generator[Call, Exchange, Any], chain: list[Exchange]) -> Sending[Any]:
        answer: Any = None
        while True:
            try:
                needed = asking.send(answer)
            except StopIteration as end:
                return end.value
            answer = None
            if isinstance(needed, Sleep):
                self.sender.wait(needed.seconds, quiet=needed.quiet)
            else:
                answer = yield from self.call(needed, chain)

    def _afford(self, count: int) -> None:
        if not self.sender.cleaning and self.counted + count > self.sender.max_requests:
            raise Spent

    def _set_clock(self, exchange: Exchange) -> None:
        told = find_time(exchange.body)
        ahead = told - self.sender.clock() if told is not None else 0.0
        self.sender.moved_s = ahead if abs(ahead) > CLOCK_SLACK_S else 0.0

    def close(self) -> None:
        """Drop the references that would keep a finished run in memory until a garbage collection."""
        self.sender.on_wait = None
        if self._patient is not None:
            self._patient.while_waiting = None


def _make_redactor(model: Model, keys: Mapping[str, str], values: Sequence[str]) -> Redactor:
    """Return a redactor for the catalogue's secret and private members, for `keys` by role, and for further
    secret `values`.
    """
    return Redactor(
        keys,
        model.secrets,
        values,
        model.private,
        catalogue=model.source.text,
        environment=model.env,
        model=model,
    )


def _hide_token(memory: Memory, redactor: Redactor, holder: str, token: str) -> None:
    """Mask an access token from here on, and look for it in answers."""
    if token not in memory.tokens:
        memory.tokens.add(token)
        redactor.hide_token(holder, token)


def _hide_key(memory: Memory, redactor: Redactor, holder: str, key: str) -> None:
    """Mask a key that a command printed, and look for it in answers."""
    memory.tokens.add(key)
    redactor.hide_key(holder, key, memory.model)
