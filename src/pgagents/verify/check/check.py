"""The types that every check is made of, and the registry of checks.

A check is a module in `verify/checks/<area>` whose `CHECK` is a `Check`. Its contracts are listed before any
traffic. Its watcher judges exchanges and never sends. Its probes are generators: they yield a `Call` and get
the `Exchange`, and yield a `Judgement` and get nothing. Checks never import each other: names of checks that
found an exchange wrong stand in `exchange.tainted`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from pgagents import registry
from pgagents.model.action import Action
from pgagents.model.answers.error_code import Code
from pgagents.model.contract import Contract, Verdict, check_of, place_of, surface_of
from pgagents.source.source import Pointer
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.wire.call import Alone, Call, Concurrent, GetNote, InstanceRef, Own, Reads, Sleep, Undo
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

if TYPE_CHECKING:
    from pgagents.verify.events.deliveries import Heard

CHECKS = "pgagents.verify.checks"
CHECKS_OF_TOOLS = "pgagents.verify.tools.checks"
SHARED = ("mcp_transport",)
"""Checks without a need for a catalogue. A server with a catalogue is held to them, too."""
CONFLICT = 409
USUAL = 6
"""The rank of a check that names none. `no_crashes` has rank 0: only watchers with a lower rank judge crashed
calls.
"""
AGAIN, RANDOM = 2, 3
"""Priorities of probes that repeat contracts of other probes, and of probes with random calls."""
Overlap = Literal["none", "readers", "all"]
MOST_KEPT = 50_000
"""The size of the cache of kept judgements: about as many as a large catalogue has contracts."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one contract, from one exchange or from all exchanges of a probe."""

    contract: str
    verdict: Verdict
    expected: str = ""
    """The promise of a broken contract, the reason of one that is not judged, or what a kept one did not see.
    """
    actual: str = ""
    """What the answer showed, for people."""
    claim: str = ""
    """`actual` without its values, if they are known. Breaks of one check with equal outcomes and claims are
    one finding.
    """
    sticky: bool = False
    """True if the contract stays untested, even if other exchanges keep it."""
    derived: bool = False
    """True if another check judges the same promise for the whole API. A report shows both as one finding."""
    tentative: bool = False
    """True for a contract that does not apply to this answer, and applies if another one shows it."""
    odd: bool = False
    """True if the break is not proved: something else than the server may be the cause."""


Conversation = Generator[
    Call | Concurrent | InstanceRef | Sleep | Own | Undo | GetNote | Alone | Reads | Judgement, Any, None
]
"""A probe yields a `Call` and gets the `Exchange`. It yields `Concurrent` and gets a list of them. It yields
an `InstanceRef` and gets the body of such an instance.
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """A conversation of one or more calls for certain contracts: a piece of the plan.

    | field | meaning |
    |---|---|
    | `name` | `<check>/<what it tries>/<place>`, the same from run to run |
    | `stage` | its place in the plan's order, 1 first |
    | `contracts` | ids of the contracts that it is for |
    | `cost` | requests that it needs at most, without those that make the instances it uses |
    | `run` | starts the conversation |
    | `endpoints` | endpoints that its calls go through |
    | `role` | the identity that it cannot do without; empty if it needs none |
    | `writes` | True if it may change anything on the server |
    | `priority` | 2 if it only repeats contracts that a probe of priority 1 covers, 3 if with random calls |
    | `print` | what besides the name makes it this probe, for the plan's digest |
    | `optional` | True if it is left out once all its contracts are judged |
    | `shows` | contracts that its exchanges surely judge, so a forecast can leave optional probes out |
    | `overlap` | the probes that may run beside it, where that differs from its check's `overlap` |
    | `compares` | with `overlap` `readers`, the collections whose answers it compares; None for all |
    | `calls` | actions that its endpoints lack; with `compares`, the plan derives from them what it changes |
    | `schemes` | the schemes of which it needs the role's secrets; empty for those of one alternative |
    """

    name: str
    stage: int
    contracts: tuple[str, ...]
    cost: int
    run: Callable[[], Conversation]
    endpoints: tuple[Endpoint, ...] = ()
    role: str = "main"
    writes: bool = False
    priority: int = 1
    print: str = ""
    optional: bool = False
    shows: tuple[str, ...] = ()
    overlap: Overlap | None = None
    schemes: tuple[str, ...] = ()
    compares: frozenset[str] | None = None
    calls: tuple[Action, ...] = ()

    @property
    def check(self) -> str:
        """The name of the check that planned the probe."""
        return check_of(self.name)

    @property
    def place(self) -> str:
        """The last part of the name: `<action>@<surface>` where it is about one endpoint."""
        return place_of(self.name)

    @property
    def surface(self) -> str:
        """The surface at the end of the name."""
        return surface_of(self.name)


@dataclass(frozen=True, slots=True)
class Check:
    """One kind of promise: how its contracts are listed, provoked and judged.

    Functions:

    | field | default | meaning |
    |---|---|---|
    | `name` | | the module's name, with which its contract ids begin |
    | `doc` | | the module's docstring, which reports and the reference quote |
    | `promises` | | lists its contracts, without traffic |
    | `watch` | None | judges every exchange of the run, whoever asked for it |
    | `probes` | None | lists the pieces of the plan that it asks for; `roles` are the identities given |
    | `hear` | None | judges the events that came to one registered address |
    | `settled` | None | gives verdict and reason before traffic, or None; for what caller or API lacks |

    Flags:

    | field | default | meaning |
    |---|---|---|
    | `rank` | 6 | when its watcher judges an exchange: lowest first, then by name |
    | `calls_correctly` | False | on a right server its probes succeed at each endpoint, so they come early |
    | `tools` | False | it also judges the calls of an MCP server's tools |
    | `self_contained` | False | its probes show all: `--only` needs no other check's exchanges |
    | `watched` | all | contracts that its watcher may find broken, by the first part of their detail |
    | `remembers` | False | its watcher looks at earlier exchanges too, so one call alone proves nothing |
    | `skips_unavailable` | False | its watcher is not called for a 503, which may come at any time |
    | `of_any_input` | False | what it says of an answer is true whatever value the call sent |
    | `derived_from` | none | checks of the whole API: where one breaks, this check of a surface breaks too |
    | `overlap` | `none` | the probes that may run beside its own: `none`, `readers` or `all` |
    """

    name: str
    doc: str | None
    promises: Callable[[Setting], Iterable[Contract]]
    watch: Callable[[Exchange, Memory], Iterable[Judgement]] | None = None
    probes: Callable[[Setting, frozenset[str]], Iterable[Probe]] | None = None
    hear: Callable[[Heard, Setting], Iterable[Judgement]] | None = None
    settled: Callable[[Setting, Contract], tuple[Verdict, str] | None] | None = None
    rank: int = USUAL
    calls_correctly: bool = False
    tools: bool = False
    self_contained: bool = False
    watched: frozenset[str] | None = None
    remembers: bool = False
    skips_unavailable: bool = False
    of_any_input: bool = False
    derived_from: frozenset[str] = frozenset()
    overlap: Overlap = "none"

    @property
    def about(self) -> str:
        """The module's docstring; its first sentence is the promise."""
        return (self.doc or "").strip()

    def needs_others(self, contract: Contract) -> bool:
        """True if one of its contracts is judged on other checks' exchanges too."""
        seen = self.watched is None or contract.detail.partition("/")[0] in self.watched
        return self.watch is not None and not self.self_contained and seen

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterable[Probe]:
        """Return its probes; none for a check that only watches."""
        return self.probes(setting, roles) if self.probes is not None else ()

    def settle(self, setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
        """Return the verdict that needs no traffic, with its reason; None if the contract is to be tried."""
        return self.settled(setting, contract) if self.settled is not None else None


@lru_cache(maxsize=MOST_KEPT)
def judge_kept(contract: str, unseen: str = "") -> Judgement:
    """Return the verdict that the contract held this time; `unseen` names traces that were not searched."""
    return Judgement(contract, Verdict.KEPT, unseen)


def judge_broken(contract: str, expected: str, actual: str, **values: object) -> Judgement:
    """Return the verdict that the contract did not hold.

    `actual` is what the answer showed. With values it is a template, such as `"remaining {count}"` with
    `count=3`: the sentence has the values, and the claim does not. So one bug that shows other values at
    other endpoints is one finding. A name that tells two bugs apart, such as a member's, is no value.
    """
    if not values:
        return Judgement(contract, Verdict.BROKEN, expected, actual)
    return Judgement(contract, Verdict.BROKEN, expected, actual.format(**values), claim=actual)


def judge_untested(contract: str, reason: str, *, sticky: bool = False) -> Judgement:
    """Return the verdict that the contract could not be judged here; `sticky` if no other exchange can
    make up for it.
    """
    return Judgement(contract, Verdict.UNTESTED, reason, sticky=sticky)


def judge_idle(contract: str, reason: str) -> Judgement:
    """Return the verdict that this answer shows nothing of the contract, and rightly so.

    The contract is not applicable if no other answer of the run shows it.
    """
    return Judgement(contract, Verdict.NOT_APPLICABLE, reason, tentative=True)


def promise(
    check: str, detail: str, endpoint: Endpoint, says: str, origin: Pointer, cite: Sequence[str] = ()
) -> Contract:
    """Make a contract about an endpoint; `detail` may be empty or have several parts."""
    return Contract(
        "/".join(p for p in (check, detail, endpoint.place) if p),
        check,
        str(endpoint.action.name),
        endpoint.surface,
        says,
        origin,
        tuple(cite),
    )


def promise_at(
    check: str,
    detail: str,
    place: str,
    says: str,
    origin: Pointer,
    cite: Sequence[str] = (),
    *,
    advice: bool = False,
) -> Contract:
    """Make a contract about answers that no action gives; `place` is `framework@rest` or `@rest`.

    `advice` is True for a recommendation, and False for a demand.
    """
    head = "/".join(p for p in (check, detail) if p)
    id = f"{head}{place}" if place.startswith("@") else f"{head}/{place}"
    return Contract(id, check, "", surface_of(place), says, origin, tuple(cite), advice)


@cache
def collect() -> Mapping[str, Check]:
    """Return all checks by name, in the order in which their watchers run: by rank, then by name."""
    found: dict[str, Check] = {
        name: module.CHECK for name, module in registry.collect_by_name(CHECKS).items()
    }
    misnamed = sorted(name for name, check in found.items() if check.name != name)
    assert not misnamed, f"checks whose name is not that of their module: {misnamed}"
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: (item[1].rank, item[0]))))


@cache
def collect_of_tools() -> Mapping[str, Check]:
    """Return the checks of an MCP server that no catalogue describes, by name."""
    found = {name: module.CHECK for name, module in registry.collect_by_name(CHECKS_OF_TOOLS).items()}
    found |= {name: collect()[name] for name in SHARED}
    return MappingProxyType(dict(sorted(found.items())))


def checks_for(setting: Setting) -> Mapping[str, Check]:
    """Return the checks of a run by name: those of a catalogue, or those of an MCP server without one."""
    return collect() if setting.listing is None else collect_of_tools()


def following(broken: Collection[str]) -> frozenset[str]:
    """Return the names of the checks that may break because these did."""
    return frozenset(name for name, check in collect().items() if check.derived_from & set(broken))


MOST_NAMED = 10
"""Statuses that a finding lists one by one."""


def judge_refused(
    exchange: Exchange, contract: str, codes: Sequence[Code], what: str, statuses: Sequence[int] = ()
) -> Iterator[Judgement]:
    """Judge whether an answer refuses the call with one of these codes or statuses; yield one judgement.

    `what` names the call in the finding. If the body has a known code, the code decides, so that
    `error_codes` alone reports a code under a wrong status. Otherwise the status decides, so that
    `error_envelope` alone reports a wrong envelope.
    """
    if exchange.moot:
        yield judge_untested(contract, exchange.moot)
    if exchange.void:
        return
    names = [c.name for c in codes]
    wanted = sorted({c.status for c in codes} | set(statuses))
    said = exchange.code
    declared = exchange.codes.get(said) if said else None
    if not exchange.refused:
        good = False
    elif declared is None:
        good = exchange.status in wanted
    elif said in names or exchange.status in statuses:
        good = True
    else:
        good = exchange.status in wanted and declared.status != exchange.status
    if good:
        yield judge_kept(contract)
    elif not exchange.unsound:  # else the check that found the answer undocumented has reported it
        known = "a 4xx status" if len(statuses) > MOST_NAMED else " or ".join(map(describe_code, codes))
        expected = f"{what} is refused with {known or wanted}"
        yield judge_broken(contract, expected, exchange.outcome)


def describe_code(code: Code) -> str:
    """Return a code as answers show it: its status, and its value where bodies have it."""
    return f"{code.status} {code.shown}".rstrip()


def judge_accepted(exchange: Exchange, contract: str, what: str) -> Iterator[Judgement]:
    """Judge whether a correct call was answered with its success; `what` names the call in the finding."""
    if exchange.moot:
        yield judge_untested(contract, exchange.moot)
    if exchange.void:
        return
    declared = exchange.codes.get(exchange.code or "")
    if exchange.success or exchange.sent_on:
        yield judge_kept(contract)
    elif exchange.unsound:  # the check that found the answer undocumented has reported it
        return
    elif declared is not None and declared.status == exchange.status == CONFLICT:
        yield judge_untested(contract, f"refused because of the current state: {exchange.outcome}")
    else:
        yield judge_broken(contract, f"{what} is accepted", exchange.outcome)
