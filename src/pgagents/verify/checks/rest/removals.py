"""A removed instance is gone: its reads are answered as for a missing one, or with 410.

An instance is made, read, removed by the resource's `undone_by`, and read again. That call must be
`destructive`, and no move to another state. A removal answered 202 may take some seconds. A removed instance
that is still answered fits `gone_when`. A server may give a free id to something else at once. So an answer
shows the removed instance only if its id is random, or if it has a value that this run alone wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pgagents.catalogue.language.scope import FRESH
from pgagents.cel.expression import Expression, member_of
from pgagents.model.action import ActionCall
from pgagents.model.contract import Contract
from pgagents.model.resource import Resource
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    describe_code,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path, is_gone, is_missing
from pgagents.verify.fixtures.marks import find_marks, occurs_in
from pgagents.verify.fixtures.proof import is_random_id
from pgagents.verify.fixtures.removal import ACCEPTED, REMOVAL_WAITS_S
from pgagents.verify.wire.call import Call, Own, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "removals"
COST = 5


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint that reads instances which can be removed for good."""
    for resource, _, endpoint, remover in _removable(setting):
        reader = endpoint.action.name
        says = f"a {resource.name} that {remover.action.name} has removed is not there for {reader}"
        yield promise(NAME, resource.name, endpoint, says, (*resource.origin, "undone_by"), resource.cite)


def _removable(setting: Setting) -> Iterator[tuple[Resource, ActionCall, Endpoint, Endpoint]]:
    """Yield each resource that calls make and remove for good, with each read of it and the removal."""
    for resource in setting.model.resources.values():
        made_by, undone_by = resource.made_by, resource.undone_by
        if made_by is None or undone_by is None or not resource.removed_for_good:
            continue
        remover = setting.find_lead(str(undone_by.action.name))
        for read in resource.read_by:
            endpoint = setting.find_lead(str(read.action.name))
            if endpoint is not None and remover is not None and setting.find_lead(str(made_by.action.name)):
                yield resource, read, endpoint, remover


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    for resource, read, endpoint, remover in _removable(setting):
        contract = f"{NAME}/{resource.name}/{endpoint.place}"
        run = _run(setting, resource, read, endpoint, remover, contract)
        yield Probe(contract, 6, (contract,), COST, run, (endpoint, remover), "main", True)


def _run(
    setting: Setting,
    resource: Resource,
    read: ActionCall,
    endpoint: Endpoint,
    remover: Endpoint,
    contract: str,
) -> Callable[[], Conversation]:
    def run() -> Conversation:
        made_by, undone_by = resource.made_by, resource.undone_by
        maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
        if made_by is None or undone_by is None or maker is None:
            return
        made: Exchange = yield Call(
            maker, made_by.input, "explore", f"a {resource.name} to be removed", fresh=True
        )
        body = at_path(made_by, made) if made.success else None
        if not isinstance(body, Mapping):
            yield judge_untested(contract, f"no {resource.name} was made: {made.outcome}")
            return
        yield Own(made.number)
        before: Exchange = yield _about(endpoint, read, resource, body, f"a {resource.name} to be removed")
        if not _is_there(resource, read, before):
            yield judge_untested(contract, f"the {resource.name} was not there before: {before.outcome}")
            return
        why = f"a {resource.name} is removed"
        removed: Exchange = yield replace(_about(remover, undone_by, resource, body, why), intent="valid")
        if not removed.success:
            yield judge_untested(contract, f"the {resource.name} could not be removed: {removed.outcome}")
            return
        call = _about(endpoint, read, resource, body, f"a {resource.name} that has been removed")
        seen: Exchange = yield call
        for seconds in REMOVAL_WAITS_S if removed.status == ACCEPTED else ():
            if not _is_there(resource, read, seen):
                break
            yield Sleep(seconds, quiet=True)
            seen = yield call
        same = seen.success and _is_same(resource, read, made, body, seen)
        yield _judge(resource, read, seen, contract, same)

    return run


def _about(
    endpoint: Endpoint, call: ActionCall, resource: Resource, body: Mapping[str, Any], why: str
) -> Call:
    return Call(endpoint, call.input, "explore", why, subject=resource, made=body)


def _is_there(resource: Resource, read: ActionCall, seen: Exchange) -> bool:
    """True if an answer shows the instance as one that is not removed."""
    body = at_path(read, seen) if seen.success else None
    return seen.success and not (isinstance(body, Mapping) and is_gone(resource, body))


def _is_same(
    resource: Resource, read: ActionCall, made: Exchange, body: Mapping[str, Any], seen: Exchange
) -> bool:
    """True if an answer shows the instance that was made, and not another one with the same id."""
    id, shown = resource.id_of(body), at_path(read, seen)
    return (isinstance(id, str) and is_random_id(id)) or any(
        occurs_in(value, shown) for value in _own_values(resource, made)
    )


def _own_values(resource: Resource, made: Exchange) -> Iterator[Any]:
    """Yield the values of a create that nobody but this run sends: marks, and values in place of marks."""
    written = resource.made_by.input if resource.made_by is not None else {}
    for name, value in made.input.items():
        if isinstance(template := written.get(name), Expression) and member_of(template, (FRESH,)):
            yield value
        yield from find_marks(value)


def _judge(resource: Resource, read: ActionCall, seen: Exchange, contract: str, same: bool) -> Judgement:
    if _is_there(resource, read, seen):
        if not same:
            why = f"nothing shows if it is the removed {resource.name} or another one that got its id"
            return judge_untested(contract, f"{why}: {seen.outcome}")
        missing = resource.missing_in(read.action)
        codes = [missing] if missing is not None else []
        expected = " or ".join([*map(describe_code, codes), "410"])
        return judge_broken(contract, f"a removed {resource.name} is answered {expected}", seen.outcome)
    if seen.success or is_missing(resource, seen):
        return judge_kept(contract)
    return judge_untested(contract, f"the answer shows nothing of it: {seen.outcome}")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
