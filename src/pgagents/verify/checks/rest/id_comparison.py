"""Ids are compared exactly: an id in the other letter case, or with a look-alike letter, finds no instance.

Databases that ignore case find an instance by an id that was never issued. So do servers that normalise
Unicode, for which full-width letters equal ASCII. Each new instance must also have an id of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.base.http import json_bytes
from pgagents.catalogue.model.action import Param
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.refusal import list_allowed_refusals, list_hiding_statuses
from pgagents.verify.answers.representations import kind_of
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.paths import of_ours
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.fixtures.target import is_made_by, list_fellows, list_removed
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.values.invalid_values import full_width
from pgagents.verify.wire.call import InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "id_comparison"
MOST_IDS, MOST_KEYS = 2_000, 20_000
"""The number of instances and idempotency keys that are remembered, the latest ones. Keys outlive their
instances.
"""
CORRECT = ("valid", "explore")
LOOKALIKE = "lookalike"
_HEX = re.compile(r"[0-9A-Fa-f{}-]*")
"""Matches UUIDs and similar ids, whose letters are hexadecimal digits. For these, letter case does not
count.
"""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each kind of id on the first action that reads by it, and for each action that
    makes instances.
    """
    for endpoint, param, resource in _cases(setting):
        says = f"{endpoint.action.name} finds nothing by a {param.name} in the other case"
        yield promise(NAME, "", endpoint, says, (*resource.origin, "missing"), endpoint.action.cite)
    for endpoint, param, resource in _lookalike_cases(setting):
        says = (
            f"{endpoint.action.name} finds nothing by a {param.name} with a letter that only looks like "
            "its own"
        )
        yield promise(
            NAME,
            f"{LOOKALIKE}/{param.name}",
            endpoint,
            says,
            (*resource.origin, "missing"),
            endpoint.action.cite,
        )
    for resource, endpoint in _makers(setting):
        says = f"each {resource.name} that {endpoint.action.name} makes has an id of its own"
        yield promise(NAME, "made", endpoint, says, (*resource.origin, "made_by"), endpoint.action.cite)


def _makers(setting: Setting) -> tuple[tuple[Resource, Endpoint], ...]:
    """Return the endpoints that make instances, each with its first resource. Those that only move one are
    left out.
    """

    def find() -> Iterator[tuple[Resource, Endpoint]]:
        moves = {id(m.action) for r in setting.model.resources.values() for m in r.moves}
        by_action = {
            id(r.made_by.action): r
            for r in reversed(list(setting.model.resources.values()))
            if r.made_by and r.made_by.at
        }
        for endpoint in setting.endpoints:
            if (resource := by_action.get(id(endpoint.action))) is not None and id(
                endpoint.action
            ) not in moves:
                yield resource, endpoint

    return setting.compute_once((NAME, "makers"), lambda: tuple(find()))


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge that each new instance has an id of its own.

    A repeated call, or an equal one that costs nothing, may return the first one's instance. An id is free
    again once its instance is deleted.
    """
    endpoint, setting = exchange.call.endpoint, memory.setting
    if endpoint is None:
        return
    made: dict[tuple[str, str, str], str] = memory.notes.setdefault((NAME, "made"), {})
    """The arguments with which each instance was made, by its resource, its containers and its id."""
    if exchange.success or exchange.error or exchange.status >= 500:  # it may be gone without an answer
        _forget_removed(setting, exchange, made)
    if not exchange.success or not exchange.fits or exchange.call.intent not in CORRECT:
        return
    maker = next((r for r, d in _makers(setting) if d is endpoint), None)
    body = (
        at_path(maker.made_by, exchange) if maker is not None and maker.made_by and maker.made_by.at else None
    )
    if (
        maker is None
        or not isinstance(body, Mapping)
        or not maker.id_of(body) is not None
        or _is_repeated(exchange, memory)
    ):
        return
    said = json_bytes({k: v for k, v in exchange.input.items() if k != endpoint.action.idempotency}).decode()
    instance = (maker.name, maker.place_in(endpoint.params, exchange.input), id_text(maker.id_of(body)))
    alike = [r for r in setting.model.resources.values() if is_made_by(r, endpoint.action)]
    named = (exchange.input.get(maker.id), *(r.id_named(endpoint.params, exchange.input) for r in alike))
    chosen = maker.id_of(body) in named  # a caller may put an instance under the same id again
    before = None if chosen else made.get(instance)
    if before is not None and (before != said or endpoint.action.costs):
        yield judge_broken(
            f"{NAME}/made/{endpoint.place}",
            f"a {maker.name} with an id of its own",
            "the id of another that was made before",
        )
    else:
        yield judge_kept(f"{NAME}/made/{endpoint.place}")
    made[instance] = said
    if len(made) > MOST_IDS:
        del made[next(iter(made))]


def _forget_removed(setting: Setting, exchange: Exchange, made: dict[tuple[str, str, str], str]) -> None:
    """Forget the instance that a call removes, its parts and what may refer to it, because their ids may be
    reused.
    """
    for gone, place, id in list_removed(setting, exchange):
        if gone.removes:
            within = {r.name for r in setting.model.resources.values() if r.within == gone.name}
            fellows = list_fellows(setting.model, gone) if (gone.name, place, id) in made else ()
            made.pop((gone.name, place, id), None)
            for other in [key for key in made if key[0] in fellows]:
                del made[other]
            inside = (id, f"{place}/{id}")
            for inner in [key for key in made if key[0] in within and key[1] in inside]:
                del made[inner]


def _is_repeated(exchange: Exchange, memory: Memory) -> bool:
    """True if the call's idempotency key was used before; the key is noted."""
    name = exchange.call.endpoint.action.idempotency if exchange.call.endpoint else None
    used: dict[str, None] = memory.notes.setdefault((NAME, "keys"), {})
    if name is None or name not in exchange.input:
        return False
    key = f"{exchange.call.role} {exchange.input[name]}"
    if key in used:
        return True
    used[key] = None
    if len(used) > MOST_KEYS:
        del used[next(iter(used))]
    return False


def _cases(setting: Setting) -> tuple[tuple[Endpoint, Param, Resource], ...]:
    def find() -> Iterator[tuple[Endpoint, Param, Resource]]:
        met: set[str] = set()
        for endpoint in setting.endpoints:
            for param in endpoint.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if (
                    resource is None
                    or resource.missing_for(param) is None
                    or not endpoint.leads
                    or endpoint.action.effect != "read"
                ):
                    continue
                kind = kind_of(setting, resource)
                if param.required and kind not in met and (resource.made_by or resource.found_by):
                    met.add(kind)
                    yield endpoint, param, resource

    return setting.compute_once(NAME, lambda: tuple(find()))


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe with one call for each contract."""
    del roles
    for endpoint, param, resource in _lookalike_cases(setting):
        contract = f"{NAME}/{LOOKALIKE}/{param.name}/{endpoint.place}"
        writes = resource.made_by is not None or endpoint.action.effect == "write"
        yield Probe(
            contract,
            5,
            (contract,),
            1,
            partial(_looking_alike, setting, endpoint, param, resource, contract),
            (endpoint,),
            "main",
            writes,
        )
    for endpoint, param, resource in _cases(setting):
        contract = f"{NAME}/{endpoint.place}"
        yield Probe(
            contract,
            5,
            (contract,),
            1,
            partial(_run, setting, endpoint, param, resource, contract),
            (endpoint,),
            "main",
            resource.made_by is not None,
        )


def _run(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, contract: str
) -> Conversation:
    there: Mapping[str, Any] = yield InstanceRef(resource.name)
    id = str(resource.id_of(there))
    template = template_of(setting.model, endpoint.action)
    given = {**template.input, str(param.name): id.swapcase()}
    call = ordinary(
        endpoint,
        template,
        "absent",
        f"a {param.name} in the other case",
        input=given,
        made=there if template.subject else None,
    )
    if id.swapcase() == id or _HEX.fullmatch(id) or is_invalid(setting, call):
        yield Judgement(contract, Verdict.NOT_APPLICABLE, "ids here have no case")
        return
    exchange: Exchange = yield call
    missing = resource.missing_for(param)
    assert missing is not None
    hiding = list_hiding_statuses(setting, endpoint)
    yield from judge_refused(exchange, contract, [missing], f"a {param.name} in the other case", hiding)


def _lookalike_cases(setting: Setting) -> tuple[tuple[Endpoint, Param, Resource], ...]:
    """Return, for each kind of id, the first call that reads by it and the first that changes one of our
    instances.
    """

    def find() -> Iterator[tuple[Endpoint, Param, Resource]]:
        ours = {endpoint.place for endpoint in of_ours(setting)}
        met: set[tuple[str, str]] = set()
        for endpoint in setting.endpoints:
            for param in endpoint.params:
                resource = setting.model.resources.get(param.refers_to or "")
                if resource is None or not endpoint.leads or not param.required:
                    continue
                if resource.missing_for(param) is None:
                    continue
                case = (kind_of(setting, resource), endpoint.action.effect)
                if case in met or not (resource.made_by or resource.found_by):
                    continue
                if endpoint.action.effect == "read" or endpoint.place in ours:
                    met.add(case)
                    yield endpoint, param, resource

    return setting.compute_once((NAME, LOOKALIKE), lambda: tuple(find()))


def _looking_alike(
    setting: Setting, endpoint: Endpoint, param: Param, resource: Resource, contract: str
) -> Conversation:
    """Request an id in which one letter is full-width. The server must call it missing or invalid."""
    template, name = template_of(setting.model, endpoint.action), str(param.name)
    subject = template.subject if template.subject is not None else resource
    there: Mapping[str, Any] = yield InstanceRef(subject.name, template.states)
    id = str(subject.value_for(param, there))
    given = {**template.input, name: full_width(id)}
    what = f"a {name} with a letter of full width"
    call = ordinary(
        endpoint,
        template,
        "absent",
        what,
        input=given,
        made=there if template.subject else None,
        field=name,
    )
    if full_width(id) == id or not is_invalid(setting, call):
        yield Judgement(contract, Verdict.NOT_APPLICABLE, "ids here may have such letters")
        return
    exchange: Exchange = yield call
    missing = resource.missing_for(param)
    assert missing is not None
    codes, statuses = list_allowed_refusals(setting, call)
    yield from judge_refused(exchange, contract, [*codes, missing], what, statuses)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    watched=frozenset(("made",)),
    probes=probes,
    remembers=True,
    overlap="all",
    rank=Rank.WRONG,
)
