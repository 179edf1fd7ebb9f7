"""Ways to name a page by an argument: by a cursor, an id, a number or an offset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pgagents import registry
from pgagents.cel.scope import Scope
from pgagents.model.action import Action
from pgagents.model.pages import Pages
from pgagents.sandbox.mock import places

FOLDER = "pgagents.sandbox.mock.paging.tokens"
TRIED = 10


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list, in order, with their ids, and the arguments of a call that lists them."""

    action: Action
    pages: Pages
    rows: Sequence[Mapping[str, Any]]
    ids: Sequence[Any]
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
