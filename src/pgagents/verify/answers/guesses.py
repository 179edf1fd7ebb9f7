"""Tell which broken contracts only contradict what was inferred from a document's paths and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pgagents.model.contract import Contract
from pgagents.model.model import Model
from pgagents.source.source import Pointer
from pgagents.verify.wire.exchange import Exchange

CLIENT_ERRORS = range(400, 500)


@dataclass(frozen=True, slots=True)
class Guesses:
    """The places of the catalogue that were inferred, and the resources among them.

    `advised` is True if what is only recommended counts as inferred.
    """

    places: frozenset[Pointer]
    resources: frozenset[str]
    advised: bool = False

    def explain(self, contract: Contract, chain: Sequence[Exchange]) -> bool:
        """True if an inferred part makes the promise, or a refused call names an id that follows from one.

        A recommendation is treated alike.
        """
        if contract.advice and self.advised:
            return True
        if any(contract.origin[: len(place)] == place for place in self.places):
            return True
        last = chain[-1] if chain else None
        endpoint = last.call.endpoint if last is not None else None
        if last is None or endpoint is None or last.status not in CLIENT_ERRORS:
            return False
        return any(param.refers_to in self.resources for param in endpoint.params)


NO_GUESSES = Guesses(frozenset(), frozenset())


def find_guesses(model: Model) -> Guesses:
    """Return what a catalogue says to be inferred."""
    resources = [r for r in model.resources.values() if r.inferred]
    pages = [a.pages.origin for a in model.actions if a.pages is not None and a.pages.inferred]
    places = frozenset((*(r.origin for r in resources), *pages))
    return Guesses(places, frozenset(r.name for r in resources), advised=True)
