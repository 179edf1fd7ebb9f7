"""The pages of a list together hold what the whole list holds, each item once.

A list has pages if an optional argument (`cursor`) takes the value of an answer's member (`next_cursor`). It
is read in one piece, then in up to three pages; the walk must neither lose nor repeat an item.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.model.action import ActionCall as ActionCall
from pgagents.model.action import Param
from pgagents.model.contract import Contract
from pgagents.model.model import Resource
from pgagents.verify.cases.invalid import ordinary
from pgagents.verify.check.check import (
    Check,
    Conversation,
    Judgement,
    Probe,
    judge_broken,
    judge_kept,
    judge_untested,
    promise,
)
from pgagents.verify.check.memory import Setting
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import template_of
from pgagents.verify.values.schema_values import high, types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

NAME = "pagination"
PAGES = 3
"""Number of pages requested: a half, most of the rest, and the last item, so that a server's own page
limit shows.
"""
ENOUGH = 2
"""Fewest items that make two pages."""
MOST_PAGES = 8
"""Most pages that are read, if the server makes them smaller."""


@dataclass(frozen=True, slots=True)
class _Paged:
    """The pages of a list: its cursor argument, the member with the next cursor, and the page size argument.

    `items` is the member with the list and `id` that of an item's id. `sorts` are optional filters, each with
    its possible values.
    """

    endpoint: Endpoint
    cursor: str
    told: str
    limit: str
    items: str
    id: str
    sorts: Mapping[str, tuple[Any, ...]]


def promises(setting: Setting) -> Iterator[Contract]:
    """Yield one contract for each resource whose list has pages."""
    for paged in _lists(setting):
        says = f"the pages of {paged.endpoint.action.name} together hold what the list holds, each thing once"
        yield promise(
            NAME, "", paged.endpoint, says, paged.endpoint.action.origin, paged.endpoint.action.cite
        )


def probes(setting: Setting, roles: frozenset[str]) -> Iterator[Probe]:
    """Yield one probe for each paged list: it is read in one piece, then in pages, filtered if it holds
    several sorts of items.

    If the list was too short for two pages, a second probe makes items of its own first.
    """
    for paged in _lists(setting):
        endpoint, contract = paged.endpoint, f"{NAME}/{paged.endpoint.place}"
        second = "second" in roles
        yield Probe(
            contract,
            6,
            (contract,),
            1 + PAGES + second,
            _run(setting, paged, contract, second),
            (endpoint,),
            "main",
            False,
        )
        resource, call = _find_listed_resource(setting, paged)
        maker = (
            setting.find_lead(str(resource.made_by.action.name)) if resource and resource.made_by else None
        )
        if resource is not None and call is not None and maker is not None:
            run = _making(setting, paged, contract, resource, call, maker)
            yield Probe(
                f"{contract} of our own",
                7,
                (contract,),
                ENOUGH + 1 + ENOUGH,
                run,
                (endpoint, maker),
                "main",
                True,
                optional=True,
            )


def _find_listed_resource(setting: Setting, paged: _Paged) -> tuple[Resource, ActionCall] | tuple[None, None]:
    """Return a resource that the endpoint lists, with the list call that has fewest arguments, or (None,
    None).
    """
    found = [
        (r, c)
        for r in setting.model.resources.values()
        if r.made_by
        for c in r.listed_by
        if c.action is paged.endpoint.action
    ]
    return min(found, key=lambda f: len(f[1].input), default=(None, None))


def _lists(setting: Setting) -> tuple[_Paged, ...]:
    """Return the first paged list of each resource: others mostly share its code, and pages cost requests."""

    def find() -> Iterator[_Paged]:
        met: set[str] = set()
        for endpoint in setting.endpoints:
            paged = _find_paging(setting, endpoint)
            kind = next(
                (
                    r.name
                    for r in setting.model.resources.values()
                    for c in r.listed_by
                    if c.action is endpoint.action
                ),
                endpoint.place,
            )
            if paged is not None and kind not in met:
                met.add(kind)
                yield paged

    return setting.compute_once(NAME, lambda: tuple(find()))


def _find_paging(setting: Setting, endpoint: Endpoint) -> _Paged | None:
    """Return how an endpoint's list is paged; None if it is not, or the document does not show how."""
    schema = setting.resolve_schema(endpoint.action.success.schema or {})
    members = {name: setting.resolve_schema(member) for name, member in schema.get("properties", {}).items()}
    listing = [name for name, member in members.items() if "array" in types_of(member)]
    optional = [p for p in endpoint.params if not p.required and p.place != "path"]
    found = [
        (str(p.name), told)
        for p in optional
        for told in members
        if told.lower() in (f"next_{p.name}".lower(), f"next{p.name}".lower())
    ]
    if endpoint.action.effect != "read" or len(listing) != 1 or len(found) != 1:
        return None
    items = setting.resolve_schema(members[listing[0]].get("items", {}))
    limit = next((str(p.name) for p in optional if _bounds(setting, p, members[listing[0]])), None)
    id = next(
        (r.id for r in setting.model.resources.values() for c in r.listed_by if c.action is endpoint.action),
        "id",
    )
    if limit is None or id not in items.get("properties", {}):
        return None
    sorts = {
        str(p.name): tuple(setting.resolve_schema(p.schema).get("enum", ()))
        for p in optional
        if setting.resolve_schema(p.schema).get("enum")
    }
    return _Paged(
        endpoint,
        *found[0],
        limit,
        listing[0],
        id,
        {n: v for n, v in sorts.items() if n in items.get("properties", {})},
    )


def _bounds(setting: Setting, param: Param, items: Mapping[str, Any]) -> bool:
    """True if an argument is the page size: a whole number up to the longest list."""
    schema = setting.resolve_schema(param.schema)
    return (
        types_of(schema) == ("integer",)
        and "maximum" in schema
        and schema["maximum"] == items.get("maxItems", schema["maximum"])
    )


def _run(setting: Setting, paged: _Paged, contract: str, second: bool) -> Callable[[], Conversation]:
    def run() -> Conversation:
        template = template_of(setting.model, paged.endpoint.action)
        needed = {str(p.name) for p in paged.endpoint.params if p.required}
        given = {name: value for name, value in template.input.items() if name in needed}
        param = paged.endpoint.action.param(paged.limit)
        assert param is not None
        most = int(high(param.schema, setting.model.schemas))
        whole = yield from _request_page(
            setting, paged, {**given, paged.limit: most}, "the list in one piece", None, None
        )
        instances = whole[0] if whole else []
        sorts = [(name, value) for name, values in paged.sorts.items() for value in values]
        several = [((name, value), [t for t in instances if t.get(name) == value]) for name, value in sorts]
        several = [(sort, alike) for sort, alike in several if 1 < len(alike) < len(instances)]
        if several:  # filter by the most frequent sort, so that its laws are judged on every page
            (name, value), instances = max(several, key=lambda found: len(found[1]))
            given = {**given, name: value}
        every = whole is not None and whole[1] is None
        yield (yield from _walk_pages(setting, paged, contract, given, instances, every=every, second=second))

    return run


def _making(
    setting: Setting, paged: _Paged, contract: str, resource: Resource, call: ActionCall, maker: Endpoint
) -> Callable[[], Conversation]:
    """Make enough items for two pages, then read the list in pages."""

    def run() -> Conversation:
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
        given = {name: value for name, value in call.input.items() if name != paged.limit}
        yield (yield from _walk_pages(setting, paged, contract, given, bodies, resource, bodies[0]))

    return run


def _walk_pages(
    setting: Setting,
    paged: _Paged,
    contract: str,
    given: Mapping[str, Any],
    instances: list[Mapping[str, Any]],
    subject: Resource | None = None,
    made: Mapping[str, Any] | None = None,
    *,
    every: bool = False,
    second: bool = False,
) -> Generator[Any, Any, Judgement]:
    """Read the list in pages and return the verdict.

    The list holds `instances`, and no others if `every`. `made` is what the arguments' expressions read. If
    `second`, another project also uses our cursor; another check searches its answer for data of ours.
    """
    about = (subject, made)
    param = paged.endpoint.action.param(paged.limit)
    assert param is not None
    most = int(high(param.schema, setting.model.schemas))
    if len(instances) < ENOUGH:
        return judge_untested(contract, f"the list holds {len(instances)} items, too few for two pages")
    walked: list[Any] = []
    cursor: str | None = None
    full = False
    for number in range(1, MOST_PAGES + 1):
        size = _size(len(instances), len(walked))
        asked = {**given, paged.limit: size, **({paged.cursor: cursor} if cursor else {})}
        page = yield from _request_page(setting, paged, asked, f"page {number}, {size} a page", *about)
        if page is None:
            return judge_untested(contract, f"page {number} was not answered with a list")
        walked += [instance.get(paged.id) for instance in page[0]]
        cursor, full = page[1], len(page[0]) == size
        if second and cursor is not None and number == 1:
            why = "another project goes on in our list"
            yield ordinary(
                paged.endpoint,
                template_of(setting.model, paged.endpoint.action),
                "explore",
                why,
                input={**asked, paged.cursor: cursor},
                role="second",
            )
        if cursor is None or {t.get(paged.id) for t in instances} <= set(walked):
            break
    there = [instance.get(paged.id) for instance in instances]
    ended = every and setting.exclusive and sorted(map(str, walked)) == sorted(map(str, there))
    if ended and full and cursor is not None and setting.model.behaviour.last_page == "tells_none":
        return judge_broken(
            contract, f"no {paged.told} on the last page, which is full", "a further page is announced"
        )
    if not set(there) <= set(walked):  # others may have changed the list meanwhile
        again = yield from _request_page(
            setting, paged, {**given, paged.limit: most}, "the list in one piece again", *about
        )
        still = {instance.get(paged.id) for instance in again[0]} if again else set()
        there = [id for id in there if id in still]
    return _verdict(paged, contract, there, walked, ended=cursor is None)


def _size(every: int, had: int) -> int:
    """Return the size of the next page for a list of `every` items, of which `had` were read."""
    if not had or every <= PAGES:
        return max(1, -(-every // ENOUGH))
    return max(1, every - had - 1)


def _verdict(paged: _Paged, contract: str, there: list[Any], walked: list[Any], *, ended: bool) -> Judgement:
    """Judge the walk.

    `there` are ids listed before and after it; `ended` is true if the last page gave no cursor.
    """
    twice = next((id for index, id in enumerate(walked) if id in walked[:index]), None)
    lost = [id for id in there if id not in walked]
    expected = f"each of the {len(there)} items of the list once"
    if twice is not None:
        return judge_broken(contract, expected, f"{paged.id} {twice} is on two pages")
    if lost and ended:
        return judge_broken(contract, expected, f"{len(lost)} on no page, such as {paged.id} {lost[0]}")
    return (
        judge_untested(contract, f"its pages were followed no further than {MOST_PAGES}")
        if lost
        else judge_kept(contract)
    )


def _request_page(
    setting: Setting,
    paged: _Paged,
    given: Mapping[str, Any],
    why: str,
    subject: Resource | None,
    made: Mapping[str, Any] | None,
) -> Generator[Any, Any, tuple[list[Any], str | None] | None]:
    """Request a page; return its items and the next cursor, or None if there is no list to judge."""
    template = template_of(setting.model, paged.endpoint.action)
    exchange: Exchange = yield ordinary(
        paged.endpoint,
        template,
        "valid",
        why,
        input=dict(given),
        subject=subject or template.subject,
        made=made,
    )
    if not exchange.success or not exchange.fits or not isinstance(exchange.body, Mapping):
        return None
    told = exchange.body.get(paged.told)
    instances = [instance for instance in exchange.body.get(paged.items, ()) if isinstance(instance, Mapping)]
    return instances, told if isinstance(told, str) and told else None


CHECK = Check(
    NAME,
    __doc__,
    promises,
    probes=probes,
    calls_correctly=True,
    overlap="readers",
)
