"""Read a list with each value of its optional arguments, and find pages that forget one.

A list that is requested with other arguments has other items, or another order. Pages are cut so that the
rest of the list would be another one if the server forgot the argument on a further page.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.verify.cases.paging.page_request import ListReader, Page
from pgagents.verify.laws.next_page import PageRequest
from pgagents.verify.laws.paged_list import PagedList

MOST_CHOICES = 6
"""Most values of arguments that are tried for one list."""
MOST_PAGES = 8
"""Most pages that a list is cut into."""
Found = tuple[str, str]
"""The expected and the actual pages, each as a text."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of an optional argument, which makes it another list."""

    name: str
    value: Any

    @property
    def wording(self) -> str:
        """Return the argument with its value, as a finding shows it."""
        values = self.value if isinstance(self.value, list) else [self.value]
        shown = (str(one).lower() if isinstance(one, bool) else str(one) for one in values)
        return f"{self.name}={','.join(shown)}"


def list_choices(paged: PagedList) -> tuple[Choice, ...]:
    """Return values of optional arguments that are not their defaults: first one of each argument."""
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
    """Return how the pages of a list with another argument differ from that list in one piece, or None."""
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
    """Return how the pages of a list with this value differ from that list in one piece, or None.

    `usual` is the list without the value, in one piece.
    """
    chosen = {**given, choice.name: choice.value}
    whole = yield from reader.request_whole(chosen, f"the list with {choice.wording}")
    if whole is None or whole.next is not None or usual.next is not None:
        return None
    size = choose_size(reader.ids_of(whole.items), reader.ids_of(usual.items))
    if size is None:
        return None
    walked = yield from _walk(reader, {**chosen, **reader.sized(size)}, choice)
    if walked is None:
        return None
    there, came = reader.ids_of(whole.items), reader.ids_of(walked)
    if len(came) == len(there) and all(id in there for id in came) and all(id in came for id in there):
        return None  # laws judge the order
    again = yield from reader.request_whole(chosen, f"the list with {choice.wording} again")
    if again is None or reader.ids_of(again.items) != there:
        return None  # somebody changed the list meanwhile
    return _describe(reader, choice, there, came)


def choose_size(whole: Sequence[Any], usual: Sequence[Any]) -> int | None:
    """Return a size of the first page that reveals a server which forgets the argument; None if no size does.

    Behind the first page, the ids of `whole` must differ from those of `usual`: after the same item, and
    after as many items.
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
    """Return the items of all pages; None if they cannot be read to their end."""
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
