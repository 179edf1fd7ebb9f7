"""The pages of a list together contain the whole list, each item once and in order.

The catalogue's `pages` describe how the next page is requested. A list whose page size can be chosen is read
in one piece, then in two or three pages. If the server makes smaller ones, up to eight are read. The pages
must neither lose nor repeat an item and must come to an end, and no page may exceed the requested size. If
nobody else uses the server, a total has the same value on each page. A member is a total if its name says so
and its value is the number of items. The URL of the next page may be
relative, in the body and in a `Link` header. If it is absolute, it must have the list's host and
scheme. The list is also read with each value of its optional arguments, which the further pages must keep.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from functools import partial
from typing import Any

from pgagents.model.action import ActionCall
from pgagents.model.contract import Contract
from pgagents.model.resource import Resource
from pgagents.verify.cases.paging.list_arguments import judge_arguments, list_choices
from pgagents.verify.cases.paging.page_request import ListReader
from pgagents.verify.cases.paging.several import make_several
from pgagents.verify.cases.paging.totals import find_totals
from pgagents.verify.cases.paging.walk import ENOUGH, PAGES, Walk
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Probe,
    judge_broken,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws.paged_list import (
    PagedList,
    count_particular,
    find_list_call,
    list_paged_lists,
)
from pgagents.verify.wire.call import Call, InstanceRef
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "pagination"
COST_OF_CHOICE = 4
"""Requests for one value of an argument: the list in one piece, two pages, and the list again."""


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each resource whose list has pages, and one if pages are bound to their
    arguments.
    """
    for paged in list_paged_lists(setting):
        action = paged.endpoint.action
        says = f"the pages of {action.name} together hold what the list holds, each thing once"
        yield promise(NAME, "", paged.endpoint, says, action.origin, action.cite)
        if paged.pages.bound is not None:
            says = f"a page of {action.name} that is requested with other arguments is refused"
            at = (*paged.pages.origin, "bound")
            yield promise(NAME, "bound", paged.endpoint, says, at, action.cite)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield probes for each paged list.

    The first one reads the list in one piece, then in pages. If a filter separates kinds of items, it reads
    only the most frequent kind in pages. A second one makes items first, and runs if the list was too short
    for two pages. Others read the list with its optional arguments, or use a page of one list in another.
    """
    for paged in list_paged_lists(setting):
        endpoint, contract = paged.endpoint, f"{NAME}/{paged.endpoint.place}"
        second = "second" in roles
        run = partial(_run, setting, paged, contract, second)
        yield Probe(contract, 6, (contract,), 1 + PAGES + second, run, (endpoint,), "main", False)
        resource, call = find_list_call(setting, paged)
        maker = (
            setting.find_lead(str(resource.made_by.action.name)) if resource and resource.made_by else None
        )
        makes = resource is not None and call is not None and maker is not None
        if resource is not None and call is not None and maker is not None:
            yield Probe(
                f"{contract} of our own",
                7,
                (contract,),
                ENOUGH + 1 + ENOUGH,
                partial(_making, setting, paged, contract, resource, call, maker),
                (endpoint, maker),
                "main",
                True,
                optional=True,
            )
        if choices := list_choices(paged):
            run = partial(_run_with_arguments, setting, paged, contract)
            name, cost = f"{contract} by its arguments", 1 + COST_OF_CHOICE * len(choices)
            yield Probe(name, 7, (contract,), cost, run, (endpoint,), "main", False)
            yield from _probe_removed(setting, paged, contract, cost)
        if paged.pages.bound is not None:
            bound = f"{NAME}/bound/{endpoint.place}"
            run = partial(_other_list, setting, paged, bound)
            yield Probe(bound, 7, (bound,), 2, run, (endpoint,), "main", False, print=str(makes))


def _run(setting: Setting, paged: PagedList, contract: str, second: bool) -> Conversation:
    given = _needed(setting, paged)
    walk = Walk(setting, paged, contract, given, second=second)
    if paged.most is None:
        yield (yield from walk.judge())
        return
    size = {str(paged.pages.size): paged.most}
    whole = yield from walk.request({**given, **size}, "the list in one piece")
    if whole is None:
        yield judge_untested(contract, "the list in one piece was not answered as its schema says")
        return
    instances = whole.items
    kinds = [(name, value) for name, values in paged.kinds.items() for value in values]
    several = [((name, value), [t for t in instances if t.get(name) == value]) for name, value in kinds]
    several = [(kind, alike) for kind, alike in several if 1 < len(alike) < len(instances)]
    if several:  # filter by the most frequent kind, so that its laws are judged on every page
        (name, value), instances = max(several, key=lambda found: len(found[1]))
        walk.given = {**given, name: value}
    walk.there, walk.every = instances, whole.next is None
    walk.short = len(whole.items) < paged.most
    if walk.every and len(instances) == len(whole.items):
        walk.totals = find_totals(whole)
    yield (yield from walk.judge())


def _run_with_arguments(setting: Setting, paged: PagedList, contract: str) -> Conversation:
    """Read the list with each value of its optional arguments, in one piece and in pages.

    Pages are read if they would show that the server forgets the argument.
    """
    reader = ListReader(setting, paged, intent="explore")
    broken = yield from judge_arguments(reader, _needed(setting, paged))
    if broken is not None:
        yield judge_broken(contract, *broken)


def _probe_removed(setting: Setting, paged: PagedList, contract: str, cost: int) -> Iterator[Probe]:
    """Yield a probe that removes one of several items first, if a removed item can still be read.

    Then a value of an argument may include it in the list.
    """
    resource, call = find_list_call(setting, paged)
    if resource is None or call is None or resource.gone_when is None or resource.undone_by is None:
        return
    made_by = resource.made_by
    maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
    remover = setting.find_lead(str(resource.undone_by.action.name))
    if made_by is None or maker is None or remover is None:
        return
    undone_by, kind = resource.undone_by, resource

    def run() -> Conversation:
        made = yield from make_several(kind, made_by, maker, PAGES, "a list in pages")
        if made is None:
            return
        given = {name: value for name, value in call.input.items() if name != paged.pages.size}
        reader = ListReader(setting, paged, kind, made.bodies[0], made.bind, "explore")
        whole = yield from reader.request_whole(given, "the list with items of our own")
        order = reader.ids_of(whole.items) if whole is not None else []
        ours = [body for body in made.bodies if kind.id_of(body) in order]
        if len(ours) < len(made.bodies):
            return
        last = max(ours, key=lambda body: order.index(kind.id_of(body)))
        why = f"a {kind.name} of a list in pages is removed"
        yield Call(remover, undone_by.input, "explore", why, subject=kind, made=last, bind=made.bind)
        broken = yield from judge_arguments(reader, given)
        if broken is not None:
            yield judge_broken(contract, *broken)

    name = f"{contract} by its arguments, with a removed item"
    endpoints = (paged.endpoint, maker, remover)
    yield Probe(name, 7, (contract,), cost + PAGES + 2, run, endpoints, "main", True)


def _needed(setting: Setting, paged: PagedList) -> dict[str, Any]:
    """Return the required arguments of the list, so that it contains as many items as possible."""
    template = template_of(setting.model, paged.endpoint.action)
    needed = {str(p.name) for p in paged.endpoint.params if p.required}
    _, call = find_list_call(setting, paged)
    widest = call.input if call is not None and not count_particular(call) else {}
    return {name: widest.get(name, value) for name, value in template.input.items() if name in needed}


def _making(
    setting: Setting,
    paged: PagedList,
    contract: str,
    resource: Resource,
    call: ActionCall,
    maker: Endpoint,
) -> Conversation:
    """Make enough items for two pages, then read the list in pages."""
    bodies: list[Mapping[str, Any]] = []
    for _ in range(ENOUGH):
        template = template_of(setting.model, maker.action)
        made: Exchange = yield ordinary(
            maker, template, "valid", f"a {resource.name} for a list in pages", fresh=True
        )
        body = (
            at_path(resource.made_by, made)
            if resource.made_by and resource.made_by.at and made.success
            else None
        )
        bodies += [body] if isinstance(body, Mapping) else []
    if not bodies:
        yield judge_untested(contract, f"no {resource.name} was made")
        return
    given = {name: value for name, value in call.input.items() if name != paged.pages.size}
    walk = Walk(setting, paged, contract, given, subject=resource, made=bodies[0])
    walk.there = bodies
    yield (yield from walk.judge())


def _fill(setting: Setting, paged: PagedList, listed: Exchange) -> Generator[Any, Any, bool]:
    """Make enough items for two pages of a list that was read. Return False if nothing makes items."""
    make = paged.resource.made_by if paged.resource is not None else None
    maker = setting.find_lead(str(make.action.name)) if make is not None else None
    if make is None or maker is None:
        return False
    template = template_of(setting.model, maker.action)
    where = {str(p.name): listed.input.get(str(p.name)) for p in maker.params if str(p.name) in paged.parents}
    for _ in range(ENOUGH):
        why = f"an item for a list in pages by {paged.endpoint.action.name}"
        yield ordinary(maker, template, "valid", why, fresh=True, input={**template.input, **where})
    return True


def _choose_other(paged: PagedList, used: Mapping[str, Any]) -> Generator[Any, Any, tuple[str, Any] | None]:
    """Return an argument with a value for which the list differs from that of the arguments `used`; None
    without one.
    """
    to = paged.pages.bound_to
    found = ((n, v) for n, values in paged.choices.items() for v in values if not to or n in to)
    if (other := next(found, None)) is not None:
        return other
    for param in paged.endpoint.params:
        examples = param.schema.get("examples", ()) if str(param.name) in to and not param.refers_to else ()
        for value in examples:
            if value != used.get(str(param.name)):
                return str(param.name), value
        resource = paged.parents.get(str(param.name))
        if resource is None or str(param.name) not in to:
            continue
        for _ in range(ENOUGH):
            body = yield InstanceRef(resource.name, fresh=True)  # the first one may be the one that was used
            if (value := resource.value_for(param, body)) != used.get(str(param.name)):
                return str(param.name), value
    return None


def _other_list(setting: Setting, paged: PagedList, contract: str) -> Conversation:
    """Request the second page of one list with the arguments of another list."""
    given = _needed(setting, paged)
    size = {str(paged.pages.size): 1} if paged.most is not None else {}
    walk = Walk(setting, paged, contract, given)
    why = "a page that the next one belongs to"
    page = yield from walk.request({**given, **size}, why)
    if page is not None and page.next is None and (yield from _fill(setting, paged, page.exchange)):
        page = yield from walk.request({**page.exchange.input, **size}, why)
    other = (yield from _choose_other(paged, page.exchange.input)) if page is not None else None
    if page is None or page.next is None or not page.next.is_followed:
        yield judge_untested(contract, "the list has no second page")
    elif other is None:
        yield judge_untested(contract, "no argument of the list has values to choose from")
    else:
        exchange: Exchange = yield ordinary(
            paged.endpoint,
            template_of(setting.model, paged.endpoint.action),
            "explore",
            "the page of another list",
            input={**given, **size, **page.next.input, other[0]: other[1]},
        )
        code = paged.pages.bound
        assert code is not None
        yield from judge_refused(exchange, contract, [code], "the next page of another list")


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    calls_correctly=True,
    overlap="readers",
)
