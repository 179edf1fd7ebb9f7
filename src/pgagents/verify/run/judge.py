"""Give every exchange to the watchers, and remember it for later ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pgagents.model.contract import Verdict, check_of
from pgagents.verify.check.check import Check, Judgement, Probe
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.run.absent_answers import find_made_up, nothing_there
from pgagents.verify.run.judging.fit import find_disguised_error, fits, say_disguised
from pgagents.verify.run.judging.memory_update import learn
from pgagents.verify.run.judging.watchers import Watchers
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.redaction.redact import Redactor
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange


class Judge:
    """Passes each exchange to every watcher, and enters the verdicts of probes and watchers in a ledger.

    All watchers judge as soon as an answer comes, before anything else is decided. The memory learns from an
    exchange after its last watcher.
    """

    def __init__(
        self,
        setting: Setting,
        ledger: Ledger,
        factory: FixtureFactory,
        redactor: Redactor,
        keys: Mapping[str, str],
        checks: Mapping[str, Check],
        timer: Callable[[], float],
    ) -> None:
        self.setting, self.ledger, self.factory = setting, ledger, factory
        self.redactor, self._timer = redactor, timer
        self.memory = Memory(setting)
        self.memory.keys = keys
        self.served: dict[str, int] = {}
        """The number of verdicts from answers, by surface."""
        self.invented: dict[str, str] = {}
        """By place, the made-up path value of a read that was answered with “not found”."""
        self.disguised: dict[str, str] = {}
        """By place, what an answer with the body of an error and the status of a success showed."""
        self.seconds = 0.0
        """The seconds that watchers took."""
        self.note: Callable[[Exchange], None] | None = None
        """Called with each exchange when every watcher has judged it."""
        self.probe = 0
        """The number of the probe that has its turn."""
        self.order = 0
        """The place in the plan of the probe that has its turn."""
        self.in_company = False
        """True while other probes run beside the one that has its turn."""
        self._disturbed: set[int] = set()
        """The numbers of probes that other probes may have disturbed."""
        self._probes = 0
        """The number of probes that have begun."""
        self._broken_by: set[int] = set()
        """The numbers of probes that broke a contract."""
        self._watchers = Watchers(setting, checks)

    def judge(self, exchange: Exchange, *, alone: bool = False) -> None:
        """Let the watchers judge an exchange, and remember it.

        `alone` is True if several calls were sent at the same time, and only this one had an effect.
        """
        exchange.probe, exchange.order = self.probe, self.order
        exchange.in_company = self.in_company
        # calls that are sent at the same time have no order, so none of them has a `before`
        beside = exchange.call.beside and not alone
        exchange.fits = fits(self.setting, exchange)
        exchange.disguised = find_disguised_error(self.setting, exchange)
        if exchange.disguised is not None:
            exchange.moot = say_disguised(exchange, exchange.disguised)
            self.disguised.setdefault(exchange.place, exchange.moot)
        else:
            exchange.moot = nothing_there(self.setting, exchange)
        if name := find_made_up(self.setting, exchange):
            self.invented.setdefault(exchange.place, name)
        exchange.known = None if beside else self.memory.subject(exchange)
        started = self._timer()
        self.redactor.learn_sent(exchange.input)
        self.redactor.learn_exchange(exchange.request, exchange.answer)
        self.redactor.learn(exchange.body)
        self._watch(exchange)
        self.seconds += self._timer() - started
        noticed = () if exchange.call.plain else self.factory.note(exchange)
        if self.note is not None:
            self.note(exchange)
        learn(self.memory, exchange, noticed, beside=beside)

    def begin_probe(self) -> int:
        """Count the following exchanges as those of the next probe; return its number."""
        self._probes += 1
        self.probe = self._probes
        return self.probe

    def may_be_disturbed(self, probe: int) -> bool:
        """Return True if other probes may have caused what a probe saw. A second call returns False."""
        disturbed = probe in self._disturbed
        self._disturbed.discard(probe)
        return disturbed

    def note_disturbed(self, probe: int) -> None:
        """Note that other probes may have caused what a probe saw."""
        self._disturbed.add(probe)

    def has_broken(self, probe: int) -> bool:
        """Return True if a contract was broken by an exchange or a verdict of this probe."""
        return probe in self._broken_by

    def replace_ledger(self, ledger: Ledger) -> Ledger:
        """Enter later verdicts in this ledger; return the former one, with all verdicts so far."""
        before, self.ledger = self.ledger, ledger
        return before

    def is_all_judged(self, contracts: Sequence[str]) -> bool:
        """True if each of the contracts is kept or broken."""
        return self.ledger.all_judged(contracts)

    def judge_loss(self, exchange: Exchange) -> None:
        """Let the check on crashes judge what a lost answer means, once that is known."""
        loss = exchange.loss
        for name, watch in self._watchers.choose(exchange):
            if name == "no_crashes" and loss is not None:
                for judgement in watch(exchange, self.memory):
                    self._enter(judgement, [*loss.before, exchange], exchange.call, None)

    def forget_instances(self) -> None:
        """Forget the instances, because the server may have been started anew without them."""
        self.memory.forget_instances()

    def enter(self, judgement: Judgement, chain: Sequence[Exchange], probe: Probe) -> None:
        """Enter a verdict of a probe."""
        self._enter(judgement, chain, None, probe)

    def _enter(
        self,
        judgement: Judgement,
        chain: Sequence[Exchange],
        call: Call | None,
        probe: Probe | None,
        past: tuple[Call, ...] = (),
    ) -> None:
        """Enter a verdict of a probe, or of a watcher of `call`. A broken one is noted on the exchange, so
        that no check builds on it.

        A break that a probe of several calls finds while others run is not entered: the probe is run once
        more, alone.
        """
        compares = probe is not None and probe.cost > 1 and bool(chain) and chain[-1].in_company
        if compares and judgement.verdict is Verdict.BROKEN:
            self._disturbed.add(chain[-1].probe)
            self._broken_by.add(chain[-1].probe)
            chain[-1].tainted.append(check_of(judgement.contract))
            return
        broken = self.ledger.broken
        entry = self.ledger.add(judgement, chain, call, probe)
        if self.ledger.broken > broken:
            self._broken_by.add(chain[-1].probe if chain and probe is None else self.probe)
        verdict = judgement.verdict
        if entry is None:
            return
        if chain and (verdict is Verdict.KEPT or verdict is Verdict.BROKEN):
            surface = entry.contract.surface
            self.served[surface] = self.served.get(surface, 0) + 1
        if verdict is not Verdict.BROKEN:
            return
        if call is not None and entry.broken is not None and entry.broken.judgement is judgement:
            entry.broken.past = past
        if chain and not judgement.derived:
            chain[-1].tainted.append(entry.contract.check)

    def _watch(self, exchange: Exchange) -> None:
        """Let the watchers judge an exchange. After a crash, those that rank after `no_crashes` do not."""
        past = self.factory.past(exchange.call, exchange.subject)
        chain = [*(exchange.loss.before if exchange.loss is not None else ()), exchange]
        for name, watch in self._watchers.choose(exchange):
            if exchange.is_tainted_by("no_crashes"):
                return
            try:
                for judgement in watch(exchange, self.memory):
                    self._enter(judgement, chain, exchange.call, None, past)
            except Exception as error:  # one check's error is no finding, and the others still judge
                self.ledger.mark_crashed(self._list_contracts(name, exchange.place), error, name)

    def _list_contracts(self, check: str, place: str) -> list[str]:
        """List the ids of a check's contracts at a place."""
        listed = (entry.contract for entry in self.ledger.entries.values())
        return [c.id for c in listed if c.check == check and c.place == place]
