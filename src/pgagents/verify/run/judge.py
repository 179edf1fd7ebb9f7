"""What is made of an exchange: every watcher's verdicts, and what is remembered of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from pgagents.cel.expression import epoch
from pgagents.http import Response, Silence
from pgagents.model.contract import Verdict
from pgagents.model.model import id_text
from pgagents.verify.check.check import Judgement, Probe, of_tools
from pgagents.verify.check.memory import Memory, Setting
from pgagents.verify.fixtures.factory import World
from pgagents.verify.run.absent_answers import nothing_there
from pgagents.verify.run.ledger import Ledger
from pgagents.verify.run.redaction.redact import Redactor
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import MCP, OPERATOR
from pgagents.verify.wire.exchange import Seen


class Judge:
    """Lets every watcher judge each exchange before the next request, and enters what probes and watchers say.

    `ledger` may be exchanged for another.
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
        self.setting, self.ledger, self.world, self.redactor, self._timer = setting, ledger, world, redactor, timer
        self.memory = Memory(setting)
        self.memory.keys = keys
        self.served: dict[str, int] = {}
        """How many verdicts exchanges gave, by surface."""
        self.seconds = 0.0
        watchers = {name: check for name, check in checks.items() if hasattr(check, "watch")}
        self._watchers = {
            tools: [(name, check.watch) for name, check in watchers.items() if not tools or of_tools(check)] for tools in (False, True)
        }
        self._by_check_place: dict[tuple[str, str], list[str]] = {}
        for entry in ledger.entries.values():
            place = entry.contract.id.rpartition("/")[2]
            self._by_check_place.setdefault((entry.contract.check, place), []).append(entry.contract.id)

    def judge(self, seen: Seen, *, alone: bool = False) -> None:
        """Let the watchers judge an exchange, and remember it. `alone`: of calls at once the only one that had an effect, so that what
        was known of its subject still held."""
        beside = seen.call.beside and not alone  # of calls at once none is before the others
        seen.known = None if beside else self.memory.subject(seen)
        seen.fits = self._fits(seen)
        seen.moot = nothing_there(self.setting, seen)
        started = self._timer()
        past = self.world.past(seen.call, seen.subject)
        self.redactor.learn_sent(seen.input)
        self.redactor.learn_exchange(seen.request, seen.answer)
        self.redactor.learn(seen.body)
        if self._judged(seen):
            self._watch(seen, past)
        self.seconds += self._timer() - started
        self._remember(seen)

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
                self.memory.learn((resource.name, f"{place}{id_text(resource.id_of(body))}"), body)

    def enter(
        self, judgement: Judgement, chain: Sequence[Seen], call: Call | None, probe: Probe | None, past: tuple[Call, ...] = ()
    ) -> None:
        """Enter a verdict of a probe, or of a watcher of `call`; a broken one is noted on the exchange, so that no check builds on it."""
        self.ledger.add(judgement, chain, call, probe)
        verdict = judgement.verdict
        if chain and (verdict is Verdict.KEPT or verdict is Verdict.BROKEN):
            surface = judgement.contract.rpartition("@")[2]
            self.served[surface] = self.served.get(surface, 0) + 1
        if verdict is not Verdict.BROKEN:
            return
        entry = self.ledger.entries.get(judgement.contract)
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

    def _watch(self, seen: Seen, past: tuple[Call, ...]) -> None:
        """Let each watcher judge an exchange; after a crash only those that rank before `never_crashes` have judged it."""
        chain = [seen]
        for name, watch in self._watchers[seen.call.surface == MCP]:
            if seen.spoilt_by("never_crashes"):
                return
            try:
                for judgement in watch(seen, self.memory):
                    self.enter(judgement, chain, seen.call, None, past)
            except Exception as error:  # one check's error is no finding, and the others still judge
                self.ledger.crashed(self._by_check_place.get((name, seen.place), ()), error, name)


def told_time(body: Any) -> float | None:
    """The first time in an answer, in epoch seconds."""
    return next((t for t in map(epoch, _texts(body)) if math.isfinite(t)), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
