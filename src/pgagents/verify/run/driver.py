"""Drives probes: resolves what their calls need, sends them within the budget, lets every watcher judge, undoes what was made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from types import ModuleType
from typing import Any

from pgagents.http import Handler, Response
from pgagents.model.model import id_text
from pgagents.verify.check.check import CONFLICT, Judgement, Probe
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.factory import Thing, Unavailable, World
from pgagents.verify.fixtures.pool import MAX_TRIES
from pgagents.verify.plan.options import Options
from pgagents.verify.plan.safety import NO_WRITES
from pgagents.verify.run.gate import Gate
from pgagents.verify.run.judge import Judge, told_time
from pgagents.verify.run.known_answers import Answers
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.redaction.redact import Redactor
from pgagents.verify.run.sender import OUT_OF_TIME, Ready, Sender, Stop
from pgagents.verify.wire.call import Call, Live, Own, Recall, Together, Wait
from pgagents.verify.wire.endpoint import MCP
from pgagents.verify.wire.exchange import LIMITED, UNAVAILABLE, Seen

__all__ = ["OUT_OF_TIME", "Driver", "Spent", "Stop"]

MAX_TURNED_AWAY = 3
FULL_COSTS = 12
"""Requests that a place which turns out to be full may cost beyond the usual budget: what was begun there is done elsewhere."""
CLOCK_SLACK_S = 2.0
HURRIED_S = 15.0


class Spent(Exception):
    """No request is left for this probe."""


class Driver:
    """A run's course. Its `sender` sends, its `judge` judges, its `world` knows what lives."""

    def __init__(
        self,
        setting: Setting,
        handler: Handler,
        keys: Mapping[str, str],
        options: Options,
        ledger: Ledger,
        world: World,
        checks: Mapping[str, ModuleType],
        *,
        clock: Callable[[], float],
        timer: Callable[[], float],
        sleep: Callable[[float], None],
        max_requests: int,
        apart: int = 0,
        writes: bool,
        plain: Handler | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.setting, self.model, self.keys, self.world = setting, setting.model, keys, world
        self.redactor = Redactor(
            keys, self.model.secrets, secrets, self.model.private, catalogue=self.model.source.text, environment=self.model.env
        )
        self.judge = Judge(setting, ledger, world, self.redactor, keys, checks, timer)
        self.timer = timer
        self._started = timer()
        until = None if options.max_time_s is None else self._started + options.max_time_s
        self.sender = Sender(
            setting, handler, plain, keys, options, clock=clock, timer=timer, sleep=sleep, max_requests=max_requests, apart=apart,
            until=until,
        )  # fmt: skip
        self._bounded = options.max_requests is not None
        self.gate = Gate(setting, world, writes=writes, allowed=options.allow, roles=keys.keys())
        self.sender.objection = self.gate.objection
        world.pool.makes = writes
        self.turned_away = 0
        """How many calls with the main key were answered as if it were none, before any was answered otherwise."""
        self.key_known = self.key_refused = False
        self._answers = Answers()

    @property
    def ledger(self) -> Ledger:
        """What became of each contract."""
        return self.judge.ledger

    @property
    def memory(self) -> Memory:
        """What watchers know."""
        return self.judge.memory

    @property
    def sent(self) -> int:
        """Requests so far."""
        return self.sender.sent

    @property
    def counted(self) -> int:
        """Requests so far that count, and those that undoing what there is would add to them."""
        return self.sender.counted(self.world.pool.owed())

    @property
    def answered(self) -> int:
        """How many of them got an answer."""
        return self.sender.answered

    def seconds(self) -> float:
        """Seconds since the driver was made."""
        return self.timer() - self._started

    # -- probes -------------------------------------------------------------------------------------------------

    def run(self, probe: Probe) -> None:
        """Drive one probe to its end, its budget's end or the first resource that cannot be had; once more where a place turned out to be
        full, so that something stayed open. Raises Stop."""
        filled = self.world.pool.filled
        self._run(probe)
        if self.world.pool.filled > filled and not self.ledger.all_judged(probe.covers):
            self._hang_up()
            self._run(probe)

    def _run(self, probe: Probe) -> None:
        broken = self.ledger.broken
        conversation = probe.run()
        try:
            self._converse(conversation, probe)
        except Unavailable as error:
            self.ledger.excuse(probe.covers, str(error))
        except Spent:
            self.ledger.excuse(probe.covers, "the budget of requests was spent")
        except Stop as stop:
            self.ledger.excuse(probe.covers, f"the run ended before: {stop}")
            raise
        except Exception as error:  # an error of ours must not look like one of the server's
            self.ledger.crashed(probe.covers, error, probe.name)
        finally:
            conversation.close()
            self._tidy(broke=self.ledger.broken > broken)

    def _converse(self, conversation: Generator[Any, Any, None], probe: Probe) -> None:
        chain: list[Seen] = []
        answer: Any = None
        while True:
            try:
                step = conversation.send(answer)
            except StopIteration:
                return
            answer = None
            if isinstance(step, Judgement):
                self.judge.enter(step, chain, None, probe)
            elif isinstance(step, Wait):
                self.sender.wait(step.seconds, quiet=step.quiet)
            elif isinstance(step, Own):
                self._own(step.number)
            elif isinstance(step, Recall):
                answer = self.memory.notes.get(step.key)
            elif isinstance(step, Together):
                answer = self.call_together(step, chain)
            elif isinstance(step, Live):
                answer = self._resolved(self.world.have(step), chain).body
            else:
                answer = self.call(step, chain)

    def _hang_up(self) -> None:
        """Undo what events are sent to: a probe that is run once more listens at the same addresses again."""
        self.sender.cleaning = True
        try:
            for thing in [t for t in self.world.pool.left() if self.world.proof.hears(t.resource)]:
                with suppress(Unavailable):
                    self._resolved(self.world.removals.undo(thing), [])
        finally:
            self.sender.cleaning = False

    def _own(self, number: int) -> None:
        """Prove what an exchange made, where a later call may change it."""
        for thing in list(self.world.pool.things):
            made = thing.maker is not None and thing.maker.number == number and not thing.ours
            if made and (thing.resource.undone_by is not None or thing.resource.moves):
                with suppress(Unavailable):
                    self._resolved(self.world.proof.prove(thing), [])

    def _tidy(self, *, broke: bool) -> None:
        """Undo what is more than later probes can use, after one of them that may have broken a contract."""
        self.sender.cleaning = True
        try:
            for thing in self.world.pool.surplus(broke=broke):
                if thing in self.world.pool.left():
                    self._resolved(self.world.removals.undo(thing), [])
        except (Unavailable, Stop):
            pass
        finally:
            self.sender.cleaning = False

    # -- calls --------------------------------------------------------------------------------------------------

    def have(self, live: Live) -> Mapping[str, Any]:
        """The body of a live resource as asked for. Raises Unavailable, Spent, Stop."""
        thing: Thing = self._resolved(self.world.have(live), [])
        return thing.body

    def call(self, call: Call, chain: list[Seen]) -> Seen:
        """Send a call, what it needs first, and let every watcher judge. Raises Unavailable, Spent, Stop."""
        ready = self._ready(call, chain)
        if call.reuse and (known := self._answers.known(call, self.sender.request(ready))) is not None:
            chain.append(known)
            return known
        self._afford(1)
        sent = self.sender.sent
        try:
            seen = self.sender.send(ready)
        except (KeyboardInterrupt, Stop):
            if call.door is not None and call.door.action.effect == "write" and self.sender.sent > sent:
                self.world.unsure.add(call, ready.values, self.sender.request(ready))
            raise
        if not self._stale(seen, self.world.pool.lent):
            self._take(seen, chain)
            return seen
        seen.call = replace(call, intent="explore")  # the thing was not as it should have been: this says nothing about the call
        self._take(seen, [])
        with self.world.pool.only_new():
            return self.call(call, chain)

    def call_together(self, step: Together, chain: list[Seen]) -> list[Seen]:
        """Send calls at the same time; their answers are judged in the order of the calls. Raises Unavailable, Spent, Stop."""
        known: dict[int, Ready] = {}
        with self.world.pool.only_new():
            for call in step.calls:  # the very same call has the very same arguments
                if id(call) not in known:
                    known[id(call)] = self._ready(replace(call, beside=True), chain)
        ready = [known[id(call)] for call in step.calls]
        self._afford(len(ready))
        several = self.sender.send_together(ready)
        done = [seen for seen in several if not 400 <= seen.status < 500]
        for seen in several:
            self._take(seen, chain, alone=done == [seen])
        if not done:  # none of them stood in another's way
            self._note_full(several[0])
        if self.sender.interrupted is not None:
            raise self.sender.interrupted
        return several

    def _ready(self, call: Call, chain: list[Seen]) -> Ready:
        if call.door is not None and call.door.action.effect == "write" and not self.gate.may_write(call):
            raise Unavailable(NO_WRITES)
        self.world.pool.now = self.sender.now()
        values, subject = self._resolved(self.world.arguments.resolve(call), chain)
        for thing in self.gate.changed_by(call, values):
            self._resolved(self.world.proof.prove(thing), [])
        return Ready(call, values, subject)

    def _stale(self, seen: Seen, lent: Sequence[Thing]) -> bool:
        """Whether a call was refused, it may be, for what earlier calls did to a thing that it was lent."""
        missing = {t.resource.missing.name for t in lent if t.resource.missing}
        declared = self.model.codes.get(seen.code or "")
        stale = bool(lent) and seen.call.intent in ("valid", "explore") and declared is not None
        stale = stale and declared is not None and (declared.name in missing or declared.status == CONFLICT)
        for thing in lent if stale else ():
            thing.worn = True
        return stale

    def _take(self, seen: Seen, chain: list[Seen], *, alone: bool = False) -> None:
        chain.append(seen)
        self._believe(seen)
        self.world.sent(seen)
        self.judge.judge(seen, alone=alone)
        if seen.call.door is not None and seen.call.door.action is self.model.clock and seen.success:
            self._set_clock(seen)
        if not seen.call.beside:  # of calls at once one may stand in another's way
            self._note_full(seen)
        self._answers.keep(seen)

    def _note_full(self, seen: Seen) -> None:
        """Note a place that had no room for a call that should do."""
        code, filled = self.model.codes.get(seen.code or ""), self.world.pool.filled
        if code is not None and code.status == CONFLICT and seen.call.intent in ("valid", "explore"):
            self.world.refused(seen)
        if self.world.pool.filled > filled and not self._bounded:
            self.sender.max_requests += FULL_COSTS

    def _believe(self, seen: Seen) -> None:
        """Whether the server knows our key at all. Raises Stop where it does not: its answers then say nothing about it."""
        call = seen.call
        with_key = (
            call.role == "main"
            and not call.twist
            and not call.plain
            and call.surface != MCP
            and seen.request.header("authorization") is not None
        )
        if self.key_known or not with_key or not isinstance(seen.answer, Response) or seen.status in (LIMITED, UNAVAILABLE):
            return
        code = self.model.codes[self.model.errors.framework.no_key]
        if seen.status != code.status:
            self.key_known = True
            return
        self.turned_away += 1
        if self.turned_away >= MAX_TURNED_AWAY:
            self.key_refused = True
            raise Stop(f"the server refused the key: {code.status} {code.name} to the first {self.turned_away} calls with it")

    def _resolved(self, asking: Generator[Call, Seen, Any], chain: list[Seen]) -> Any:
        answer: Any = None
        while True:
            try:
                needed = asking.send(answer)
            except StopIteration as end:
                return end.value
            answer = None
            if isinstance(needed, Wait):
                self.sender.wait(needed.seconds, quiet=needed.quiet)
            else:
                answer = self.call(needed, chain)

    def _afford(self, count: int) -> None:
        if not self.sender.cleaning and self.counted + count > self.sender.max_requests:
            raise Spent

    def _set_clock(self, seen: Seen) -> None:
        told = told_time(seen.body)
        ahead = told - self.sender.clock() if told is not None else 0.0
        self.sender.moved_s = ahead if abs(ahead) > CLOCK_SLACK_S else 0.0

    # -- the end ------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Let go of what would keep a run that is over in memory, until a collector comes by."""
        self.sender.on_wait = None

    def clean_up(self, *, hurried: bool = False) -> list[str]:
        """Undo all that was made; gives what could not be. `hurried`: the run was stopped, so that this may take `HURRIED_S` at most, and
        a further interrupt ends it."""
        self.sender.cleaning = True
        if hurried:
            self.sender.hurry(HURRIED_S)
        self.sender.silences = self.sender.broken_off = 0
        self.world.pool.now = self.sender.now()  # what has ended by itself since the last call is not left behind
        behind: list[str] = []
        met: set[tuple[str, str]] = set()
        """What several resources of the catalogue know is one instance, undone once and listed once."""
        there = self._looked_up()
        while (thing := self._next_left(met)) is not None:
            met.add(_same(thing))
            name = f"{thing.resource.name} {id_text(thing.id)}"
            try:
                gone = there and thing.tries < MAX_TRIES and self._resolved(self.world.removals.undo(thing), [])
            except Unavailable as why:
                gone, name = False, name if thing.ours else f"{name} ({why})"
            except KeyboardInterrupt:  # of a run that came to its end by itself, the rest is undone all the same
                gone, there = False, not hurried
                hurried = True
                self.sender.hurry(HURRIED_S)
            except Stop:  # it is gone: each further call would take the whole time-out
                gone = there = False
            self.sender.cleaning = True
            if not gone:
                behind.append(name)
        return behind

    def _looked_up(self) -> bool:
        """Look for what creates without an answer have made, so that it is undone; gives whether the server is still there."""
        try:
            for thing in self._resolved(self.world.unsure.look_up(), []):
                known = self.world.pool.known(thing.resource, thing.id)
                if known is None:
                    self.world.pool.add(thing)
                else:  # a list had it, and did not say whose it is
                    known.made = known.ours = True
                    self.world.pool.changed(known)
        except (Unavailable, KeyboardInterrupt):
            pass
        except Stop:
            return False
        return True

    def _next_left(self, met: Collection[tuple[str, str]]) -> Thing | None:
        """What is to be undone next: the latest first, so that nothing goes before what lives in it."""
        return next((thing for thing in reversed(self.world.pool.left()) if _same(thing) not in met), None)


def _same(thing: Thing) -> tuple[str, str]:
    """What tells an instance from others, whichever resource of the catalogue it is known by."""
    undo = thing.resource.undone_by
    return (str(undo.action.name) if undo is not None else thing.resource.name, id_text(thing.id))
