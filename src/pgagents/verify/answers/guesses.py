"""Decide which broken contracts contradict only what was inferred, or a recommendation: they are odd."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pgagents.model.contract import Contract
from pgagents.model.model import Model
from pgagents.source.source import Pointer
from pgagents.verify.wire.call import Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

CLIENT_ERRORS = range(400, 500)
KEY_PLACES: tuple[Pointer, ...] = (("errors", "framework", "no_key"), ("security",))
"""Places of the catalogue that promise refusals of calls without the right key."""

LENIENT = "invalid_input"
"""The check of invalid arguments. A tool may accept one of them where its refusals are only inferred."""
OF_STATUS = "documented_status"
"""The check of an answer's status. A document lists an action's statuses for every id that may be sent."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """The inferred places of the catalogue, and the names of its inferred resources.

    `advised` is True if a recommendation counts as inferred. `refusals` are the intents of calls whose
    refusal is inferred: the document lets servers refuse them, and names no error.
    """

    places: frozenset[Pointer]
    resources: frozenset[str]
    refusals: frozenset[Intent] = field(default_factory=frozenset)
    advised: bool = False
    tools: frozenset[str] = field(default_factory=frozenset)
    """Actions that are only tools of an MCP server, and whose refusals are inferred. Any call of them may be
    refused.
    """

    def cover(self, contract: Contract, chain: Sequence[Exchange]) -> bool:
        """Return True if the answer contradicts only a guess, so that the contract is odd and not broken.

        A contract is a guess if it is a recommendation, or follows from an inferred part of the catalogue.
        A refusal (4xx) is a guess if refusals of such calls are inferred. A documented one is also a guess if
        the call names the id of an inferred resource.
        """
        if contract.advice and self.advised:
            return True
        if contract.action in self.tools and contract.check == LENIENT:
            return True
        if any(contract.origin[: len(place)] == place for place in self.places):
            return True
        last = chain[-1] if chain else None
        if last is None or last.call is None or last.status not in CLIENT_ERRORS:
            return False
        if last.call.intent in self.refusals:
            return True
        endpoint = last.call.endpoint
        if endpoint is not None and str(endpoint.action.name) in self.tools:
            return True
        if endpoint is None or contract.check == OF_STATUS or last.is_tainted_by(OF_STATUS):
            return False
        return any(param.refers_to in self.resources for param in endpoint.params)

    def concern(self, contract: Contract, endpoint: Endpoint | None) -> bool:
        """Return True if a contract follows from an inferred part, or needs an id of an inferred resource."""
        if any(contract.origin[: len(place)] == place for place in self.places):
            return True
        return endpoint is not None and any(p.refers_to in self.resources for p in endpoint.params)


NO_GUESSES = Guesses(frozenset(), frozenset())


def find_guesses(model: Model) -> Guesses:
    """Return the inferred places and resources of a catalogue."""
    resources = [r for r in model.resources.values() if r.inferred]
    pages = [a.pages.origin for a in model.actions if a.pages is not None and a.pages.inferred]
    schemes = [c.origin for c in model.credentials.values() if c.inferred]
    calling = _list_calling(model)
    refusals: set[Intent] = set()
    if schemes or (model.no_key is not None and model.no_key.inferred):
        refusals.add("auth")
    if model.codes[model.errors.framework.invalid].inferred:
        refusals.add("invalid")
    keys = KEY_PLACES if schemes else ()
    places = (*(r.origin for r in resources), *pages, *schemes, *keys, *calling)
    tools = [str(a.name) for a in model.actions if model.is_only_tool(a) and "invalid" in refusals]
    names = frozenset(r.name for r in resources)
    return Guesses(frozenset(places), names, frozenset(refusals), True, frozenset(tools))


def _list_calling(model: Model) -> list[Pointer]:
    """Return the places of inferred rate-limit headers, and of promises about idempotency keys."""
    found: list[Pointer] = [("limits", "headers"), ("limits", "reset_unit")] if model.limits.inferred else []
    if model.idempotency is not None and model.idempotency.inferred:
        found.append(("idempotency",))
        found += [(*action.origin, "idempotency") for action in model.actions if action.idempotency]
    return found
