"""Execute the calls of probes: make the instances that they need, send them, and have them judged."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from pgagents.base.cel.functions import epoch
from pgagents.base.http import Request
from pgagents.base.places import list_leaves
from pgagents.catalogue.model.resource import Id, Resource, is_scalar
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance, Restarted, Unavailable
from pgagents.verify.fixtures.target import find_created, is_made_by, list_made
from pgagents.verify.plan.selection import NO_WRITES
from pgagents.verify.run.absent_answers import list_unfound
from pgagents.verify.run.gate import Gate
from pgagents.verify.run.judge import Judge
from pgagents.verify.run.lost_answers import RESTARTED, LostAnswers
from pgagents.verify.run.obstacles import Acceptance
from pgagents.verify.run.sender import Sender
from pgagents.verify.run.timing import Unanswered
from pgagents.verify.run.transmission import Ready, Stop, sending_at_once
from pgagents.verify.run.tripwire import LOOKS_OF_BOUND
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import answering, ask
from pgagents.verify.wire.call import Call, Concurrent, InstanceRef, Reads, Sleep
from pgagents.verify.wire.endpoint import MCP, Endpoint
from pgagents.verify.wire.exchange import CONFLICT, Exchange

R = TypeVar("R")
FULL_COSTS = 12
"""Further requests that a probe may send if a place is full and it goes on at another place."""
FIRST_PROOF = 6
"""Requests that show whose the first of a kind is: two further creates, which are removed, and two reads."""
MOST_LOOKS = 2
"""Looks at what is there, before it is removed after a removal that failed or named nothing."""
CLOCK_SLACK_S = 2.0
MOST_NESTED = 24
"""The most calls that wait for each other's instances. No catalogue's resources have as many levels."""


class Spent(Exception):
    """Raised if too few requests are left for this probe."""


class _Unanswered(BaseException):
    """Raised through work that asked for a call, which must not take the call's error for one of its own."""

    def __init__(self, error: Exception) -> None:
        self.error = error


class CallExecutor:
    """Executes the calls of one run. `bounded` is True if the caller set the number of requests."""

    def __init__(
        self,
        sender: Sender,
        judge: Judge,
        gate: Gate,
        factory: FixtureFactory,
        acceptance: Acceptance,
        *,
        bounded: bool,
    ) -> None:
        self.sender, self.judge, self.gate, self.factory = sender, judge, gate, factory
        self.model, self.acceptance, self._bounded = judge.setting.model, acceptance, bounded
        self._nested: Counter[int] = Counter()
        """The number of calls that wait for other calls, by the identity of the list of their exchanges."""
        self._answers = Answers()
        self.lost_answers = LostAnswers(self)

    @property
    def counted(self) -> int:
        """The number of requests that count so far, plus those that undoing the remaining instances takes."""
        return self.sender.budget.count(self.factory.pool.count_undo_requests())

    def count_proofs(self) -> int:
        """Return the requests by which a bounded run proves at its end what it removes: of each kind that is
        not proved yet an equal one is made, and removed too. One is looked at before where a removal may have
        taken it.
        """
        left = self.factory.pool.list_remaining() if self._bounded else []
        looks = sum(t.doubtful or self.factory.removals.may_have_gone(t) for t in left)
        return 2 * len({instance.resource.name for instance in left if not instance.ours}) + looks

    def count_lists(self, making: Collection[Resource] = ()) -> int:
        """Return the requests by which a bounded run sees at its end what stayed, also of `making`."""
        if not self._bounded:
            return 0
        return self.factory.unsure.count_lists_at_end(making) + len(self.list_elsewhere(making))

    def list_elsewhere(self, making: Collection[Resource] = ()) -> list[Endpoint]:
        """Return the lists of no resource that are read at the end: a tenth of a bounded run may be for them.

        A key that says test is spared the requests.
        """
        owned, lists = self.factory.owned, self.factory.unsure.lists_elsewhere
        if owned.test_data or not (making or owned.has_made_any()):
            return []
        return lists[: max(1, self.sender.budget.most // LOOKS_OF_BOUND)] if self._bounded else lists

    def have(self, live: InstanceRef) -> Mapping[str, Any]:
        """Return the body of a live instance. Raises Unavailable, Spent, Stop."""
        instance: Instance = self.run_inner(partial(self.factory.have, live), [])
        return instance.body

    def call(self, call: Call, chain: list[Exchange]) -> Exchange:
        """Make the instances that a call needs, send it, and let every watcher judge the answer. Raises
        Unavailable, Spent, Stop.
        """
        ready = self.prepare(call, chain)
        if call.reuse and (known := self._answers.find(call, self.sender.maker.make(ready)[0])) is not None:
            chain.append(known)
            return known
        self._afford([call], chain)
        try:
            with self._making(ready):
                exchange = self.sender.send(ready)
                if exchange.lost:
                    exchange = self.lost_answers.examine(call, ready, exchange, chain)
                    if exchange.loss is None and not exchange.lost and self.is_outdated(ready, chain):
                        self.note_unjudged(exchange)
                        raise Restarted(RESTARTED)
                elif self.lost_answers.is_overtaken(ready, exchange) and not self.sender.budget.cleaning:
                    self.note_unjudged(exchange)
                    raise Restarted(RESTARTED)
        except (KeyboardInterrupt, Stop, Unanswered):
            self._note_unanswered(ready)
            raise
        if self.factory.guesses.advance(exchange):
            self._set_aside(exchange, call)
            return self.call(call, chain)
        if named := self._lift(exchange):
            self._set_aside(exchange, call)
            return self.call(replace(call, input={**call.input, **named}), chain)
        unfound = list_unfound(self.judge.setting, exchange)
        if fresh := self.factory.taken.renew(exchange) or self.factory.words.renew(exchange, unfound):
            self._set_aside(exchange, call)
            return self.call(replace(call, input={**call.input, **fresh}), chain)
        if not self._stale(exchange, self.factory.pool.borrowed):
            self._take(exchange, chain)
            self._find_unnamed(exchange)
            self._check_era(ready, chain)
            self._doubt_key()
            return exchange
        # the borrowed instance was used up, so its refusal does not count
        self._set_aside(exchange, call)
        with self.factory.pool.only_new():
            return self.call(call, chain)

    def _lift(self, exchange: Exchange) -> dict[str, Id]:
        """Send what may lift the refusal of a create; return the arguments with which it is sent again."""
        helping = self.factory.helping
        helping.note(exchange)
        if exchange.status == CONFLICT and not self.sender.budget.cleaning:
            with suppress(Unavailable):
                return self.run_inner(partial(helping.lift, exchange), [])
        return {}

    def _set_aside(self, exchange: Exchange, call: Call) -> None:
        """Take an answer as one that proves nothing, because the call is sent again otherwise."""
        exchange.call = replace(call, intent="explore")
        self._take(exchange, [])

    def _find_unnamed(self, exchange: Exchange) -> None:
        """Find in its list what a create made whose answer does not name it."""
        if exchange.number not in self.factory.unsure.numbers:
            return
        with suppress(Unavailable):
            for instance in self.run_inner(partial(self.factory.unsure.find_unnamed, exchange.number), []):
                self.factory.pool.take_over(instance)

    def read(self, step: Reads, chain: list[Exchange]) -> list[Exchange]:
        """Send calls that only read, at the same time where the run has several workers. Raises Unavailable,
        Spent, Stop.
        """
        found: list[Exchange] = []
        if len(step.calls) == 1 or not self.sender.timing.overlaps:
            for call in step.calls:
                found.append(self.call(call, chain))
            return found
        ready = []
        for call in step.calls:
            ready.append(self.prepare(call, chain))
        self._afford([one.call for one in ready], chain)
        taken: list[Exchange] = []

        def take(exchange: Exchange) -> None:
            taken.append(exchange)
            self._take(exchange, chain)

        several = self.sender.send_reads(ready, take)
        if len(taken) == len(several):
            return several
        return self._examine_lost(ready, several, taken, chain)

    def call_together(self, step: Concurrent, chain: list[Exchange]) -> list[Exchange]:
        """Send calls at the same time; their answers are judged in the order of the calls. Raises
        Unavailable, Spent, Stop.
        """
        known: dict[int, Ready] = {}
        with self.factory.pool.only_new():
            for call in step.calls:  # the very same call has the very same arguments
                if id(call) not in known:
                    made = self.prepare(replace(call, beside=True), chain)
                    first = next(iter(known.values()), made).values
                    same = {name: first[name] for name in step.shared if name in first}
                    known[id(call)] = replace(made, values={**made.values, **same})
        ready = [known[id(call)] for call in step.calls]
        self._afford([one.call for one in ready], chain)
        several: list[Exchange] = []
        try:
            with self._making(*ready):
                several = self.sender.send_together(ready)
            for one, exchange in zip(ready, several, strict=True):
                if exchange.lost:
                    self._examine_beside(one, exchange, chain)
        except (KeyboardInterrupt, Stop, Unanswered):
            for exchange in several:  # each may have made something
                self.note_unjudged(exchange)
            for one in () if several else ready:
                self._note_unanswered(one)
            raise
        done = [exchange for exchange in several if not 400 <= exchange.status < 500]
        for exchange in several:
            self._take(exchange, chain, alone=done == [exchange])
        if not done:  # none of them stood in another's way
            self._note_full(several[0])
        if self.sender.interrupted is not None:
            raise self.sender.interrupted
        return several

    def prepare(self, call: Call, chain: list[Exchange]) -> Ready:
        """Return a call with all its values, after making the instances that it needs. Raises Unavailable,
        Spent, Stop.
        """
        if reason := self.lost_answers.object_to(call):
            raise Unavailable(reason)
        call = replace(call, lender=_find_lender(self.factory.setting, call))
        if (
            call.endpoint is not None
            and call.endpoint.action.effect == "write"
            and not self.gate.may_write(call)
        ):
            raise Unavailable(NO_WRITES)
        writes = call.endpoint is not None and not call.endpoint.action.only_reads
        if writes and (reason := self.gate.tripwire.object_to(call)):
            raise Unavailable(reason)
        if self.judge.in_company and call.endpoint is not None and call.endpoint.action is self.model.clock:
            raise Unavailable("the operator's clock stands still while other probes run")
        self.factory.pool.now = self.sender.clocks.now()
        values, subject = self.run_inner(partial(self.factory.arguments.resolve, call), chain)
        for instance in self.gate.find_changed_instances(call, values):
            self.run_inner(partial(self.factory.proof.prove, instance), [])
        for instance in self.gate.find_references(call, values):
            with suppress(Unavailable):  # the gate decides on the request itself
                self.run_inner(partial(self.factory.proof.prove, instance), [])
        for asking in self.gate.read_unread(call, values):
            with suppress(Unavailable):
                self.run_inner(asking, [])
        made = self._list_made(call)
        for resource in made:
            with suppress(Unavailable):
                self.run_inner(partial(self.factory.removals.try_one, resource), [])
        for resource in self._list_uncounted(made):
            with suppress(Unavailable):
                self.run_inner(partial(self.factory.unsure.list_items, resource), [])
        ends = map(self.gate.tripwire.find_end, made if not self._bounded else ())
        for last in filter(None, ends):
            with suppress(Unavailable):
                self.run_inner(partial(ask, last), [])
        return Ready(
            call, values, subject, found=self._list_found(call, values), era=self.sender.silences.era
        )

    def _list_found(self, call: Call, values: Mapping[str, Any]) -> frozenset[str]:
        """Return the resources of which a call names an instance that the run found, and did not make."""
        found, params = set(), call.endpoint.params if call.endpoint is not None else ()
        for param in params:
            resource = self.model.resources.get(param.refers_to or "")
            id = values.get(str(param.name))
            if resource is None or not is_scalar(id):
                continue
            instance = self.factory.pool.find(resource, id, resource.place_in(params, values))
            if instance is not None and not instance.made:
                found.add(resource.name)
        return frozenset(found)

    def _examine_lost(
        self,
        several: Sequence[Ready],
        exchanges: Sequence[Exchange],
        taken: Sequence[Exchange],
        chain: list[Exchange],
    ) -> list[Exchange]:
        """Examine the lost answers of calls that only read; return the exchanges that stand for the calls.

        `taken` are those that are judged already. Raises Stop, Unavailable.
        """
        found, era = [], self.sender.silences.era
        for ready, exchange in zip(several, exchanges, strict=True):
            if exchange.lost:
                exchange = self.lost_answers.examine(ready.call, ready, exchange, chain)
                self._take(exchange, chain)
            found.append(exchange)
        if era != self.sender.silences.era:
            raise Restarted(RESTARTED)
        for first, exchange in zip(exchanges, found, strict=True):
            if not first.lost and first not in taken:
                self._take(exchange, chain)
        return found

    def _examine_beside(self, ready: Ready, exchange: Exchange, chain: list[Exchange]) -> None:
        """Examine the lost answer to one of several calls that were sent at the same time.

        The others may have had their effect, so none of them is sent again in its place.
        """
        with suppress(Unavailable):
            self.lost_answers.examine(ready.call, ready, exchange, chain)

    def is_outdated(self, ready: Ready, chain: list[Exchange]) -> bool:
        """True if the server came back since a call was prepared, and earlier answers chose its values.

        Clean-up goes on: it reads what it removes.
        """
        earlier = bool(chain) or self._nested[id(chain)] > 0
        return earlier and ready.era != self.sender.silences.era and not self.sender.budget.cleaning

    def _check_era(self, ready: Ready, chain: list[Exchange]) -> None:
        """Raise Restarted if the server came back during a call that prepares another one.

        The preparation's earlier answers are no longer true. Clean-up goes on: it reads what it removes.
        """
        cleaning = self.sender.budget.cleaning
        if ready.era != self.sender.silences.era and self._nested[id(chain)] and not cleaning:
            raise Restarted(RESTARTED)

    def note_lost(self, exchange: Exchange) -> None:
        """Note that a call without an answer may have removed something, before anything else is made.

        A create without an answer is noted where its exchange is taken.
        """
        if not self._list_made(exchange.call):
            self.factory.note_exchange(exchange)
        self._forget_changed(exchange)

    def _note_unanswered(self, ready: Ready) -> None:
        """Note that a write may have been done before its answer was given up."""
        endpoint = ready.call.endpoint
        if endpoint is not None and endpoint.action.effect == "write" and ready.sent:
            self.factory.unsure.add(ready.call, ready.values, self.sender.maker.make(ready)[0])

    def note_unjudged(self, exchange: Exchange) -> None:
        """Note the effects of an exchange that no check judges."""
        self.factory.note_exchange(exchange)
        if not exchange.call.plain:
            self.factory.note(exchange)
        self._record(exchange)
        self._answers.keep(exchange)
        self._forget_changed(exchange)
        self._compare(exchange)

    def _forget_changed(self, exchange: Exchange) -> None:
        """Let watchers forget the instances if a call that they do not see may have changed one."""
        if exchange.call.endpoint is None or exchange.call.endpoint.action.effect == "write":
            self.judge.forget_instances()

    def doubt_all(self) -> None:
        """Note that the server was started anew, so that it may have forgotten everything."""
        self.factory.doubt_all()
        self.gate.tripwire.forget()
        self.judge.forget_instances()
        self._answers = Answers()

    def _list_made(self, call: Call) -> tuple[Resource, ...]:
        if call.endpoint is None or call.endpoint.action.effect != "write":
            return ()
        action = call.endpoint.action
        if made := list_made(self.model, action):
            return made
        created = find_created(self.model, action)
        return () if created is None or is_made_by(created, action) else (created,)

    def _list_uncounted(self, made: Sequence[Resource]) -> list[Resource]:
        """Return the resources whose list must be read before a create, to see at the end what stays.

        Before the first create these are all, because a server may make other things with each.
        """
        owned, every = self.factory.owned, self.model.resources.values()
        first = bool(made) and not (owned.has_made_any() or self._bounded)
        asked = every if first else made
        return [
            r
            for r in asked
            if (r.name not in self.factory.listed or self.factory.unsure.may_see_more(r))
            and not (owned.has_made(r) or owned.test_data)
        ]

    @contextmanager
    def _making(self, *several: Ready) -> Iterator[None]:
        """Count the creates among these calls as under way, so that all lanes together make only a few."""
        made = [resource for ready in several for resource in self._list_made(ready.call)[:1]]
        for resource in made:
            self.factory.owned.note_sent(resource, 1)
        try:
            yield
        finally:
            for resource in made:
                self.factory.owned.note_sent(resource, -1)

    def _stale(self, exchange: Exchange, borrowed: Sequence[Instance]) -> bool:
        """True if a call may have been refused because of earlier calls to a borrowed instance."""
        action = exchange.call.endpoint.action if exchange.call.endpoint is not None else None
        found = (t.resource.missing_in(action) if action else t.resource.missing for t in borrowed)
        missing = {code.name for code in found if code is not None}
        stale = bool(borrowed) and exchange.call.intent in ("valid", "explore")
        stale = stale and (exchange.is_conflict or exchange.code in missing)
        for instance in borrowed if stale else ():
            instance.exhausted = True
        return stale

    def _take(self, exchange: Exchange, chain: list[Exchange], *, alone: bool = False) -> None:
        chain.append(exchange)
        self.lost_answers.remember(exchange)
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
        self._record(exchange)
        self._compare(exchange)

    def _compare(self, exchange: Exchange) -> None:
        """Compare an answer with what was there before the first write. Raises Stop if that is gone."""
        tripwire = self.gate.tripwire
        if self.lost_answers.in_doubt or not tripwire.note(exchange, self.sender.budget.unanswered > 0):
            return
        tripwire.examine(self._ask, lambda seconds: self.sender.timing.wait(seconds))
        if tripwire.reason:
            self.sender.is_halted, self.factory.pool.makes = True, False

    def _ask(self, call: Call, values: Mapping[str, Any] | None) -> Exchange | None:
        """Send a read while nothing else is sent; return None if it cannot be sent. Raises Stop."""
        call = replace(call, reuse="", again=True)
        self.sender.budget.most += not self._bounded
        try:
            with sending_at_once():
                ready = Ready(call, values, call.made) if values is not None else self.prepare(call, [])
                if self._bounded and self.counted + self.count_proofs() >= self.sender.budget.most:
                    return None
                exchange = self.sender.send(ready)
        except (Unavailable, Spent):
            return None
        return exchange

    def _record(self, exchange: Exchange) -> None:
        """Write into the journal what an exchange did, if there is a journal. Raises Stop."""
        if self.sender.recorder is not None:
            self.sender.recorder.note_exchange(exchange)

    def _note_full(self, exchange: Exchange) -> None:
        """Note that a place had no room for a call that should succeed."""
        filled = self.factory.pool.filled
        if exchange.is_conflict and exchange.call.intent in ("valid", "explore"):
            self.factory.note_refusal(exchange)
        if self.factory.pool.filled > filled and not self._bounded:
            self.sender.budget.most += FULL_COSTS

    def _believe(self, exchange: Exchange) -> None:
        """Note whether the server accepts our key. Raises Stop if it does not, because its answers then prove
        nothing.
        """
        if reason := self.acceptance.note(exchange):
            raise Stop(reason)

    def _doubt_key(self) -> None:
        """If most actions refuse the key, send the reads that were answered once more, without the key.

        Raises Stop if the answers are the same.
        """
        for ready in self.acceptance.take_doubtful():
            self.acceptance.compare(self.sender.send(replace(ready, era=None)))
        if reason := self.acceptance.conclude():
            raise Stop(reason)

    def run_inner(self, work: Callable[[], R], chain: list[Exchange]) -> R:
        """Run work that is done between the calls of a probe, and send the calls that it asks for.

        Raises Unavailable if the instances of these calls depend on each other endlessly.
        """
        self._nested[id(chain)] += 1
        try:
            if self._nested[id(chain)] > MOST_NESTED:
                raise Unavailable("each of its resources is made by a call that needs another one of them")
            with answering(partial(self._answer, chain)):
                return work()
        except _Unanswered as unanswered:
            raise unanswered.error from unanswered.error.__cause__
        finally:
            self._nested[id(chain)] -= 1
            if not self._nested[id(chain)]:
                del self._nested[id(chain)]

    def _answer(self, chain: list[Exchange], step: Call | Sleep) -> Exchange | None:
        if isinstance(step, Sleep):
            self.sender.timing.wait(step.seconds, quiet=step.quiet)
            return None
        try:
            return self.call(step, chain)
        except Exception as error:
            raise _Unanswered(error) from error

    def own(self, number: int) -> bool:
        """Prove that the run owns the instances which an exchange made, if a later call may change them.

        Return True if that may have made more of them.
        """
        copies = self.factory.proof.copies
        for instance in list(self.factory.pool.instances):
            made = instance.maker is not None and instance.maker.number == number and not instance.ours
            if made and (instance.resource.undone_by is not None or instance.resource.moves):
                with suppress(Unavailable):
                    self.run_inner(partial(self.factory.proof.prove, instance), [])
        return self.factory.proof.copies > copies

    def _afford(self, calls: Sequence[Call], chain: list[Exchange]) -> None:
        budget, count = self.sender.budget, len(calls)
        making: list[Resource] = []
        if self._bounded:  # what they make is removed within the bound, too
            actions = [call.endpoint.action for call in calls if call.endpoint is not None]
            making = [r for action in actions for r in list_made(self.model, action)[:1]]
            made = [r for r in making if r.undone_by]
            first = {r.name for r in made if not self.factory.owned.has_made(r)}
            count += len(made) + FIRST_PROOF * len(first)
            count += MOST_LOOKS * sum(action.may_remove for action in actions)  # it may go astray
        kept = 0 if self._nested[id(chain)] else self.count_proofs()  # what is nested may be such a proof
        kept += self.count_lists(making)
        if not budget.cleaning and self.counted + kept + count > budget.most:
            raise Spent

    def _set_clock(self, exchange: Exchange) -> None:
        told, clocks = find_time(exchange.body), self.sender.clocks
        if told is None:
            clocks.moved_s = 0.0
            return
        # the server told its time at some moment between the call and its answer
        least, most = told - clocks.clock(), told - (exchange.sent_at - clocks.moved_s)
        moved = least > CLOCK_SLACK_S or most < -CLOCK_SLACK_S
        clocks.moved_s = (least + most) / 2 if moved else 0.0


# -- answers to correct calls that serve once more


MOST_ANSWERS = 1_000


class Answers:
    """The last answers of a run, in bounded number."""

    def __init__(self) -> None:
        self._written = 0
        """The number of calls that may have changed something."""
        self._known: dict[tuple[str, Request], tuple[Exchange, int]] = {}
        """Answers, each with the number of writes before it."""
        self._latest: Exchange | None = None

    def find(self, call: Call, request: Request) -> Exchange | None:
        """Return an earlier exchange with an equal call, if its answer can stand for a new one; else None."""
        found = self._known.get((call.role, request))
        if found is None or (call.reuse == "unchanged" and found[1] != self._written):
            return None
        if call.reuse == "latest" and found[0] is not self._latest:
            return None
        return found[0]

    def keep(self, exchange: Exchange) -> None:
        """Keep an answer for equal calls. For a write, note that earlier answers may be outdated."""
        call, self._latest = exchange.call, exchange
        if call.plain:
            return
        if call.endpoint is None:
            if call.reuse and exchange.success:  # a document that several checks read
                self._remember(exchange)
            return
        if call.endpoint.action.effect == "write":
            self._written += not exchange.refused or exchange.status >= 500
        if exchange.success and call.intent in ("valid", "explore"):
            self._remember(exchange)

    def _remember(self, exchange: Exchange) -> None:
        self._known[exchange.call.role, exchange.request] = (exchange, self._written)
        if len(self._known) > MOST_ANSWERS:
            del self._known[next(iter(self._known))]


# -- the time that an answer tells


LEAST_EPOCH_S, MOST_EPOCH_S = 900_000_000.0, 9_000_000_000.0
"""Numbers between these count as times, in epoch seconds: from 1998 to 2255."""


def find_time(body: Any) -> float | None:
    """Return the first time in an answer, in epoch seconds.

    A number counts as a time from 1998 on, so that a number of seconds to wait does not.
    """
    leaves = list(list_leaves(body))
    texts = (epoch(leaf) for leaf in leaves if isinstance(leaf, str))
    moment = next((t for t in texts if math.isfinite(t)), None)
    numbers = (leaf for leaf in leaves if isinstance(leaf, int | float) and not isinstance(leaf, bool))
    return moment or next((t for t in numbers if LEAST_EPOCH_S <= t < MOST_EPOCH_S), None)


def _find_lender(setting: Setting, call: Call) -> str:
    """Return the role whose key a call carries, as the plan of its own lacks the action's scope: another
    of its project, as a driver's beside the operator's. Empty if its own will do. Raises Unavailable if
    nobody's will, unless it cleans up.
    """
    endpoint, auth = call.endpoint, setting.model.auth
    own = auth.roles.get(call.role)
    chosen = call.authored or call.twist or call.schemes is not None or call.raw.secret
    if endpoint is None or own is None or own.plan is None or chosen:
        return ""
    if call.surface == MCP or endpoint.form is not None or call.intent in ("auth", "scope"):
        return ""
    scope = endpoint.action.scope
    if not scope or scope in auth.plans[own.plan]:
        return ""
    known = (own.project, own.mode, own.group, own.surface)
    able = [
        name
        for name, role in auth.roles.items()
        if role.plan is not None
        and scope in auth.plans[role.plan]
        # in another project the same id may be another's thing
        and (role.project, role.mode, role.group, role.surface) == known
        and not (role.revoked or role.operator)
    ]
    lender = next((name for name in able if name in setting.roles), "")
    if not lender and call.intent != "clean":
        given = f"--identity {able[0] if able else 'ROLE'}=ENVVAR gives a key of its project that has it"
        raise Unavailable(f"the plan of {call.role} lacks the scope {scope}: {given}")
    return lender
