"""What is made of an exchange: every watcher's verdicts, and what is remembered of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pgagents.contract import Verdict
from pgagents.expression import epoch
from pgagents.verify.call import Call
from pgagents.verify.check import LATE, USUAL, Judgement, Probe, of_tools
from pgagents.verify.door import MCP, OPERATOR
from pgagents.verify.ledger import Ledger
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.redact import Redactor
from pgagents.verify.seen import Seen
from pgagents.verify.world import World
from pgagents.wire import Response, Silence

Watcher = tuple[str, Callable[[Seen, Memory], Any]]


@dataclass(frozen=True, slots=True)
class _Pending:
    """An exchange that the last watchers have not judged yet, which probe made it, and what reads had told of its subject before."""

    seen: Seen
    watchers: Sequence[Watcher]
    probe: int
    past: tuple[Call, ...]


class Judge:
    """Lets every watcher judge every exchange, and enters what probes and watchers say. `ledger` may be changed for another.

    Where it `defers`, the watchers from the rank LATE on judge an exchange when the next call is on its way, or as soon as anybody
    asks what they say. So the server need not wait for them, and verdicts are the same.
    """

    def __init__(
        self,
        setting: Setting,
        ledger: Ledger,
        world: World,
        redactor: Redactor,
        keys: Mapping[str, str],
        checks: Mapping[str, ModuleType],
        timer: Callable[[], float],
    ) -> None:
        self.setting, self._ledger, self.world, self.redactor, self._timer = setting, ledger, world, redactor, timer
        self.memory = Memory(setting)
        self.memory.keys = keys
        self.served: dict[str, int] = {}
        """How many verdicts exchanges gave, by surface."""
        self.seconds = 0.0
        ranked = [(name, module, getattr(module, "RANK", USUAL) >= LATE) for name, module in checks.items() if hasattr(module, "watch")]
        self._watchers = {
            (tools, late): [(name, m.watch) for name, m, is_late in ranked if is_late == late and (not tools or of_tools(m))]
            for tools in (False, True)
            for late in (False, True)
        }
        self.defers = False
        self._late_names = frozenset(name for name, _, late in ranked if late)
        self._pending: _Pending | None = None
        self._probe = self._broken_before = 0
        self._by_check_place: dict[tuple[str, str], list[str]] = {}
        for entry in ledger.entries.values():
            place = entry.contract.id.rpartition("/")[2]
            self._by_check_place.setdefault((entry.contract.check, place), []).append(entry.contract.id)

    @property
    def ledger(self) -> Ledger:
        """What became of each contract, but for the watchers that have not judged the last exchange yet."""
        return self._ledger

    @ledger.setter
    def ledger(self, ledger: Ledger) -> None:
        self.settle()
        self._ledger = ledger

    def begin(self) -> None:
        """From here on it is another probe's exchanges."""
        self._probe += 1
        self._broken_before = self._ledger.broken

    @property
    def broke(self) -> bool:
        """Whether a contract was broken since the probe began."""
        return self._ledger.broken > self._broken_before

    def judge(self, seen: Seen, *, alone: bool = False) -> None:
        """Learn from an exchange, let the watchers judge it, and remember it, in this order. `alone`: of calls at once the only one that
        had an effect, so that what was known of its subject still held."""
        self.settle()
        self._learn(seen, alone=alone)
        started = self._timer()
        tools = seen.call.surface == MCP
        late: Sequence[Watcher] = ()
        past = self.world.past(seen.call, seen.subject)
        if self._judged(seen) and self._watched(seen, self._watchers[tools, False], past):
            late = self._watchers[tools, True]
            if not self.defers:
                self._watched(seen, late, past)
        self.seconds += self._timer() - started
        self._remember(seen)
        if late and self.defers:
            self._pending, seen.late = _Pending(seen, late, self._probe, past), self.settle

    def settle(self) -> None:
        """Let the watchers judge the last exchange that have not yet."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        started, broken = self._timer(), self._ledger.broken
        pending.seen.late = None
        self._watched(pending.seen, pending.watchers, pending.past)
        if pending.probe != self._probe:
            self._broken_before += self._ledger.broken - broken
        self.seconds += self._timer() - started

    def enter(self, judgement: Judgement, chain: Sequence[Seen], probe: Probe) -> None:
        """Enter what a probe says."""
        if judgement.verdict is not Verdict.KEPT and judgement.contract.partition("/")[0] in self._late_names:
            self.settle()  # the first to be heard that a contract is broken must be the first
        self._enter(judgement, chain, None, probe, ())

    def _enter(self, judgement: Judgement, chain: Sequence[Seen], call: Call | None, probe: Probe | None, past: tuple[Call, ...]) -> None:
        """Enter a verdict; a broken one is noted on the exchange, so that other checks do not build on it."""
        self._ledger.add(judgement, chain, call, probe)
        verdict = judgement.verdict
        if chain and (verdict is Verdict.KEPT or verdict is Verdict.BROKEN):
            surface = judgement.contract.rpartition("@")[2]
            self.served[surface] = self.served.get(surface, 0) + 1
        if verdict is not Verdict.BROKEN:
            return
        entry = self._ledger.entries.get(judgement.contract)
        if call is not None and entry is not None and entry.broken is not None and entry.broken.judgement is judgement:
            entry.broken.past = past
        if chain and not judgement.follows:
            chain[-1].spoilt.append(judgement.contract.partition("/")[0])

    def _learn(self, seen: Seen, *, alone: bool) -> None:
        """What must be known before watchers judge: whether the body fits, and what was known of the resource."""
        beside = seen.call.beside and not alone  # of calls at once none is before the others
        seen.known = None if beside else self.memory.subject(seen)
        self.redactor.learn(seen.body)
        self.redactor.learn(seen.input)
        self.redactor.learn_exchange(seen.request, seen.answer)
        if seen.output is not None:
            schema = seen.output.schema
            if schema is None:
                seen.fits = isinstance(seen.told, Response) and not seen.told.body
            else:
                test = self.setting.test(("output", seen.place.partition("@")[0], seen.output.status), schema)
                seen.fits = not seen.json.problem and test.is_valid(seen.body)

    def _judged(self, seen: Seen) -> bool:
        """Whether watchers judge it at all."""
        self.memory.now = seen.sent_at
        if seen.call.surface == OPERATOR or seen.call.plain or (seen.call.surface == MCP and seen.call.door is None):
            return False
        return not (isinstance(seen.answer, Silence) and seen.answer.kind == "refused")

    def _watched(self, seen: Seen, watchers: Sequence[Watcher], past: tuple[Call, ...]) -> bool:
        """Whether the next watchers may judge it too: nothing is asked of an answer that is a crash."""
        chain, spoilt = [seen], seen.spoilt
        for name, watch in watchers:
            try:
                for judgement in watch(seen, self.memory):
                    self._enter(judgement, chain, seen.call, None, past)
            except Exception as error:  # one check's error is no finding, and the others still judge
                self._ledger.crashed(self._by_check_place.get((name, seen.place), ()), error, name)
            if "never_crashes" in spoilt:
                return False
        return True

    def _remember(self, seen: Seen) -> None:
        if not seen.success or seen.call.door is None or seen.call.plain:
            return
        if seen.output is not None:
            self.memory.reached.add(seen.place)
        for resource, body in self.world.note(seen):
            key = (resource.name, str(body[resource.id]))
            if seen.fits:
                self.memory.learn(key, body)


def told_time(body: Any) -> float | None:
    """The first time in an answer, in epoch seconds."""
    return next((t for t in map(epoch, _texts(body)) if math.isfinite(t)), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
