"""Two calls differ in one argument: the wider answer contains everything that the narrower one contains.

Each relation of the catalogue is tried with a narrow and a wide value. A page has as many items as its
argument allows, and the first ones of the list. A flag that filters a list keeps every item that has the
flag.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from pgagents.model.contract import Contract, Verdict
from pgagents.model.law import Relation
from pgagents.verify.cases.boundary import fills_a_page
from pgagents.verify.cases.relations.calls import (
    find_another,
    find_bounds,
    list_bases,
    list_narrowed,
    replace_argument,
)
from pgagents.verify.cases.relations.comparison import (
    find_order,
    judge_first_items,
    judge_fitting,
    judge_flagged_items,
    judge_item_count,
    judge_kept_items,
    list_flags,
)
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
from pgagents.verify.fixtures.request_template import answer_that_will_do, ordinary, template_of
from pgagents.verify.laws.relations import fitting, ids_of, instances_of, is_excused
from pgagents.verify.plan.exclusive import others_too
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "relation"
TRUSTED = ("valid", "explore")
ENOUGH = 2
"""A wide list with fewer items may hide that a narrow one drops some, so another call is tried first."""
MOST_KNOWN = 100
NEEDS_ALONE = others_too("tells")


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield contracts for each relation of each endpoint."""
    for endpoint in setting.endpoints:
        for relation in endpoint.action.relations:
            for detail, says in _list_promises(setting, endpoint, relation):
                yield promise(
                    NAME,
                    f"{relation.name}{detail}",
                    endpoint,
                    says,
                    relation.origin,
                    relation.cite or endpoint.action.cite,
                )


def _list_promises(setting: Setting, endpoint: Endpoint, relation: Relation) -> Iterator[tuple[str, str]]:
    """Yield the end of each contract's detail, and the promise in words."""
    name, widen = endpoint.action.name, relation.widen
    yield "", f"{name} with a greater {widen} keeps what it answered before"
    if not fills_a_page(setting, endpoint, relation):
        if relation.fits is not None:
            yield "/fits", f"{name} leaves out nothing that fits a smaller {widen}"
        return
    yield "/filled", f"{name} answers as many as {widen} allows, where there are more"
    if find_order(endpoint, relation) is not None:
        yield "/first", f"{name} answers the first ones, and not any {widen} of them put in order"
    for flag in list_flags(setting, endpoint):
        yield "/leaves_in", f"{name} with {flag} leaves in each thing that has it"


def settle_contract(setting: Setting, contract: Contract) -> tuple[Verdict, str] | None:
    """Deselect the contract about the first items unless the run is exclusive, because others may change
    them.
    """
    alone = setting.exclusive or not contract.detail.endswith("/first")
    return None if alone else (Verdict.NOT_SELECTED, NEEDS_ALONE)


def _kinds(setting: Setting, endpoint: Endpoint, relation: Relation) -> list[str]:
    """Return the further promises by which two answers are judged."""
    if not fills_a_page(setting, endpoint, relation):
        return ["fits"] if relation.fits is not None else []
    return [
        "filled",
        *(["leaves_in"] if list_flags(setting, endpoint) else []),
        *(["first"] if find_order(endpoint, relation) is not None else []),
    ]


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each endpoint with relations. Several relations may share the wide call."""
    del roles
    for endpoint in setting.endpoints:
        relations = endpoint.action.relations
        covers = tuple(f"{NAME}/{r.name}/{endpoint.place}" for r in relations)
        pages = tuple(
            f"{NAME}/{r.name}/{kind}/{endpoint.place}"
            for r in relations
            for kind in _kinds(setting, endpoint, r)
        )
        if relations:
            run = partial(_run, setting, endpoint, relations, covers)
            yield Probe(
                covers[0],
                4,
                (*covers, *pages),
                1 + len(covers) + sum(r.fits is not None for r in relations),
                run,
                (endpoint,),
                "main",
                endpoint.action.effect == "write",
            )


def _run(
    setting: Setting, endpoint: Endpoint, relations: tuple[Relation, ...], covers: tuple[str, ...]
) -> Conversation:
    for relation, contract in zip(relations, covers, strict=True):
        yield from _one(setting, endpoint, relation, contract)


def _one(setting: Setting, endpoint: Endpoint, relation: Relation, contract: str) -> Conversation:
    if fills_a_page(setting, endpoint, relation):
        yield from _page(setting, endpoint, relation, contract)
        return
    _, most = find_bounds(setting, endpoint, relation)
    template, again = template_of(setting.model, endpoint.action), answer_that_will_do(setting, endpoint)
    reason = "no narrow call answered anything"
    for given in list_narrowed(setting, endpoint, relation):
        asked = f"{relation.widen} {given.get(relation.widen, 'left out')}"
        small: Exchange = yield ordinary(endpoint, template, "valid", asked, input=given, reuse=again)
        had = ids_of(setting, relation, small)
        if not had:
            continue
        if is_excused(setting, relation, small):
            reason = "the narrow call's answer was full"
            continue
        wide = replace_argument(endpoint, given, relation.widen, most)
        large: Exchange = yield ordinary(
            endpoint, template, "valid", f"{relation.widen} {most}", input=wide, reuse=again
        )
        has = ids_of(setting, relation, large)
        if has is None:
            reason = "the wide call was not answered as promised"
            continue
        yield from judge_kept_items(setting, endpoint, relation, contract, given, had, has)
        yield from judge_fitting(setting, endpoint, relation, small, large)
        for another in find_another(setting, endpoint, relation, given):
            asked = f"{relation.widen} {another[relation.widen]}"
            small = yield ordinary(endpoint, template, "valid", asked, input=another, reuse=again)
            yield from judge_fitting(setting, endpoint, relation, small, large)
        return
    for id in (
        contract,
        *(f"{NAME}/{relation.name}/{kind}/{endpoint.place}" for kind in _kinds(setting, endpoint, relation)),
    ):
        yield judge_untested(id, reason)


def watch(exchange: Exchange, memory: Memory) -> Iterator[Judgement]:
    """Judge that an answer with room lacks no item that belongs into it and that a wider answer contained."""
    endpoint, setting = exchange.call.endpoint, memory.setting
    if endpoint is None or not setting.exclusive or not exchange.call.role or exchange.call.raw.headers:
        return  # the caller is unknown, and the answer may depend on the key
    if exchange.call.intent not in TRUSTED or not exchange.success or not exchange.fits or exchange.tainted:
        return
    for relation in endpoint.action.relations:
        if (
            relation.fits is None
            or fills_a_page(setting, endpoint, relation)
            or endpoint not in setting.endpoints
        ):
            continue
        widened = {r.widen for r in endpoint.action.relations}
        alike = repr(sorted((n, v) for n, v in exchange.input.items() if n not in widened))
        known = memory.notes.setdefault(
            (NAME, relation.name, str(endpoint.action.name), exchange.call.role, alike), {}
        )
        lost = fitting(setting, relation, exchange, known.values())
        contract = f"{NAME}/{relation.name}/fits/{endpoint.place}"
        if lost is not None:
            yield judge_broken(
                contract,
                f"{relation.by} {lost.get(relation.by)}, which fits",
                "it is in a wider answer alone",
            )
        elif known:
            yield judge_kept(contract)
        known.update(
            {
                str(instance.get(relation.by)): instance
                for instance in (instances_of(setting, relation, exchange) or ())[:MOST_KNOWN]
            }
        )


def _page(setting: Setting, endpoint: Endpoint, relation: Relation, contract: str) -> Conversation:
    """Compare the longest page with a shorter one, which must have fewer items than the list."""
    least, most = find_bounds(setting, endpoint, relation)
    template, again = template_of(setting.model, endpoint.action), answer_that_will_do(setting, endpoint)
    reason, bases = "no call answered anything", list_bases(setting, endpoint, relation)
    needed = {str(p.name): bases[-1][p.name] for p in endpoint.params if p.required and p.name in bases[-1]}
    rounds = [*bases, *bases, needed]  # the example's filters may no longer match anything
    for number, base in enumerate(rounds):  # the first round needs several items
        wide = replace_argument(endpoint, base, relation.widen, most)
        large: Exchange = yield ordinary(
            endpoint, template, "valid", f"{relation.widen} {most}", input=wide, reuse=again
        )
        has = ids_of(setting, relation, large)
        if not has or (len(has) < ENOUGH and number < len(bases)):
            continue
        param = endpoint.action.param(relation.widen)
        usual = setting.resolve_schema(param.schema).get("default") if param is not None else None
        fewer = usual if isinstance(usual, int) and least <= usual < len(has) else max(least, len(has) // 2)
        given = replace_argument(endpoint, base, relation.widen, fewer)
        small: Exchange = yield ordinary(
            endpoint, template, "valid", f"{relation.widen} {given[relation.widen]}", input=given, reuse=again
        )
        had = ids_of(setting, relation, small)
        if had is None:
            reason = "the narrow call was not answered as promised"
            continue
        yield from judge_kept_items(setting, endpoint, relation, contract, given, had, has)
        yield from judge_item_count(setting, endpoint, relation, given, had, has)
        yield from judge_flagged_items(setting, endpoint, relation, given, large)
        yield from judge_first_items(setting, endpoint, relation, small, large)
        return
    for id in (
        contract,
        *(f"{NAME}/{relation.name}/{kind}/{endpoint.place}" for kind in _kinds(setting, endpoint, relation)),
    ):
        yield judge_untested(id, reason)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    watch=watch,
    probes=probes,
    settled=settle_contract,
    rank=9,
    calls_correctly=True,
    self_contained=True,
    remembers=True,
    overlap="readers",
)
