"""A call whose hint claims that it is not destructive removes and overwrites nothing that could be read
before.

Two instances of the run are observed. The call is made twice on one of them, with different arguments, and
both are observed after each call. Each must stay readable, and each member must stay. An empty member may be
filled, and a list or a count may grow. `may_change` declares members that the call adds to, or that follow
from its additions. The state of a declared transition may change, and so may members with the version of an
instance. A difference counts only if two further trials show it beside a control. Where nobody wrote
the hint, a difference is odd, and the finding has the line that permits it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from pgagents.report.contract import Rank, Verdict
from pgagents.verify.answers.hints import (
    STAGE,
    HintedCall,
    fill,
    find_hinted_call,
    judge_trials,
    list_fillers,
    make_attempt,
    make_first,
)
from pgagents.verify.answers.observation import (
    ANSWER,
    GONE,
    VERSION,
    Body,
    Difference,
    Observation,
    Place,
    control,
    drop_restless,
    list_differences,
    observe,
    tell,
)
from pgagents.verify.fixtures.target import as_needed, makes
from pgagents.verify.promise import Case, Judgement, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint

GONE_BEFORE = "what it could destroy was not there before"
REFUSED = "no call was accepted"
EMPTY: tuple[Any, ...] = (None, "", [], {})


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
        if hints.destructive.written or makes(setting.model, action):
            yield endpoint  # a hint that is neither written nor concluded is not a promise


def _try(hinted: HintedCall, trial: Trial) -> None:
    setting, resource = trial.setting, hinted.resource
    fillers = [f for f in list_fillers(setting, resource) if f.endpoint is not hinted.endpoint]
    reason = "it could not be read again"

    def compare(careful: bool) -> Difference | None:
        found: Difference | None = compare_once(careful, fillers)
        if found is None and reason.startswith(REFUSED):  # maybe for what filled it, such as `active: false`
            found = compare_once(careful, [])
        return found

    def compare_once(careful: bool, filling: Sequence[HintedCall]) -> Difference | None:
        nonlocal reason
        states = () if hinted.makes else hinted.states
        wanted = InstanceRef(resource.name, states, fresh=True, new=True)
        body: Body = ask(as_needed(setting.model, hinted.endpoint.action, wanted))
        fill(setting, filling, body)
        near: Body = ask(InstanceRef(resource.name, fresh=hinted.makes, new=hinted.makes))
        bodies = [body] if resource.id_of(near) == resource.id_of(body) else [body, near]
        alone = control(hinted.sources, bodies, 2) if careful else set()
        before = observe(hinted.sources, bodies, "before a call that only adds")
        if before is not None and not any(_is_shown(before, number) for number in range(len(bodies))):
            reason = GONE_BEFORE
            return None
        losses: dict[Place, tuple[str, Any]] = {}
        accepted, outcome = False, ""
        for number in range(2):
            call = make_first(setting, hinted, body, "a call that only adds", other=number == 1)
            answer = ask(call)
            accepted, outcome = accepted or answer.success, answer.outcome
            after = observe(hinted.sources, bodies, "after a call that only adds")
            if before is None or after is None or alone is None:
                return None
            lost = {place for place in _list_losses(hinted, before, after) if place not in alone}
            losses = {**tell(lost, before, after), **losses}
            before = after
        if not accepted or before is None:
            reason = f"{REFUSED}: {outcome}"
            return None
        return drop_restless(hinted.sources, bodies, before, losses)

    def explain() -> Judgement:
        if reason == GONE_BEFORE:
            return trial.not_applicable(f"not shown: {GONE_BEFORE}")
        return trial.untested(reason)

    def name_line(place: Place) -> str:
        lines = sorted({*trial.action.may_change, place[2].partition(".")[0]})
        return f"; if {trial.action.name} may, write `may_change: [{', '.join(lines)}]`" if place[2] else ""

    written = trial.action.hints.destructive.written
    judge_trials(
        trial, compare, "all that could be read before", explain, advise=None if written else name_line
    )


def _list_losses(hinted: HintedCall, before: Observation, after: Observation) -> Iterator[Place]:
    """Yield the places with a loss: an instance that no source shows any longer, or a value."""
    free = {*hinted.endpoint.action.may_change}
    if any(move.action is hinted.endpoint.action for move in hinted.resource.moves):
        free.add(str(hinted.resource.state))
    for place in list_differences(before, after):
        _, number, path = place
        if number == ANSWER or path.partition(".")[0] in free or VERSION.search(path):
            continue
        if path == "":
            lists = {source.label for source in hinted.sources if source.lists}
            if after.get(place) == GONE and (place[0] not in lists or not _is_shown(after, number)):
                yield place
        elif place in before and not _is_kept(before[place], after.get(place)):
            yield place


def _is_shown(seen: Observation, number: int) -> bool:
    """True if some source still shows the instance."""
    return any(value != GONE for place, value in seen.items() if place[1:] == (number, ""))


def _is_kept(before: Any, after: Any) -> bool:
    """True if no value was lost: an empty one was filled, or a list or a count has grown."""
    if before in EMPTY:
        return True
    if isinstance(before, int) and isinstance(after, int) and not isinstance(before, bool):
        return after > before
    if isinstance(before, list) and isinstance(after, list):
        left = list(after)
        for item in before:
            if item not in left:
                return False
            left.remove(item)
        return True
    return False


CHECK = make_check("hint_not_destructive", __doc__, cases, stage=STAGE, rank=Rank.EXPOSED)
