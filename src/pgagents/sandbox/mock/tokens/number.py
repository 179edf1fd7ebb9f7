"""Pages named by their number: `next: input.page + 1.0`, or a number in the answer."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Pages
from pgagents.sandbox.mock.pages import Listing, Token, takes_number


def _applies(action: Action, pages: Pages) -> bool:
    return takes_number(action, pages)


def _first(listing: Listing) -> int:
    """Return the number of the first page: the argument's default, or its smallest value."""
    param = listing.action.param(listing.pages.argument)
    schema = param.schema if param is not None else {}
    return int(schema.get("default", schema.get("minimum", 1)))


def _begin(listing: Listing, value: Any) -> int | None:
    before = int(value) - _first(listing)
    return before * listing.size if before >= 0 else None


def _name(listing: Listing, start: int) -> Any:
    return _first(listing) + start // listing.size


TOKEN = Token(_applies, _begin, _name, rank=2)
