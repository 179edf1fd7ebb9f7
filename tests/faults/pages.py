"""Faults of pages: items lost between them, pages that never end, URLs that lead elsewhere."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.call import AcceptedCall, Domain, Refusal
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.fault_helpers import data_of, successful
from pgagents.sandbox.mock import places

MOST = 1_000
"""More items than any list of a test has."""
_ELSEWHERE = "https://elsewhere.example"
_EMPTY = "bm90aGluZw"
"""A cursor that leads to a page without items."""


def _is_later(call: AcceptedCall) -> bool:
    """Return whether a call requests a page after the first."""
    return call.action.pages is not None and call.action.pages.argument in call.given


@fault("pagination", needs=("pages-of-one-list",)).replace_actions
def cursor_of_any_list(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A page of one list is answered with the arguments of another."""
    found, pages = inner(call), call.action.pages
    if (
        pages is None
        or pages.bound is None
        or not isinstance(found, Refusal)
        or found.code != pages.bound.name
    ):
        return found
    kept = {pages.argument, pages.size, *(str(p.name) for p in call.action.params if p.required)}
    return inner(replace(call, input={k: v for k, v in call.input.items() if k in kept}))


@fault("list_totals", also={"law": "it says the total"}, needs=("pages-of-one-list",), odd=True).edit_data
def total_one_too_high(_context: Context, _request: Request, data: Any) -> Any:
    """A list states one item more than it has, on each of its pages."""
    if not isinstance(data, dict) or not any(isinstance(value, list) for value in data.values()):
        return None
    return {name: value + 1 if name == "total" else value for name, value in data.items()}


@fault("list_totals", also={"law": "it says the total"}, needs=("total-of-a-list",)).edit_data
def total_minds_no_filter(context: Context, request: Request, data: Any) -> Any:
    """A list with a filter states as many items as the longest list before had."""
    if context.reader.action(request) is None or not isinstance(data, dict) or "total" not in data:
        return None
    context.memory["most"] = max(context.memory.get("most", 0), data["total"])
    return {**data, "total": context.memory["most"]}


@fault("list_totals", also={"law": "it says the total"}, needs=("pages-of-one-list",), odd=True).edit_data
def total_of_the_page(context: Context, request: Request, data: Any) -> Any:
    """A list tells the number of the page's items as its total."""
    action = context.reader.action(request)
    if action is None or action.pages is None or not isinstance(data, dict):
        return None
    items = next((value for value in data.values() if isinstance(value, list)), [])
    counts = [name for name, value in data.items() if "total" in name and type(value) is int]
    return {**data, **dict.fromkeys(counts, len(items))}


@fault("pagination", needs=("pages-of-one-folder",)).replace_actions
def cursor_of_any_parent(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """A page of one parent's list is answered with the first page of another's."""
    found, pages = inner(call), call.action.pages
    if pages is None or not isinstance(found, Refusal) or pages.bound is None:
        return found
    if found.code != pages.bound.name or not pages.bound_to:
        return found
    return inner(replace(call, input={k: v for k, v in call.input.items() if k != pages.argument}))


@fault("pagination", needs=("pages-by-last-id",)).edit_data
def last_page_promises_more(context: Context, request: Request, data: Any) -> Any:
    """Every page says that there is a further one, the last one too."""
    action = context.reader.action(request)
    pages = action.pages if action is not None else None
    if pages is None or pages.more is None:
        return None
    name, *place = places.place_steps(pages.more) or ("",)
    return places.put(data, tuple(place), True) if name == "response" else None


@fault("pagination").handle_requests
def pages_without_end(context: Context, handler: Handler, request: Request) -> Response | Silence:
    """The last page of a list announces an empty one, which announces itself."""
    action = context.reader.action(request)
    pages = action.pages if action is not None else None
    argument = action.param(pages.argument) if action is not None and pages is not None else None
    if action is None or pages is None or argument is None or pages.is_url:
        return handler(request)
    given = dict(request.query)
    empty = given.pop(argument.wire, None) == _EMPTY
    answer = handler(replace(request, target=f"{request.path}?{urlencode(given)}") if empty else request)
    data, next = data_of(answer) if isinstance(answer, Response) else None, places.place_steps(pages.next)[1:]
    if not isinstance(answer, Response) or not successful(answer):
        return answer
    if not empty and places.get(data, next) is not None:
        return answer
    if empty:
        data = places.put(data, places.place_steps(pages.items)[1:], [])
    return answer.with_json(places.put(data, next, _EMPTY))


@fault("pagination", needs=("pages-by-link-header",)).edit_answers
def link_to_the_same_page(context: Context, request: Request, answer: Response) -> Response:
    """The link to the next page leads to the page that has it."""
    action = context.reader.action(request)
    if action is None or action.pages is None or answer.header("link") is None:
        return answer
    return answer.with_header("Link", f'<{request.target}>; rel="next"')


@fault("pagination", needs=("pages-with-a-filter",)).edit_answers
def link_without_filter(context: Context, request: Request, answer: Response) -> Response:
    """The link to the next page has the page and its size alone, and no other argument of the first one."""
    action, link = context.reader.action(request), answer.header("link")
    pages = action.pages if action is not None else None
    if action is None or pages is None or link is None:
        return answer
    wires = {p.wire for p in action.params if str(p.name) in (pages.argument, pages.size)}
    url = urlsplit(link.partition("<")[2].partition(">")[0])
    query = urlencode([pair for pair in parse_qsl(url.query) if pair[0] in wires])
    return answer.with_header("Link", f'<{url._replace(query=query).geturl()}>; rel="next"')


@fault("pagination", needs=("pages-by-url",)).edit_data
def next_url_elsewhere(context: Context, request: Request, data: Any) -> Any:
    """The URL of the next page is on another host."""
    action = context.reader.action(request)
    if action is None or action.pages is None or not action.pages.is_url:
        return None
    place = places.place_steps(action.pages.next)[1:]
    told = places.get(data, place)
    if not isinstance(told, str):
        return None
    return places.put(data, place, _ELSEWHERE + told.removeprefix(str(context.model.api.server)))


@fault("pagination", needs=("pages-by-url",)).edit_data
def next_url_by_plain_http(context: Context, request: Request, data: Any) -> Any:
    """The URL of the next page is http, at the port where only https is spoken."""
    action, server = context.reader.action(request), str(context.model.api.server)
    if action is None or action.pages is None or not action.pages.is_url or not server.startswith("https:"):
        return None
    place = places.place_steps(action.pages.next)[1:]
    told = places.get(data, place)
    if not isinstance(told, str):
        return None
    host, slash, path = server.removeprefix("https://").partition("/")
    return places.put(data, place, f"http://{host}:443{slash}{path}{told.removeprefix(server)}")


@fault("pagination", needs=("pages-by-number",)).replace_actions
def page_always_the_first(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Every page of a list is the first one."""
    pages = call.action.pages
    if pages is None or not _is_later(call):
        return inner(call)
    param = call.action.param(pages.argument)
    first = param.schema.get("default") if param is not None else None
    return inner(replace(call, input={**call.input, pages.argument: first}))


@fault("pagination", needs=("pages-by-offset",)).replace_actions
def page_longer_than_asked(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Each page has one item more than was requested."""
    size = call.action.pages.size if call.action.pages is not None else None
    if size is None or size not in call.given:
        return inner(call)
    return inner(replace(call, input={**call.input, size: call.input[size] + 1}))


@fault("pagination", also={"workflow_runs": "a workflow follows a list to its second page, too"}).edit_answers
def page_skips_an_item(context: Context, request: Request, answer: Response) -> Response:
    """Each page after the first leaves out its first item."""
    action, data = context.reader.action(request), data_of(answer)
    pages = action.pages if action is not None else None
    if pages is None or action is None or not successful(answer) or data is None:
        return answer
    place, param = places.place_steps(pages.items)[1:], action.param(pages.argument)
    items = places.get(data, place)
    if param is None or param.wire not in dict(request.query) or not isinstance(items, list):
        return answer
    return answer.with_json(places.put(data, place, items[1:]))


@fault("pagination", needs=("pages-in-order",)).replace_actions
def page_sorted_alone(_context: Context, inner: Domain, call: AcceptedCall) -> Any:
    """Each page is sorted, and the whole list is not: its first item comes on the last page."""
    pages = call.action.pages
    size = call.input.get(pages.size or "") if pages is not None else None
    if pages is None or pages.size is None or type(size) is not int:
        return inner(call)
    first = {k: v for k, v in call.input.items() if k != pages.argument}
    whole = inner(replace(call, input={**first, pages.size: MOST}))
    place, told = places.place_steps(pages.items)[1:], places.place_steps(pages.next)[1:]
    items = places.get(whole, place)
    given = str(call.input.get(pages.argument) or "0")
    if isinstance(whole, Refusal) or not isinstance(items, list) or len(items) <= size:
        return inner(call)
    if not given.isdecimal():
        return inner(call)  # it refuses what is not a cursor
    start = int(given)
    turned = [*range(1, len(items)), 0][start : start + size]
    end = start + size
    shown = places.put(whole, place, [items[index] for index in sorted(turned)])
    return places.put(shown, told, str(end) if end < len(items) else None)
