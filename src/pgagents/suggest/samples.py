"""Keep the exchanges of a run for mining, as the values that laws may read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.catalogue.model.model import Model
from pgagents.verify.laws import values_of
from pgagents.verify.wire.endpoint import OPERATOR
from pgagents.verify.wire.exchange import Exchange

TRUSTED = ("valid", "explore", "clean")
"""Intents of calls whose input the schemas allow."""
MOST_SAMPLES = 20_000


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One successful answer whose body fits its schema. `values` are the variables of a law."""

    action: str
    place: str
    number: int
    values: Mapping[str, Any]
    sought: bool = False
    """True if the call was chosen to break proposals."""
    caller: str = "main"
    writes: int = 0
    """Number of earlier calls that may have changed something, including calls that move the clock."""


@dataclass(slots=True)
class Samples:
    """The samples of a run, by action."""

    model: Model
    by_action: dict[str, list[Sample]]
    count: int = 0
    writes: int = 0

    @classmethod
    def of(cls, model: Model) -> Samples:
        """Return a new object without samples."""
        return cls(model, {})

    def note(self, exchange: Exchange, *, sought: bool = False) -> Sample | None:
        """Keep an exchange, if verify would judge a law of its action by it."""
        endpoint = exchange.call.endpoint
        if (
            endpoint is None
            or endpoint.action.effect == "write"
            or OPERATOR in (endpoint.surface, exchange.call.role)
        ):
            self.writes += 1
        if (
            endpoint is None
            or not exchange.fits
            or not exchange.success
            or OPERATOR in (exchange.call.surface, exchange.call.role)
            or exchange.call.intent not in TRUSTED
            or self.count >= MOST_SAMPLES
        ):
            return None
        sample = Sample(
            str(endpoint.action.name),
            exchange.place,
            exchange.number,
            values_of(self.model, exchange),
            sought,
            exchange.call.role,
            self.writes,
        )
        self.by_action.setdefault(sample.action, []).append(sample)
        self.count += 1
        return sample

    def of_action(self, name: str) -> list[Sample]:
        """Return the samples of an action."""
        return self.by_action.get(name, [])

    def every(self) -> Iterable[Sample]:
        """Return all samples."""
        return (sample for several in self.by_action.values() for sample in several)
