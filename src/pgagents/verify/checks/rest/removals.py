"""A removed instance is gone: reads answer that it is missing or 410, lists lack it, and other calls refuse
it.

An instance is made, read, looked for in its lists, removed by the resource's `undone_by`, and read and looked
for again. That call must be `destructive`, and no move to another state. A removal answered 202 may take some
seconds. A removed instance that is still answered must meet `gone_when`. A server may reuse a free id at
once. So an answer contains the removed instance only if its id is random, or if it has a value that only this
run wrote. Actions with an error for a missing instance must refuse it, too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.cases.removed_instances import (
    Reader,
    call_with_ids,
    find_item,
    find_page,
    has_random_id,
    is_listed,
    is_nobodys_now,
    is_same,
    is_there,
    read_instance,
    request_page,
)
from pgagents.verify.fixtures.factory import ACCEPTED, REMOVAL_WAITS_S
from pgagents.verify.fixtures.instance import at_path, is_missing, say_none_made
from pgagents.verify.fixtures.target import is_made_by
from pgagents.verify.lists import PageRequest
from pgagents.verify.promise import (
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
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, Own, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "removals"


@dataclass(frozen=True, slots=True)
class _Removable:
    """A resource that calls make and remove for good, with the calls that read it, list it and need it."""

    resource: Resource
    maker: Endpoint
    remover: Endpoint
    reads: tuple[Reader, ...]
    lists: tuple[Reader, ...]
    takers: tuple[Endpoint, ...]

    @property
    def read_contracts(self) -> list[str]:
        """The ids of the contracts of its reads."""
        return [f"{NAME}/{self.resource.name}/{endpoint.place}" for _, endpoint in self.reads]

    @property
    def list_contracts(self) -> list[str]:
        """The ids of the contracts of its lists."""
        return [f"{NAME}/listed/{self.resource.name}/{endpoint.place}" for _, endpoint in self.lists]

    @property
    def refused_contracts(self) -> list[str]:
        """The ids of the contracts of the other actions that name it."""
        return [f"{NAME}/refused/{self.resource.name}/{endpoint.place}" for endpoint in self.takers]


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each endpoint that reads, lists or needs instances which can be removed for
    good.
    """
    for found in _removable(setting):
        resource, removed = (
            found.resource,
            f"a {found.resource.name} that {found.remover.action.name} removed",
        )
        at, cite = (*resource.origin, "undone_by"), resource.cite
        for _, endpoint in found.reads:
            says = f"{removed} is not there for {endpoint.action.name}"
            yield promise(NAME, resource.name, endpoint, says, at, cite)
        for _, endpoint in found.lists:
            says = f"{removed} is not in what {endpoint.action.name} lists"
            yield promise(NAME, f"listed/{resource.name}", endpoint, says, at, cite)
        for endpoint in found.takers:
            says = f"{removed} is missing for {endpoint.action.name}"
            yield promise(NAME, f"refused/{resource.name}", endpoint, says, at, cite)


def _removable(setting: Setting) -> tuple[_Removable, ...]:
    def find() -> Iterator[_Removable]:
        for resource in setting.model.resources.values():
            made_by, undone_by = resource.made_by, resource.undone_by
            if made_by is None or undone_by is None or not resource.removed_for_good:
                continue
            maker = setting.find_lead(str(made_by.action.name))
            remover = setting.find_lead(str(undone_by.action.name))
            if maker is None or remover is None:
                continue
            reads = tuple(_list_readers(setting, resource.read_by))
            lists = tuple(_list_readers(setting, resource.listed_by))
            takers = tuple(_list_takers(setting, resource)) if reads else ()
            if reads or lists:
                yield _Removable(resource, maker, remover, reads, lists, takers)

    return setting.compute_once(NAME, lambda: tuple(find()))


def _list_readers(setting: Setting, calls: tuple[ActionCall, ...]) -> Iterator[Reader]:
    """Yield the calls with their endpoints, one for each action."""
    met: set[str] = set()
    for call in calls:
        endpoint = setting.find_lead(str(call.action.name))
        if endpoint is not None and endpoint.place not in met:
            met.add(endpoint.place)
            yield call, endpoint


def _list_takers(setting: Setting, resource: Resource) -> Iterator[Endpoint]:
    """Yield the other actions that need an instance and have an error for a missing one.

    There are none if a removed instance is still answered, because some calls may still be right for it.
    """
    if resource.gone_when is not None:
        return
    known = (resource.made_by, resource.undone_by, *resource.read_by)
    own = {str(call.action.name) for call in known if call is not None}
    for endpoint in setting.endpoints:
        action = endpoint.action
        missing = resource.missing_in(action)
        says_so = missing is not None and missing in (*action.errors, *setting.model.always())
        needs = any(p.refers_to == resource.name and p.required for p in endpoint.params)
        makes = is_made_by(resource, action) or action.method == "PUT"
        if endpoint.leads and endpoint.on_rest and says_so and needs and not makes and action.name not in own:
            yield endpoint


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each resource. It makes an instance, removes it, and looks for it everywhere."""
    del roles
    for found in _removable(setting):
        contracts = (*found.read_contracts, *found.list_contracts, *found.refused_contracts)
        cost = 2 + 2 * len(found.reads) + 2 * len(found.lists) + len(found.takers)
        readers = tuple(endpoint for _, endpoint in (*found.reads, *found.lists))
        endpoints = (*readers, *found.takers, found.remover)
        run = partial(_run, setting, found)
        yield Probe(contracts[0], 6, contracts, cost, run, endpoints, "main", True)


def _run(setting: Setting, found: _Removable) -> Conversation:
    resource = found.resource
    made_by, undone_by = resource.made_by, resource.undone_by
    assert made_by is not None
    assert undone_by is not None
    every = (*found.read_contracts, *found.list_contracts, *found.refused_contracts)
    made: Exchange = yield Call(
        found.maker, made_by.input, "explore", f"a {resource.name} to be removed", fresh=True
    )
    body = at_path(made_by, made) if made.success else None
    if not isinstance(body, Mapping):
        yield from _give_up(every, say_none_made(resource, made))
        return
    yield Own(made.number)
    known = yield from _look(setting, found, body)
    why = f"a {resource.name} is removed"
    removed: Exchange = yield Call(found.remover, undone_by.input, "valid", why, subject=resource, made=body)
    if not removed.success:
        yield from _give_up(every, f"the {resource.name} could not be removed: {removed.outcome}")
        return
    waits = REMOVAL_WAITS_S if removed.status == ACCEPTED else ()
    gone = yield from _read_again(found, made, body, known, waits)
    yield from _list_again(found, made, body, known)
    yield from _take(setting, found, body, gone=gone)


def _give_up(contracts: tuple[str, ...], reason: str) -> Iterator[Judgement]:
    for contract in contracts:
        yield judge_untested(contract, reason)


# ---- before the removal


@dataclass(frozen=True, slots=True)
class _Known:
    """The answers that contained an instance: those of its reads, and the pages of its lists with their
    requests.

    If a list has no such page, its request is None.
    """

    reads: tuple[Exchange, ...]
    pages: tuple[tuple[Exchange, PageRequest | None], ...]


def _look(setting: Setting, found: _Removable, body: Mapping[str, Any]) -> Generator[Any, Any, _Known]:
    """Read an instance, and look for it in its lists."""
    why = f"a {found.resource.name} to be removed"
    reads = []
    for call, endpoint in found.reads:
        reads.append((yield read_instance(endpoint, call, found.resource, body, why)))
    pages = []
    for reader in found.lists:
        pages.append((yield from find_page(setting, found.resource, reader, body)))
    return _Known(tuple(reads), tuple(pages))


# ---- after the removal


def _read_again(
    found: _Removable,
    made: Exchange,
    body: Mapping[str, Any],
    known: _Known,
    waits: tuple[float, ...],
) -> Generator[Any, Any, bool]:
    """Judge the reads; return True if one of them answers that the instance is missing."""
    resource, gone = found.resource, False
    for (call, endpoint), before, contract in zip(
        found.reads, known.reads, found.read_contracts, strict=True
    ):
        if not is_there(resource, call, before):
            yield judge_untested(contract, f"the {resource.name} was not there before: {before.outcome}")
            continue
        look = read_instance(endpoint, call, resource, body, f"a {resource.name} that has been removed")
        seen: Exchange = yield look
        for seconds in waits:
            if not is_there(resource, call, seen):
                break
            yield Sleep(seconds, quiet=True)
            seen = yield look
        same = seen.success and is_same(resource, made, body, at_path(call, seen))
        yield _judge(resource, call, seen, contract, same)
        gone = gone or (not seen.success and is_missing(resource, seen))
    return gone


def _list_again(
    found: _Removable, made: Exchange, body: Mapping[str, Any], known: _Known
) -> Generator[Any, Any, None]:
    """Judge the lists by the page that had the instance. A list that is updated late gets some seconds."""
    resource = found.resource
    why = f"a list without a removed {resource.name}"
    for reader, (before, more), contract in zip(found.lists, known.pages, found.list_contracts, strict=True):
        if more is None:
            yield judge_untested(contract, f"the {resource.name} was in no list before: {before.outcome}")
            continue
        call = reader[0]
        seen: Exchange = yield request_page(reader, resource, body, more, why)
        for seconds in REMOVAL_WAITS_S:
            if not is_listed(resource, call, seen, body):
                break
            yield Sleep(seconds, quiet=True)
            seen = yield request_page(reader, resource, body, more, why)
        item = find_item(resource, call, seen, body)
        if not seen.success:
            yield judge_untested(contract, f"the list was not answered: {seen.outcome}")
        elif item is None or not is_listed(resource, call, seen, body):
            yield judge_kept(contract)
        elif is_same(resource, made, body, item):
            expected = f"a removed {resource.name} is in no list"
            yield judge_broken(contract, expected, f"it is in the list: {seen.outcome}")
        else:
            why_not = f"nothing shows if it is the removed {resource.name} or another one that got its id"
            yield judge_untested(contract, why_not)


def _take(
    setting: Setting, found: _Removable, body: Mapping[str, Any], *, gone: bool
) -> Generator[Any, Any, None]:
    """Send the other calls that need the instance, if no other instance can have its id."""
    resource = found.resource
    free = gone or has_random_id(resource, body)
    for endpoint, contract in zip(found.takers, found.refused_contracts, strict=True):
        if not (free and (yield from is_nobodys_now(setting, resource, body))):
            yield judge_untested(contract, f"nothing shows that the {resource.name} is missing")
            continue
        what = f"{endpoint.action.name} of a removed {resource.name}"
        named = resource.values_for(endpoint.params, body)
        seen: Exchange = yield call_with_ids(setting, endpoint, named, what)
        missing = resource.missing_in(endpoint.action)
        if seen.moot or seen.void:
            yield judge_untested(contract, seen.moot or f"it was not answered: {seen.outcome}")
        elif seen.success:
            expected = f"{what} is answered {describe_code(missing) if missing is not None else 404} or 410"
            yield judge_broken(contract, expected, seen.outcome)
        elif seen.refused:
            yield judge_kept(contract)


def _judge(resource: Resource, read: ActionCall, seen: Exchange, contract: str, same: bool) -> Judgement:
    if is_there(resource, read, seen):
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
