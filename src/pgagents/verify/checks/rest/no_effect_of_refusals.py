"""A refused call has no effect: lists contain only older instances and those that accepted calls made.

Every list in the run is compared with the known instances. At the end, an invalid call is made through each
endpoint that has not refused anything yet, and the list is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from pgagents.model.action import ActionCall
from pgagents.model.contract import Contract, Verdict
from pgagents.model.resource import Resource
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.check.memory import Memory
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.laws.lists import ordering_of
from pgagents.verify.laws.next_page import PageRequest, may_go_on, next_page
from pgagents.verify.plan.exclusive import others_too
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import UNAVAILABLE, Exchange

NAME = "no_effect_of_refusals"
STAGE = 8
MOST_PAGES = 8
"""The most pages of a list that are read."""
DEPTH, MOST_TOLD = 6, 200
"""Bounds for reading ids in the answers of other writes: the depth, and the number of values."""
LATE = (
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "pattern",
    "minimum",
    "exclusiveMinimum",
    "enum",
    "type",
    "unknown_member",
)
"""Keywords, first those that servers are most likely to check only after they have begun to act."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each resource that can be listed and each endpoint that makes it."""
    for resource, endpoint, _ in _cases(setting):
        says = f"a refused {endpoint.action.name} leaves no {resource.name} behind"
        yield promise(
            NAME,
            resource.name,
            endpoint,
            says,
            (*resource.origin, "made_by"),
            resource.cite or endpoint.action.cite,
        )


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract unless the run is exclusive, because others may add to the lists."""
    del contract
    return None if setting.exclusive else (Verdict.NOT_SELECTED, others_too("lists"))


def _cases(setting: Setting) -> Iterator[tuple[Resource, Endpoint, InvalidCase]]:
    for resource in setting.model.resources.values():
        listed = next((call for call in resource.listed_by if _plain(call)), None)
        if resource.made_by is None or listed is None or setting.find_lead(str(listed.action.name)) is None:
            continue
        for endpoint in setting.endpoints:
            wrong = _wrong(setting, endpoint) if endpoint.action is resource.made_by.action else None
            if wrong is not None:
                yield resource, endpoint, wrong


def _plain(call: ActionCall) -> bool:
    """True if the list's arguments depend on no instance."""
    return not any(getattr(value, "names", frozenset()) - {"env"} for value in call.input.values())


def _wrong(setting: Setting, endpoint: Endpoint) -> InvalidCase | None:
    """Return an invalid case that breaks another argument than an id, or None."""
    known = [
        n
        for n in invalid_cases_of(setting, endpoint)
        if n.priority == 1 and n.detail.partition("/")[0] in LATE
    ]
    ids = {str(p.name) for p in endpoint.params if p.refers_to or p.name == endpoint.action.idempotency}
    known = [n for n in known if n.field not in ids]
    return min(known, key=lambda n: LATE.index(n.detail.partition("/")[0]), default=None)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each resource. It reads the list after all other probes.

    Endpoints that have refused nothing so far get an invalid call; then the list is read again.
    """
    del roles
    several: dict[str, list[tuple[Resource, Endpoint, InvalidCase]]] = {}
    for case in _cases(setting) if setting.exclusive else ():
        several.setdefault(case[0].name, []).append(case)
    for name, cases in several.items():
        covers = tuple(f"{NAME}/{name}/{endpoint.place}" for _, endpoint, _ in cases)
        endpoints = tuple(endpoint for _, endpoint, _ in cases)
        yield Probe(covers[0], STAGE, covers, 2, _run(setting, cases), endpoints, "main", True)


def _run(setting: Setting, cases: list[tuple[Resource, Endpoint, InvalidCase]]) -> Callable[[], Conversation]:
    def run() -> Conversation:
        resource = cases[0][0]
        before, whole = yield from _list_ids(setting, resource, "unchanged")
        known: Mapping[tuple[str, str], _Known] = (yield GetNote(_note_of(resource))) or {}
        told = known.get(_main(setting))
        shown = told.shown if told is not None and told.first is not None and not told.unsure else set()
        for _, endpoint, wrong in cases:
            if endpoint.place in shown:
                continue
            contract = f"{NAME}/{resource.name}/{endpoint.place}"
            exchange: Exchange = yield replace(wrong.call, why=f"refused: {wrong.says}")
            after, whole = yield from _list_ids(setting, resource, "")
            if before is None or after is None or exchange.void:
                yield judge_untested(contract, "the list was not answered")
            elif not whole:
                yield judge_untested(
                    contract, "the list goes on behind its first page, and no law says in which order"
                )
            elif exchange.success:
                yield judge_untested(contract, f"it was not refused: {exchange.outcome}")
            elif new := [id for id in after if id not in before]:
                yield judge_broken(
                    contract,
                    f"the {resource.name}s that were there before",
                    f"{len(new)} more after {exchange.outcome}",
                )
            else:
                yield judge_kept(contract)
            before = after

    return run


def _main(setting: Setting) -> tuple[str, str]:
    role = setting.model.auth.roles.get("main")
    return (role.project, role.mode) if role is not None else ("", "")


def _note_of(resource: Resource) -> str:
    return f"{NAME}/{resource.name}"


def _list_ids(
    setting: Setting, resource: Resource, reuse: Literal["", "unchanged"]
) -> Generator[Any, Any, tuple[list[Any] | None, bool]]:
    """Return the listed ids (None if there is no list), and True if a new instance would be among them."""
    call = next(call for call in resource.listed_by if _plain(call))
    endpoint = setting.find_lead(str(call.action.name))
    assert endpoint is not None
    ids: list[Any] = []
    more = PageRequest()
    for _ in range(MOST_PAGES):
        exchange: Exchange = yield Call(
            endpoint,
            {**call.input, **more.input},
            "valid",
            f"each {resource.name} there is",
            reuse="" if more != PageRequest() else reuse,
            raw=more.raw,
        )
        items = at_path(call, exchange) if exchange.success and call.at is not None else None
        if not isinstance(items, list):
            return None, False
        ids += [resource.id_of(item) for item in items if isinstance(item, Mapping)]
        if any(ordering_of(call.action)) or not may_go_on(exchange, items):
            return ids, True
        further = next_page(setting, endpoint, exchange)
        if further is None or not further.is_followed:
            break
        more = further
    return ids, False


@dataclass(slots=True)
class _Known:
    """The ids that may be in a project's list.

    They are those of the first whole list (None before it) and those made since. `unsure` is true once a call
    may have made an instance whose id is unknown.
    """

    first: set[Any] | None = None
    made: set[Any] = field(default_factory=set)
    told: set[Any] = field(default_factory=set)
    """Ids in answers of other accepted writes, which may make instances of several resources."""
    unsure: bool = False
    refused: list[str] = field(default_factory=list)
    """Endpoints that have refused to make an instance since the last list."""
    tried: set[str] = field(default_factory=set)
    """Endpoints that have refused the most revealing invalid call since the last whole list."""
    shown: set[str] = field(default_factory=set)
    """Endpoints whose refusals were proved to have no effect."""


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note each new instance, and judge every list by the known instances."""
    setting = memory.setting
    if not setting.exclusive:
        return
    for resource, contract in setting.compute_once(
        (NAME, "lists"), lambda: _first_endpoints(setting)
    ).items():
        projects: dict[tuple[str, str], _Known] = memory.notes.setdefault(f"{NAME}/{resource}", {})
        known = projects.setdefault(_project(setting, exchange), _Known())
        kind = setting.model.resources[resource]
        if exchange.success and _writes(exchange):
            known.told.update(islice(_list_told(kind, exchange.body, DEPTH), MOST_TOLD))
        if _makes(kind, exchange):
            revealing = setting.compute_once(
                (NAME, "places"), lambda: {endpoint.place: wrong for _, endpoint, wrong in _cases(setting)}
            )
            _note(kind, exchange, known, revealing)
        elif exchange.success and exchange.fits and not known.unsure and not _sees_a_part(setting, exchange):
            items = _items(kind, exchange)
            if items is not None:
                elsewhere = {
                    id for other in projects.values() if other is not known for id in other.made
                }  # project_isolation judges instances of other projects
                yield from _ghosts(kind, exchange, items, known, contract, elsewhere)


def _writes(exchange: Exchange) -> bool:
    return exchange.call.endpoint is not None and exchange.call.endpoint.action.effect == "write"


def _list_told(resource: Resource, body: Any, depth: int) -> Iterator[Any]:
    """Yield the ids of a resource in an answer, found by the resource's name: `kernel: {id: …}`, `kernel_id:
    …`.
    """
    if not isinstance(body, Mapping | list) or not depth:
        return
    if isinstance(body, Mapping):
        inner = body.get(resource.name)
        yield resource.id_of(inner) if isinstance(inner, Mapping) else None
        named = body.get(f"{resource.name}_id")
        yield named if isinstance(named, str | int) else None
    for part in body.values() if isinstance(body, Mapping) else body:
        yield from _list_told(resource, part, depth - 1)


def _first_endpoints(setting: Setting) -> dict[str, str]:
    """Map each resource to the first contract about it."""
    found: dict[str, str] = {}
    for resource, endpoint, _ in _cases(setting):
        found.setdefault(resource.name, f"{NAME}/{resource.name}/{endpoint.place}")
    return found


def _project(setting: Setting, exchange: Exchange) -> tuple[str, str]:
    role = setting.model.auth.roles.get(exchange.call.role)
    return (role.project, role.mode) if role is not None else ("", "")


def _sees_a_part(setting: Setting, exchange: Exchange) -> bool:
    """True if the caller's lists exclude instances of other callers in its project, so that they cannot be
    compared.
    """
    role = setting.model.auth.roles.get(exchange.call.role)
    return role is not None and role.group is not None


def _makes(resource: Resource, exchange: Exchange) -> bool:
    """True if the call may have made an instance. A POST that fits no action may have made any."""
    if exchange.call.endpoint is None:
        return exchange.success and exchange.request.method == "POST" and exchange.call.intent == "framework"
    if resource.made_by is not None and exchange.call.endpoint.action is resource.made_by.action:
        return True
    return (
        exchange.call.endpoint.action.effect == "write"
        and exchange.success
        and resource.id_of(at_path(resource.made_by, exchange)) is not None
    )


def _note(
    resource: Resource, exchange: Exchange, known: _Known, revealing: Mapping[str, InvalidCase]
) -> None:
    body = (
        at_path(resource.made_by, exchange)
        if resource.made_by and resource.made_by.at and exchange.success
        else None
    )
    if isinstance(body, Mapping) and resource.id_of(body) is not None:
        known.made.add(resource.id_of(body))
    elif exchange.success or exchange.error or exchange.status >= 500:
        declared = exchange.codes.get(exchange.code or "")
        promised = declared is not None and bool(
            declared.provoked_by
        )  # the catalogue says that this failure has no effect
        known.unsure = known.unsure or (exchange.status != UNAVAILABLE and not promised)
    elif exchange.place in revealing and not exchange.limited and known.first is not None:
        if exchange.place not in known.refused:
            known.refused.append(exchange.place)
        wrong = revealing[exchange.place]
        if exchange.call.intent == wrong.call.intent and exchange.call.input == wrong.call.input:
            known.tried.add(exchange.place)


def _items(resource: Resource, exchange: Exchange) -> list[Mapping[str, Any]] | None:
    """Return the items of a list; None if the answer has no list."""
    call = next(
        (
            c
            for c in resource.listed_by
            if exchange.call.endpoint is not None and c.action is exchange.call.endpoint.action
        ),
        None,
    )
    items = at_path(call, exchange) if call is not None and call.at is not None else None
    return [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else None


def _ghosts(
    resource: Resource,
    exchange: Exchange,
    items: list[Mapping[str, Any]],
    known: _Known,
    contract: str,
    elsewhere: set[Any],
) -> Iterator[Judgement]:
    """Judge that each listed instance is known, or was made by another project.

    The project's first whole list is accepted unjudged.
    """
    ids = [id for item in items if (id := resource.id_of(item)) not in elsewhere]
    whole = _is_whole(resource, exchange, items)
    if known.first is None:
        if whole:
            known.first = set(ids) - known.made
        return
    ghost = next((id for id in ids if id not in known.first | known.made | known.told), None)
    several = known.refused
    if ghost is not None or whole:
        known.refused = []
    if ghost is not None:
        known.first.add(ghost)
        contract = f"{NAME}/{resource.name}/{several[0]}" if several else contract
        since = f"; since the last list was refused: {', '.join(several)}" if several else ""
        yield judge_broken(
            contract,
            f"only {resource.name}s that accepted calls made",
            f"{ghost} is listed, which none made{since}",
        )
    elif whole:
        known.shown |= known.tried
        known.tried.clear()
        for place in several:
            yield judge_kept(f"{NAME}/{resource.name}/{place}")


def _is_whole(resource: Resource, exchange: Exchange, items: list[Mapping[str, Any]]) -> bool:
    """True if the list contains all existing instances."""
    asked = exchange.call
    action = asked.endpoint.action if asked.endpoint is not None else None
    plain = next((call for call in resource.listed_by if _plain(call) and call.action is action), None)
    if plain is None or asked.input != plain.input or may_go_on(exchange, items):
        return False
    most = min((v for v in plain.input.values() if isinstance(v, int)), default=None)
    return most is None or len(items) < most


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    settled=settle_contract,
    # below `no_crashes`, which ends the judging of a crashed call: its effects are unknown
    rank=-1,
    tools=True,
)
