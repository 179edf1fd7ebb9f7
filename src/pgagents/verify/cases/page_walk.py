"""Read a list page by page, and judge the whole pass: each item once, in order, to an end.

Two or three pages are planned; up to eight are followed if the server makes smaller ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any

from pgagents.catalogue.model.resource import Resource
from pgagents.verify.cases.paging import ListReader, Page
from pgagents.verify.judgement import Judgement
from pgagents.verify.lists import PagedList, PageRequest, breaks_order
from pgagents.verify.promise import Trial
from pgagents.verify.wire.exchange import Exchange

PAGES = 3
"""The number of pages that are planned: half of the items, most of the others, and the last item.

Different sizes reveal a server that has a page size of its own, such as GitHub's most of 100.
"""
ENOUGH = 2
"""The fewest items that make two pages."""
MOST_PAGES = 8
"""The most pages that are followed, if the server makes smaller ones than planned."""
ENDLESS = 3
"""After so many empty pages in a row a list counts as endless, if all its items came before them. Fewer may
come where a filter takes out what a page had, as DynamoDB's does.
"""
SMALL_PAGES = 5
"""The most pages of a fixed size that are followed."""


@dataclass(slots=True)
class Walk:
    """One pass over the pages of a list.

    The list holds the items `there`, and no others if `every`. The arguments' expressions read the body
    `made`.
    """

    trial: Trial
    paged: PagedList
    arguments: Mapping[str, Any]
    subject: Resource | None = None
    made: Mapping[str, Any] | None = None
    there: list[Mapping[str, Any]] | None = None
    """The items of the list; None if they are known only from its pages."""
    every: bool = False
    short: bool = False
    """True if the list in one piece was not full. Then its further pages, if any, are read, too."""
    fixed: int = 0
    """The size of every page; 0 if the sizes are chosen by the number of items."""
    _reader: ListReader = field(init=False)

    def __post_init__(self) -> None:
        self._reader = ListReader(self.trial.setting, self.paged, self.subject, self.made)

    def judge(self) -> Judgement:
        """Read the list in pages, and return the verdict."""
        known = len(self.there) if self.there is not None else ENOUGH
        if known < ENOUGH:
            return self.trial.untested(f"the list holds {known} items, too few for two pages")
        pages: list[Page] = []
        request: PageRequest | None = PageRequest()
        for number in range(1, (SMALL_PAGES if self.fixed else MOST_PAGES) + 1):
            assert request is not None
            page = self._step(number, request, pages)
            if page is None:
                return self.trial.untested(self.say_unread(f"page {number}"))
            pages.append(page)
            if (broken := self._judge_page(number, pages)) is not None:
                return broken
            request = page.next
            if request is None or self._is_complete(pages):
                break
            if not request.is_followed:
                return self.trial.untested(f"page {number + 1} was not requested: {request.unfollowed}")
        return self._finish(pages)

    def _step(self, number: int, request: PageRequest, pages: list[Page]) -> Page | None:
        size = self._size(pages)
        wording = "".join(f", {items} a page" for items in size.values())
        arguments, why = {**self.arguments, **size}, f"page {number}{wording}"
        return self._reader.request_next(arguments, why, request)

    def _size(self, pages: list[Page]) -> dict[str, int]:
        """Return the argument for the next page's size: first half of the list, then all but its last
        item.
        """
        if self.paged.most is None:
            return {}
        if self.fixed:
            return {str(self.paged.pages.size): self.fixed}
        every, had = len(self.there or ()), sum(len(page.items) for page in pages)
        # numbers of pages count pages of one size
        wanted = -(-every // ENOUGH) if not had or every <= PAGES or self.paged.counts else every - had - 1
        return {str(self.paged.pages.size): max(self.paged.least, wanted)}

    def _is_complete(self, pages: list[Page]) -> bool:
        """True if nothing more can be learned: all known items came, and further pages hold other items at
        most.
        """
        if self.there is None:
            return False
        walked = self._ids(pages)
        if any(self.paged.id_of(item) not in walked for item in self.there):
            return False
        known = (self.every and not self._ends_full()) or (self.short and not self.every)
        return not known or len(walked) != len(self.there)

    def _ends_full(self) -> bool:
        return self.trial.model.behaviour.last_page == "tells_none" and self.trial.setting.exclusive

    def _ids(self, pages: list[Page]) -> list[Any]:
        return [self.paged.id_of(item) for page in pages for item in page.items]

    def _judge_page(self, number: int, pages: list[Page]) -> Judgement | None:
        """Return the judgement of an error that one page shows, or None."""
        page = pages[-1]
        size = page.exchange.input.get(self.paged.pages.size or "")
        if type(size) is int and len(page.items) > size:
            if self.fixed:
                return self.trial.untested("the server makes pages of a size of its own")
            return self.trial.broken(
                f"at most {size} items on page {number}", "{items}", items=len(page.items)
            )
        if page.next is not None and page.next.problem:
            return self.trial.broken("a next page that can be requested", page.next.problem)
        return None

    def _finish(self, pages: list[Page]) -> Judgement:
        """Return the verdict on the whole pass."""
        walked, last = self._ids(pages), pages[-1]
        there = [self.paged.id_of(item) for item in self.there or ()]
        size = self.paged.pages.size
        full = size is not None and len(last.items) == last.exchange.input.get(size)
        ended = (
            self.every
            and self.trial.setting.exclusive
            and sorted(map(str, walked)) == sorted(map(str, there))
        )
        if ended and full and last.next is not None and self._ends_full():
            expected = f"no {self.paged.pages.next.wording} on the last page, which is full"
            return self.trial.broken(expected, "a further page is announced")
        # others may have changed the list
        if any(id not in walked for id in there) and self.paged.most is not None:
            again = self._reader.request_whole(self.arguments, "the list in one piece again")
            if again is None:
                return self.trial.untested(self.say_unread("the list in one piece again"))
            still = self._ids([again])
            there = [id for id in there if id in still]
        verdict = self._verdict(pages, there, walked)
        if verdict is not None:  # a cursor by the time of a change meets what others change twice, too
            first = self._step(1, PageRequest(), [])
            moved = first is None or self._ids([first]) != walked[: len(first.items)]
            if moved and not self._is_unchanged():
                return self.trial.untested("others changed the list meanwhile")
        if verdict is None and len(pages) < ENOUGH:
            return self.trial.untested("the whole list came on one page")
        return verdict or self.trial.kept()

    def _is_unchanged(self) -> bool:
        """Return True if the whole list has the same items as before its pages, and nobody else uses the
        server. Then the server itself puts them into another order each time, as PostgreSQL may do without
        ORDER BY.
        """
        if not self.trial.setting.exclusive or not self.every or self.paged.most is None:
            return False
        again = self._reader.request_whole(self.arguments, "the list in one piece again")
        if again is None or again.next is not None:
            return False
        # MongoDB's extended JSON has objects for ids
        before, now = (
            sorted(map(repr, self._reader.ids_of(items))) for items in (self.there or [], again.items)
        )
        return before == now

    def _verdict(self, pages: list[Page], there: list[Any], walked: list[Any]) -> Judgement | None:
        """Return the judgement of an error in the whole pass, or None. `there` are ids listed before and
        after it.
        """
        twice = next((id for index, id in enumerate(walked) if id in walked[:index]), None)
        lost = [id for id in there if id not in walked]
        ended = pages[-1].next is None
        expected = f"each of the {len(there) or len(walked)} items of the list once"
        if twice is not None:
            once = [id for index, id in enumerate(walked) if id not in walked[:index]]
            broken = self.trial.broken(expected, f"{self.paged.id} {{id}} is on two pages", id=twice)
            shown = self._is_counted(pages) and is_in_order(there, once)
            return replace(broken, shown=shown, seen_in=self._find_page(pages[::-1], [twice]))
        if lost and ended:
            actual = f"{{count}} on no page, such as {self.paged.id} {{id}}"
            broken = self.trial.broken(expected, actual, count=len(lost), id=lost[0])
            counted = self._is_counted(pages) and is_in_order(there, walked)
            shown, behind = counted or leads_on(self.paged, there, walked), there[there.index(lost[0]) :]
            return replace(broken, shown=shown, seen_in=self._find_page(pages, behind))
        if not ended and not lost and (empty := self._count_endless(pages, len(walked))):
            actual = "{empty} empty pages in a row, each of which announces another"
            return self.trial.broken("pages that come to an end", actual, empty=empty)
        if lost or (self.there is None and not ended):
            return self.trial.untested(f"its pages were followed no further than {MOST_PAGES}")
        law = breaks_order(self.trial.setting, self.paged, [(page.exchange, page.items) for page in pages])
        if law is not None:
            expected = f"the order of the list over all its pages: {law}"
            return self.trial.broken(expected, "a page begins before the last one ended")
        return None

    def _find_page(self, pages: Sequence[Page], ids: Sequence[Any]) -> Exchange:
        """Return the answer of the first page that holds one of the items, or else of the last one."""
        holding = (page for page in pages if any(self.paged.id_of(item) in ids for item in page.items))
        return next(holding, pages[-1]).exchange

    def _is_counted(self, pages: Sequence[Page]) -> bool:
        """True if the document says at which number the list begins, its whole is known, and each page but
        the last is full.

        A server that leaves rows out of a page after it was cut makes shorter ones, behind which nobody knows
        how to count.
        """
        param = self.paged.endpoint.action.param(str(self.paged.pages.argument))
        start = param.schema.get("default", param.schema.get("minimum")) if param is not None else None
        size, filled = self.paged.pages.size or "", [page for page in pages if page.items]
        full = all(len(page.items) == page.exchange.input.get(size) for page in filled[:-1])
        return (self.every or self.short) and self.paged.counts and start in (0, 1) and full

    def _count_endless(self, pages: list[Page], walked: int) -> int:
        """Return the number of empty pages at the end, if they show that no end comes; else 0.

        Two show it if both announce the same request, because a client would repeat it for ever. Pages that
        announce different requests may be empty because a filter took their items out. They show it only if
        all items of the list have come.
        """
        empty = list(takewhile(lambda page: not page.items, reversed(pages)))
        if len(empty) < 2:
            return 0
        repeats = empty[0].next is not None and empty[0].next == empty[1].next
        known = self.trial.setting.exclusive and (self.every or self.short)
        whole = known and walked == len(self.there or ())
        return len(empty) if repeats or (whole and len(empty) >= ENDLESS) else 0

    def request(self, arguments: Mapping[str, Any], why: str) -> Page | None:
        """Request a page; return it, or None if there is no list to judge."""
        return self._reader.request(arguments, why)

    def say_unread(self, what: str) -> str:
        """Say why what was requested last is not a list to judge."""
        refusal = self._reader.refusal
        return f"{what} was answered {refusal}" if refusal else f"{what} was not answered as its schema says"


def is_in_order(there: Sequence[Any], came: Sequence[Any]) -> bool:
    """True if the ids that came stand in the order of the list."""
    return list(came) == [id for id in there if id in came]


def leads_on(paged: PagedList, there: Sequence[Any], came: Sequence[Any]) -> bool:
    """True if the place that each page names led on through the list: how to ask for it is not a guess.

    Numbers of pages and of items, and an id of an item, are not named by the server.
    """
    items, reads = paged.pages.items.path[1:], paged.pages.next.paths.get("response", ())
    told = not paged.counts and not any(path[: len(items)] == items for path in reads)
    return told and is_in_order(there, came) and len(came) >= ENOUGH
