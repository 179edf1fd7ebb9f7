"""Read a list with each value of its optional arguments, and find further pages that ignore an argument.

With another argument, the list has other items or another order. Pages are cut so that a server that forgets
the argument on a further page returns other items there. If the catalogue's last page announces no further
one, a list in one piece must not announce a page that is empty.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.verify.cases.paging.page_request import ListReader, Page
from pgagents.verify.laws.next_page import PageRequest
from pgagents.verify.laws.paged_list import PagedList

MOST_CHOICES = 6
"""The most values of arguments that are tried for one list."""
MOST_PAGES = 8
"""The most pages into which a list is cut."""
Found = tuple[str, str]
"""The expected and the actual pages, each described as a text."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of an optional argument with which the list is another one."""

    name: str
    value: Any

    @property
    def wording(self) -> str:
        """Return the argument with its value, as a finding shows it."""
        values = self.value if isinstance(self.value, list) else [self.value]
        shown = (str(one).lower() if isinstance(one, bool) else str(one) for one in values)
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


def judge_arguments(reader: ListReader, given: Mapping[str, Any]) -> Generator[Any, Any, Found | None]:
    """Return how the pages of a list differ from the list in one piece, or None if they agree.

    `given` has another value of an argument.
    """
    usual = yield from reader.request_whole(given, "the list in one piece")
    if usual is None:
        return None
    for choice in list_choices(reader.paged):
        found = yield from judge_choice(reader, given, choice, usual)
        if found is not None:
            return found
    return None


def judge_choice(
    reader: ListReader, given: Mapping[str, Any], choice: Choice, usual: Page
) -> Generator[Any, Any, Found | None]:
    """Return how the pages of a list with this value differ from that list in one piece, or None if they
    agree.

    `usual` is the list without the value, in one piece.
    """
    chosen = {**given, choice.name: choice.value}
    whole = yield from reader.request_whole(chosen, f"the list with {choice.wording}")
    if whole is not None and whole.next is not None:
        return (yield from _judge_announced(reader, chosen, choice, whole))
    if whole is None or usual.next is not None:
        return None
    size = choose_size(reader.ids_of(whole.items), reader.ids_of(usual.items))
    if size is None:
        return None
    walked = yield from _walk(reader, {**chosen, **reader.sized(size)}, choice)
    if walked is None:
        return None
    there, came = reader.ids_of(whole.items), reader.ids_of(walked)
    if len(came) == len(there) and all(id in there for id in came) and all(id in came for id in there):
        return None  # a law judges the order
    again = yield from reader.request_whole(chosen, f"the list with {choice.wording} again")
    if again is None or reader.ids_of(again.items) != there:
        return None  # somebody changed the list meanwhile
    return _describe(reader, choice, there, came)


def _judge_announced(
    reader: ListReader, chosen: Mapping[str, Any], choice: Choice, whole: Page
) -> Generator[Any, Any, Found | None]:
    """Return that a page with room for more announces an empty page, or None.

    A server may make pages smaller than requested. So the announced page is read, and must have items.
    """
    setting, next = reader.setting, whole.next
    tells = setting.model.behaviour.last_page == "tells_none" and setting.exclusive
    if not tells or next is None or not next.is_followed or len(whole.items) >= (reader.paged.most or 0):
        return None
    given = {**chosen, **reader.sized(reader.paged.most)}
    further = yield from reader.request_next(given, f"the page behind the list with {choice.wording}", next)
    if further is None or further.items:
        return None
    expected = (
        f"no {reader.paged.pages.next.wording} behind the {len(whole.items)} items with {choice.wording}"
    )
    return expected, "a further page is announced, and it is empty"


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


def _walk(
    reader: ListReader, given: Mapping[str, Any], choice: Choice
) -> Generator[Any, Any, list[Mapping[str, Any]] | None]:
    """Return the items of all pages; None if the pages cannot be read to the end."""
    items: list[Mapping[str, Any]] = []
    next: PageRequest | None = PageRequest()
    for number in range(1, MOST_PAGES + 2):
        assert next is not None
        page = yield from reader.request_next(given, f"page {number} with {choice.wording}", next)
        if page is None:
            return None
        items += page.items
        next = page.next
        if next is None:
            return items
        if not next.is_followed:
            return None
    return None


def _describe(reader: ListReader, choice: Choice, there: Sequence[Any], came: Sequence[Any]) -> Found:
    id = reader.paged.id
    expected = f"each of the {len(there)} items of the list with {choice.wording} once"
    lost = [one for one in there if one not in came]
    if lost:
        return expected, f"{len(lost)} on no page, such as {id} {lost[0]}"
    other = [one for one in came if one not in there]
    if other:
        return expected, f"{id} {other[0]} is on a page, and the list in one piece does not have it"
    twice = next(one for index, one in enumerate(came) if one in came[:index])
    return expected, f"{id} {twice} is on two pages"
