"""Read lists: which instances they must contain, their pages, and their order.

A law that reads an argument (`orders.all(order, order.status == input.status)`) says which items the
argument admits. If all laws hold for an instance of ours, the list must contain it, provided that the
answer has room. A list that goes on must contain it if the law of its order puts it before the last item.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import members_in, order_of, place_of
from pgagents.base.cel.syntax import ExpressionError
from pgagents.base.http import Response
from pgagents.base.jsonschema.combine import list_parts
from pgagents.catalogue.model.action import Action, ActionCall, Law, Param
from pgagents.catalogue.model.answers import NextPage, Pages, find_next_page, items_of, values_for
from pgagents.catalogue.model.resource import Resource, member_at, unwrap
from pgagents.verify.laws import reading_of, values_of
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, put

Body = Mapping[str, Any]
ORDERS = re.compile(r".*(?:sort|order)(?:by)?")
"""Plain names of arguments that say in which order items are shown."""
MOST_SORTS = 12
"""The most groups of instances tried for one answer. All instances of a group have the same values in the
members that the laws read.
"""
OF_EACH = 2
"""The most instances tried of each group, the latest ones. They differ only where the order decides."""


def find_missing_instance(
    setting: Setting,
    exchange: Exchange,
    member: str,
    resource: Resource,
    instances: Iterable[Body],
    *,
    body_at: str,
) -> Body | None:
    """Return the first of these instances that the list at `member` must contain and lacks.

    `body_at` is where an item holds the instance, if it is wrapped. Return None if no instance is missing, or
    if nothing can be concluded.
    """
    endpoint = exchange.call.endpoint
    assert endpoint is not None
    filters = filters_of(setting, endpoint.action)
    items = exchange.body.get(member) if isinstance(exchange.body, Mapping) else None
    if not isinstance(items, list) or not _reads_arguments(filters, endpoint, exchange, member):
        return None
    listed = (unwrap(item, body_at) if body_at else item for item in items)
    there = {resource.id_of(item) for item in listed if isinstance(item, Mapping)}
    missing = [
        instance
        for instance in instances
        if resource.id_of(instance) not in there
        and _is_comparable(resource, endpoint.action, filters, instance)
    ]
    if not missing:
        return None
    declared = _find_declared_members(setting, endpoint.action, member)
    goes_on = any(value for name, value in exchange.body.items() if name != member) or may_go_on(
        exchange, items
    )
    answer = partial(_Answer, setting, exchange, member)
    every, asked = answer(endpoint.action.laws), answer(filters)
    orders: list[_Answer] | None = None
    for alike in _sorts(filters, missing):
        likely = [
            {name: value for name, value in instance.items() if name in declared}
            for instance in alike[-OF_EACH:]
        ]
        fitting = [instance for instance in likely if every.holds([instance])]
        if fitting and not goes_on and asked.holds([*items, fitting[0]]):
            return fitting[0]
        if fitting and orders is None:
            orders = [order for law in ordering_of(endpoint.action) if (order := answer((law,))).holds(items)]
        if early := _before_the_end(orders or (), items, fitting):
            return early
    return None


def _reads_arguments(filters: Sequence[Law], endpoint: Endpoint, exchange: Exchange, member: str) -> bool:
    """True if laws about the list at `member` read all arguments of a call.

    Another argument, such as a cursor, may exclude anything. A law that compares an argument with another
    member alone, such as the page's number, says nothing of the items. A page is not a filter.
    """
    given = {str(p.name) for p in endpoint.params if exchange.input.get(str(p.name)) is not None}
    pages = endpoint.action.pages
    if pages is not None and pages.argument in given:
        return False
    about = [law for law in filters if _reads_list(law, member)]
    read = {name for law in about for name, *_ in filter(None, law.that.paths["input"])}
    return given <= {name for name in read if not _PAGE_ARGUMENT.search(name)}


def _reads_list(law: Law, member: str) -> bool:
    return any(path[:1] in ((), (member,)) for path in law.that.paths.get("response", ()))


def _is_comparable(resource: Resource, action: Action, filters: Sequence[Law], instance: Body) -> bool:
    """True if an instance's last known body can be compared with the list.

    The members that the filters read must not have changed since. If its state has changed, a law of the list
    must read the state.
    """
    lasting = set(resource.fixed) or instance.keys() - set(resource.volatile)
    read = {name for law in filters for name in _members_read(law.that)} & instance.keys()
    moved = resource.state is not None and instance.get(resource.state) != resource.initial
    told = any(resource.state in _members_read(law.that) for law in action.laws)
    return read <= lasting | {resource.state} and (told or not moved)


@lru_cache(maxsize=1_000)
def _members_read(expression: Expression) -> tuple[str, ...]:
    """Return the names of the members that an expression reads."""
    return tuple(dict.fromkeys(members_in(expression.tree)))


def _find_declared_members(setting: Setting, action: Action, member: str) -> frozenset[str]:
    """Return the members of a list's items by the list's schema; another answer may hold more members."""

    def find() -> frozenset[str]:
        schema = setting.resolve_schema(
            setting.resolve_schema(action.success.schema or {}).get("properties", {}).get(member, {})
        )
        return frozenset(_members(setting, schema.get("items", {})))

    return setting.compute_once(("listed members", action.name, member), find)


def _members(setting: Setting, schema: Mapping[str, Any]) -> Iterator[str]:
    for part in list_parts(schema, setting.model.schemas, keys=("allOf", "oneOf", "anyOf")):
        yield from part.get("properties", {})


def filters_of(setting: Setting, action: Action) -> tuple[Law, ...]:
    """Return the laws that read both the call's arguments and its answer."""
    return setting.compute_once(
        ("filters", action.name), lambda: tuple(law for law in action.laws if "input" in law.that.names)
    )


def ordering_of(action: Action) -> Iterator[Law]:
    """Yield the laws that read the answer alone, such as its order."""
    return (law for law in action.laws if law.when is None and law.that.names == {"response"})


def _sorts(filters: Sequence[Law], instances: Sequence[Body]) -> Iterator[list[Body]]:
    """Yield groups of instances that are equal in the members that the filters read."""
    read = dict.fromkeys(name for law in filters for name in _members_read(law.that))
    found: dict[str, list[Body]] = {}
    for instance in instances:
        found.setdefault(repr([instance.get(name) for name in read if name in instance]), []).append(instance)
    yield from list(found.values())[-MOST_SORTS:]


def _before_the_end(orders: Sequence[_Answer], items: list[Any], instances: Sequence[Body]) -> Body | None:
    """Return an instance that belongs before the answer's last item, because adding it after that breaks a
    law of their order.
    """
    for order in orders:
        for instance in instances:
            if order.holds([instance]) and order.breaks([*items, instance]):
                return instance
    return None


class _Answer:
    """An answer whose list can get other items, to evaluate laws on it."""

    def __init__(self, setting: Setting, exchange: Exchange, member: str, laws: Sequence[Law]) -> None:
        self._body, self._member, self._laws = exchange.body, member, laws
        self._scope = Scope(
            {**values_of(setting.model, exchange), "before": None, "response": None}, reading_of(laws)
        )

    def holds(self, items: list[Any]) -> bool:
        """True if all laws hold for these items; false if one cannot be evaluated."""
        return self._evaluate_laws(items) is True

    def breaks(self, items: list[Any]) -> bool:
        """True if one of the laws is broken by these items."""
        return self._evaluate_laws(items) is False

    def _evaluate_laws(self, items: list[Any]) -> bool | None:
        scope = self._scope
        scope.change("response", {**self._body, self._member: items})
        try:
            return all(scope.holds(law.that) for law in self._laws if law.applies(scope))
        except ExpressionError:
            return None


# -- lists with pages: their items, and their order over several pages


@dataclass(frozen=True, slots=True)
class PagedList:
    """A list with pages. `least` and `most` are the page sizes that can be requested; `most` is None if the
    server chooses the size.

    `choices` maps optional arguments to possible values. With `counts`, pages or items are numbered: all
    pages must have one size, and a new item moves later items on.
    """

    endpoint: Endpoint
    pages: Pages
    least: int
    most: int | None
    resource: Resource | None
    body_at: str
    choices: Mapping[str, tuple[Any, ...]]
    counts: bool
    parents: Mapping[str, Resource]
    """Required arguments that name an instance, which the run can make, such as the folder whose list it
    is.
    """

    @property
    def id(self) -> str:
        """Return the name of the member with an item's id."""
        return self.resource.id if self.resource is not None else "id"

    def id_of(self, item: Mapping[str, Any]) -> Any:
        """Return the id of an item of the list."""
        if self.resource is None:
            return member_at(item, "id")
        return self.resource.id_of(unwrap(item, self.body_at) if self.body_at else item)


def list_paged_lists(setting: Setting) -> tuple[PagedList, ...]:
    """Return the first paged list of each resource: others mostly share its code, and pages cost requests."""

    def find() -> Iterator[PagedList]:
        met: set[str] = set()
        for endpoint in setting.endpoints:
            pages = endpoint.action.pages
            paged = _describe(setting, endpoint, pages) if pages is not None else None
            kind = paged.resource.name if paged is not None and paged.resource is not None else endpoint.place
            if paged is not None and kind not in met:
                met.add(kind)
                yield paged

    return setting.compute_once("paged lists", lambda: tuple(find()))


def find_list_call(setting: Setting, paged: PagedList) -> tuple[Resource, ActionCall] | tuple[None, None]:
    """Return a resource that the endpoint lists, with its list call, or (None, None).

    The call with the fewest arguments about one instance comes first, then the one with the fewest arguments.
    """
    found = [
        (r, c)
        for r in setting.model.resources.values()
        if r.made_by
        for c in r.listed_by
        if c.action is paged.endpoint.action
    ]
    return min(found, key=lambda f: (count_particular(f[1]), len(f[1].input)), default=(None, None))


def count_particular(call: ActionCall) -> int:
    """Return how many arguments of a list call depend on one instance."""
    return sum(isinstance(value, Expression) and "resource" in value.names for value in call.input.values())


def _describe(setting: Setting, endpoint: Endpoint, pages: Pages) -> PagedList | None:
    """Return an endpoint's list with pages; None if its items cannot be distinguished."""
    action = endpoint.action
    listed = next(
        ((r, c) for r in setting.model.resources.values() for c in r.listed_by if c.action is action), None
    )
    members = _members_of_items(setting, action, pages)
    if listed is None and "id" not in members:
        return None
    size = action.param(pages.size) if pages.size else None
    bounds = setting.resolve_schema(size.schema) if size is not None else {}
    most, above = bounds.get("maximum"), bounds.get("exclusiveMinimum")
    least = math.floor(above) + 1 if above is not None else math.ceil(bounds.get("minimum", 1))
    chosen = {
        str(p.name): _listed_values(setting, setting.resolve_schema(p.schema))
        for p in endpoint.params
        if not p.required and p.place != "path" and p.name not in (pages.argument, pages.size)
    }
    by = action.param(pages.argument) if pages.argument else None
    types = set(types_of(setting.resolve_schema(by.schema))) if by is not None else set()
    counts = "input" in pages.next.names or bool(types & {"integer", "number"})
    return PagedList(
        endpoint,
        pages,
        max(1, least),
        int(most) if most is not None else None,
        listed[0] if listed else None,
        listed[1].body_at if listed else "",
        {name: values for name, values in chosen.items() if values},
        counts,
        {
            str(p.name): resource
            for p in endpoint.params
            if p.required
            and (resource := setting.model.resources.get(p.refers_to or ""))
            and resource.made_by
        },
    )


def _listed_values(setting: Setting, schema: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values that a schema lists; for a list of such values, lists of one of them."""
    items = setting.resolve_schema(schema.get("items", {}))
    if "array" in types_of(schema) and schema.get("minItems", 1) <= 1 and items.get("enum"):
        return tuple([value] for value in items["enum"])
    return tuple(schema.get("enum", ())) or ((True, False) if types_of(schema) == ("boolean",) else ())


def _members_of_items(setting: Setting, action: Action, pages: Pages) -> Mapping[str, Any]:
    schema = setting.model.schema_at(action, place_of(pages.items.tree)[1:])
    items = setting.resolve_schema(schema.get("items", {}) if "array" in types_of(schema) else {})
    found: Mapping[str, Any] = items.get("properties", {})
    return found


def items_on(paged: PagedList, exchange: Exchange) -> list[Mapping[str, Any]] | None:
    """Return the items of a page; None if the answer has no list."""
    found = items_of(paged.pages, values_for(exchange.input, exchange.body, exchange.response))
    return [item for item in found if isinstance(item, Mapping)] if found is not None else None


def breaks_order(
    setting: Setting, paged: PagedList, pages: Sequence[tuple[Exchange, Sequence[Mapping[str, Any]]]]
) -> str | None:
    """Return the law of an order that holds on each page alone and not on the whole list, or None."""
    name, *place = place_of(paged.pages.items.tree) or ("",)
    if name != "response" or not all(isinstance(step, str) for step in place):
        return None
    whole = put(pages[-1][0].body, list(map(str, place)), [item for _, items in pages for item in items])
    for law in ordering_of(paged.endpoint.action):
        if order_of(law.that.tree) is None:
            continue
        try:
            alone = all(Scope(values_of(setting.model, exchange)).holds(law.that) for exchange, _ in pages)
            if alone and not Scope({"response": whole}).holds(law.that):
                return law.that.wording
        except ExpressionError:
            continue
    return None


# -- the next page of a list.
#
# The catalogue's `pages` decide. Without them, an answer that looks like one page of several proves
# nothing. An item that it lacks may stand on the next page, which cannot be requested.


_PAGE_ARGUMENT = re.compile(r"^(?:page|offset|skip|cursor|marker)(?:_?(?:no|num|number|token))?$", re.I)
"""Arguments that choose a page by their name. The size of a page is no such argument."""
_GOES_ON = re.compile(r"next|more|cursor|token|continu|after", re.I)
"""Names of members that lead to a further page, if their value can: a flag that is set, or a text without
blanks.
"""
_COUNTS = re.compile(r"total|(?<!dis)(?<!ac)count(?!r|er)|results?$", re.I)
"""Names of members that count the items of all pages. `discount` and `country` count none."""
_SIZES = re.compile(r"size$", re.I)
"""Names of members that may count all items, too, or those that a page may have."""
_LINKS_NEXT = re.compile(r""";\s*rel\s*=\s*["']?next\b""", re.I)
_WHOLE = re.compile(r"-?\d{1,15}")
_DECIMAL = re.compile(r"-?\d{1,15}\.\d{1,15}")
_PORTS = {"http": 80, "https": 443}
ROUND = 5
"""Page sizes are usually multiples of five items, from ten on."""
LEAST_PAGE = 10


@dataclass(frozen=True, slots=True)
class PageRequest:
    """The request of a further page: arguments to add to those of the first request, and the URL if one was
    given.

    `problem` says why the promised page cannot be requested, which breaks the contract. `unfollowed` is any
    other reason for not requesting it, which leaves the contract untested.
    """

    input: Mapping[str, Any] = field(default_factory=dict)
    raw: Raw = field(default_factory=Raw)
    problem: str = ""
    unfollowed: str = ""

    @property
    def is_followed(self) -> bool:
        """True if the page can be requested."""
        return not (self.problem or self.unfollowed)


def may_go_on(exchange: Exchange, items: list[Any]) -> bool:
    """True if further pages may have more items.

    Without `pages` in the catalogue, that is so in two cases. A header or a member announces a page, or the
    list is as long as a page. The page's length is an argument or a usual size.
    """
    if announces_more(exchange, items):
        return True
    return _pages(exchange) is None and fills_a_page(exchange, len(items))


def fills_a_page(exchange: Exchange, items: int) -> bool:
    """True if so many items are as long as a page: an argument says its length, or it is a usual size."""
    endpoint = exchange.call.endpoint
    sizes = {
        size for p in (endpoint.params if endpoint is not None else ()) for size in _sizes(p, exchange.input)
    }
    return items > 0 and (items in sizes or (items >= LEAST_PAGE and items % ROUND == 0))


def announces_more(exchange: Exchange, items: list[Any]) -> bool:
    """True if the answer says that further pages have more items.

    The catalogue's `pages` decide. Without them, a header or a member may say so.
    """
    pages = _pages(exchange)
    if pages is not None:
        return find_next_page(pages, _law_values(exchange)) is not None
    if isinstance(exchange.answer, Response) and _LINKS_NEXT.search(exchange.answer.header("link") or ""):
        return True
    return isinstance(exchange.body, Mapping) and _says_more(exchange.body, len(items))


def _pages(exchange: Exchange) -> Pages | None:
    return exchange.call.endpoint.action.pages if exchange.call.endpoint is not None else None


def _law_values(exchange: Exchange) -> dict[str, Any]:
    return values_for(exchange.input, exchange.body, exchange.response)


def _says_more(body: Mapping[str, Any], held: int) -> bool:
    """True if a member says that there are more items than the answer holds.

    A name alone says nothing: `more_info` leads to no page. The `size` of a page may be more than the last
    page holds, so a count decides where there is one.
    """
    members = list(_list_members(body))
    if any(_GOES_ON.search(name) and _leads_on(value) for name, value in members):
        return True
    counts = [value for name, value in members if type(value) is int and _COUNTS.search(name)]
    sizes = [value for name, value in members if type(value) is int and _SIZES.search(name)]
    return any(count > held for count in counts or sizes)


def _list_members(body: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield name and value of each member outside lists, also inside objects."""
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from _list_members(value)
        else:
            yield str(name), value


def _leads_on(value: Any) -> bool:
    """True for a value that can lead to a further page: a flag that is set, or a text without blanks."""
    return value is True or (isinstance(value, str) and value != "" and not re.search(r"\s", value))


def _sizes(param: Param, given: Mapping[str, Any]) -> list[Any]:
    """Return the page sizes that an argument suggests: its value in the call, its default and its maximum."""
    schema = param.schema if isinstance(param.schema, Mapping) else {}
    return [
        v
        for v in (given.get(str(param.name)), schema.get("default"), schema.get("maximum"))
        if type(v) is int and v > 0
    ]


def next_page(setting: Setting, endpoint: Endpoint, exchange: Exchange) -> PageRequest | None:
    """Return the request of the page after this answer; None on the last page, or without `pages`."""
    pages = endpoint.action.pages
    found = find_next_page(pages, _law_values(exchange)) if pages is not None else None
    if pages is None or found is None:
        return None
    if found.missing:
        said = f"a further page is announced, but `{pages.next.wording}` says none"
        return PageRequest(problem=said)
    if found.url and endpoint.on_rest:
        return _follow(setting, endpoint, exchange, found)
    return _with_argument(setting, endpoint, pages, found) if found.value is not None else None


def follow_pages(
    setting: Setting, call: Call, send: Callable[[Call], Exchange | None], most: int
) -> Iterator[tuple[PageRequest, Exchange]]:
    """Yield the pages of a list, at most so many, each with its request. The last one announces none that can
    be requested, or was not sent.
    """
    assert call.endpoint is not None
    more = PageRequest()
    for _ in range(most):
        if (page := send(call)) is None:
            return
        yield more, page
        announced = next_page(setting, call.endpoint, page) if page.success else None
        if announced is None or not announced.is_followed:
            return
        more = announced
        call = replace(call, input={**call.input, **more.input}, raw=more.raw)


def find_page_argument(setting: Setting, endpoint: Endpoint) -> Param | None:
    """Return the argument by which a list's pages, or the items before one, are counted: `page`, `offset`."""
    named = (p for p in endpoint.params if p.place == "query" and _PAGE_ARGUMENT.search(p.wire))
    return next((p for p in named if "integer" in types_of(setting.resolve_schema(p.schema))), None)


def find_last_page(setting: Setting, endpoint: Endpoint, first: Exchange, held: int) -> dict[str, Any]:
    """Return the argument for the last page behind a first one that holds so many items and counts all; empty
    if there is none.
    """
    param, body = find_page_argument(setting, endpoint), first.body
    if param is None or not held or not isinstance(body, Mapping):
        return {}
    counts = [n for name, n in _list_members(body) if type(n) is int and _COUNTS.search(name)]
    further = -(-max(counts, default=0) // held) - 1
    usual, is_page = setting.resolve_schema(param.schema).get("default"), "page" in param.wire.lower()
    begin = first.input.get(str(param.name), usual)
    begin = begin if type(begin) is int else int(is_page)
    value = begin + further * (1 if is_page else held)
    fits = further > 0 and setting.test_argument(endpoint, param).is_valid(value)
    return {str(param.name): value} if fits else {}


def _with_argument(setting: Setting, endpoint: Endpoint, pages: Pages, found: NextPage) -> PageRequest:
    """Return the request of a page by an argument. The result says so if the argument refuses the value."""
    param = endpoint.action.param(pages.argument)
    assert param is not None
    value = _read(setting, param.schema, found.value) if found.url else found.value
    if setting.test_argument(endpoint, param).is_valid(value):
        return PageRequest({pages.argument: value})
    said = f"`{pages.argument}` does not take {str(value)[:100]!r}"
    return PageRequest(unfollowed=said) if "input" in pages.next.names else PageRequest(problem=said)


def _read(setting: Setting, schema: Mapping[str, Any], text: str) -> Any:
    """Return the value that a schema's types make of a text in a URL."""
    kinds = set(types_of(setting.resolve_schema(schema)))
    if kinds & {"integer", "number"} and _WHOLE.fullmatch(text):
        return int(text)
    if "number" in kinds and _DECIMAL.fullmatch(text):
        return float(text)
    if kinds - {"null"} == {"boolean"} and text in ("true", "false"):
        return text == "true"
    return text


def _follow(setting: Setting, endpoint: Endpoint, exchange: Exchange, found: NextPage) -> PageRequest:
    """Return the request of a URL. It must have the API's own host and scheme and the list's path."""
    own = setting.list_bases(endpoint)
    try:
        url = urljoin(own[0] + exchange.request.target, found.url)
        hosts = [base for base in own if _host(base) == _host(url)]
        parts = urlsplit(url)
        home = next((base for base in hosts if urlsplit(base).scheme == parts.scheme), None)
    except ValueError:
        return PageRequest(problem=f"{found.url[:200]!r} is not a URL")
    if hosts and home is None:  # the port of the base URL serves one scheme
        return PageRequest(problem=f"{found.url[:200]} is {parts.scheme} where the list is not")
    if home is None:
        return PageRequest(problem=f"{found.url[:200]} is on another host, where no key may go")
    path = parts.path.removeprefix(urlsplit(home).path)
    if path != exchange.request.path:
        return PageRequest(unfollowed=f"{found.url[:200]} is another path than the list's")
    places = {p.wire: p for p in endpoint.params if p.place == "query"}
    texts: dict[str, list[str]] = {}
    for wire, text in parse_qsl(parts.query, keep_blank_values=True):
        if wire in places:
            texts.setdefault(wire, []).append(text)
    given = {str(places[wire].name): _read_all(setting, places[wire], every) for wire, every in texts.items()}
    return PageRequest(given, Raw(target=f"{path}?{parts.query}" if parts.query else path))


def _read_all(setting: Setting, param: Param, texts: list[str]) -> Any:
    """Return an argument's value from the texts under its name in a URL."""
    schema = setting.resolve_schema(param.schema)
    if "array" not in types_of(schema):
        return _read(setting, param.schema, texts[-1])
    parted = texts[0].split(",") if len(texts) == 1 else texts
    return [_read(setting, schema.get("items", {}), text) for text in parted]


def _host(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme, 0)
