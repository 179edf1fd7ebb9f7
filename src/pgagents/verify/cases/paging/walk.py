"""Read a list in pages, and judge if the pages together hold the whole list."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from pgagents.model.resource import Resource
from pgagents.verify.cases.paging.page_request import ListReader, Page
from pgagents.verify.cases.paging.totals import find_other_total
from pgagents.verify.check.check import (
    Judgement,
    judge_broken,
    judge_kept,
    judge_untested,
)
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws.next_page import PageRequest
from pgagents.verify.laws.paged_list import (
    PagedList,
    breaks_order,
)

PAGES = 3
"""The number of pages that are planned: half of the items, most of the others, and the last item.

Different sizes reveal a server that has a page size of its own.
"""
ENOUGH = 2
"""The fewest items that make two pages."""
MOST_PAGES = 8
"""The most pages that are followed, if the server makes smaller ones than planned."""
ENDLESS = 3
"""After so many empty pages in a row a list counts as endless, if all its items came before them."""


@dataclass(slots=True)
class Walk:
    """One pass over the pages of a list.

    The list holds the items `there`, and no others if `every`. The arguments' expressions read the body
    `made`. If `second`, another project also uses our cursor; a different check searches that answer for our
    data.
    """

    setting: Setting
    paged: PagedList
    contract: str
    given: Mapping[str, Any]
    subject: Resource | None = None
    made: Mapping[str, Any] | None = None
    second: bool = False
    there: list[Mapping[str, Any]] | None = None
    """The items of the list; None if they are known only from its pages."""
    every: bool = False
    short: bool = False
    """True if the list in one piece was not full. Then its further pages, if any, are read, too."""
    totals: Mapping[str, int] = field(default_factory=dict)
    """The members in which answers give the number of the list's items, by path."""

    def judge(self) -> Generator[Any, Any, Judgement]:
        """Read the list in pages, and return the verdict."""
        known = len(self.there) if self.there is not None else ENOUGH
        if known < ENOUGH:
            return judge_untested(self.contract, f"the list holds {known} items, too few for two pages")
        pages: list[Page] = []
        request: PageRequest | None = PageRequest()
        for number in range(1, MOST_PAGES + 1):
            assert request is not None
            page = yield from self._step(number, request, pages)
            if page is None:
                return judge_untested(self.contract, f"page {number} was not answered with a list")
            pages.append(page)
            broken = self._judge_page(number, pages) or (yield from self._judge_totals(number, page))
            if broken is not None:
                return broken
            request = page.next
            if self.second and request is not None and number == 1:
                yield self._foreign_call(request)
            if request is None or self._is_complete(pages):
                break
            if not request.is_followed:
                return judge_untested(
                    self.contract, f"page {number + 1} was not requested: {request.unfollowed}"
                )
        return (yield from self._finish(pages))

    def _step(self, number: int, request: PageRequest, pages: list[Page]) -> Generator[Any, Any, Page | None]:
        size = self._size(pages)
        told = f", {next(iter(size.values()))} a page" if size else ""
        return (yield from self._reader.request_next({**self.given, **size}, f"page {number}{told}", request))

    def _size(self, pages: list[Page]) -> dict[str, int]:
        """Return the argument for the next page's size: first half of the list, then all but its last
        item.
        """
        if self.paged.most is None:
            return {}
        every, had = len(self.there or ()), sum(len(page.items) for page in pages)
        wanted = -(-every // ENOUGH) if not had or every <= PAGES or self.paged.counts else every - had - 1
        return {str(self.paged.pages.size): max(1, wanted)}

    def _is_complete(self, pages: list[Page]) -> bool:
        """True if nothing more can be learned: all known items came, and further pages hold other items at
        most.
        """
        if self.there is None:
            return False
        walked = self._ids(pages)
        if not {self.paged.id_of(item) for item in self.there} <= set(walked):
            return False
        known = (self.every and not self._ends_full()) or (self.short and not self.every)
        return not known or len(walked) != len(self.there)

    def _ends_full(self) -> bool:
        return self.setting.model.behaviour.last_page == "tells_none" and self.setting.exclusive

    def _ids(self, pages: list[Page]) -> list[Any]:
        return [self.paged.id_of(item) for page in pages for item in page.items]

    def _judge_page(self, number: int, pages: list[Page]) -> Judgement | None:
        """Return the judgement of an error that one page shows, or None."""
        page = pages[-1]
        size = page.exchange.input.get(self.paged.pages.size or "")
        if type(size) is int and len(page.items) > size:
            return judge_broken(self.contract, f"at most {size} items on page {number}", f"{len(page.items)}")
        if page.next is not None and page.next.problem:
            return judge_broken(self.contract, "a next page that can be requested", page.next.problem)
        return None

    def _judge_totals(self, number: int, page: Page) -> Generator[Any, Any, Judgement | None]:
        """Judge a page's total by that of the whole list; return None if nothing is wrong.

        If they differ, the whole list is read again. Only a total that is the same as before is a proof.
        """
        other = find_other_total(page, self.totals) if self.setting.exclusive else None
        if other is None:
            return None
        given = {**self.given, str(self.paged.pages.size): self.paged.most}
        again = yield from self.request(given, "the list in one piece again")
        if again is None or find_other_total(again, self.totals) is not None:  # an item may have ended
            return None
        path, told = other
        return judge_broken(self.contract, f"{path} {self.totals[path]} on page {number}", f"{told}")

    def _foreign_call(self, request: PageRequest) -> Any:
        given = {**self.given, **self._size([]), **request.input}
        return ordinary(
            self.paged.endpoint,
            template_of(self.setting.model, self.paged.endpoint.action),
            "explore",
            "another project goes on in our list",
            input=given,
            role="second",
        )

    def _finish(self, pages: list[Page]) -> Generator[Any, Any, Judgement]:
        """Return the verdict on the whole pass."""
        walked, last = self._ids(pages), pages[-1]
        if self.there is None and len(pages) < ENOUGH:
            return judge_untested(self.contract, "the whole list came on one page")
        there = [self.paged.id_of(item) for item in self.there or ()]
        size = self.paged.pages.size
        full = size is not None and len(last.items) == last.exchange.input.get(size)
        ended = self.every and self.setting.exclusive and sorted(map(str, walked)) == sorted(map(str, there))
        if ended and full and last.next is not None and self._ends_full():
            expected = f"no {self.paged.pages.next.wording} on the last page, which is full"
            return judge_broken(self.contract, expected, "a further page is announced")
        if not set(there) <= set(walked) and self.paged.most is not None:  # others may have changed the list
            given = {**self.given, str(size): self.paged.most}
            again = yield from self.request(given, "the list in one piece again")
            still = {self.paged.id_of(item) for item in again.items} if again else set()
            there = [id for id in there if id in still]
        verdict = self._verdict(pages, there, walked)
        if verdict is not None and self.paged.counts:
            first = yield from self._step(1, PageRequest(), [])
            moved = first is None or self._ids([first]) != walked[: len(first.items)]
            if moved and not (yield from self._is_unchanged()):
                return judge_untested(self.contract, "others changed the list meanwhile")
        return verdict or judge_kept(self.contract)

    def _is_unchanged(self) -> Generator[Any, Any, bool]:
        """Return True if the whole list has the same items as before its pages, and nobody else uses the
        server. Then the server itself puts them into another order each time.
        """
        if not self.setting.exclusive or not self.every or self.paged.most is None:
            return False
        given = {**self.given, str(self.paged.pages.size): self.paged.most}
        again = yield from self.request(given, "the list in one piece again")
        if again is None or again.next is not None:
            return False
        return set(self._ids([again])) == {self.paged.id_of(item) for item in self.there or ()}

    def _verdict(self, pages: list[Page], there: list[Any], walked: list[Any]) -> Judgement | None:
        """Return the judgement of an error in the whole pass, or None. `there` are ids listed before and
        after it.
        """
        twice = next((id for index, id in enumerate(walked) if id in walked[:index]), None)
        lost = [id for id in there if id not in walked]
        ended = pages[-1].next is None
        expected = f"each of the {len(there) or len(walked)} items of the list once"
        if twice is not None:
            return judge_broken(self.contract, expected, f"{self.paged.id} {twice} is on two pages")
        if lost and ended:
            return judge_broken(
                self.contract, expected, f"{len(lost)} on no page, such as {self.paged.id} {lost[0]}"
            )
        if not ended and not lost and (empty := self._count_endless(pages, len(walked))):
            actual = f"{empty} empty pages in a row, each of which announces another"
            return judge_broken(self.contract, "pages that come to an end", actual)
        if lost or (self.there is None and not ended):
            return judge_untested(self.contract, f"its pages were followed no further than {MOST_PAGES}")
        law = breaks_order(self.setting, self.paged, [(page.exchange, page.items) for page in pages])
        if law is not None:
            return judge_broken(
                self.contract,
                f"the order of the list over all its pages: {law}",
                "a page begins before the last one ended",
            )
        return None

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
        known = self.setting.exclusive and (self.every or self.short)
        whole = known and walked == len(self.there or ())
        return len(empty) if repeats or (whole and len(empty) >= ENDLESS) else 0

    @property
    def _reader(self) -> ListReader:
        return ListReader(self.setting, self.paged, self.subject, self.made)

    def request(self, given: Mapping[str, Any], why: str) -> Generator[Any, Any, Page | None]:
        """Request a page; return it, or None if there is no list to judge."""
        return (yield from self._reader.request(given, why))
