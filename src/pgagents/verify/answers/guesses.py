"""Decide which broken contracts contradict only what was inferred, or a recommendation: they are odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from pgagents.model.contract import Contract
from pgagents.model.model import Model
from pgagents.source.source import Pointer
from pgagents.verify.check.check import Check
from pgagents.verify.wire.call import Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

CLIENT_ERRORS = range(400, 500)
KEY_PLACES: tuple[Pointer, ...] = (("errors", "framework", "no_key"), ("security",))
"""Places of the catalogue that promise refusals of calls without the right key."""

RIGHT = frozenset(("valid", "explore"))
"""The intents of calls that should succeed."""
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
    of_any_input: frozenset[str] = field(default_factory=frozenset)
    """Checks whose verdict on an answer is true whatever value the call sent."""
    tools: frozenset[str] = field(default_factory=frozenset)
    """Actions that are only tools of an MCP server, and whose refusals are inferred. Any call of them may be
    refused.
    """

    def cover(self, contract: Contract, chain: Sequence[Exchange]) -> bool:
        """Return True if the answer contradicts only a guess, so that the contract is odd and not broken.

        A contract is a guess if it is a recommendation, or follows from an inferred part of the catalogue.
        A refusal (4xx) is a guess if refusals of such calls are inferred. A documented one is also a guess if
        the call names the id of an inferred resource. Every verdict on a page that was asked for in an
        inferred way is a guess, except those of checks that judge any answer.
        """
        if contract.advice and self.advised:
            return True
        if contract.action in self.tools and contract.check == LENIENT:
            return True
        if any(contract.origin[: len(place)] == place for place in self.places):
            return True
        if self._follows_guessed_page(contract, chain):
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

    def _follows_guessed_page(self, contract: Contract, chain: Sequence[Exchange]) -> bool:
        """Return True if a verdict rests on an answer to a call for a page that is asked for by a guess."""
        return contract.check not in self.of_any_input and any(map(self._asks_by_guess, chain))

    def _asks_by_guess(self, exchange: Exchange) -> bool:
        """Return True if a call that should succeed names a page by an argument that was inferred to name
        pages.
        """
        call, endpoint = exchange.call, exchange.call.endpoint
        pages = endpoint.action.pages if endpoint is not None else None
        if endpoint is None or pages is None or pages.origin not in self.places or call.intent not in RIGHT:
            return False
        if call.raw.target is not None and pages.is_url:
            return True
        param, value = endpoint.action.param(pages.argument), exchange.input.get(pages.argument)
        return param is not None and value is not None and value != param.schema.get("default")

    def concern(self, contract: Contract, endpoint: Endpoint | None) -> bool:
        """Return True if a contract follows from an inferred part, or needs an id of an inferred resource."""
        if any(contract.origin[: len(place)] == place for place in self.places):
            return True
        return endpoint is not None and any(p.refers_to in self.resources for p in endpoint.params)


NO_GUESSES = Guesses(frozenset(), frozenset())


def find_guesses(model: Model, checks: Mapping[str, Check] = MappingProxyType({})) -> Guesses:
    """Return the inferred places and resources of a catalogue, with what the checks say of themselves."""
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
    blunt = frozenset(name for name, check in checks.items() if check.of_any_input)
    return Guesses(frozenset(places), names, frozenset(refusals), True, blunt, frozenset(tools))


def _list_calling(model: Model) -> list[Pointer]:
    """Return the places of inferred rate-limit headers, and of promises about idempotency keys."""
    found: list[Pointer] = [("limits", "headers"), ("limits", "reset_unit")] if model.limits.inferred else []
    if model.idempotency is not None and model.idempotency.inferred:
        found.append(("idempotency",))
        found += [(*action.origin, "idempotency") for action in model.actions if action.idempotency]
    return found
