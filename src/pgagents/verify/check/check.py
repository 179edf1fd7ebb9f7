"""What a check is: promises listed before any traffic, a watcher of every exchange, probes that ask for calls.

A check is a module in `verify/checks` with `promises(setting)` and `watch(exchange, memory)` and/or `probes(setting)`; one whose
contracts need what a caller may not have given has `settled(setting, contract)`: a verdict and its reason, or None.
Watchers never send; probes are generators that yield a `Call` and get the `Exchange`, and yield a `Judgement` and get
nothing. Checks never import each other; what a watcher found wrong with an exchange stands in `exchange.spoilt`. A check whose watcher
goes by what exchanges before have told says so: its `REMEMBERS` is true. One whose probes get a success from each of their endpoints, if
the
server is right, says so too: its `CALLS` is true.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import ModuleType
from typing import Any

from pgagents import registry
from pgagents.model.action import Code
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Model
from pgagents.source.source import Pointer
from pgagents.verify.wire.call import Call, Concurrent, GetNote, InstanceRef, Own, Sleep
from pgagents.verify.wire.endpoint import FRAMEWORK, Endpoint
from pgagents.verify.wire.exchange import Exchange

CHECKS = "pgagents.verify.checks"
CONFLICT = 409
USUAL = 6
"""The rank of a check that names none. Watchers with a rank below 0 judge crashes too, for they run before `no_crashes`."""
MOST_KEPT = 50_000
"""Judgements that are said again and again; a large catalogue has so many contracts."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on one contract from one exchange (or one probe's chain of them)."""

    contract: str
    verdict: Verdict
    expected: str = ""
    actual: str = ""
    sticky: bool = False
    """Of an untested one: it stays so even where another exchange kept it."""
    derived: bool = False
    """Of a broken one: it says of one surface what another check says of the API; both are one finding."""


Conversation = Generator[Call | Concurrent | InstanceRef | Sleep | Own | GetNote | Judgement, Any, None]
"""A probe yields a `Call` and gets the `Exchange`, `Concurrent` and gets a list of them, `InstanceRef` and gets the body of such a
thing."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A piece of the plan.

    `stage` orders the plan (1 first), `contracts` are the contracts it is for, `cost` the requests it needs at most,
    without what it takes to make live resources; `endpoints` are those it goes through; `role` is the identity it cannot
    do without (empty: it needs none). `writes` says whether it may change anything on the server. `priority` 2 only repeats
    contracts that tier 1 covered.
    A `optional` one is left out where other probes' exchanges have shown all that it covers; `shows` are such contracts.
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


@lru_cache(maxsize=MOST_KEPT)
def judge_kept(contract: str) -> Judgement:
    """The contract held this time."""
    return Judgement(contract, Verdict.KEPT)


def judge_broken(contract: str, expected: str, actual: str) -> Judgement:
    """The contract did not hold."""
    return Judgement(contract, Verdict.BROKEN, expected, actual)


def judge_untested(contract: str, reason: str, *, sticky: bool = False) -> Judgement:
    """The contract could not be judged here, and this is why; `sticky` where no other exchange can make up for it."""
    return Judgement(contract, Verdict.UNTESTED, reason, sticky=sticky)


def promise(check: str, detail: str, endpoint: Endpoint, says: str, origin: Pointer, cite: Sequence[str] = ()) -> Contract:
    """A contract about an endpoint; `detail` may be empty or have several parts."""
    return Contract(
        "/".join(p for p in (check, detail, endpoint.place) if p),
        check,
        str(endpoint.action.name),
        endpoint.surface,
        says,
        origin,
        tuple(cite),
    )


def promise_at(check: str, detail: str, place: str, says: str, origin: Pointer, cite: Sequence[str] = ()) -> Contract:
    """A contract about answers that no action gives; `place` is `framework@rest` or `@rest`."""
    head = "/".join(p for p in (check, detail) if p)
    id = f"{head}{place}" if place.startswith("@") else f"{head}/{place}"
    return Contract(id, check, "", place.rpartition("@")[2], says, origin, tuple(cite))


def collect() -> dict[str, ModuleType]:
    """All checks by name, in the order their watchers run: `RANK` (else USUAL) first, then the name."""
    found = registry.collect_by_name(CHECKS)
    return dict(sorted(found.items(), key=lambda item: (getattr(item[1], "RANK", USUAL), item[0])))


def of_tools(check: ModuleType) -> bool:
    """Whether it judges calls of an MCP server's tools too: its `TOOLS` is true."""
    return bool(getattr(check, "TOOLS", False))


def calls_correctly(check: ModuleType) -> bool:
    """Whether a call of its probes is an action's first answer: its `CALLS` is true."""
    return bool(getattr(check, "CALLS", False))


def needs_watching(check: ModuleType) -> bool:
    """Whether other checks' exchanges are needed to judge its contracts: it watches, and its `ALONE` does not say its probes show all."""
    return hasattr(check, "watch") and not getattr(check, "ALONE", False)


def following(broken: Collection[str]) -> frozenset[str]:
    """Checks that may break because these did: their `FOLLOWS` says that they tell of one surface what others tell of the API."""
    return frozenset(name for name, check in collect().items() if getattr(check, "DERIVED_FROM", frozenset()) & set(broken))


def judge_refused(exchange: Exchange, contract: str, codes: Sequence[Code], what: str, statuses: Sequence[int] = ()) -> Iterator[Judgement]:
    """Whether an answer refuses with one of these codes (or one of these further statuses).

    The code decides where the body has a known one, so that a code under a wrong status is the finding of `error_codes`
    alone; the status decides where it has none, so that a wrong envelope is the finding of `error_envelope` alone.
    """
    if exchange.moot:
        yield judge_untested(contract, exchange.moot)
    if exchange.void or exchange.unsound:
        return
    names = [c.name for c in codes]
    wanted = sorted({c.status for c in codes} | set(statuses))
    said = exchange.code
    declared = exchange.codes.get(said) if said else None
    if declared is None:
        good = exchange.status in wanted
    elif said in names or exchange.status in statuses:
        good = True
    else:
        good = exchange.status in wanted and declared.status != exchange.status
    if good:
        yield judge_kept(contract)
    else:
        expected = f"{what} is refused with {' or '.join(f'{c.status} {c.name}' for c in codes) or wanted}"
        yield judge_broken(contract, expected, exchange.outcome)


def judge_accepted(exchange: Exchange, contract: str, what: str) -> Iterator[Judgement]:
    """Whether a correct call was answered with its success."""
    if exchange.moot:
        yield judge_untested(contract, exchange.moot)
    if exchange.void or exchange.unsound:
        return
    declared = exchange.codes.get(exchange.code or "")
    if exchange.success or exchange.sent_on:
        yield judge_kept(contract)
    elif declared is not None and declared.status == exchange.status == CONFLICT:
        yield judge_untested(contract, f"refused for how things stand: {exchange.outcome}")
    else:
        yield judge_broken(contract, f"{what} is accepted", exchange.outcome)


def is_documented_answer(exchange: Exchange, model: Model) -> bool:
    """Whether the catalogue says how such an answer looks: each one of an action, and of the framework's those whose status a code
    under `errors.framework` has."""
    if not exchange.place.startswith(f"{FRAMEWORK}@"):
        return True
    named = [name for name in dict(model.errors.framework).values() if name is not None]
    return any(model.codes[name].status == exchange.status for name in named)
