"""An item that stays in a list is on exactly one of its pages, whatever is added or removed meanwhile.

The catalogue promises this by `pages.stable`. The run makes three items and reads the first page, which shows
one of them. It removes that item; if removed items stay in the list, it makes another one instead. Then it
reads the further pages. A server that finds a page by counting the items before it now leaves an item out, or
repeats one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.cases.paging import ListReader, Page, Several, make_several
from pgagents.verify.lists import PagedList, find_list_call, list_paged_lists
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
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

NAME = "page_stability"
ITEMS = 3
"""The items to make: one to remove, one after it on the first page, and one on the next page."""
MOST_PAGES = 8
"""The most further pages that are read. A list with more pages is judged by these."""
COST = ITEMS + 6


@dataclass(frozen=True, slots=True)
class _Case:
    """A list with stable pages, the resource that it lists, and the calls that list, make and remove
    instances.
    """

    paged: PagedList
    resource: Resource
    listed_by: ActionCall
    made_by: ActionCall
    maker: Endpoint
    remover: Endpoint | None

    @property
    def contract(self) -> str:
        return f"{NAME}/{self.paged.endpoint.place}"

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints that its calls go through."""
        further = (self.remover,) if self.remover is not None else ()
        return (self.paged.endpoint, self.maker, *further)


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each list with `pages.stable` whose instances the run can make."""
    for case in _list_cases(setting):
        action = case.paged.endpoint.action
        says = f"an item that stays in the list of {action.name} is on one page, whatever else changes"
        at = (*case.paged.pages.origin, "stable")
        yield promise(NAME, "", case.paged.endpoint, says, at, action.cite)


def _list_cases(setting: Setting) -> Iterator[_Case]:
    for paged in list_paged_lists(setting):
        resource, call = find_list_call(setting, paged)
        made_by = resource.made_by if resource is not None else None
        maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
        if not paged.pages.stable or resource is None or call is None or made_by is None or maker is None:
            continue
        undone_by = resource.undone_by
        remover = setting.find_lead(str(undone_by.action.name)) if undone_by is not None else None
        yield _Case(paged, resource, call, made_by, maker, remover)


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each contract."""
    del roles
    for case in _list_cases(setting):
        run = partial(_run, setting, case)
        yield Probe(case.contract, 7, (case.contract,), COST, run, case.endpoints, "main", True)


def _run(setting: Setting, case: _Case) -> Conversation:
    made = yield from make_several(case.resource, case.made_by, case.maker, ITEMS, "a list in pages")
    if made is None:
        yield judge_untested(case.contract, f"no {ITEMS} instances of {case.resource.name} were made")
        return
    reader = ListReader(setting, case.paged, case.resource, made.bodies[0], made.bind, "explore")
    size = case.paged.pages.size
    given = {name: value for name, value in case.listed_by.input.items() if name != size}
    yield (yield from _judge(case, reader, given, made))


def _judge(
    case: _Case, reader: ListReader, given: Mapping[str, Any], made: Several
) -> Generator[Any, Any, Judgement]:
    """Read the first page, add or remove an item, and judge the further pages."""
    whole = yield from reader.request_whole(given, "the list in one piece")
    listed = reader.ids_of(whole.items) if whole is not None else []
    ours = {case.resource.id_of(body): body for body in made.bodies}
    first = next((index for index, id in enumerate(listed) if id in ours), len(listed))
    length = first + 2  # not the last one of its page, to which a cursor may refer
    if length >= len(listed):
        return judge_untested(case.contract, "the list in one piece has too few items behind one of ours")
    page = yield from reader.request({**given, **reader.sized(length)}, "the first page")
    if page is None or reader.ids_of(page.items) != listed[:length]:
        return judge_untested(case.contract, "the first page does not begin as the list in one piece")
    if page.next is None or not page.next.is_followed:
        return judge_untested(case.contract, "the first page does not say how to request the next one")
    yield from _remove(case, made, ours[listed[first]])
    now = yield from _read_ids(reader, given, "the list after a removal")
    if now[:length] == listed[:length]:
        yield Call(case.maker, case.made_by.input, "explore", "one more item", fresh=True, bind=made.bind)
        now = yield from _read_ids(reader, given, "the list after an addition")
    if now[:length] == listed[:length]:
        return judge_untested(case.contract, "neither a removal nor an addition moves the items of the list")
    walked = yield from _walk(reader, {**given, **reader.sized(length)}, page)
    if walked is None:
        return judge_untested(case.contract, "the further pages were not answered with a list")
    ids, at_end = walked
    behind = [id for id in listed[length:] if id in now]
    read = max((index + 1 for index, id in enumerate(behind) if id in ids), default=0)
    due = behind if at_end else behind[:read]
    seen = [id for id in listed[:length] if id in now]
    return _compare(case, seen, due, ids)


def _remove(case: _Case, made: Several, body: Mapping[str, Any]) -> Generator[Any, Any, None]:
    undone_by = case.resource.undone_by
    if undone_by is not None and case.remover is not None:
        why = f"a {case.resource.name} of the first page is removed"
        yield Call(
            case.remover, undone_by.input, "explore", why, subject=case.resource, made=body, bind=made.bind
        )


def _read_ids(reader: ListReader, given: Mapping[str, Any], why: str) -> Generator[Any, Any, list[Any]]:
    page = yield from reader.request_whole(given, why)
    return reader.ids_of(page.items) if page is not None else []


def _walk(
    reader: ListReader, given: Mapping[str, Any], page: Page
) -> Generator[Any, Any, tuple[list[Any], bool] | None]:
    """Return the ids on the pages after the first one, and True if the last of them is the end of the list.

    None if one of the pages has no list.
    """
    ids: list[Any] = []
    for number in range(2, MOST_PAGES + 2):
        if page.next is None:
            return ids, True
        if not page.next.is_followed:
            return None
        following = yield from reader.request_next(given, f"page {number}", page.next)
        if following is None:
            return None
        ids += reader.ids_of(following.items)
        page = following
    return ids, page.next is None


def _compare(case: _Case, seen: Sequence[Any], due: Sequence[Any], walked: Sequence[Any]) -> Judgement:
    """Judge the ids on the further pages.

    `seen` are the ids on the first page. `due` are the ids after it that the list had before and after the
    change.
    """
    id = case.paged.id
    expected = f"each item that stays in the list on exactly one page, after the first {len(seen)} of them"
    lost = [one for one in due if one not in walked]
    if lost:
        return judge_broken(case.contract, expected, f"{len(lost)} on no page, such as {id} {lost[0]}")
    twice = [one for one in seen if one in walked]
    if twice:
        return judge_broken(
            case.contract, expected, f"{id} {twice[0]} is on the first page and on a later one"
        )
    return judge_kept(case.contract)


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
)
