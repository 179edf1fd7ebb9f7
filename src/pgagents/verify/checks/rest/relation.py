"""Two calls differ in one argument: the wider answer contains everything that the narrower one contains.

Each relation of the catalogue is tried with a narrow and a wide value. A page has as many items as its
argument allows, and the first ones of the list. A flag that filters a list keeps every item that has the
flag.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

from pgagents.base.cel.expression import Scope
from pgagents.base.cel.reading import order_of
from pgagents.base.cel.rewrite import normal
from pgagents.catalogue.model.action import Relation
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.verify.cases.boundary import fills_a_page
from pgagents.verify.fixtures.request_template import answer_that_will_do, ordinary, template_of
from pgagents.verify.laws import values_of
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
from pgagents.verify.values.schema_values import high, low, types_of
from pgagents.verify.wire.call import Call, Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "relation"
TRUSTED = ("valid", "explore")
ENOUGH = 2
"""A wide list with fewer items may hide that a narrow one drops some, so another call is tried first."""
MOST_KNOWN = 100


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
    return None if alone else (Verdict.NOT_SELECTED, others_too(setting, "tells"))


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
    turn=9,
    calls_correctly=True,
    self_contained=True,
    remembers=True,
    overlap="readers",
    rank=Rank.WRONG,
)


# -- the calls that a relation compares


def list_bases(setting: Setting, endpoint: Endpoint, relation: Relation) -> list[dict[str, Any]]:
    """Return two variants of the other arguments: one with all relations at their widest, and the
    example's.
    """
    base = dict(template_of(setting.model, endpoint.action).input)
    wide = dict(base)
    for other in endpoint.action.relations:
        if (also := endpoint.action.param(other.widen)) is not None and other.widen != relation.widen:
            wide[other.widen] = high(also.schema, setting.model.schemas)
    return [wide, base]


def find_bounds(setting: Setting, endpoint: Endpoint, relation: Relation) -> tuple[Any, Any]:
    """Return the least and the greatest value of the widened argument."""
    param = endpoint.action.param(relation.widen)
    assert param is not None
    return low(param.schema, setting.model.schemas), high(param.schema, setting.model.schemas)


def list_narrowed(setting: Setting, endpoint: Endpoint, relation: Relation) -> list[dict[str, Any]]:
    """Return the narrow calls to try in turn. A default is tried first, by leaving the argument out."""
    template, schemas = template_of(setting.model, endpoint.action), setting.model.schemas
    param = endpoint.action.param(relation.widen)
    assert param is not None
    schema = setting.resolve_schema(param.schema)
    least, given = low(schema, schemas), template.input.get(relation.widen)
    values: list[Any] = [least]
    if isinstance(given, int | float):
        whole = "integer" in types_of(schema)
        values = [values[0] if whole else max(values[0], round(given / 4, 3)), given]
    usual = schema.get("default")
    if (
        isinstance(usual, int | float)
        and not isinstance(usual, bool)
        and usual < high(schema, schemas)
        and usual != least
    ):
        values = [None, *values] if "number" in types_of(schema) else values
    return [
        replace_argument(endpoint, others, relation.widen, value)
        for others in list_bases(setting, endpoint, relation)
        for value in values
    ]


def find_another(
    setting: Setting, endpoint: Endpoint, relation: Relation, narrow: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the narrow call with the example's value, to which other items belong; empty if the value is the
    same.
    """
    own = template_of(setting.model, endpoint.action).input.get(relation.widen)
    differs = relation.fits is not None and own is not None and own != narrow.get(relation.widen)
    return [replace_argument(endpoint, dict(narrow), relation.widen, own)] if differs else []


def replace_argument(endpoint: Endpoint, given: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return the arguments with one replaced (None removes it), in the catalogue's order.

    So equal calls are equal requests.
    """
    found = {**given, name: value}
    declared = [str(p.name) for p in endpoint.params]
    return {k: found[k] for k in sorted(found, key=declared.index) if k != name or value is not None}


# -- the narrow and the wide answer.
#
# If others may use the server, a difference counts only if a second try shows it, too.


RELATION = "relation"
"""The check to which all contracts of this module belong."""


def find_order(endpoint: Endpoint, relation: Relation) -> tuple[str, bool] | None:
    """Return the member by which a law sorts the list, and true if it is descending; None without such a
    law.
    """
    orders = (order_of(law.that.tree) for law in endpoint.action.laws if law.when is None)
    kept = normal(relation.keeps.tree)
    found = (order for order in orders if order is not None and normal(order.items) == kept)
    return next(((order.member, order.descending) for order in found), None)


def list_flags(setting: Setting, endpoint: Endpoint) -> tuple[str, ...]:
    """Return the optional boolean arguments that are also boolean members of the listed items."""
    members = [
        setting.resolve_schema(m)
        for m in setting.resolve_schema(endpoint.action.success.schema or {}).get("properties", {}).values()
    ]
    items = [
        setting.resolve_schema(m.get("items", {})).get("properties", {})
        for m in members
        if "array" in types_of(m)
    ]
    found = [
        p
        for p in endpoint.params
        if not p.required and types_of(setting.resolve_schema(p.schema)) == ("boolean",)
    ]
    return tuple(str(p.name) for p in found if len(items) == 1 and str(p.name) in items[0])


def judge_fitting(
    setting: Setting, endpoint: Endpoint, relation: Relation, small: Exchange, large: Exchange
) -> Conversation:
    """Judge that the narrow answer, if it has room, lacks no item of the wide one that belongs into it."""
    if relation.fits is None:
        return
    contract, template = (
        f"{RELATION}/{relation.name}/fits/{endpoint.place}",
        template_of(setting.model, endpoint.action),
    )
    lost = fitting(setting, relation, small, instances_of(setting, relation, large) or ())
    if lost is not None and not setting.exclusive:  # both again, because others may have changed it meanwhile
        large = yield ordinary(
            endpoint, template, "valid", f"{relation.widen} once more", input=large.call.input
        )
        small = yield ordinary(
            endpoint, template, "valid", f"a smaller {relation.widen} once more", input=small.call.input
        )
        lost = fitting(setting, relation, small, instances_of(setting, relation, large) or ())
    if lost is None:
        yield judge_kept(contract)
    else:
        yield judge_broken(
            contract, f"{relation.by} {lost.get(relation.by)}, which fits", "it is in the wider answer alone"
        )


def judge_kept_items(
    setting: Setting,
    endpoint: Endpoint,
    relation: Relation,
    contract: str,
    given: dict[str, Any],
    had: list[Any],
    has: list[Any],
) -> Conversation:
    """Judge that the wide answer holds all items of the narrow one."""
    _, most = find_bounds(setting, endpoint, relation)
    lost = [i for i in had if i not in has]
    if lost and (not setting.exclusive or answer_that_will_do(setting, endpoint) == "ever"):
        lost = yield from _still(setting, endpoint, relation, given, most, had)
    if lost:
        yield judge_broken(
            contract, f"all of {had[:5]} with {relation.widen} {most} too", f"lost: {lost[:5]}"
        )
    else:
        yield judge_kept(contract)


def judge_first_items(
    setting: Setting, endpoint: Endpoint, relation: Relation, small: Exchange, large: Exchange
) -> Iterator[Judgement]:
    """Judge that the narrow answer begins with the same items as the wide one.

    Items with equal values in the sorted member may change places.
    """
    order, had, has = (
        find_order(endpoint, relation),
        instances_of(setting, relation, small),
        instances_of(setting, relation, large),
    )
    if order is None or had is None or has is None:
        return
    member, down = order
    contract = f"{RELATION}/{relation.name}/first/{endpoint.place}"
    if not (_in_order(had, member, down) and _in_order(has, member, down)):
        yield judge_untested(contract, f"the answer is not sorted by {member}")
        return
    ids, wanted = [i.get(relation.by) for i in had], has[: len(had)]
    left_out = [i for i in wanted if i.get(relation.by) not in ids]
    in_place = [i.get(member) for i in has[len(had) :] if i.get(relation.by) in ids]
    wrong = next((i for i in left_out if any(other != i.get(member) for other in in_place)), None)
    if wrong is None:
        yield judge_kept(contract)
    else:
        told = (
            f"{relation.by} {wrong.get(relation.by)} among the first {len(had)}: its {member} is "
            f"{wrong.get(member)}"
        )
        yield judge_broken(contract, told, "others, up to {value}", value=had[-1].get(member))


def judge_flagged_items(
    setting: Setting, endpoint: Endpoint, relation: Relation, given: dict[str, Any], whole: Exchange
) -> Conversation:
    """Judge that an item whose flags are true is still listed when the flags are set, if there is room."""
    flags = list_flags(setting, endpoint)
    if not flags:
        return
    contract, template = (
        f"{RELATION}/{relation.name}/leaves_in/{endpoint.place}",
        template_of(setting.model, endpoint.action),
    )
    flagged, said = (
        replace_argument(endpoint, {**given, **dict.fromkeys(flags, True)}, flags[0], True),
        " and ".join(flags),
    )
    has: list[Any] = []
    lost: list[Any] = []
    reuses: tuple[Reuse, ...] = (answer_that_will_do(setting, endpoint), "")
    for again in reuses:
        if again == "":  # again, because others may have changed it meanwhile
            whole = yield ordinary(
                endpoint, template, "valid", f"without {said}", input=whole.call.input, reuse=again
            )
        narrow: Exchange = yield ordinary(
            endpoint, template, "valid", f"with {said}", input=flagged, reuse=again
        )
        has = ids_of(setting, relation, narrow) or []
        every = [
            i
            for i in instances_of(setting, relation, whole) or ()
            if all(i.get(flag) is True for flag in flags)
        ]
        lost = (
            [i.get(relation.by) for i in every if i.get(relation.by) not in has]
            if len(has) < given[relation.widen]
            else []
        )
        if not lost:
            yield judge_kept(contract)
            return
    yield judge_broken(
        contract,
        f"{relation.by} {lost[0]}, which has {said}",
        "{count} items, that one not among them",
        count=len(has),
    )


def _in_order(instances: list[dict[str, Any]], member: str, down: bool) -> bool:
    """True if the items are sorted by the member. If not, another check reports it."""
    values: list[Any] = [instance.get(member) for instance in instances]
    try:
        return all(a >= b if down else a <= b for a, b in pairwise(values))
    except TypeError:
        return False


def judge_item_count(
    setting: Setting,
    endpoint: Endpoint,
    relation: Relation,
    given: dict[str, Any],
    had: list[Any],
    has: list[Any],
) -> Conversation:
    """Judge that the narrow answer has as many of the wide answer's items as it may hold."""
    contract, most = f"{RELATION}/{relation.name}/filled/{endpoint.place}", given[relation.widen]
    wanted = min(int(most), len(has))
    if len(had) < wanted:
        small: Exchange = yield ordinary(
            endpoint,
            template_of(setting.model, endpoint.action),
            "valid",
            "once more, as others use it too",
            input=given,
        )
        had = ids_of(setting, relation, small) or had
    if len(had) < wanted:
        yield judge_broken(
            contract, f"{wanted} with {relation.widen} {most}, as there are {len(has)}", f"{len(had)}"
        )
    else:
        yield judge_kept(contract)


def _still(
    setting: Setting, endpoint: Endpoint, relation: Relation, given: dict[str, Any], most: Any, had: list[Any]
) -> Generator[Call, Exchange, list[Any]]:
    """Return the items that the narrow call returns before and after the wide call, and the wide call lacks.

    Others may add or remove items meanwhile.
    """
    template = template_of(setting.model, endpoint.action)
    again = f"{relation.widen} {most}, as others use the server too"
    large = yield ordinary(
        endpoint, template, "valid", again, input=replace_argument(endpoint, given, relation.widen, most)
    )
    small = yield ordinary(
        endpoint,
        template,
        "valid",
        f"{relation.widen} {given.get(relation.widen, 'left out')} once more",
        input=given,
    )
    has, had_later = ids_of(setting, relation, large), ids_of(setting, relation, small)
    return [] if has is None or had_later is None else [i for i in had if i in had_later and i not in has]


# -- the expressions of a relation


def scope_of(setting: Setting, exchange: Exchange) -> Scope | None:
    """Return the scope of a relation's expressions; None unless the answer is a sound success."""
    if not exchange.fits or not exchange.success:
        return None
    return Scope({**values_of(setting.model, exchange), "before": None})


def ids_of(setting: Setting, relation: Relation, exchange: Exchange) -> list[Any] | None:
    """Return the ids of the answer's items; None if there is no list."""
    instances = instances_of(setting, relation, exchange)
    return None if instances is None else [instance.get(relation.by) for instance in instances]


def instances_of(setting: Setting, relation: Relation, exchange: Exchange) -> list[dict[str, Any]] | None:
    """Return the answer's items; None if there is no list."""
    scope = scope_of(setting, exchange)
    items = scope.find_value(relation.keeps) if scope is not None else None
    return [i for i in items if isinstance(i, dict)] if isinstance(items, list) else None


def is_excused(setting: Setting, relation: Relation, exchange: Exchange) -> bool:
    """True if `unless` makes the relation claim nothing about this narrower answer, for example because it is
    full.
    """
    scope = scope_of(setting, exchange)
    if relation.unless is None or scope is None:
        return False
    return scope.is_true(relation.unless, otherwise=True)


def fitting(
    setting: Setting, relation: Relation, small: Exchange, instances: Iterable[dict[str, Any]]
) -> dict[str, Any] | None:
    """Return the first of these instances that belongs into the narrow answer and is missing there, or
    None.
    """
    had, scope = ids_of(setting, relation, small), scope_of(setting, small)
    if had is None or scope is None or relation.fits is None or is_excused(setting, relation, small):
        return None
    for instance in instances:
        if instance.get(relation.by) not in had:
            scope.change("item", instance)
            if scope.is_true(relation.fits):
                return instance
    return None
