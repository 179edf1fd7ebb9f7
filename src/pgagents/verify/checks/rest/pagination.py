"""The pages of a list together contain the whole list, each item once and in order.

The catalogue's `pages` describe how the next page is requested. A list whose page size can be chosen is read
in one piece, then in two or three pages. If the server makes smaller ones, up to eight are read. The pages
must neither lose nor repeat an item and must come to an end, and no page may exceed the requested size. No
page is requested that is smaller than the `minimum` of its size. An empty cursor announces no page. The URL
of the next page may be relative, in the body and in a `Link` header. If it is absolute, it must have the
list's host and scheme. The list is also read with each value of its optional arguments, which the further
pages must keep. If the pages are inferred from names, the list is also read in pages of one item and of two.
Then each item is the border of a page, where an order with ties repeats or loses one. An item that is on no
page or on two is only odd there, unless the place that each page names, or numbers whose begin the document
gives, led on through the list in its order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from pgagents.base.text import plain_word
from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank, Verdict
from pgagents.verify.cases.page_walk import ENOUGH, MOST_PAGES, PAGES, SMALL_PAGES, Walk, leads_on
from pgagents.verify.cases.paging import ListReader, Page, choose_filter
from pgagents.verify.fixtures.factory import list_waits
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.judgement import Judgement, Untested, conclude
from pgagents.verify.lists import (
    ORDERS,
    PagedList,
    PageRequest,
    count_particular,
    find_list_call,
    list_paged_lists,
)
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import InstanceRef, Sleep
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

LATER = 7
"""The stage of probes that need more than the first one does."""
COST_OF_CHOICE = 4
"""Requests for one value of an argument: the list in one piece, two pages, and the list again."""
SMALL = 1, 2
"""The sizes of pages at whose borders ties show (counted pages, 2026-11-25)."""
MOST_ORDERS = 2
"""The most other orders that are read, each for six requests."""
MOST_CHOICES = 6
"""The most values of arguments that are tried for one list: an enum of countries has hundreds."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each list with pages, and one if its pages are bound to their arguments."""
    del roles
    for paged in list_paged_lists(setting):
        endpoint = paged.endpoint
        first, *further = _list_attempts(setting, paged)
        says = f"the pages of {endpoint.action.name} together hold what the list holds, each thing once"
        yield Case(endpoint, says, paged.pages.origin, first, further=further)
        if paged.pages.bound is not None:
            resource, call = find_list_call(setting, paged)
            makes = call is not None and _find_maker(setting, resource) is not None
            run = partial(_request_bound, paged=paged)
            attempt = Attempt(run, stage=LATER, cost=2, writes=False, print=str(makes))
            says = f"a page of {endpoint.action.name} that is requested with other arguments is refused"
            yield Case(endpoint, says, (*paged.pages.origin, "bound"), attempt, "bound")


def _list_attempts(setting: Setting, paged: PagedList) -> Iterator[Attempt]:
    """Yield the ways in which the pages of a list are tried.

    The first one reads the list in one piece, then in pages. A second one makes items first, and runs if the
    list was too short for two pages, as on a server that was just started. The last one reads the list with
    its optional arguments, which a further page may forget (Mastodon 25477, Pixelfed 1748).
    """
    resource, call = find_list_call(setting, paged)
    maker = _find_maker(setting, resource)
    yield Attempt(partial(_read, paged=paged), cost=1 + PAGES, writes=False)
    if resource is not None and call is not None and maker is not None:
        yield Attempt(
            partial(_make_and_read, paged=paged, resource=resource, call=call, maker=maker),
            stage=LATER,
            cost=ENOUGH + 1 + ENOUGH,
            writes=True,
            endpoints=(paged.endpoint, maker),
            suffix="of our own",
            optional=True,
        )
    if paged.pages.inferred and paged.pages.size:
        # what fills the list must not stay in it
        fills = maker if resource is not None and resource.undone_by is not None else None
        run = partial(_read_in_small_pages, paged=paged, maker=fills)
        orders = len(_list_orders(paged))
        cost, makes = 1 + SMALL_PAGES * len(SMALL) + (1 + SMALL_PAGES) * orders, fills is not None
        ends = (paged.endpoint, *([fills] if fills is not None else []))
        yield Attempt(run, stage=LATER, cost=cost, writes=makes, endpoints=ends, suffix="small")
    choices = len(list_choices(paged)) + _may_filter(paged)
    if not choices:
        return
    cost = 1 + COST_OF_CHOICE * choices
    run = partial(_read_with_arguments, paged=paged)
    yield Attempt(run, stage=LATER, cost=cost, writes=False, suffix="by its arguments")


def _find_maker(setting: Setting, resource: Resource | None) -> Endpoint | None:
    made_by = resource.made_by if resource is not None else None
    return setting.find_lead(str(made_by.action.name)) if made_by is not None else None


def _list_needed(trial: Trial, paged: PagedList) -> dict[str, Any]:
    """Return the required arguments of the list, so that it contains as many items as possible."""
    needed = {str(p.name) for p in trial.endpoint.params if p.required}
    _, call = find_list_call(trial.setting, paged)
    widest = call.input if call is not None and not count_particular(call) else {}
    return {name: widest.get(name, value) for name, value in trial.template.input.items() if name in needed}


# -- the ways in which a list is tried


def _read(trial: Trial, paged: PagedList) -> None:
    """Read the list in one piece, then in pages."""
    arguments = _list_needed(trial, paged)
    walk = Walk(trial, paged, arguments)
    if paged.most is None:
        conclude(walk.judge())
        return
    size = {str(paged.pages.size): paged.most}
    whole = walk.request({**arguments, **size}, "the list in one piece")
    if whole is None:
        raise Untested(walk.say_unread("the list in one piece"))
    walk.there, walk.every = whole.items, whole.next is None
    walk.short = len(whole.items) < paged.most
    conclude(walk.judge())


def _make_and_read(
    trial: Trial, paged: PagedList, resource: Resource, call: ActionCall, maker: Endpoint
) -> None:
    """Make enough items for two pages in one parent, then read its list in pages."""
    made_by = resource.made_by
    parents = {r.name: ask(InstanceRef(r.name, fresh=True)) for r in paged.parents.values()}
    bodies: list[Mapping[str, Any]] = []
    for _ in range(ENOUGH):
        template, why = template_of(trial.model, maker.action), f"a {resource.name} for a list in pages"
        made = trial.ask(ordinary(maker, template, "valid", why, fresh=True, bind=parents))
        body = at_path(made_by, made) if made_by is not None and made_by.at and made.success else None
        bodies += [body] if isinstance(body, Mapping) else []
    if not bodies:
        raise Untested(f"no {resource.name} was made")
    arguments = {name: value for name, value in call.input.items() if name != paged.pages.size}
    walk = Walk(trial, paged, arguments, resource, bodies[0], there=bodies)
    judgement = walk.judge()
    for seconds in list_waits(trial.model, resource):  # a list may lag behind creates, as a search index does
        if judgement.verdict is not Verdict.BROKEN:
            break
        ask(Sleep(seconds, quiet=True))
        judgement = walk.judge()
    conclude(judgement)


def _read_with_arguments(trial: Trial, paged: PagedList) -> None:
    """Read the list with each value of its optional arguments, in one piece and in pages.

    Pages are read if they would show that the server forgets the argument.
    """
    reader = ListReader(trial.setting, paged, intent="explore")
    _judge_arguments(trial, reader, _list_needed(trial, paged))


def _read_in_small_pages(trial: Trial, paged: PagedList, maker: Endpoint | None) -> None:
    """Read the list in pages of one item, and of two, and in other orders in pages of one.

    A longer list is read in part, to show breaks alone.
    """
    arguments, needed = _list_needed(trial, paged), max(SMALL) + 1
    reader = ListReader(trial.setting, paged)
    whole = reader.request_whole(arguments, "the list in one piece")
    if whole is not None and whole.next is None and len(whole.items) < needed and maker is not None:
        lacking = needed - len(whole.items)
        _fill(trial, paged, whole.exchange, lacking)
        whole = reader.request_whole(arguments, f"the list with {lacking} more items")
    param = paged.endpoint.action.param(str(paged.pages.size))
    test = trial.setting.test_argument(paged.endpoint, param) if param is not None else None
    sizes = [size for size in SMALL if test is not None and test.is_valid(size)]
    for size in sizes if whole is not None and len(whole.items) >= needed else ():
        assert whole is not None
        if _judge_small(trial, paged, arguments, whole, size):
            return
    for choice in _list_orders(paged) if sizes else ():
        chosen = {**arguments, choice.name: choice.value}
        whole = reader.request_whole(chosen, f"the list with {choice.wording}")
        if whole is None or len(whole.items) < needed:
            continue
        if _judge_small(trial, paged, chosen, whole, sizes[0]):
            return


def _judge_small(
    trial: Trial, paged: PagedList, arguments: Mapping[str, Any], whole: Page, size: int
) -> bool:
    """Read the first pages of a list in this size; return True if they differ from the list in one piece."""
    there = whole.items[: size * SMALL_PAGES]
    walk = Walk(
        trial,
        replace(paged, most=paged.most or len(whole.items)),
        arguments,
        there=there,
        every=whole.next is None and len(there) == len(whole.items),
        fixed=size,
    )
    judgement = walk.judge()
    broken = judgement.verdict is Verdict.BROKEN
    if broken or (judgement.verdict is Verdict.KEPT and walk.every):
        conclude(judgement)
    return broken


def _list_orders(paged: PagedList) -> list[Choice]:
    """Return other orders of a list than its usual one: ties are where an order has no second key."""
    orders = (choice for choice in list_choices(paged) if ORDERS.fullmatch(plain_word(choice.name)))
    return [*orders][:MOST_ORDERS]


def _request_bound(trial: Trial, paged: PagedList) -> None:
    """Request the second page of one list with the arguments of another list."""
    arguments = _list_needed(trial, paged)
    size = {str(paged.pages.size): paged.least} if paged.most is not None else {}
    walk = Walk(trial, paged, arguments)
    why = "a page that the next one belongs to"
    page = walk.request({**arguments, **size}, why)
    if page is not None and page.next is None and _fill(trial, paged, page.exchange):
        page = walk.request({**page.exchange.input, **size}, why)
    other = _choose_other(paged, page.exchange.input) if page is not None else None
    if page is None or page.next is None or not page.next.is_followed:
        conclude(trial.untested("the list has no second page"))
    elif other is None:
        conclude(trial.untested("no argument of the list has values to choose from"))
    else:
        mixed = {**arguments, **size, **page.next.input, other[0]: other[1]}
        answer = trial.ask(trial.call("explore", "the page of another list", input=mixed))
        assert paged.pages.bound is not None
        conclude(trial.refused(answer, [paged.pages.bound], "the next page of another list"))


def _fill(trial: Trial, paged: PagedList, listed: Exchange, number: int = ENOUGH) -> bool:
    """Make items for a list that was read, by default for two pages. Return False if nothing makes items.

    A server that was just started has none.
    """
    maker = _find_maker(trial.setting, paged.resource)
    if maker is None:
        return False
    template = template_of(trial.model, maker.action)
    where = {str(p.name): listed.input.get(str(p.name)) for p in maker.params if str(p.name) in paged.parents}
    for _ in range(number):
        why = f"an item for a list in pages by {trial.action.name}"
        trial.ask(ordinary(maker, template, "valid", why, fresh=True, input={**template.input, **where}))
    return True


def _list_choices(paged: PagedList, usual: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield arguments that a page may be bound to (`bound_to` of the author), with a value that asks for
    another list.

    An argument that is sent with its `usual` value asks for the same list. Where an enum has no declared
    default, the server's default is most often the first value, so the last one asks for another list. A
    flag that is left out is most often false.
    """
    to = paged.pages.bound_to
    for name, values in paged.choices.items():
        other = [value for value in values if value != usual.get(name)]
        if other and (not to or name in to):
            yield name, other[0] if name in usual or isinstance(other[0], bool) else other[-1]


def _choose_other(paged: PagedList, used: Mapping[str, Any]) -> tuple[str, Any] | None:
    """Return an argument with a value for which the list differs from that of the arguments `used`; None
    without one.
    """
    to = paged.pages.bound_to
    schemas = {str(p.name): p.schema for p in paged.endpoint.params}
    usual = {name: schema["default"] for name, schema in schemas.items() if "default" in schema} | dict(used)
    if (other := next(_list_choices(paged, usual), None)) is not None:
        return other
    for param in paged.endpoint.params:
        examples = param.schema.get("examples", ()) if str(param.name) in to and not param.refers_to else ()
        for value in examples:
            if value != usual.get(str(param.name)):
                return str(param.name), value
        resource = paged.parents.get(str(param.name))
        if resource is None or str(param.name) not in to:
            continue
        for _ in range(ENOUGH):
            body = ask(InstanceRef(resource.name, fresh=True))  # the first one may be the one that was used
            if (value := resource.value_for(param, body)) != used.get(str(param.name)):
                return str(param.name), value
    return None


# -- a list that is read with each value of its optional arguments.
#
# With another argument, the list has other items or another order. Pages are cut so that a server that
# forgets the argument on a further page returns other items there.


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of an optional argument with which the list is another one."""

    name: str
    value: Any

    @property
    def wording(self) -> str:
        """Return the argument with its value, as a finding shows it."""
        values = self.value if isinstance(self.value, list) else [self.value]
        shown = (str(value).lower() if isinstance(value, bool) else str(value) for value in values)
        return f"{self.name}={','.join(shown)}"


def list_choices(paged: PagedList) -> tuple[Choice, ...]:
    """Return values of optional arguments other than their defaults, one of each argument first."""
    if paged.most is None:
        return ()
    several = []
    for name, values in paged.choices.items():
        param = paged.endpoint.action.param(name)
        usual = param.schema.get("default") if param is not None else None
        several.append([Choice(name, value) for value in values if value != usual and value is not None])
    turns = (choices[turn : turn + 1] for turn in range(MOST_CHOICES) for choices in several)
    return tuple(choice for turn in turns for choice in turn)[:MOST_CHOICES]


def _judge_arguments(trial: Trial, reader: ListReader, arguments: Mapping[str, Any]) -> None:
    """Compare the pages of a list with the list in one piece, for each other value of an argument."""
    usual = reader.request_whole(arguments, "the list in one piece")
    if usual is None:
        return
    choices = list_choices(reader.paged)
    filters = choose_filter(trial.setting, trial.endpoint, usual.items) if _may_filter(reader.paged) else {}
    listed = {choice.name for choice in choices}
    more = (Choice(name, value) for name, value in filters.items() if name not in listed)
    for choice in (*choices, *more):
        broken = _judge_choice(trial, reader, arguments, choice, usual)
        if broken is not None:
            conclude(broken)
            return


def _may_filter(paged: PagedList) -> bool:
    """True if an argument without listed values may filter the list. A page must keep that, too."""
    page = {paged.pages.argument, paged.pages.size, *paged.choices}
    optional = (p for p in paged.endpoint.params if p.place == "query" and not p.required)
    return paged.pages.inferred and paged.most is not None and any(str(p.name) not in page for p in optional)


def _judge_choice(
    trial: Trial, reader: ListReader, arguments: Mapping[str, Any], choice: Choice, usual: Page
) -> Judgement | None:
    """Return that the pages of a list with this value differ from that list in one piece, or None.

    `usual` is the list without the value, in one piece.
    """
    chosen = {**arguments, choice.name: choice.value}
    whole = reader.request_whole(chosen, f"the list with {choice.wording}")
    # the list in one piece is what the pages are compared with
    if whole is None or goes_on(reader.paged, whole) or goes_on(reader.paged, usual):
        return None
    size = choose_size(reader.ids_of(whole.items), reader.ids_of(usual.items))
    if size is None and choice.name not in reader.paged.choices and len(whole.items) >= ENOUGH:
        size = -(-len(whole.items) // ENOUGH)  # an offset may count rows that a filter leaves out
    if size is None or size < reader.paged.least:
        return None
    walked = _walk(reader, {**chosen, **reader.sized(size)}, choice)
    if walked is None:
        return None
    there, came = reader.ids_of(whole.items), reader.ids_of(walked)
    moved = len(came) == len(there) and all(id in there for id in came) and all(id in came for id in there)
    if moved and (came == there or not _is_sorted_by(whole.items, choice.value)):
        return None  # a law judges another order
    again = reader.request_whole(chosen, f"the list with {choice.wording} again")
    if again is None or reader.ids_of(again.items) != there:
        return None  # somebody changed the list meanwhile
    walked = _walk(reader, {**chosen, **reader.sized(size)}, choice)
    if walked is None or reader.ids_of(walked) != came:
        return None  # `sorting=random`, as Wallhaven has it, gives each page another order
    if moved:
        expected = f"the order of the list with {choice.wording} over all its pages"
        # the list itself has the order, and its pages all items of it: neither argument is a guess
        return replace(trial.broken(expected, "a page begins before the last one ended"), shown=True)
    return _compare(trial, reader.paged, choice, there, came)


def _is_sorted_by(items: Sequence[Mapping[str, Any]], value: Any) -> bool:
    """True if an argument's value names a member, and the items stand in its order, with no two alike.

    So a right server can put them into no other order: `name`, `-name`, `+name`, `name:desc`, `name desc`.
    """
    named = plain_word(re.split(r"[: ,]", str(value).lstrip("+-"))[0])
    member = next((str(name) for name in (items[0] if items else ()) if plain_word(str(name)) == named), None)
    keys: list[Any] = [item.get(member) for item in items] if member is not None else []
    if not keys or not (all(type(k) in (int, float) for k in keys) or all(isinstance(k, str) for k in keys)):
        return False
    return any(
        len(set(said)) == len(said) and list(said) in (sorted(said), sorted(said, reverse=True))
        for said in (keys, [k.casefold() if isinstance(k, str) else k for k in keys])
    )


def goes_on(paged: PagedList, page: Page) -> bool:
    """True if a list in one piece may have more items. One by offsets always says how to go on."""
    full = paged.most is None or len(page.items) >= paged.most
    return page.next is not None and (full or not paged.counts)


def choose_size(whole: Sequence[Any], usual: Sequence[Any]) -> int | None:
    """Return a page size for which a server that forgets the argument is found; None if there is no such
    size.

    After the first page of that size, the ids of `whole` must differ from those of `usual`. Both are
    compared after the same item, and after the same number of items.
    """
    for size in range(len(whole) - 1, 0, -1):
        if -(-len(whole) // size) > MOST_PAGES:
            return None
        last, rest = whole[size - 1], list(whole[size:])
        behind = list(usual[usual.index(last) + 1 :]) if last in usual else None
        if rest not in (behind, list(usual[size:])):
            return size
    return None


def _walk(reader: ListReader, arguments: Mapping[str, Any], choice: Choice) -> list[Mapping[str, Any]] | None:
    """Return the items of all pages; None if the pages cannot be read to the end."""
    items: list[Mapping[str, Any]] = []
    next: PageRequest | None = PageRequest()
    for number in range(1, MOST_PAGES + 2):
        assert next is not None
        page = reader.request_next(arguments, f"page {number} with {choice.wording}", next)
        if page is None:
            return None
        items += page.items
        next = page.next
        if next is None:
            return items
        if not next.is_followed:
            return None
    return None


def _compare(
    trial: Trial, paged: PagedList, choice: Choice, there: Sequence[Any], came: Sequence[Any]
) -> Judgement:
    member = paged.id
    expected = f"each of the {len(there)} items of the list with {choice.wording} once"
    lost = [id for id in there if id not in came]
    if lost:
        actual = f"{{count}} on no page, such as {member} {{id}}"
        broken = trial.broken(expected, actual, count=len(lost), id=lost[0])
        return replace(broken, shown=leads_on(paged, there, came))
    for id in came:
        if id not in there:
            actual = f"{member} {{id}} is on a page, and the list in one piece does not have it"
            return trial.broken(expected, actual, id=id)
    twice = next(id for index, id in enumerate(came) if id in came[:index])
    return trial.broken(expected, f"{member} {{id}} is on two pages", id=twice)


CHECK = make_check("pagination", __doc__, cases, calls_correctly=True, overlap="readers", rank=Rank.WRONG)
