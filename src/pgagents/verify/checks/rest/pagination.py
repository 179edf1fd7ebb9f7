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

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import Any

from pgagents.catalogue.model.action import ActionCall
from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Contract
from pgagents.verify.cases.paging import ListReader, Page, find_other_total, find_totals, make_several
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.lists import (
    PagedList,
    PageRequest,
    breaks_order,
    count_particular,
    find_list_call,
    list_paged_lists,
)
from pgagents.verify.promise import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_refused,
    judge_untested,
    promise,
)
from pgagents.verify.setting import Setting
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


# -- a list that is read in pages


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


# -- a list that is read with each value of its optional arguments.
#
# With another argument, the list has other items or another order. Pages are cut so that a server that
# forgets the argument on a further page returns other items there. If the catalogue's last page announces
# no further one, a list in one piece must not announce a page that is empty.


MOST_CHOICES = 6
"""The most values of arguments that are tried for one list."""
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
