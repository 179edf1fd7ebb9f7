"""A refused call has no effect: lists contain only older instances and those that accepted calls made.

Every list in the run is compared with the known instances. At the end, an invalid call is made through each
endpoint that has not refused anything yet, and the list is read again.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.answers.known_ids import (
    KnownIds,
    is_whole,
    list_items,
    may_make,
    note_create,
    note_told,
    project_of,
    sees_a_part,
)
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.fixtures.instance import at_path, names_no_instance
from pgagents.verify.lists import PageRequest, may_go_on, next_page, ordering_of
from pgagents.verify.plan.selection import others_too
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Memory, Setting
from pgagents.verify.wire.call import Call, GetNote
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "no_effect_of_refusals"
STAGE = 8
MOST_PAGES = 8
"""The most pages of a list that are read."""
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
        listed = next((call for call in resource.listed_by if names_no_instance(call)), None)
        if resource.made_by is None or listed is None or setting.find_lead(str(listed.action.name)) is None:
            continue
        for endpoint in setting.endpoints:
            wrong = _wrong(setting, endpoint) if endpoint.action is resource.made_by.action else None
            if wrong is not None:
                yield resource, endpoint, wrong


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
        yield Probe(covers[0], STAGE, covers, 2, partial(_run, setting, cases), endpoints, "main", True)


def _run(setting: Setting, cases: list[tuple[Resource, Endpoint, InvalidCase]]) -> Conversation:
    resource = cases[0][0]
    before, whole = yield from _list_ids(setting, resource, "unchanged")
    known: Mapping[tuple[str, str], KnownIds] = (yield GetNote(_note_of(resource))) or {}
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
        elif any(len(set(ids)) < len(ids) for ids in (before, after)):
            yield judge_untested(contract, "the pages of the list repeat items, so they may leave others out")
        elif new := [id for id in after if id not in before]:
            yield judge_broken(
                contract,
                f"the {resource.name}s that were there before",
                "{count} more after {outcome}",
                count=len(new),
                outcome=exchange.outcome,
            )
        else:
            yield judge_kept(contract)
        before = after


def _main(setting: Setting) -> tuple[str, str]:
    role = setting.model.auth.roles.get("main")
    return (role.project, role.mode) if role is not None else ("", "")


def _note_of(resource: Resource) -> str:
    return f"{NAME}/{resource.name}"


def _list_ids(
    setting: Setting, resource: Resource, reuse: Literal["", "unchanged"]
) -> Generator[Any, Any, tuple[list[Any] | None, bool]]:
    """Return the listed ids (None if there is no list), and True if a new instance would be among them."""
    call = next(call for call in resource.listed_by if names_no_instance(call))
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


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Note each new instance, and judge every list by the known instances."""
    setting = memory.setting
    if not setting.exclusive:
        return
    for resource, contract in setting.compute_once(
        (NAME, "lists"), lambda: _first_endpoints(setting)
    ).items():
        projects: dict[tuple[str, str], KnownIds] = memory.notes.setdefault(f"{NAME}/{resource}", {})
        known = projects.setdefault(project_of(setting, exchange), KnownIds())
        kind = setting.model.resources[resource]
        note_told(kind, exchange, known)
        if may_make(kind, exchange):
            revealing = setting.compute_once(
                (NAME, "places"), lambda: {endpoint.place: wrong for _, endpoint, wrong in _cases(setting)}
            )
            note_create(kind, exchange, known, revealing)
        elif exchange.success and exchange.fits and not known.unsure and not sees_a_part(setting, exchange):
            items = list_items(kind, exchange)
            if items is not None:
                elsewhere = {
                    id for other in projects.values() if other is not known for id in other.made
                }  # project_isolation judges instances of other projects
                yield from _ghosts(kind, exchange, items, known, contract, elsewhere)


def _first_endpoints(setting: Setting) -> dict[str, str]:
    """Map each resource to the first contract about it."""
    found: dict[str, str] = {}
    for resource, endpoint, _ in _cases(setting):
        found.setdefault(resource.name, f"{NAME}/{resource.name}/{endpoint.place}")
    return found


def _ghosts(
    resource: Resource,
    exchange: Exchange,
    items: list[Mapping[str, Any]],
    known: KnownIds,
    contract: str,
    elsewhere: set[Any],
) -> Iterator[Judgement]:
    """Judge that each listed instance is known, or was made by another project.

    The project's first whole list is accepted unjudged.
    """
    ids = [id for item in items if (id := resource.id_of(item)) not in elsewhere]
    whole = is_whole(resource, exchange, items)
    if known.first is None:
        if whole:
            known.first = set(ids) - known.made
        return
    expected = known.first | known.made | known.told
    ghost = next((id for id in ids if id not in expected), None)
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


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    settled=settle_contract,
    # below `no_crashes`, which ends the judging of a crashed call: its effects are unknown
    turn=-1,
    tools=True,
    rank=Rank.WRONG,
)
