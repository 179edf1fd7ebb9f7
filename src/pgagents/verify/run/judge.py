"""Every exchange is given to the watchers here, and remembered for later ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.http import Response, Silence
from pgagents.model.contract import Verdict
from pgagents.model.model import id_text
from pgagents.verify.check.check import Check, Judgement, Probe
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.run.absent_answers import nothing_there
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.redaction.redact import Redactor
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import MCP, OPERATOR
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange


class Judge:
    """Give each exchange to every watcher before the next request, and enter verdicts of probes and watchers
    in a ledger.

    `ledger` may be replaced by another while failing cases are confirmed.
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
        self.setting, self.ledger, self.factory, self.redactor, self._timer = (
            setting,
            ledger,
            factory,
            redactor,
            timer,
        )
        self.memory = Memory(setting)
        self.memory.keys = keys
        self.served: dict[str, int] = {}
        """How many verdicts exchanges gave, by surface."""
        self.seconds = 0.0
        watchers = [(name, check, check.watch) for name, check in checks.items() if check.watch is not None]
        self._watchers = {
            (tools, unavailable): [
                (name, watch)
                for name, check, watch in watchers
                if (check.tools or not tools) and not (check.skips_unavailable and unavailable)
            ]
            for tools in (False, True)
            for unavailable in (False, True)
        }
        """The watchers of an exchange, by whether it is a tool call and whether it was answered 503."""
        self._by_check_place: dict[tuple[str, str], list[str]] = {}
        for entry in ledger.entries.values():
            self._by_check_place.setdefault((entry.contract.check, entry.contract.place), []).append(
                entry.contract.id
            )

    def judge(self, exchange: Exchange, *, alone: bool = False) -> None:
        """Let the watchers judge an exchange, and remember it. `alone`: of calls at once the only one that
        had an effect, so that what was known of its subject still held."""
        beside = exchange.call.beside and not alone  # of calls at once none is before the others
        exchange.known = None if beside else self.memory.subject(exchange)
        exchange.fits = self._fits(exchange)
        exchange.moot = nothing_there(self.setting, exchange)
        started = self._timer()
        past = self.factory.past(exchange.call, exchange.subject)
        self.redactor.learn_sent(exchange.input)
        self.redactor.learn_exchange(exchange.request, exchange.answer)
        self.redactor.learn(exchange.body)
        if self._is_watched(exchange):
            self._watch(exchange, past)
        self.seconds += self._timer() - started
        self._remember(exchange)

    def _remember(self, exchange: Exchange) -> None:
        if exchange.sent_on and not exchange.call.plain:
            self.memory.reached.add(exchange.place)
        if not exchange.success or exchange.call.endpoint is None or exchange.call.plain:
            return
        if exchange.output is not None:
            self.memory.reached.add(exchange.place)
        for resource, body in self.factory.note(exchange):
            if exchange.fits:
                place = resource.place_in(exchange.call.endpoint.params, exchange.input)
                self.memory.learn((resource.name, f"{place}{id_text(resource.id_of(body))}"), body)

    def enter(
        self,
        judgement: Judgement,
        chain: Sequence[Exchange],
        call: Call | None,
        probe: Probe | None,
        past: tuple[Call, ...] = (),
    ) -> None:
        """Enter a verdict of a probe, or of a watcher of `call`; a broken one is noted on the exchange, so
        that no check builds on it.
        """
        self.ledger.add(judgement, chain, call, probe)
        verdict = judgement.verdict
        entry = self.ledger.entries.get(judgement.contract)
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

    def _fits(self, exchange: Exchange) -> bool:
        """Return True if the body is what the action promises to answer."""
        if exchange.output is None:
            return False
        if exchange.output.schema is None:
            return isinstance(exchange.told, Response) and not exchange.told.body
        test = self.setting.output_test(exchange)
        return test is not None and not exchange.json.problem and bool(test.is_valid(exchange.body))

    def _is_watched(self, exchange: Exchange) -> bool:
        """True if watchers judge the exchange at all."""
        if (
            exchange.call.surface == OPERATOR
            or exchange.call.plain
            or (exchange.call.surface == MCP and exchange.call.endpoint is None)
        ):
            return False
        return not (isinstance(exchange.answer, Silence) and exchange.answer.kind == "refused")

    def _watch(self, exchange: Exchange, past: tuple[Call, ...]) -> None:
        """Let each watcher judge an exchange; after a crash only those that rank before `no_crashes` have
        judged it.
        """
        chain = [exchange]
        for name, watch in self._watchers[exchange.call.surface == MCP, exchange.status == UNAVAILABLE]:
            if exchange.is_tainted_by("no_crashes"):
                return
            try:
                for judgement in watch(exchange, self.memory):
                    self.enter(judgement, chain, exchange.call, None, past)
            except Exception as error:  # one check's error is no finding, and the others still judge
                self.ledger.mark_crashed(self._by_check_place.get((name, exchange.place), ()), error, name)


def find_time(body: Any) -> float | None:
    """Return the first time in an answer, in epoch seconds."""
    return next((t for t in map(epoch, _texts(body)) if math.isfinite(t)), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
