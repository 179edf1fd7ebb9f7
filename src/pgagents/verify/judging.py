"""What is made of an exchange: every watcher's verdicts, and what is remembered of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

from pgagents.contract import Verdict
from pgagents.expression import epoch
from pgagents.verify.call import Call
from pgagents.verify.check import Judgement, Probe, of_tools
from pgagents.verify.door import MCP, OPERATOR
from pgagents.verify.ledger import Ledger
from pgagents.verify.memory import Memory, Setting
from pgagents.verify.redact import Redactor
from pgagents.verify.seen import Seen
from pgagents.verify.world import World
from pgagents.wire import Response, Silence


class Judge:
    """Lets every watcher judge every exchange, and enters what probes and watchers say. `ledger` may be changed for another."""

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
        self._watchers = [(name, module.watch) for name, module in checks.items() if hasattr(module, "watch")]
        self._of_tools = [(name, module.watch) for name, module in checks.items() if hasattr(module, "watch") and of_tools(module)]
        self._by_check_place: dict[tuple[str, str], list[str]] = {}
        for entry in ledger.entries.values():
            place = entry.contract.id.rpartition("/")[2]
            self._by_check_place.setdefault((entry.contract.check, place), []).append(entry.contract.id)

    def judge(self, seen: Seen) -> None:
        """Learn from an exchange, let the watchers judge it, and remember it, in this order."""
        self._learn(seen)
        started = self._timer()
        self._watched(seen)
        self.seconds += self._timer() - started
        self._remember(seen)

    def enter(self, judgement: Judgement, chain: Sequence[Seen], call: Call | None, probe: Probe | None) -> None:
        """Enter a verdict; a broken one is noted on the exchange, so that other checks do not build on it."""
        self.ledger.add(judgement, chain, call, probe)
        if judgement.verdict in (Verdict.KEPT, Verdict.BROKEN) and chain:
            surface = judgement.contract.rpartition("@")[2]
            self.served[surface] = self.served.get(surface, 0) + 1
        entry = self.ledger.entries.get(judgement.contract)
        if call is not None and entry is not None and entry.broken is not None and entry.broken.judgement is judgement:
            entry.broken.past = self.world.past(call, chain[-1].subject)
        if judgement.verdict is Verdict.BROKEN and chain and not judgement.follows:
            chain[-1].spoilt.append(judgement.contract.partition("/")[0])

    def _learn(self, seen: Seen) -> None:
        """What must be known before watchers judge: whether the body fits, and what was known of the resource."""
        seen.known = None if seen.call.beside else self.memory.subject(seen)  # of calls at once none is before the others
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

    def _watched(self, seen: Seen) -> None:
        self.memory.now = seen.sent_at
        if seen.call.surface == OPERATOR or seen.call.plain or (seen.call.surface == MCP and seen.call.door is None):
            return
        if isinstance(seen.answer, Silence) and seen.answer.kind == "refused":
            return
        for name, watch in self._of_tools if seen.call.surface == MCP else self._watchers:
            try:
                for judgement in watch(seen, self.memory):
                    self.enter(judgement, [seen], seen.call, None)
            except Exception as error:  # one check's error is no finding, and the others still judge
                self.ledger.crashed(self._by_check_place.get((name, seen.place), ()), error, name)
            if "never_crashes" in seen.spoilt:
                break

    def _remember(self, seen: Seen) -> None:
        if not seen.success or seen.call.door is None or seen.call.plain:
            return
        if seen.output is not None:
            self.memory.reached.add(seen.place)
        for resource, body in self.world.note(seen):
            key = (resource.name, str(body[resource.id]))
            if seen.fits:
                self.memory.bodies[key] = {**self.memory.bodies.get(key, {}), **body}


def told_time(body: Any) -> float | None:
    """The first time in an answer, in epoch seconds."""
    return next((t for t in map(epoch, _texts(body)) if math.isfinite(t)), None)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for member in members for text in _texts(member)]
