"""What is made of an exchange: every watcher's verdicts, and what is remembered of it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from pgagents.contract import Verdict
from pgagents.expression import epoch
from pgagents.model import id_text
from pgagents.verify.call import Call
from pgagents.verify.check import DECISIVE, USUAL, Judgement, Probe, eager, of_tools
from pgagents.verify.door import MCP, OPERATOR
from pgagents.verify.ledger import Ledger
from pgagents.verify.made_up import nothing_there
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.redact import Redactor
from pgagents.verify.seen import Seen
from pgagents.verify.world import World
from pgagents.wire import Response, Silence

_PARTS = ("decisive", "always", "sound")
"""Watchers by when they judge: at once; later, crashes too; later, all but crashes."""


MOST_WAITING = 64
"""Exchanges that may wait for their watchers; the first is judged before one more joins them."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """An exchange that not all have judged, what is left of that, and which probe made it."""

    seen: Seen
    steps: Iterator[None]
    probe: int


def _never() -> bool:
    return False


def _part(check: ModuleType) -> str:
    rank = getattr(check, "RANK", USUAL)
    return _PARTS[0 if rank in DECISIVE or eager(check) else 1 if rank < min(DECISIVE) else 2]


class Judge:
    """Lets every watcher judge every exchange, and enters what probes and watchers say. `ledger` may be changed for another.

    Only the decisive watchers judge at once. Where it `defers`, all others do while the server works on later calls, each exchange
    after the one before, or as soon as anybody asks what they say. So the server need not wait for them, and verdicts are the same.
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
        parts = {name: _part(check) for name, check in checks.items() if hasattr(check, "watch")}
        self._watchers = {
            (tools, part): [(n, checks[n].watch) for n, its in parts.items() if its == part and (not tools or of_tools(checks[n]))]
            for tools in (False, True)
            for part in _PARTS
        }
        self.defers = False
        self._late_names = frozenset(name for name, part in parts.items() if part != _PARTS[0])
        self._waiting: deque[_Waiting] = deque()
        self._probe = self._of = 0
        """The probe that runs, and the one whose exchange is judged."""
        self._broken_by: set[int] = set()
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

    def all_judged(self, contracts: Sequence[str]) -> bool:
        """Whether each of them has been kept or broken."""
        judged = self._ledger.all_judged(contracts)
        if not judged and not self._late_names.isdisjoint(id.partition("/")[0] for id in contracts):
            self.settle()
            judged = self._ledger.all_judged(contracts)
        return judged

    def begin(self) -> int:
        """From here on it is another probe's exchanges; gives its number."""
        self._probe = self._of = self._probe + 1
        return self._probe

    def broke(self, probe: int) -> bool:
        """Whether a contract was broken while that probe ran."""
        self.settle()
        return probe in self._broken_by

    def judge(self, seen: Seen, *, alone: bool = False) -> None:
        """Let the watchers judge an exchange, and remember it. `alone`: of calls at once the only one that had an effect, so that what
        was known of its subject still held."""
        beside = seen.call.beside and not alone  # of calls at once none is before the others
        seen.known = None if beside else self.memory.subject(seen)
        seen.fits = self._fits(seen)
        seen.moot = nothing_there(self.setting, seen)
        started = self._timer()
        past = self.world.past(seen.call, seen.subject)
        judged = self._judged(seen)
        if judged:
            self._watched(seen, "decisive", past)
        self.seconds += self._timer() - started
        self._waiting.append(_Waiting(seen, self._steps(seen, past, judged=judged), self._probe))
        seen.late = self.settle
        self._remember(seen)
        if not self.defers:
            self.settle()
        elif len(self._waiting) > MOST_WAITING:
            self._go_on(_never)

    def settle(self, enough: Callable[[], bool] = _never) -> None:
        """Let the watchers judge what they have not yet, until it is enough."""
        if self._waiting:
            started = self._timer()
            while self._waiting and not self._go_on(enough):
                pass
            self.seconds += self._timer() - started

    def _go_on(self, enough: Callable[[], bool]) -> bool:
        """Judge the first exchange that waits to its end, or until it is enough; gives whether it is."""
        first = self._waiting[0]
        first.seen.late, self._of = None, first.probe
        try:
            for _ in first.steps:
                if enough():
                    first.seen.late = self.settle
                    return True
            self._waiting.popleft()
            self.memory.judged(self._waiting[0].seen.number if self._waiting else math.inf)
        finally:
            self._of = self._probe
        return enough()

    def _steps(self, seen: Seen, past: tuple[Call, ...], *, judged: bool) -> Iterator[None]:
        """What is left of judging an exchange, in pieces."""
        self.redactor.learn_sent(seen.input)
        self.redactor.learn_exchange(seen.request, seen.answer)
        self.redactor.learn(seen.body)
        yield
        if judged:
            yield from self._watching(seen, "always", past)
            yield from self._watching(seen, "sound", past)

    def _remember(self, seen: Seen) -> None:
        if seen.sent_on and not seen.call.plain:
            self.memory.reached.add(seen.place)
        if not seen.success or seen.call.door is None or seen.call.plain:
            return
        if seen.output is not None:
            self.memory.reached.add(seen.place)
        for resource, body in self.world.note(seen):
            if seen.fits:
                place = resource.place_in(seen.call.door.params, seen.input)
                self.memory.learn((resource.name, f"{place}{id_text(resource.id_of(body))}"), body, seen.number)

    def enter(self, judgement: Judgement, chain: Sequence[Seen], probe: Probe) -> None:
        """Enter what a probe says."""
        if judgement.verdict is not Verdict.KEPT and judgement.contract.partition("/")[0] in self._late_names:
            self.settle()  # the first to be heard that a contract is broken must be the first
        self._enter(judgement, chain, None, probe, ())

    def _enter(self, judgement: Judgement, chain: Sequence[Seen], call: Call | None, probe: Probe | None, past: tuple[Call, ...]) -> None:
        """Enter a verdict; a broken one is noted on the exchange, so that other checks do not build on it."""
        broken = self._ledger.broken
        self._ledger.add(judgement, chain, call, probe)
        if self._ledger.broken > broken:
            self._broken_by.add(self._of)
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

    def _fits(self, seen: Seen) -> bool:
        """Whether the body is what the action promises to answer."""
        if seen.output is None:
            return False
        if seen.output.schema is None:
            return isinstance(seen.told, Response) and not seen.told.body
        test = self.setting.test(("output", seen.place.partition("@")[0], seen.output.status), seen.output.schema)
        return not seen.json.problem and bool(test.is_valid(seen.body))

    def _judged(self, seen: Seen) -> bool:
        """Whether watchers judge it at all."""
        if seen.call.surface == OPERATOR or seen.call.plain or (seen.call.surface == MCP and seen.call.door is None):
            return False
        return not (isinstance(seen.answer, Silence) and seen.answer.kind == "refused")

    def _watched(self, seen: Seen, part: str, past: tuple[Call, ...]) -> None:
        for _ in self._watching(seen, part, past):
            pass

    def _watching(self, seen: Seen, part: str, past: tuple[Call, ...]) -> Iterator[None]:
        """Let each watcher of a part of them judge, a verdict at a step; of an answer that is a crash nothing more is asked."""
        chain = [seen]
        for name, watch in self._watchers[seen.call.surface == MCP, part]:
            if part != "always" and seen.spoilt_by("never_crashes"):
                return
            try:
                for judgement in watch(seen, self.memory):
                    self._enter(judgement, chain, seen.call, None, past)
                    yield
            except Exception as error:  # one check's error is no finding, and the others still judge
                self._ledger.crashed(self._by_check_place.get((name, seen.place), ()), error, name)
            yield


def told_time(body: Any) -> float | None:
    """The first time in an answer, in epoch seconds."""
    return next((t for t in map(epoch, _texts(body)) if math.isfinite(t)), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
