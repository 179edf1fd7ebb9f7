"""An item that stays in a list is on exactly one of its pages, whatever is added or removed meanwhile.

The catalogue promises this by `pages.stable`. The run makes three items and reads the first page, which shows
one of them. It removes that item; if removed items stay in the list, it makes another one instead. Then it
reads the further pages. A server that finds a page by counting the items before it now leaves an item out, or
repeats one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.cases.paging import ListReader, Page, make_several
from pgagents.verify.lists import PagedList, find_list_call, list_paged_lists
from pgagents.verify.promise import Attempt, Case, Judgement, Trial, Untested, conclude, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.endpoint import Endpoint

ITEMS = 3
"""The items to make: one to remove, one after it on the first page, and one on the next page."""
MOST_PAGES = 8
"""The most further pages that are read. A list with more pages is judged by these."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each list with `pages.stable` whose instances the run can make."""
    del roles
    for paged in list_paged_lists(setting):
        resource, call = find_list_call(setting, paged)
        made_by = resource.made_by if resource is not None else None
        maker = setting.find_lead(str(made_by.action.name)) if made_by is not None else None
        if not paged.pages.stable or resource is None or call is None or maker is None:
            continue
        undone_by = resource.undone_by
        remover = setting.find_lead(str(undone_by.action.name)) if undone_by is not None else None
        run = partial(_try, paged=paged, resource=resource, call=call, maker=maker, remover=remover)
        endpoints = tuple(filter(None, (paged.endpoint, maker, remover)))
        attempt = Attempt(run, cost=ITEMS + 6, endpoints=endpoints, writes=True)
        name, origin = paged.endpoint.action.name, (*paged.pages.origin, "stable")
        says = f"an item that stays in the list of {name} is on one page, whatever else changes"
        yield Case(paged.endpoint, says, origin, attempt)


def _try(
    trial: Trial,
    paged: PagedList,
    resource: Resource,
    call: ActionCall,
    maker: Endpoint,
    remover: Endpoint | None,
) -> None:
    """Read the first page, add or remove an item, and judge the further pages."""
    made_by, undone_by = resource.made_by, resource.undone_by
    assert made_by is not None
    made = make_several(resource, made_by, maker, ITEMS, "a list in pages")
    if made is None:
        raise Untested(f"no {ITEMS} instances of {resource.name} were made")
    reader = ListReader(trial.setting, paged, resource, made.bodies[0], made.bind, "explore")
    arguments = {name: value for name, value in call.input.items() if name != paged.pages.size}
    listed = _read_ids(reader, arguments, "the list in one piece")
    ours = {resource.id_of(body): body for body in made.bodies}
    first = next((index for index, id in enumerate(listed) if id in ours), len(listed))
    length = first + 2  # not the last one of its page, to which a cursor may refer
    if length >= len(listed):
        raise Untested("the list in one piece has too few items behind one of ours")
    sized = {**arguments, **reader.sized(length)}
    page = reader.request(sized, "the first page")
    if page is None or reader.ids_of(page.items) != listed[:length]:
        raise Untested("the first page does not begin as the list in one piece")
    if page.next is None or not page.next.is_followed:
        raise Untested("the first page does not say how to request the next one")
    if undone_by is not None and remover is not None:
        why, body = f"a {resource.name} of the first page is removed", ours[listed[first]]
        trial.ask(Call(remover, undone_by.input, "explore", why, subject=resource, made=body, bind=made.bind))
    now = _read_ids(reader, arguments, "the list after a removal")
    if now[:length] == listed[:length]:
        trial.ask(Call(maker, made_by.input, "explore", "one more item", fresh=True, bind=made.bind))
        now = _read_ids(reader, arguments, "the list after an addition")
    if now[:length] == listed[:length]:
        raise Untested("neither a removal nor an addition moves the items of the list")
    walked = _walk(reader, sized, page)
    if walked is None:
        raise Untested("the further pages were not answered with a list")
    ids, at_end = walked
    behind = [id for id in listed[length:] if id in now]
    read = max((index + 1 for index, id in enumerate(behind) if id in ids), default=0)
    conclude(
        _compare(
            trial,
            str(paged.id),
            first_page=[id for id in listed[:length] if id in now],
            due=behind if at_end else behind[:read],
            walked=ids,
        )
    )


def _read_ids(reader: ListReader, arguments: Mapping[str, Any], why: str) -> list[Any]:
    page = reader.request_whole(arguments, why)
    return reader.ids_of(page.items) if page is not None else []


def _walk(reader: ListReader, arguments: Mapping[str, Any], page: Page) -> tuple[list[Any], bool] | None:
    """Return the ids on the pages after the first one, and True if the last of them is the end of the list.

    None if one of the pages has no list.
    """
    ids: list[Any] = []
    for number in range(2, MOST_PAGES + 2):
        if page.next is None:
            return ids, True
        if not page.next.is_followed:
            return None
        following = reader.request_next(arguments, f"page {number}", page.next)
        if following is None:
            return None
        ids += reader.ids_of(following.items)
        page = following
    return ids, page.next is None


def _compare(
    trial: Trial, member: str, *, first_page: Sequence[Any], due: Sequence[Any], walked: Sequence[Any]
) -> Judgement:
    """Judge the ids on the further pages.

    `due` are the ids after the first page that the list had before and after the change.
    """
    count = len(first_page)
    expected = f"each item that stays in the list on exactly one page, after the first {count} of them"
    lost = [id for id in due if id not in walked]
    if lost:
        actual = f"{{count}} on no page, such as {member} {{id}}"
        return trial.broken(expected, actual, count=len(lost), id=lost[0])
    for id in first_page:
        if id in walked:
            return trial.broken(expected, f"{member} {{id}} is on the first page and on a later one", id=id)
    return trial.kept()


CHECK = make_check("page_stability", __doc__, cases, stage=7, rank=Rank.WRONG)
