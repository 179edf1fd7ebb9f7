"""Decide if a list goes on after an answer, and make the call that requests its next page.

The catalogue's `pages` decide. Without them, an answer that looks like one page of several proves nothing. An
item that it lacks may stand on the next page, which cannot be requested.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from pgagents.http import Response
from pgagents.model.argument import Param
from pgagents.model.pages import NextPage, Pages, find_next_page, values_for
from pgagents.verify.check.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

_GOES_ON = re.compile(r"next|more|cursor|token|continu|after", re.I)
_COUNTS = re.compile(r"total|count|size|results?$", re.I)
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
    if _pages(exchange) is not None:
        return False
    endpoint = exchange.call.endpoint
    sizes = {
        size for p in (endpoint.params if endpoint is not None else ()) for size in _sizes(p, exchange.input)
    }
    return bool(items) and (len(items) in sizes or (len(items) >= LEAST_PAGE and len(items) % ROUND == 0))


def announces_more(exchange: Exchange, items: list[Any]) -> bool:
    """True if the answer says that further pages have more items.

    The catalogue's `pages` decide. Without them, a header or a member may say so.
    """
    pages = _pages(exchange)
    if pages is not None:
        return find_next_page(pages, _values(exchange)) is not None
    if isinstance(exchange.answer, Response) and _LINKS_NEXT.search(exchange.answer.header("link") or ""):
        return True
    return isinstance(exchange.body, Mapping) and any(
        _says_more(str(name), value, len(items)) for name, value in exchange.body.items()
    )


def _pages(exchange: Exchange) -> Pages | None:
    return exchange.call.endpoint.action.pages if exchange.call.endpoint is not None else None


def _values(exchange: Exchange) -> dict[str, Any]:
    return values_for(exchange.input, exchange.body, exchange.response)


def _says_more(name: str, value: Any, held: int) -> bool:
    """True if a member, or one inside it, says that there are more items than the answer holds."""
    if isinstance(value, Mapping):
        return any(_says_more(str(inner), v, held) for inner, v in value.items())
    if isinstance(value, bool | str):
        return bool(value) and _GOES_ON.search(name) is not None
    return isinstance(value, int) and value > held and _COUNTS.search(name) is not None


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
    found = find_next_page(pages, _values(exchange)) if pages is not None else None
    if pages is None or found is None:
        return None
    if found.missing:
        said = f"a further page is announced, but `{pages.next.wording}` says none"
        return PageRequest(problem=said)
    if found.url and endpoint.on_rest:
        return _follow(setting, endpoint, exchange, found)
    return _with_argument(setting, endpoint, pages, found) if found.value is not None else None


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
        return PageRequest(problem=f"{found.url[:200]!r} is no URL")
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
