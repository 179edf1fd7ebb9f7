"""A check as a list of cases: each case is one promise and the trial that keeps or breaks it.

The contracts of a check, its probes and its verdicts without traffic are all derived from its cases. So a
contract's id is written once, and what is promised stands beside how it is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.model.action import Action
from pgagents.model.answers.error_code import Code
from pgagents.model.contract import Contract, Verdict
from pgagents.model.model import Model
from pgagents.source.source import Pointer
from pgagents.verify.check import check as base
from pgagents.verify.check.check import Check, Conversation, Judgement, Overlap, Probe
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import RequestTemplate, ordinary, template_of
from pgagents.verify.wire.call import Call, Intent
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

STAGE = 6
"""The stage of a probe that names none."""


class Trial:
    """One case while it is tried: it makes calls to the case's endpoint, and judges the case's contract."""

    __slots__ = ("case", "contract", "role", "setting")

    def __init__(self, setting: Setting, case: Case, contract: str, role: str) -> None:
        self.setting, self.case, self.contract, self.role = setting, case, contract, role

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

    def kept(self, unseen: str = "") -> Judgement:
        """Return the verdict that the contract held this time."""
        return base.judge_kept(self.contract, unseen)

    def broken(self, expected: str, actual: str) -> Judgement:
        """Return the verdict that the contract did not hold."""
        return base.judge_broken(self.contract, expected, actual)

    def untested(self, reason: str, *, sticky: bool = False) -> Judgement:
        """Return the verdict that the contract could not be judged here."""
        return base.judge_untested(self.contract, reason, sticky=sticky)

    def idle(self, reason: str) -> Judgement:
        """Return the verdict that this answer rightly shows nothing of the contract."""
        return base.judge_idle(self.contract, reason)

    def refused(
        self, exchange: Exchange, codes: Sequence[Code], what: str, statuses: Sequence[int] = ()
    ) -> Iterator[Judgement]:
        """Judge whether an answer refuses the call with one of these codes or statuses."""
        return base.judge_refused(exchange, self.contract, codes, what, statuses)

    def accepted(self, exchange: Exchange, what: str) -> Iterator[Judgement]:
        """Judge whether a correct call was answered with its success."""
        return base.judge_accepted(exchange, self.contract, what)


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """How a case is tried: a probe without the facts that its case has already.

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
    """

    run: Callable[[Trial], Conversation] | None = None
    together: Callable[[Sequence[Trial]], Conversation] | None = None
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


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One promise: what it says, where the catalogue makes it, and how it is tried.

    | field | meaning |
    |---|---|
    | `endpoint` | the endpoint that it is about; None if `place` says where it holds, as `framework@rest` |
    | `says` | the promise as a sentence |
    | `origin` | the pointer into the catalogue |
    | `attempt` | how it is tried; None if other exchanges show it |
    | `detail` | the part of the contract's id between the check's name and the place |
    | `cite` | ids of the vendors' requirements; without it those of the action |
    | `settled` | verdict and reason without traffic; None if it is to be tried |
    | `about` | what an attempt of several cases has to know of this one |
    | `advice` | True for a recommendation, which can only be odd |
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

    def contract(self, check: str) -> Contract:
        """Make the contract of this case."""
        if self.endpoint is None:
            return base.promise_at(
                check, self.detail, self.place, self.says, self.origin, self.cite or (), advice=self.advice
            )
        cite = self.endpoint.action.cite if self.cite is None else self.cite
        return base.promise(check, self.detail, self.endpoint, self.says, self.origin, cite)


def make_check(
    name: str,
    doc: str | None,
    cases: Callable[[Setting, frozenset[str]], Iterable[Case]],
    *,
    stage: int = STAGE,
    **fields: Any,
) -> Check:
    """Make a check of its cases; `fields` are those of `Check` that cases do not give.

    `cases` gets the roles that the caller gave, to choose among them. The contracts must not depend on them.
    """

    def list_cases(setting: Setting, roles: frozenset[str]) -> tuple[tuple[Case, Contract], ...]:
        def make() -> tuple[tuple[Case, Contract], ...]:
            return tuple((case, case.contract(name)) for case in cases(setting, roles))

        return setting.compute_once((name, "cases", roles), make)

    def settle(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
        def make() -> dict[str, tuple[Verdict, str] | None]:
            return {own.id: case.settled for case, own in list_cases(setting, setting.roles)}

        return setting.compute_once((name, "settled"), make).get(contract.id)

    def list_probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
        tried: dict[Attempt, list[tuple[Case, Contract]]] = {}
        for case, contract in list_cases(setting, roles):
            if case.settled is None and case.attempt is not None and case.attempt.role is not None:
                tried.setdefault(case.attempt, []).append((case, contract))
        for attempt, several in tried.items():
            yield _make_probe(setting, attempt, several, stage)

    return Check(
        name,
        doc,
        lambda setting: [contract for _, contract in list_cases(setting, setting.roles)],
        probes=list_probes,
        settled=settle,
        **fields,
    )


def _make_probe(
    setting: Setting, attempt: Attempt, several: Sequence[tuple[Case, Contract]], stage: int
) -> Probe:
    role = attempt.role or ""
    trials = [Trial(setting, case, contract.id, role) for case, contract in several]
    if attempt.together is not None:
        run = partial(attempt.together, trials)
    else:
        assert attempt.run is not None, "an attempt has `run` or `together`"
        assert len(trials) == 1, f"{trials[0].contract}: an attempt of several cases has `together`"
        run = partial(attempt.run, trials[0])
    endpoints = {case.endpoint.place: case.endpoint for case, _ in several if case.endpoint is not None}
    first = trials[0].case.endpoint
    writes = first is not None and first.action.effect == "write"
    return Probe(
        attempt.probe or trials[0].contract,
        attempt.stage or stage,
        tuple(trial.contract for trial in trials),
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
