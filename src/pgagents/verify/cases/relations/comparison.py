"""Compare the narrow and the wide answer of a relation, and judge that the wide one keeps the narrow one's
items.

If others may use the server, a difference counts only if a second try shows it, too.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import Any

from pgagents.cel.reading import order_of
from pgagents.cel.rewrite import normal
from pgagents.model.law import Relation
from pgagents.verify.cases.relations.calls import find_bounds, replace_argument
from pgagents.verify.check.check import Conversation, Judgement, judge_broken, judge_kept, judge_untested
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import answer_that_will_do, ordinary, template_of
from pgagents.verify.laws.relations import fitting, ids_of, instances_of
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, Reuse
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

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
