"""The verdict on each contract of a run, and the findings made of broken ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from traceback import extract_tb
from types import MappingProxyType
from typing import Any

import pgagents
from pgagents.base.places import Pointer
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import UNSAID, Output
from pgagents.catalogue.model.model import DocumentSchemas, Model
from pgagents.catalogue.model.resource import Resource
from pgagents.report.causes import UNLISTED, Leaders
from pgagents.report.contract import Contract, Rank, Verdict, find_worst
from pgagents.report.presentation import order_findings
from pgagents.report.reason import Reason, is_forbidden
from pgagents.report.report import Cause, Causes, Finding, RecordedExchange, Result
from pgagents.verify.judgement import Judgement
from pgagents.verify.promise import Check, Probe
from pgagents.verify.run.breaks import (
    RIGHT,
    Break,
    describe_condition,
    describe_headers,
    exchange_of,
    find_accepted,
    find_fact,
    is_same_crash,
    list_unusual,
    name_cause,
    name_things,
    write_value,
)  # fmt: skip
from pgagents.verify.wire.call import Call, Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

# -- guesses, whose breaks are only odd


CLIENT_ERRORS = range(400, 500)
KEY_PLACES: tuple[Pointer, ...] = (("errors", "framework", "no_key"), ("security",))
"""Places of the catalogue that promise refusals of calls without the right key."""

LENIENT = "invalid_input"
"""The check of invalid arguments. A tool may accept one of them where its refusals are only inferred."""
OF_RIGHT_CALLS = "valid_calls"
"""The check that sends the ordinary right call of each action."""
UNREACHED = "no request of this run tests it"
OK = 200
OF_CRASHES = "no_crashes"
"""The check of crashes."""
OF_STATUS = "documented_status"
"""The check of an answer's status. A document lists an action's statuses for every id that may be sent."""
OF_BODIES = "error_envelope"
"""The check of an error's body. A document gives its schema whichever call was refused, and why."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """The inferred places of the catalogue, and the names of its inferred resources.

    A recommendation counts as inferred. `refusals` are the intents of calls whose refusal is inferred: the
    document lets servers refuse them, and names no error.
    """

    places: frozenset[Pointer]
    resources: frozenset[str]
    refusals: frozenset[Intent] = field(default_factory=frozenset)
    of_any_input: frozenset[str] = field(default_factory=frozenset)
    """Checks whose verdict on an answer is true whatever value the call sent."""
    tools: frozenset[str] = field(default_factory=frozenset)
    """Actions that are only tools of an MCP server, and whose refusals are inferred. Any call of them may be
    refused.
    """
    unclaimed: frozenset[str] = field(default_factory=frozenset)
    """Actions of which a document names no successful answer, so that it does not say that one comes."""
    firm: frozenset[Pointer] = field(default_factory=frozenset)
    """Places inside inferred ones that are the author's own, such as one call of a resource."""
    document: DocumentSchemas | None = None
    """The schemas of the document that the catalogue lies over."""

    def cover(self, contract: Contract, chain: Sequence[Exchange]) -> bool:
        """Return True if the answer contradicts only a guess, so that the contract is odd and not broken.

        A contract is a guess if it is a recommendation, or follows from an inferred part of the catalogue.
        A refusal (4xx) is a guess if refusals of such calls are inferred. A documented one is also a guess if
        the endpoint takes the id of an inferred resource. Every verdict on a page that was asked for in an
        inferred way is a guess, except those of checks that judge any answer.
        """
        if contract.advice:
            return True
        if contract.action in self.tools and contract.check == LENIENT:
            return True
        if self._is_inferred(contract.origin):
            return True
        if self._follows_guessed_page(contract, chain):
            return True
        last = chain[-1] if chain else None
        if last is None or last.call is None or last.status not in CLIENT_ERRORS:
            return False
        if self._is_own(contract.origin):
            return False
        if last.call.intent in self.refusals:
            return True
        endpoint = last.call.endpoint
        if endpoint is not None and str(endpoint.action.name) in self.tools:
            return True
        if endpoint is not None and str(endpoint.action.name) in self.unclaimed and last.call.intent in RIGHT:
            return True
        if endpoint is None or contract.check in (OF_STATUS, OF_BODIES) or last.is_tainted_by(OF_STATUS):
            return False
        return any(param.refers_to in self.resources for param in endpoint.params)

    def find_gap(self, contract: Contract) -> str:
        """Return the first part of an action's request that nobody can hold values to; empty without one.

        Empty too for a law or a workflow: an author wrote it about the answers that a server gives.
        """
        if contract.origin[:1] == ("workflows",) or contract.origin[2:3] in (("laws",), ("relations",)):
            return ""
        request = self.document.find_request(contract.action) if self.document is not None else None
        return request.gaps[0] if request is not None and request.gaps else ""

    def find_resource(self, contract: Contract, chain: Sequence[Exchange]) -> str:
        """Return the inferred resource that alone makes a break odd; empty if there is none."""
        for name in sorted(self.resources):
            places = frozenset(place for place in self.places if place != ("resources", name))
            if not replace(self, places=places, resources=self.resources - {name}).cover(contract, chain):
                return name
        return ""

    def _is_inferred(self, origin: Pointer) -> bool:
        """Return True if a place lies in an inferred one, and in none of the author's inside that."""
        return bool(_list_around(origin) & self.places) and not _list_around(origin) & self.firm

    def _is_own(self, origin: Pointer) -> bool:
        """Return True for a transition, a law or a step that the author wrote: no import concludes that it is
        refused.
        """
        return origin[:1] == ("workflows",) or (len(origin) > 3 and bool(_list_around(origin) & self.firm))

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
        """Return True if a contract follows from an inferred part, or needs an id of an inferred resource.

        What nobody wrote, a recommendation, counts as inferred.
        """
        if contract.advice or self._is_inferred(contract.origin):
            return True
        return endpoint is not None and any(p.refers_to in self.resources for p in endpoint.params)


def _list_around(origin: Pointer) -> set[Pointer]:
    return {origin[:length] for length in range(len(origin) + 1)}


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
    bare = (a for a in model.actions if model.leaves_open and all(map(_is_bare, a.outputs)))
    unclaimed = frozenset(str(a.name) for a in bare)
    names = frozenset(r.name for r in resources)
    blunt = frozenset(name for name, check in checks.items() if check.of_any_input)
    firm = frozenset(place for resource in resources for place in _list_firm(model, resource))
    return Guesses(
        frozenset(places),
        names,
        refusals=frozenset(refusals),
        of_any_input=blunt,
        tools=frozenset(tools),
        unclaimed=unclaimed,
        firm=firm,
        document=model.document,
    )


_NEVER_CONCLUDED = ("tenant", "takes", "expires_by", "absent", "within")
"""Keys of a resource that stand in a catalogue only if an author wrote them."""


def _list_firm(model: Model, resource: Resource) -> list[Pointer]:
    """Return the places inside an inferred resource that are the author's own."""
    own = () if model.source.is_document else _NEVER_CONCLUDED
    return [*resource.list_firm(), *((*resource.origin, key) for key in own)]


def _is_bare(output: Output) -> bool:
    """True for an answer of which nothing is said, as an import writes where a document has none."""
    told = output.schema is not None or output.headers or output.description != UNSAID
    return output.status == OK and not told


def _list_calling(model: Model) -> list[Pointer]:
    """Return the places of inferred rate-limit headers, and of promises about idempotency keys."""
    found: list[Pointer] = [("limits", "headers"), ("limits", "reset_unit")] if model.limits.inferred else []
    if model.idempotency is not None and model.idempotency.inferred:
        found.append(("idempotency",))
        found += [(*action.origin, "idempotency") for action in model.actions if action.idempotency]
    return found


_WHATEVER_WAS_SENT = (Rank.CRASH, Rank.EXPOSED)
"""Ranks of breaks that are the server's fault whatever the call sent."""
MAX_CHAIN = 6


@dataclass(frozen=True, slots=True)
class Calls:
    """The fate of the right calls of each place (`action@surface`)."""

    reached: Set[str] = frozenset()
    """Places that answered a 2xx."""
    asked: Set[str] = frozenset()
    """Places to which a right call was sent."""
    put_off: Mapping[str, str] = field(default_factory=dict)
    """Why the first right call of a place got no answer that could be judged."""
    delays: Mapping[str, str] = field(default_factory=dict)
    """Why the first call of an action, right or not, got no such answer."""
    invented: Mapping[str, str] = field(default_factory=dict)
    """Why a read at a place found nothing by a value that was made up."""
    places: Set[str] = frozenset()
    """The places that calls go to; a vendor's surface has none of its own."""

    def find(self, action: str, places: Set[str]) -> bool:
        """True if one of the places is an action's."""
        return any(place.rpartition("@")[0] == action for place in places)


@dataclass(slots=True)
class Entry:
    """The state of one contract: its verdict so far, and the exchanges of its first break."""

    contract: Contract
    kept: int = 0
    broken: Break | None = None
    error: str = ""
    """Why a judgement failed with an internal error. It outweighs a kept verdict."""
    reason: str = ""
    """The reason why the contract is not judged so far."""
    unjudged: str = ""
    """Why an answer to a probe of the contract showed nothing: it was put off, or none came."""
    unshown: str = ""
    """Why the answers so far showed nothing of it, such as a condition that was never true."""
    unseen: str = ""
    """The traces that were not searched for a kept contract, such as events."""
    idle: str = ""
    """Why the contract does not apply to the answers that came; empty if no answer showed that."""
    excused: bool = False
    """True if every reason so far is that the server holds too little."""
    disturbed: bool = False
    """True if the tester failed, or the server gave no answer or put the call off."""

    @property
    def is_odd(self) -> bool:
        """True if it is broken, and only odd."""
        return self.broken is not None and self.broken.odd


@dataclass(frozen=True, slots=True)
class Taken:
    """A wrong argument that was accepted: the number of the exchange, and the key of the break's cause.

    `numbers` are those of all calls that it was accepted of, and `things` name what these made or changed.
    """

    number: int
    cause: str
    numbers: frozenset[int] = frozenset()
    things: frozenset[str] = frozenset()


@dataclass(slots=True)
class Ledger:
    """All contracts of a run, each with its state."""

    entries: dict[str, Entry]
    settled: dict[str, Result] = field(default_factory=dict)
    """Contracts with a final verdict: not selected or not applicable. Most have it before the run; a
    Judgement may give it during the run.
    """
    unknown: set[str] = field(default_factory=set)
    internal: list[str] = field(default_factory=list)
    broken: int = 0
    judged: int = 0
    guesses: Guesses = field(default=NO_GUESSES)
    ranks: Mapping[str, Rank] = field(default_factory=dict)
    """By check, how bad its breaks are."""
    usual: Callable[[Action], Mapping[str, Any]] | None = None
    """Returns the arguments of an action's ordinary call; None if they are not known."""
    taken: dict[tuple[str, str], Taken] = field(default_factory=dict)
    """The first calls with accepted wrong arguments, by the argument's last name and its value as JSON."""

    @classmethod
    def of(
        cls,
        contracts: Iterable[Contract],
        guesses: Guesses = NO_GUESSES,
        checks: Mapping[str, Check] = MappingProxyType({}),
    ) -> Ledger:
        """Make an empty ledger for contracts of these checks. A break of any other check is wrong."""
        ranks = {name: check.rank for name, check in checks.items()}
        return cls({c.id: Entry(c) for c in contracts}, guesses=guesses, ranks=ranks)

    def find_rank(self, entry: Entry) -> Rank:
        """Return how bad the break of a broken contract is."""
        assert entry.broken is not None, f"{entry.contract.id} is not broken"
        return entry.broken.find_rank(self.ranks.get(entry.contract.check, Rank.WRONG))

    def reset(self) -> None:
        """Delete every verdict: a server that refused the key or never answered has proved nothing."""
        self.entries = {id: Entry(entry.contract) for id, entry in self.entries.items()}
        self.broken = self.judged = 0

    def add(
        self, judgement: Judgement, chain: Sequence[Exchange], call: Call | None, probe: Probe | None
    ) -> Entry | None:
        """Enter a judgement; return its contract's entry, or None for an unknown contract."""
        entry = self.entries.get(judgement.contract)
        if entry is None:
            self.unknown.add(judgement.contract)
        elif judgement.contract in self.settled:
            # one left out counts too: else each probe that runs only for want of a verdict would run
            entry.kept += judgement.verdict in (Verdict.KEPT, Verdict.BROKEN)
            return entry
        elif judgement.verdict is Verdict.KEPT:
            if entry.kept == 0 and entry.broken is None:
                self.judged += 1
            entry.kept += 1
            entry.unseen = entry.unseen or judgement.expected
        elif judgement.verdict is Verdict.NOT_APPLICABLE and judgement.tentative:
            entry.idle = entry.idle or judgement.expected
        elif judgement.verdict in (Verdict.NOT_APPLICABLE, Verdict.NOT_SELECTED):
            self.settled[judgement.contract] = Result(entry.contract, judgement.verdict, judgement.expected)
        elif judgement.verdict is Verdict.UNTESTED and judgement.sticky:
            entry.error = entry.error or judgement.expected
        elif judgement.verdict is Verdict.UNTESTED and judgement.tentative:
            entry.unshown = entry.unshown or judgement.expected
        elif judgement.verdict is Verdict.UNTESTED:
            entry.excused = judgement.excused and (entry.excused or not entry.reason)
            entry.reason = entry.reason or judgement.expected
            last = chain[-1] if chain else None
            entry.disturbed = entry.disturbed or (last is not None and (last.error or last.busy))
        else:
            self._add_break(entry, judgement, chain, call, probe)
        return entry

    def _add_break(
        self,
        entry: Entry,
        judgement: Judgement,
        chain: Sequence[Exchange],
        call: Call | None,
        probe: Probe | None,
    ) -> None:
        """Enter a break, unless an earlier one of the plan stands there. An odd one hides no other break."""
        outcome = chain[-1].outcome if chain else ""
        self._note_taken(entry.contract, judgement, chain, outcome)
        mild = judgement.odd or (judgement.rank is not None and not judgement.rank.is_at_least(Rank.LAX))
        guessed = not judgement.shown and self.guesses.cover(entry.contract, chain)
        odd = mild or guessed
        rank = judgement.rank if judgement.rank is not None else self.ranks.get(entry.contract.check)
        if not odd and rank not in _WHATEVER_WAS_SENT and (gap := self.guesses.find_gap(entry.contract)):
            odd = True
            says = f"{judgement.expected} (only odd, as a part of its schema is not held: {gap})"
            judgement = replace(judgement, expected=says)
        before = entry.broken
        if before is not None:
            comes_first = (odd, _order(chain)) < (before.odd, _order(before.chain))
            if not comes_first and not (odd == before.odd and _is_smaller(chain, entry)):
                return
        self.judged += entry.kept == 0 and before is None
        self.broken += before is None
        kept_chain = tuple(chain[-MAX_CHAIN:])
        by = "" if mild or not odd else self.guesses.find_resource(entry.contract, chain)
        entry.broken = Break(
            judgement, kept_chain, call, probe, outcome, odd=odd, steps=len(chain), confirm=by
        )

    def _note_taken(
        self, contract: Contract, judgement: Judgement, chain: Sequence[Exchange], outcome: str
    ) -> None:
        """Note a wrong argument that was accepted: later answers may show its value."""
        if judgement.derived or not chain or find_fact(judgement, chain) != "taken":
            return
        last, argument = chain[-1], chain[-1].call.field
        if not argument:
            return
        place = (argument.rpartition(".")[2], write_value(got(last.input, argument)))
        taken = self.taken.get(place)
        if taken is None or last.number < taken.number:
            whole = Break(judgement, tuple(chain[-1:]), last.call, None, outcome)
            before, taken = taken, Taken(last.number, name_cause(contract, whole))
            taken = taken if before is None else replace(before, number=taken.number, cause=taken.cause)
        numbers, things = taken.numbers | {last.number}, taken.things | name_things(last)
        self.taken[place] = replace(taken, numbers=numbers, things=things)

    def find_cause(self, entry: Entry) -> Cause:
        """Return the cause of a broken contract: that of an accepted argument whose value the answer shows,
        or else its own.
        """
        assert entry.broken is not None, f"{entry.contract.id} is not broken"
        own = self._find_own_cause(entry.contract, entry.broken)
        shown = self._find_taken(entry.broken)
        return own if shown is None else Cause(shown.cause, own.claim)

    def _find_own_cause(self, contract: Contract, broken: Break) -> Cause:
        """Return the cause of a break.

        Its key joins the breaks of one check, or of one member of answers (`report.causes.cause_of`). Its
        claim, made of the outcome and the text of the break, joins a derived break with one of another check.
        If two documents omit one status of an action, both breaks get the same claim.
        """
        judgement, last = broken.judgement, broken.chain[-1] if broken.chain else None
        if judgement.claim == UNLISTED and last is not None:
            claim = f"{contract.action}|{last.status}"
        else:
            claim = f"{broken.outcome}|{judgement.claim or judgement.actual}"
        shown = broken.shown.chain[-1].call if broken.shown.chain else None
        if self.usual is None or shown is None or shown.endpoint is None or shown.intent not in RIGHT:
            return Cause(name_cause(contract, broken), claim)
        usual = self.usual(shown.endpoint.action)
        unusual = list_unusual(shown.input, usual)
        key = name_cause(
            contract,
            broken,
            headers=describe_headers(shown, unusual),
            usual=not any(name in shown.input for name in unusual),
        )
        return Cause(key, claim)

    def _find_taken(self, broken: Break) -> Taken | None:
        """Return the accepted argument of which the wrong member of an answer has the name and the value.

        Null, a boolean and an empty text have many causes. They count only in the answer to the very call,
        and in answers about the thing that it made or changed.
        """
        steps = broken.judgement.member.split(".")
        while steps and steps[-1].isdigit():
            steps.pop()
        if not (steps and steps[-1] and broken.chain):
            return None
        last, value = broken.chain[-1], got(broken.chain[-1].body, steps)
        taken = self.taken.get((steps[-1], write_value(value)))
        if taken is None or last.number < taken.number:
            return None
        common = value is None or isinstance(value, bool) or value == ""
        if not common or last.number in taken.numbers or taken.things & name_things(last, steps):
            return taken
        return None

    def all_judged(self, contracts: Iterable[str]) -> bool:
        """True if each of these contracts is kept or broken."""
        return all(
            (entry := self.entries.get(id)) is not None and (entry.kept or entry.broken) for id in contracts
        )

    def mark_untested(self, contracts: Iterable[str], reason: str) -> None:
        """Note why contracts were not judged; the first reason stays."""
        for id in contracts:
            entry = self.entries.get(id)
            if entry is not None and not entry.reason:
                entry.reason = reason

    def note_unjudged(self, contracts: Iterable[str], reason: str) -> None:
        """Note why an answer to a probe of contracts showed nothing: it was put off, or none came.

        It is their reason if nothing else judges them and no check has a nearer one.
        """
        for id in contracts:
            entry = self.entries.get(id)
            if entry is not None and not entry.unjudged:
                entry.unjudged, entry.disturbed = reason, True

    def mark_crashed(self, contracts: Iterable[str], error: BaseException, where: str) -> None:
        """Mark contracts untested because of an internal error, and count the error."""
        reason = f"internal error in {where}: {type(error).__name__}: {error}{_find_line(error)}"
        self.internal.append(reason)
        for id in contracts:
            if (entry := self.entries.get(id)) is not None:
                entry.error, entry.disturbed = entry.error or reason, True

    def results(self, calls: Calls, stopped: str) -> tuple[Result, ...]:
        """List every contract with its verdict. At a place (`action@surface`) without a 2xx, nothing counts
        as kept.

        `stopped` says why the run ended early; empty if it did not.
        """
        unsent = self._list_unsent(calls, stopped)
        return tuple(self._result(entry, calls, unsent, stopped) for entry in self.entries.values())

    def _list_unsent(self, calls: Calls, stopped: str) -> dict[str, str]:
        """Return, by action, why no right call of it was sent or succeeded: first on a surface that was to be
        called, as another may only lack its server.
        """
        found: dict[str, str] = {}
        for entry in sorted(self.entries.values(), key=lambda entry: entry.contract.id in self.settled):
            contract = entry.contract
            if contract.check == OF_RIGHT_CALLS and contract.place not in calls.reached:
                settled = self.settled.get(contract.id)
                reason = entry.reason or (settled.reason if settled is not None else stopped)
                found[contract.action] = found.get(contract.action) or reason
        return found

    def _result(self, entry: Entry, calls: Calls, unsent: Mapping[str, str], stopped: str) -> Result:
        contract = entry.contract
        if contract.id in self.settled:
            return self.settled[contract.id]
        if entry.broken is not None:
            verdict = Verdict.ODD if entry.broken.odd else Verdict.BROKEN
            return Result(contract, verdict, entry.broken.judgement.actual)
        if entry.error:
            return Result(contract, Verdict.UNTESTED, entry.error)
        if contract.action and contract.place not in calls.reached:
            reason = entry.reason or entry.unjudged or _say_unreached(contract, calls, unsent)
            if not isinstance(reason, Reason):  # what lifts the right call tries this one too
                reason = Reason(reason, lines=getattr(unsent.get(contract.action), "lines", ()))
            return Result(contract, Verdict.UNTESTED, reason)
        if entry.kept:
            return Result(contract, Verdict.KEPT, entry.unseen)
        if entry.idle and not entry.reason:
            return Result(contract, Verdict.NOT_APPLICABLE, entry.idle)
        delay = calls.delays.get(contract.action)
        nothing = f"no answer shows it, and {delay}" if delay else stopped or entry.unshown or UNREACHED
        return Result(contract, Verdict.UNTESTED, entry.reason or entry.unjudged or nothing)

    def findings(self) -> tuple[Finding, ...]:
        """Return the findings, the worst first: one for all broken contracts of the same cause."""
        found = []
        for group in self._groups():
            first = group.entries[0]
            assert first.broken is not None
            shown = first.broken.shown
            said = shown.judgement
            chain = tuple(exchange_of(s) for s in shown.chain)
            also = tuple(e.contract.id for e in group.entries[1:])
            found.append(
                Finding(
                    first.contract,
                    self._find_group_rank(group),
                    said.expected,
                    said.actual,
                    chain,
                    first.broken.stable,
                    also,
                    causes=Causes(group.key, tuple(sorted(group.claims)), group.derived),
                    member=said.member or find_accepted(shown),
                    claim=said.claim,
                    plain=first.broken.plain,
                    when=describe_condition(shown),
                    confirm=first.broken.confirm,
                )
            )
        return order_findings(found)

    def list_last_exchanges(self) -> dict[str, RecordedExchange]:
        """Return the last exchange that broke each broken contract, by the contract's id."""
        return {
            id: exchange_of(entry.broken.chain[-1])
            for id, entry in self.entries.items()
            if entry.broken is not None and entry.broken.chain
        }

    def firsts(self) -> list[Entry]:
        """List the first contract of each finding."""
        return [group.entries[0] for group in self._groups()]

    def _groups(self) -> list[_Group]:
        """Return the entries of each finding: those of one cause, and the derived ones that it explains.

        A derived contract joins a group first by the breaking exchange, then by the cause's key, then by its
        claim. Those that join none are groups by cause, at the end. The worst contract leads its group, and
        an odd one follows a firm one of the same cause.
        """
        leading: dict[str, _Group] = {}
        derived: list[tuple[Entry, Cause]] = []
        for entry in self.entries.values():
            if entry.broken is None or entry.contract.id in self.settled:
                continue
            if entry.broken.judgement.derived:
                derived.append((entry, self.find_cause(entry)))
            else:
                _add(leading, entry, self.find_cause(entry))
        groups = [*leading.values(), *_follow(leading.values(), derived)]
        for group in groups:
            group.entries.sort(key=self._lead)
        return _join_crashes(groups)

    def _lead(self, entry: Entry) -> tuple[bool, int, bool, tuple[int, int]]:
        """Return the order of contracts in a finding: the worst first, derived ones later, then by place.

        An answer that only shows what a call was wrongly accepted with comes after that call, however bad.
        """
        derived = entry.broken is not None and entry.broken.judgement.derived
        return self._only_shows(entry), self.find_rank(entry).place, derived, _place(entry)

    def _only_shows(self, entry: Entry) -> bool:
        """True if an answer is wrong by the value alone that an earlier call was wrongly accepted with."""
        return entry.broken is not None and self._find_taken(entry.broken) is not None

    def _find_group_rank(self, group: _Group) -> Rank:
        """Return how bad a finding is: as the worst of its causes, or of all its breaks if no cause is among
        them.
        """
        causes = [entry for entry in group.entries if not self._only_shows(entry)]
        return find_worst(map(self.find_rank, causes or group.entries))


@dataclass(slots=True)
class _Group:
    """The entries of a finding, found by the key of their cause."""

    key: str
    entries: list[Entry] = field(default_factory=list)
    claims: set[str] = field(default_factory=set)
    derived: dict[str, Cause] = field(default_factory=dict)
    """The causes of derived contracts that no exchange of the group's others shows."""

    @property
    def is_firm(self) -> bool:
        """True if one of its contracts is broken, and not only odd."""
        return not all(entry.is_odd for entry in self.entries)


def _add(groups: dict[str, _Group], entry: Entry, cause: Cause) -> _Group:
    """Add an entry to the group of its cause, and return this group."""
    group = groups.setdefault(cause.key, _Group(cause.key))
    group.entries.append(entry)
    group.claims.add(cause.claim)
    return group


def _join_crashes(groups: list[_Group]) -> list[_Group]:
    """Return the groups, where a crash whose smallest call is known explains those of larger calls."""
    crashes = [group for group in groups if group.entries[0].contract.check == OF_CRASHES]
    joined: set[str] = set()
    for part in crashes:
        for whole in crashes:
            if part is whole or joined & {part.key, whole.key}:
                continue
            small, large = part.entries[0].broken, whole.entries[0].broken
            if small and large and small.chain and large.chain and is_same_crash(small, large):
                part.entries += whole.entries
                part.claims |= whole.claims
                part.derived |= whole.derived
                joined.add(whole.key)
    return [group for group in groups if group.key not in joined]


def _follow(leading: Iterable[_Group], derived: Iterable[tuple[Entry, Cause]]) -> Iterable[_Group]:
    """Add derived entries to the groups that explain them, and return groups of the others."""
    ordered = sorted(leading, key=lambda group: group.key)
    by_exchange: dict[tuple[int, bool], _Group] = {}
    for group in ordered:
        for entry in group.entries:
            by_exchange.setdefault((_at(entry), entry.is_odd), group)
    leaders = {
        odd: Leaders(((g.key,), g.claims, g) for g in ordered if odd or g.is_firm) for odd in (True, False)
    }
    alone: dict[str, _Group] = {}
    for entry, cause in derived:
        beside = [by_exchange.get((_at(entry), odd)) for odd in ((True, False) if entry.is_odd else (False,))]
        if _at(entry) and (explaining := next(filter(None, beside), None)) is not None:
            explaining.entries.append(entry)
            continue
        if (explaining := leaders[entry.is_odd].find(cause)) is not None:
            explaining.entries.append(entry)
        else:
            explaining = _add(alone, entry, cause)
        explaining.derived[entry.contract.id] = cause
    return alone.values()


def _find_line(error: BaseException) -> str:
    """Return the last line of this package that an error came through, such as ` (verify/laws.py:12)`."""
    package = Path(pgagents.__file__).parent
    frames = [frame for frame in extract_tb(error.__traceback__) if package in Path(frame.filename).parents]
    return f" ({Path(frames[-1].filename).relative_to(package)}:{frames[-1].lineno})" if frames else ""


def _order(chain: Sequence[Exchange]) -> int:
    """Return the place in the plan of the probe that a chain of exchanges belongs to."""
    return chain[-1].order if chain else 0


def _is_smaller(chain: Sequence[Exchange], entry: Entry) -> bool:
    """Return True if a chain ends with a smaller form of the call that broke the contract."""
    return (
        bool(chain)
        and chain[-1].call.shrunk
        and entry.broken is not None
        and _order(chain) == _order(entry.broken.chain)
    )


def _place(entry: Entry) -> tuple[int, int]:
    """Return where in the plan a contract was broken: the probe's place, and the exchange's number."""
    return _order(entry.broken.chain) if entry.broken else 0, _at(entry)


def _at(entry: Entry) -> int:
    """Return the number of the exchange that broke a contract; 0 if no exchange did."""
    return entry.broken.chain[-1].number if entry.broken and entry.broken.chain else 0


def _say_unreached(contract: Contract, calls: Calls, unsent: Mapping[str, str]) -> str:
    """Return the reason of a contract at a place that never answered a 2xx.

    It names the surface only if another surface did, so that a report has one reason for all of an action.
    """
    if why := calls.invented.get(contract.place):
        return why
    of_action = (place for place in sorted(calls.put_off) if place.rpartition("@")[0] == contract.action)
    others = () if contract.place in calls.asked else of_action
    for place in (contract.place, *others):
        if place in calls.put_off:
            return calls.put_off[place]
    withheld = unsent.get(contract.action, "")
    if is_forbidden(withheld) or not calls.find(contract.action, calls.asked):
        return withheld or f"no right call of {contract.action} was sent"
    elsewhere = calls.find(contract.action, calls.reached)
    if elsewhere and contract.place in calls.places - calls.asked:
        return f"no right call of {contract.place} was sent"
    return f"{contract.place if elsewhere else contract.action} never answered a 2xx"
