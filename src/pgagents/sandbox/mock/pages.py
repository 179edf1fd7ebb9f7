"""One page of a list: its rows, how the answer announces the next page, and what names a page in a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any

from pgagents.base import registry
from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.cel.reading import paths_in
from pgagents.base.http import target
from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Pages
from pgagents.catalogue.model.model import Model
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.mock import places

USUAL = 20
"""Number of items in a page, if the catalogue states no page size."""
_MEANINGS = ("total", "pages", "number", "offset", "size", "held")
MOST_MEMBERS = 3
_SIMULATED, _OF = 7, 3


@dataclass(frozen=True, slots=True)
class Page:
    """The rows of a page, the answer that shows them, and headers that announce the next page."""

    answer: Any
    headers: tuple[tuple[str, str], ...] = ()


def show_page(
    model: Model,
    base: str,
    call: AcceptedCall,
    answer: Any,
    rows: Sequence[Mapping[str, Any]],
    id: str,
) -> Page | Refusal:
    """Put a page of the rows into an answer to a listing. `base` is the server's URL, `id` a row's member."""
    pages = call.action.pages
    assert pages is not None
    listing = _listing(model, call, pages, rows, id)
    token, value = find_token(call.action, pages), call.input.get(pages.argument)
    try:
        start = 0 if value is None else token.begin(listing, value)
    except OtherListError:
        assert pages.bound is not None
        return Refusal(pages.bound.name, "The page belongs to a list with other arguments", pages.argument)
    if start is None:
        return Refusal(model.invalid_in(call.action).name, "There is no such page", pages.argument)
    end = start + listing.size
    shown = places.put(answer, places.place_steps(pages.items)[1:], [dict(row) for row in rows[start:end]])
    next = token.name(listing, end) if end < len(rows) else None
    shown = _tell_more(listing, shown, start, next is not None)
    return _tell_next(model, base, call, pages, shown, next)


def _listing(
    model: Model, call: AcceptedCall, pages: Pages, rows: Sequence[Mapping[str, Any]], id: str
) -> Listing:
    param = call.action.param(pages.argument)
    assert param is not None
    size = call.input.get(pages.size or "")
    items = model.schema_at(call.action, places.place_steps(pages.items)[1:])
    usual = items.get("maxItems", USUAL)
    given = {
        k: v
        for k, v in call.input.items()
        if k not in (pages.argument, pages.size) and (not pages.bound_to or k in pages.bound_to)
    }
    check = schemas.validator(param.schema, model.schemas)
    length = max(1, size if type(size) is int else int(usual))
    return Listing(call.action, pages, rows, id, length, given, check.is_valid)


def _tell_next(model: Model, base: str, call: AcceptedCall, pages: Pages, answer: Any, next: Any) -> Page:
    """Write the next page's value or URL, or its absence, to the place that `next` reads."""
    name, *place = places.place_steps(pages.next) or ("",)
    told: Any = next
    if pages.is_url and next is not None:
        told = base + _url(call, pages, next)
    if name == "headers" and place:
        if told is None:
            return Page(answer)
        link = f'<{told}>; rel="{place[1]}"' if place[0] == "link" else str(told)
        return Page(answer, ((_header(str(place[0])), link),))
    if name != "response" or -1 in place:  # the client computes it from the arguments or the items
        return Page(answer)
    if told is None and "null" not in model.schema_at(call.action, tuple(place)).get("type", ()):
        if not _must_be_text(model, call.action, tuple(place)):
            return Page(_without(answer, tuple(place)))
        told = ""
    return Page(places.put(answer, tuple(place), told))


def _must_be_text(model: Model, action: Action, place: places.Place) -> bool:
    """Return whether the answer must have a text at a path even without a next page, like Slack's
    `next_cursor`.
    """
    required = model.schema_at(action, place[:-1]).get("required", ())
    schema = model.schema_at(action, place)
    return place[-1] in required and schemas.validator(schema, model.schemas).is_valid("")


def _header(name: str) -> str:
    return "-".join(part.capitalize() for part in name.split("-"))


def _url(call: AcceptedCall, pages: Pages, next: Any) -> str:
    values = {**{k: v for k, v in call.input.items() if k in call.given}, pages.argument: next}
    in_path = {p.wire: values[p.name] for p in call.action.params if p.place == "path" and p.name in values}
    query = [
        (p.wire, value)
        for p in call.action.params
        if p.place == "query" and p.name in values
        for value in (values[p.name] if isinstance(values[p.name], list) else [values[p.name]])
    ]
    return target(str(call.action.path), in_path, query)


def _without(answer: Any, place: places.Place) -> Any:
    """Return the answer without the member at a path."""
    if not isinstance(answer, Mapping) or not place or place[0] not in answer:
        return answer
    if len(place) == 1:
        return {k: v for k, v in answer.items() if k != place[0]}
    return {**answer, place[0]: _without(answer[place[0]], place[1:])}


def _tell_more(listing: Listing, answer: Any, start: int, more: bool) -> Any:
    """Make the condition `more` true or false, by changing the members of the answer that it reads."""
    pages = listing.pages
    if pages.more is None:
        return answer
    name, *place = places.place_steps(pages.more) or ("",)
    if name == "response":
        return places.put(answer, tuple(place), more)
    for path, meaning in find_meanings(pages):
        values = _meanings(len(listing.rows), start, listing.size)
        answer = places.put(answer, path, values[meaning])
    return answer


def _meanings(total: int, start: int, size: int) -> dict[str, int]:
    held = max(0, min(size, total - start))
    values = (total, -(-total // size), start // size + 1, start, size, held)
    return dict(zip(_MEANINGS, values, strict=True))


def find_meanings(pages: Pages) -> tuple[tuple[tuple[str, ...], str], ...]:
    """Return the meaning of each member that `more` reads: the total, the number of pages, and so on.

    With these meanings the condition is right for every page of a listing.
    """
    return _find_meanings(pages.more, pages.items, pages.argument, pages.size) if pages.more else ()


@lru_cache(maxsize=200)
def _find_meanings(
    more: Expression, items: Expression, argument: str, size: str | None
) -> tuple[tuple[tuple[str, ...], str], ...]:
    list_place = places.place_steps(items)[1:]
    read = dict.fromkeys(path[1:] for path in paths_in(more.tree) if path[0] == "response")
    members = [path for path in read if path != list_place]
    steps = range(0, _SIMULATED, _OF)
    for meanings in product(_MEANINGS, repeat=min(len(members), MOST_MEMBERS)):
        chosen = tuple(zip(members, meanings, strict=False))
        for counted in ("number", "offset"):
            given = {argument: counted, **({size: "size"} if size else {})}
            if all(_is_right(more, chosen, list_place, given, start) for start in steps):
                return chosen
    return ()


def _is_right(
    more: Expression,
    chosen: Sequence[tuple[tuple[str, ...], str]],
    list_place: places.Place,
    given: Mapping[str, str],
    start: int,
) -> bool:
    """Return whether the condition is right for one page of a list, if members and arguments have these
    meanings.
    """
    values = _meanings(_SIMULATED, start, _OF)
    body: Any = places.put(None, list_place, [{}] * values["held"])
    for path, meaning in chosen:
        body = places.put(body, path, values[meaning])
    input = {name: values[meaning] for name, meaning in given.items()}
    found = Scope({"response": body, "input": input, "headers": {}}).find_value(more)
    return isinstance(found, bool) and found == (start + _OF < _SIMULATED)


# -- tokens of pages


FOLDER = "pgagents.sandbox.mock.tokens"
TRIED = 10


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list, in order, the member that is their id, and the arguments of a listing call."""

    action: Action
    pages: Pages
    rows: Sequence[Mapping[str, Any]]
    id: str
    size: int
    given: Mapping[str, Any]
    """The call's arguments with defaults, without the page and its size."""
    fits: Callable[[Any], bool]
    """A function that returns whether the argument allows a value."""


class OtherListError(Exception):
    """The page belongs to a list with other arguments."""


@dataclass(frozen=True, slots=True)
class Token:
    """A way to name a page.

    `applies` returns whether a list uses this way. `begin` returns the index of a page's first item, or None
    for a value that names no page. `name` returns the value for the page that begins at an index.
    """

    applies: Callable[[Action, Pages], bool]
    begin: Callable[[Listing, Any], int | None]
    name: Callable[[Listing, int], Any]
    rank: int = 1


@cache
def _tokens() -> tuple[Token, ...]:
    found = [module.TOKEN for module in registry.collect_by_name(FOLDER).values()]
    return tuple(sorted(found, key=lambda token: token.rank))


def find_token(action: Action, pages: Pages) -> Token:
    """Return the way in which a list's pages are named."""
    return next(token for token in _tokens() if token.applies(action, pages))


def step_after(pages: Pages, held: int) -> float | None:
    """Return the number that `next` adds to the argument after a page with this many items; None if none."""
    name, *place = places.place_steps(pages.items) or ("",)
    body = places.put(None, tuple(place), [{}] * held) if name == "response" else None
    given = {pages.argument: float(TRIED), **({pages.size: float(held)} if pages.size else {})}
    found = Scope({"input": given, "response": body, "headers": {}}).find_value(pages.next)
    return found - TRIED if isinstance(found, int | float) and not isinstance(found, bool) else None


def takes_number(action: Action, pages: Pages) -> bool:
    """Return whether the argument is a whole number."""
    param = action.param(pages.argument)
    kinds = param.schema.get("type", ()) if param is not None else ()
    return kinds == "integer" or "integer" in kinds
