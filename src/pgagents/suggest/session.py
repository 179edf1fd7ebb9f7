"""Accompany a run of verify: keep its samples, mine laws, try to break them, and mine again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pgagents.base.cel.expression import Scope
from pgagents.catalogue.model.model import Model
from pgagents.suggest import calls
from pgagents.suggest.across import propose_members, propose_relations
from pgagents.suggest.candidate import Proposal, Written
from pgagents.suggest.mine import compile_law, judge_at, mine
from pgagents.suggest.samples import Samples
from pgagents.suggest.writing import Across, Dropped, Reading, Tried, group, write_yaml
from pgagents.verify.laws import evaluate_law
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting
from pgagents.verify.wire.exchange import Exchange

REQUESTS_PER_ACTION = 30
MOST_DROPPED = 20


@dataclass(slots=True)
class Suggesting:
    """A companion of a run. If `seek` is false, it sends no calls besides the run's own."""

    model: Model
    samples: Samples
    seed: int = 0
    seek: bool = True
    seeking: bool = False
    redact: Callable[[str], str] = str
    """A function that masks secrets in a text."""
    first: list[Proposal] = field(default_factory=list)
    """The proposals before calls were chosen to break them."""
    readings: int = 0
    """Number of claims in the written laws."""

    @classmethod
    def of(cls, model: Model, *, seed: int = 0, seek: bool = True) -> Suggesting:
        """Return a companion for a catalogue."""
        return cls(model, Samples.of(model), seed, seek)

    @property
    def most_requests(self) -> int:
        """Return how many requests its calls may take."""
        return REQUESTS_PER_ACTION * len(self.model.actions) if self.seek else 0

    def begin(self, redact: Callable[[str], str]) -> None:
        """Set the function that masks secrets in a text."""
        self.redact = redact

    def note(self, exchange: Exchange) -> None:
        """Keep an exchange for mining."""
        self.samples.note(exchange, sought=self.seeking)

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        """Yield the calls that try to break the laws mined so far."""
        if not self.seek:
            return
        self.first = mine(self.model, self.samples)
        self.seeking = True
        wanted = frozenset(site.action for p in self.first for site in p.sites)
        yield from calls.list_probes(setting, roles, self.samples, wanted, seed=self.seed)

    def finish(self) -> tuple[list[Tried], list[Dropped]]:
        """Return the laws that hold in all exchanges, and those that a chosen call has broken."""
        readings = group(mine(self.model, self.samples))
        tried = [Tried(reading, self._count_held(reading)) for reading in readings]
        ranked = sorted(
            tried, key=lambda one: (one.calls == 0, len(one.reading.parts) == 1, -one.reading.score)
        )
        return ranked, list(self._list_dropped())

    def find_across(self) -> Across:
        """Return the laws that hold across several calls."""
        return Across(propose_relations(self.model, self.samples), propose_members(self.model, self.samples))

    def write(self) -> str:
        """Return the proposals as YAML."""
        tried, dropped = self.finish()
        across = self.find_across()
        self.readings = len(tried) + across.count
        sought = sum(sample.sought for sample in self.samples.every())
        names = [str(action.name) for action in self.model.actions]
        return write_yaml(
            tried,
            dropped,
            across,
            exchanges=self.samples.count,
            sought=sought,
            actions=names,
            redact=self.redact,
        )

    def _count_held(self, reading: Reading) -> int:
        """Return the number of chosen calls to which a reading's laws applied, and in which they held."""
        held: set[int] = set()
        for named in reading.laws:
            law = compile_law(named.law)
            for sample in self.samples.of_action(named.law.action) if law is not None else ():
                if (
                    sample.sought
                    and law is not None
                    and (evaluate_law(law, Scope(sample.values)).outcome == "held")
                ):
                    held.add(sample.number)
        return len(held)

    def _list_dropped(self) -> Iterator[Dropped]:
        """Yield laws that a chosen call broke."""
        count = 0
        for proposal in self.first:
            for written in proposal.write():
                if count < MOST_DROPPED and judge_at(written, self.samples) is False:
                    count += 1
                    yield Dropped(written, self._find_breaker(written))
                    break

    def _find_breaker(self, written: Written) -> str:
        law = compile_law(written)
        for sample in self.samples.of_action(written.action) if law is not None else ():
            if law is not None and evaluate_law(law, Scope(sample.values)).outcome in ("broken", "error"):
                names = ", ".join(f"{k}={v!r}"[:40] for k, v in sorted(sample.values["input"].items())[:5])
                return self.redact(f"request {sample.number}: {names}"[:160])
        return "a call"
