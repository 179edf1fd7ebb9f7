"""A call that is said to be idempotent changes nothing more when it is repeated.

An instance of the run is changed by the call, and observed through reads, lists and counts. After the second
and the third equal call it is observed again. The later answers may be anything that is documented. Members
that say which version an instance has may be renewed. A difference counts if two further trials show it too,
beside a control.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from typing import Any

from pgagents.model.contract import Contract, Verdict
from pgagents.verify.answers.hints.hinted_calls import (
    HintedCall,
    fill,
    find_hinted_call,
    find_made,
    list_fillers,
    make_first,
)
from pgagents.verify.answers.hints.observation import (
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
from pgagents.verify.answers.hints.trials import judge_trials
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Probe,
    judge_untested,
    promise,
)
from pgagents.verify.check.memory import Setting
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "hint_idempotent"
STAGE = 7
CALLS = 3


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each writing action whose hint claims that it is idempotent."""
    for endpoint in _list_repeatable(setting):
        says = f"two and three equal calls of {endpoint.action.name} leave what one leaves"
        origin = endpoint.action.hints.idempotent.origin
        yield promise(NAME, "", endpoint, says, origin, endpoint.action.cite)


def _list_repeatable(setting: Setting) -> Iterator[Endpoint]:
    for action in setting.model.actions:
        endpoint = setting.find_usable_lead(str(action.name))
        hints = action.hints
        if endpoint is not None and hints.idempotent.value and not hints.read_only.value:
            yield endpoint


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Say why the claim cannot be shown, where that is so."""
    found = find_hinted_call(setting, setting.by_place[contract.place])
    return (Verdict.NOT_APPLICABLE, f"not shown: {found}") if isinstance(found, str) else None


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    for endpoint in _list_repeatable(setting):
        hinted = find_hinted_call(setting, endpoint)
        if isinstance(hinted, HintedCall):
            contract = f"{NAME}/{endpoint.place}"
            cost = CALLS * (1 + len(hinted.sources)) + 2 + len(list_fillers(setting, hinted.resource))
            run = _run(setting, hinted, contract)
            yield Probe(contract, STAGE, (contract,), cost, run, (endpoint,), "main", True)


def _run(setting: Setting, hinted: HintedCall, contract: str) -> Callable[[], Conversation]:
    resource = hinted.resource
    fillers = [f for f in list_fillers(setting, resource) if f.endpoint is not hinted.endpoint]
    said = {"why": "the first call was not accepted"}

    def trial(careful: bool) -> Generator[Any, Any, Difference | None]:
        body, first = yield from _call_first(setting, hinted, fillers)
        if not first.success and fillers and not hinted.makes:  # what was added may be why it was refused
            body, first = yield from _call_first(setting, hinted, [])
        if not first.success:
            said["why"] = f"the first call was not accepted: {first.outcome}"
            return None
        body = find_made(hinted, first) if hinted.makes else body
        if body is None:
            said["why"] = "its answer shows no instance"
            return None
        alone = (yield from control(hinted.sources, [body], CALLS - 1)) if careful else set()
        if alone is None:
            return None
        seen: list[Observation] = []
        for number in range(CALLS):
            if number:
                yield _repeat(first, body, hinted)
            found = yield from observe(hinted.sources, [body], "after equal calls")
            if found is None:
                said["why"] = "it could not be read again"
                return None
            seen.append(found)
        told: dict[Place, tuple[str, Any]] = {}
        for later in seen[1:]:
            places = {p for p in list_differences(seen[0], later) if not VERSION.search(p[2])}
            told |= tell(places - alone, seen[0], later)
        return (yield from drop_restless(hinted.sources, [body], seen[-1], told))

    def run() -> Conversation:
        expected = "as after the first of three equal calls"
        yield from judge_trials(contract, trial, expected, lambda: judge_untested(contract, said["why"]))

    return run


def _call_first(
    setting: Setting, hinted: HintedCall, fillers: list[HintedCall]
) -> Generator[Any, Any, tuple[Body | None, Exchange]]:
    """Make the first call, on a new instance that was filled if the action names one."""
    body: Body | None = None
    if not hinted.makes:
        body = yield InstanceRef(hinted.resource.name, hinted.states, fresh=True, new=True)
        yield from fill(setting, fillers, body)
    first: Exchange = yield make_first(setting, hinted, body, "the first of equal calls")
    return body, first


def _repeat(first: Exchange, body: Body, hinted: HintedCall) -> Call:
    """Return the same call once more, with the values that were sent."""
    why = "the same call once more"
    return replace(
        first.call, input=dict(first.input), why=why, fresh=False, subject=hinted.resource, made=body
    )


CHECK = Check(NAME, __doc__, promises, probes=probes, settled=settle_contract)
