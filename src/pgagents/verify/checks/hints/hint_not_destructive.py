"""A call whose hint claims that it is not destructive removes and overwrites nothing that could be read
before.

Two instances of the run are observed. The call is made twice on one of them, with different arguments, since
a first addition has nothing to overwrite. Each must stay readable, and each member must stay. An empty member
may be filled, and a list or a count may grow: MCP calls a tool additive by this hint. `may_change` declares
members that the call adds to, or that follow from its additions. The state of a declared transition may
change, and so may members with a version, such as Kubernetes' `resourceVersion`. A difference counts only if
two further trials show it beside a control, because others use the API, too. Where nobody wrote the hint, a
difference is odd, and the finding has the line that permits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.effects import Expectation, NotShown, compare_looks, judge_effect, only_added
from pgagents.verify.answers.hints import (
    STAGE,
    HintedCall,
    fill,
    find_hinted_call,
    list_fillers,
    make_attempt,
    make_first,
)
from pgagents.verify.answers.observation import Body, Difference, Place
from pgagents.verify.fixtures.target import as_needed, makes
from pgagents.verify.judgement import Untested, conclude, demand
from pgagents.verify.promise import Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield one case for each writing action whose hint claims that it is not destructive."""
    del roles
    for endpoint in _list_mild(setting):
        says = f"{endpoint.action.name} removes and overwrites nothing that could be read before"
        origin = endpoint.action.hints.destructive.origin
        hinted = find_hinted_call(setting, endpoint)
        if isinstance(hinted, str):
            yield Case(endpoint, says, origin, settled=(Verdict.NOT_APPLICABLE, f"not shown: {hinted}"))
            continue
        reads = sum(not source.lists for source in hinted.sources)
        fillers = list_fillers(setting, hinted.resource)
        attempt = make_attempt(
            hinted.resource,
            hinted.sources,
            fillers,
            run=partial(_try, hinted),
            cost=3 * (1 + len(hinted.sources) + reads) + 2 + len(fillers),
        )
        yield Case(endpoint, says, origin, attempt, advice=not endpoint.action.hints.destructive.written)


def _list_mild(setting: Setting) -> Iterator[Endpoint]:
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        hints = action.hints
        if endpoint is None or hints.destructive.value or hints.read_only.value:
            continue
        # nobody wrote it, but `makes`: OpenAPI has no hint, and a POST that makes one overwrites nothing
        if hints.destructive.written or makes(setting.model, action):
            yield endpoint


class _Refused(Untested):
    """Raised if no call was accepted, maybe for what filled the instance, such as `active: false`."""


def _try(hinted: HintedCall, trial: Trial) -> None:
    fillers = [f for f in list_fillers(trial.setting, hinted.resource) if f.endpoint is not hinted.endpoint]

    def compare(turn: int) -> Difference:
        try:
            return _compare(hinted, trial, fillers, turn)
        except _Refused:
            return _compare(hinted, trial, [], turn)

    def name_line(place: Place) -> str:
        lines = sorted({*trial.action.may_change, place[2].partition(".")[0]})
        return f"; if {trial.action.name} may, write `may_change: [{', '.join(lines)}]`" if place[2] else ""

    written = trial.action.hints.destructive.written
    try:
        judge_effect(trial, _expect(hinted), compare, advise=None if written else name_line)
    except NotShown as unseen:
        conclude(trial.not_applicable(f"not shown: {unseen}"))


def _compare(hinted: HintedCall, trial: Trial, fillers: Sequence[HintedCall], turn: int) -> Difference:
    """Make the call twice on a new instance, with different arguments, beside another instance."""
    setting, resource = trial.setting, hinted.resource
    states = () if hinted.makes else hinted.states
    wanted = InstanceRef(resource.name, states, fresh=True, new=True)
    body: Body = trial.ask(as_needed(setting.model, hinted.endpoint.action, wanted))
    fill(setting, fillers, body)
    near: Body = trial.ask(InstanceRef(resource.name, fresh=hinted.makes, new=hinted.makes))
    bodies = [body] if resource.id_of(near) == resource.id_of(body) else [body, near]
    answers: list[Exchange] = []

    def add() -> None:
        call = make_first(setting, hinted, body, "a call that only adds", other=bool(answers))
        answers.append(demand(trial.ask(call)))

    changes = compare_looks(_expect(hinted), hinted.sources, bodies, [add, add], calls=2, turn=turn)
    if len(answers) == 2 and not any(answer.success for answer in answers):
        raise _Refused(f"no call was accepted: {answers[-1].outcome}")
    if changes is None:
        raise Untested("it could not be read again")
    return changes


def _expect(hinted: HintedCall) -> Expectation:
    moves = any(move.action is hinted.endpoint.action for move in hinted.resource.moves)
    free = {*hinted.endpoint.action.may_change, *([str(hinted.resource.state)] if moves else ())}
    return only_added(hinted.sources, free)


CHECK = make_check("hint_not_destructive", __doc__, cases, stage=STAGE, rank=Rank.EXPOSED)
