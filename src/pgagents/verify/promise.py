"""The types that every check is made of; what it says of an answer is a `Judgement` (`verify/judgement.py`).

A check is a module in `verify/checks/<area>` whose `CHECK` is a `Check`. Its contracts are listed before any
traffic. Its watcher judges exchanges and never sends. Its probes are plain functions: they `ask` for a `Call`
and get the `Exchange`, and `conclude` with a `Judgement`, or raise `Untested`. Checks never import each
other: names of checks that found an exchange wrong stand in `exchange.tainted`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pgagents.base.places import Pointer
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank, Verdict, check_of, place_of, surface_of
from pgagents.verify.fixtures.lifting import list_conflict_lines
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.fixtures.target import as_needed
from pgagents.verify.judgement import (
    Judgement,
    Untested,
    conclude,
    judge_accepted,
    judge_broken,
    judge_idle,
    judge_kept,
    judge_refused,
    judge_untested,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import (
    Call,
    InstanceRef,
    Intent,
    Step,
)
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

if TYPE_CHECKING:
    from pgagents.verify.events import Heard

A = TypeVar("A")


USUAL = 6
"""The turn of a check that names none. `no_crashes` has turn 0: only watchers with an earlier turn judge
crashed calls.
"""
AGAIN, RANDOM = 2, 3
"""Priorities of probes that repeat contracts of other probes, and of probes with random calls."""
CLIENT, RECEIVER = "OAuth client", "receiver"
"""What a caller may give a run besides keys. A report names their part of the requests so."""
Overlap = Literal["none", "readers", "all"]


@dataclass(frozen=True, slots=True)
class Probe:
    """One or more calls for certain contracts: a piece of the plan.

    | field | meaning |
    |---|---|
    | `name` | `<check>/<what it tries>/<place>`, the same from run to run |
    | `stage` | its place in the plan's order, 1 first |
    | `contracts` | ids of the contracts that it is for |
    | `cost` | requests that it needs on a right server, without those that make the instances it uses |
    | `run` | asks for the calls, and concludes |
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
    | `tell` | gets the reason if it cannot go on, such as an instance that cannot be had |
    """

    name: str
    stage: int
    contracts: tuple[str, ...]
    cost: int
    run: Callable[[], None]
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
    tell: Callable[[str], object] = str

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
    | `trials` | None | gives the trials of its cases by detail and place, with which its watcher judges |

    The rank of its breaks, and flags:

    | field | default | meaning |
    |---|---|---|
    | `rank` | | how bad a break is, unless a judgement says otherwise; never `odd`, which is a contract's |
    | `turn` | 6 | when its watcher judges an exchange: lowest first, then by name |
    | `calls_correctly` | False | on a right server its probes succeed at each endpoint, so they come early |
    | `tools` | False | it also judges the calls of an MCP server's tools |
    | `self_contained` | False | its probes show all but `watched`: `--only` needs no others' exchanges |
    | `watched` | all | contracts that others' exchanges show, too, by the first part of their detail |
    | `remembers` | False | its watcher looks at earlier exchanges too, so one call alone proves nothing |
    | `skips_unavailable` | False | its watcher is not called for a 503, which may come at any time |
    | `of_any_input` | False | what it says of an answer is true whatever value the call sent |
    | `overlap` | `none` | the probes that may run beside its own: `none`, `readers` or `all` |
    | `aid` | empty | what its probes need besides keys: `CLIENT` or `RECEIVER` |
    """

    name: str
    doc: str | None
    promises: Callable[[Setting], Iterable[Contract]]
    watch: Callable[[Exchange, Memory], Iterable[Judgement]] | None = None
    probes: Callable[[Setting, frozenset[str]], Iterable[Probe]] | None = None
    hear: Callable[[Heard, Setting], Iterable[Judgement]] | None = None
    settled: Callable[[Setting, Contract], tuple[Verdict, str] | None] | None = None
    trials: Callable[[Setting], Mapping[tuple[str, str], Trial]] | None = None
    turn: int = USUAL
    calls_correctly: bool = False
    tools: bool = False
    self_contained: bool = False
    watched: frozenset[str] | None = None
    remembers: bool = False
    skips_unavailable: bool = False
    of_any_input: bool = False
    overlap: Overlap = "none"
    aid: str = ""
    _: KW_ONLY
    rank: Rank

    @property
    def about(self) -> str:
        """The module's docstring; its first sentence is the promise."""
        return (self.doc or "").strip()

    def needs_others(self, contract: Contract) -> bool:
        """True if one of its contracts is judged on other checks' exchanges too."""
        if self.watched is None:
            return self.watch is not None and not self.self_contained
        return self.watch is not None and contract.detail.partition("/")[0] in self.watched

    def list_probes(self, setting: Setting, roles: frozenset[str]) -> Iterable[Probe]:
        """Return its probes; none for a check that only watches."""
        return self.probes(setting, roles) if self.probes is not None else ()

    def settle(self, setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
        """Return the verdict that needs no traffic, with its reason; None if the contract is to be tried."""
        return self.settled(setting, contract) if self.settled is not None else None

    def find_trial(self, setting: Setting, place: str, detail: str = "") -> Trial | None:
        """Return the trial of the case at a place (`<action>@<surface>` or `@<surface>`), for a watcher.

        None if there is no such case, so that nothing is promised of the exchange.
        """
        return self.trials(setting).get((detail, place)) if self.trials is not None else None


# -- a check as a list of cases, each with the trial that keeps or breaks it.
#
# The contracts of a check, its probes and its verdicts without traffic are all derived from its cases. So
# a contract's id is written once, and what is promised stands beside how it is tried.


STAGE = 6
"""The stage of a probe that names none."""


class Trial:
    """One case while it is tried: it makes calls to the case's endpoint, and judges the case's contract."""

    __slots__ = ("_kept", "case", "contract", "role", "setting")

    def __init__(self, setting: Setting, case: Case, contract: str, role: str) -> None:
        self.setting, self.case, self.contract, self.role = setting, case, contract, role
        self._kept: Judgement | None = None

    def ask(self, step: Step[A]) -> A:
        """Return the answer to a call, or to another step."""
        return ask(step)

    @property
    def model(self) -> Model:
        """The catalogue, resolved."""
        return self.setting.model

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint that the case is about. Raises AssertionError for a case that is about none."""
        assert self.case.endpoint is not None, self.contract
        return self.case.endpoint

    @property
    def action(self) -> Action:
        """The endpoint's action."""
        return self.endpoint.action

    @property
    def template(self) -> RequestTemplate:
        """The action's ordinary valid call."""
        return template_of(self.model, self.action)

    def call(self, intent: Intent, why: str, **changes: Any) -> Call:
        """Return the ordinary call to the endpoint; `changes` are other values of the call's fields."""
        return ordinary(self.endpoint, self.template, intent, why, **{"role": self.role, **changes})

    def refer(self, resource: Resource) -> InstanceRef:
        """Return an instance on which the action may be done: in a state and with the parts for it."""
        about = self.template.subject
        states = self.template.states if about is None or about is resource else ()
        wanted = InstanceRef(resource.name, states, fresh=True)
        return as_needed(self.setting.model, self.action, wanted)

    def kept(self, unseen: str = "") -> Judgement:
        """Return the verdict that the contract held this time."""
        if unseen:
            return judge_kept(self.contract, unseen)
        if self._kept is None:  # a watcher says the same of most exchanges
            self._kept = judge_kept(self.contract)
        return self._kept

    def broken(self, expected: str, actual: str, **values: object) -> Judgement:
        """Return the verdict that the contract did not hold; with values, `actual` is a template of them."""
        return judge_broken(self.contract, expected, actual, **values)

    def judge(self, expected: str, problem: str, **values: object) -> Judgement:
        """Return the verdict *broken* by this problem; *kept* if the problem is empty."""
        return self.broken(expected, problem, **values) if problem else self.kept()

    def untested(self, reason: str, *, sticky: bool = False) -> Judgement:
        """Return the verdict that the contract could not be judged here."""
        return judge_untested(self.contract, reason, sticky=sticky)

    def unshown(self, reason: str) -> Judgement:
        """Return the verdict that this answer shows nothing of it; any other reason outweighs this one."""
        return replace(judge_untested(self.contract, reason), tentative=True)

    def unseen(self, reason: str) -> Judgement:
        """Return the verdict that what the server holds is too little to show it, which no run owes."""
        return replace(judge_untested(self.contract, reason), excused=True)

    def idle(self, reason: str) -> Judgement:
        """Return the verdict that this answer rightly shows nothing of the contract."""
        return judge_idle(self.contract, reason)

    def not_applicable(self, reason: str) -> Judgement:
        """Return the verdict that the API cannot show the contract, whatever other answers say."""
        return Judgement(self.contract, Verdict.NOT_APPLICABLE, reason)

    def refused(
        self, exchange: Exchange, codes: Sequence[Code], what: str, statuses: Sequence[int] = ()
    ) -> Iterator[Judgement]:
        """Judge whether an answer refuses the call with one of these codes or statuses."""
        return judge_refused(exchange, self.contract, codes, what, statuses)

    def accepted(self, exchange: Exchange, what: str) -> Iterator[Judgement]:
        """Judge whether a correct call was answered with its success."""
        lines = list_conflict_lines(self.setting.model, exchange)
        return judge_accepted(exchange, self.contract, what, lines)


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """The way in which a case is tried: a probe without the facts that its case has already.

    Cases with the very same `Attempt` are tried by one probe; then `together` is set, and `run` gets the
    trials of all of them. The other fields are those of `Probe`.

    | field | default |
    |---|---|
    | `stage` | that of the check |
    | `cost` | 1 |
    | `role` | `main`; None if no role fits, so that nothing is tried |
    | `writes` | True if the first case's action writes |
    | `endpoints` | those of the cases, each once |
    | `probe` | the probe's name; that of the first contract |
    | `suffix` | empty; else it follows the probe's name after a blank |
    | `order` | 0; the probe of a lower one is listed first, whichever case comes first |
    | `covers` | empty; ids of contracts of other checks that the probe is for, too |
    """

    run: Callable[[Trial], None] | None = None
    together: Callable[[Sequence[Trial]], None] | None = None
    stage: int | None = None
    cost: int = 1
    role: str | None = "main"
    writes: bool | None = None
    endpoints: tuple[Endpoint, ...] | None = None
    probe: str = ""
    priority: int = 1
    print: str = ""
    optional: bool = False
    shows: tuple[str, ...] = ()
    overlap: Overlap | None = None
    schemes: tuple[str, ...] = ()
    compares: frozenset[str] | None = None
    calls: tuple[Action, ...] = ()
    suffix: str = ""
    order: int = 0
    covers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One promise: what it says, where the catalogue makes it, and how it is tried.

    | field | meaning |
    |---|---|
    | `endpoint` | the endpoint that it is about, or None |
    | `says` | the promise as a sentence |
    | `origin` | the pointer into the catalogue |
    | `attempt` | how it is tried; None if other exchanges show it |
    | `detail` | the part of the contract's id between the check's name and the place |
    | `cite` | ids of the vendors' requirements; without it those of the action |
    | `settled` | verdict and reason without traffic; None if it is to be tried |
    | `about` | what an attempt of several cases has to know of this one |
    | `place` | where it holds, as `framework@rest`; without it the endpoint's own place |
    | `advice` | True for a recommendation, which can only be odd |
    | `further` | more attempts, each of which tries it too |
    """

    endpoint: Endpoint | None
    says: str
    origin: Pointer
    attempt: Attempt | None = None
    detail: str = ""
    cite: Sequence[str] | None = None
    settled: tuple[Verdict, str] | None = None
    about: Any = None
    place: str = ""
    advice: bool = False
    further: Sequence[Attempt] = ()

    @property
    def at(self) -> str:
        """The place that it is about, with which its contract's id ends."""
        return self.place or (self.endpoint.place if self.endpoint is not None else "")

    def id(self, check: str) -> str:
        """The id of its contract."""
        head = "/".join(filter(None, (check, self.detail)))
        of_surface = self.endpoint is None and self.place.startswith("@")
        return f"{head}{self.at}" if of_surface else f"{head}/{self.at}"

    def contract(self, check: str) -> Contract:
        """Make the contract of this case."""
        action = self.endpoint.action if self.endpoint is not None else None
        cite = action.cite if action is not None and self.cite is None else self.cite or ()
        name = str(action.name) if action is not None else ""
        surface = surface_of(self.at)
        return Contract(
            self.id(check), check, name, surface, self.says, self.origin, tuple(cite), self.advice
        )


Attempts = Iterable[tuple[Attempt, Sequence[tuple[str, str]]]]
"""Ways to try cases, each with the details and places of the cases that it tries."""


def make_check(
    name: str,
    doc: str | None,
    cases: Callable[[Setting, frozenset[str]], Iterable[Case]],
    *,
    attempts: Callable[[Setting, frozenset[str]], Attempts] | None = None,
    stage: int = STAGE,
    **fields: Any,
) -> Check:
    """Make a check of its cases; `fields` are those of `Check` that cases do not give.

    `cases` gets the roles that the caller gave, to choose among them. The contracts must not depend on them.
    It may read everything in the setting, and is called once for a setting and its roles. `attempts` yields
    further ways to try these cases, whose probes follow. It is called when probes are planned, so that it may
    generate values, and several of them may try one case. A watcher among the fields finds the case that it
    judges by `CHECK.find_trial`.
    """

    def list_bare(setting: Setting, roles: frozenset[str]) -> tuple[Case, ...]:
        return setting.compute_once_here((name, "bare", roles), lambda: tuple(cases(setting, roles)))

    def list_cases(setting: Setting, roles: frozenset[str]) -> tuple[tuple[Case, Contract], ...]:
        def make() -> tuple[tuple[Case, Contract], ...]:
            return tuple((case, case.contract(name)) for case in list_bare(setting, roles))

        return setting.compute_once_here((name, "cases", roles), make)

    def settle(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
        def make() -> dict[str, tuple[Verdict, str] | None]:
            return {case.id(name): case.settled for case in list_bare(setting, setting.roles)}

        return setting.compute_once_here((name, "settled"), make).get(contract.id)

    def list_trials(setting: Setting) -> Mapping[tuple[str, str], Trial]:
        def make() -> dict[tuple[str, str], Trial]:
            cases = list_cases(setting, setting.roles)
            return {(case.detail, case.at): Trial(setting, case, contract.id, "") for case, contract in cases}

        return setting.compute_once_here((name, "trials"), make)

    def list_probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        tried: dict[Attempt, list[tuple[Case, Contract]]] = {}
        for case, contract in list_cases(setting, roles):
            for attempt in (case.attempt, *case.further) if case.settled is None else ():
                if attempt is not None and attempt.role is not None:
                    tried.setdefault(attempt, []).append((case, contract))
        for attempt, several in sorted(tried.items(), key=lambda item: item[0].order):
            yield _make_probe(setting, attempt, several, stage)
        if attempts is not None:
            by_key = {(case.detail, case.at): (case, own) for case, own in list_cases(setting, roles)}
            for attempt, keys in attempts(setting, roles):
                yield _make_probe(setting, attempt, [by_key[key] for key in keys], stage)

    return Check(
        name,
        doc,
        lambda setting: [contract for _, contract in list_cases(setting, setting.roles)],
        probes=list_probes,
        settled=settle,
        trials=list_trials,
        **fields,
    )


def _make_probe(
    setting: Setting, attempt: Attempt, several: Sequence[tuple[Case, Contract]], stage: int
) -> Probe:
    role = attempt.role or ""
    trials = [Trial(setting, case, contract.id, role) for case, contract in several]
    if attempt.together is not None:
        run = partial(_run, partial(attempt.together, trials), trials)
    else:
        assert attempt.run is not None, "an attempt has `run` or `together`"
        assert len(trials) == 1, f"{trials[0].contract}: an attempt of several cases has `together`"
        run = partial(_run, partial(attempt.run, trials[0]), trials)
    endpoints = {case.endpoint.place: case.endpoint for case, _ in several if case.endpoint is not None}
    first = trials[0].case.endpoint
    writes = first is not None and first.action.effect == "write"
    return Probe(
        " ".join(filter(None, (attempt.probe or trials[0].contract, attempt.suffix))),
        stage if attempt.stage is None else attempt.stage,
        (*(trial.contract for trial in trials), *attempt.covers),
        attempt.cost,
        run,
        tuple(endpoints.values()) if attempt.endpoints is None else attempt.endpoints,
        role,
        writes if attempt.writes is None else attempt.writes,
        attempt.priority,
        attempt.print,
        attempt.optional,
        attempt.shows,
        attempt.overlap,
        attempt.schemes,
        attempt.compares,
        attempt.calls,
    )


def _run(run: Callable[[], None], trials: Sequence[Trial]) -> None:
    try:
        run()
    except Untested as untested:
        for trial in trials:
            judgement = trial.untested(str(untested), sticky=untested.sticky)
            conclude(replace(judgement, excused=untested.excused))
