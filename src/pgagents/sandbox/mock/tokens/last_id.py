"""Pages named by the id of the item before them: `next: "response.data[-1].id"`."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Pages
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.pages import Listing, Token


def _applies(_action: Action, pages: Pages) -> bool:
    return _member(pages) is not None


def _member(pages: Pages) -> tuple[str | int, ...] | None:
    """Return the path from an item to the member that names it, or None."""
    items, next = places.place_steps(pages.items), places.place_steps(pages.next)
    if not items or next[: len(items) + 1] != (*items, -1):
        return None
    return next[len(items) + 1 :]


def _begin(listing: Listing, value: Any) -> int | None:
    member = _member(listing.pages) or ()
    names = [places.get(row, member) for row in listing.rows]
    return names.index(value) + 1 if value in names else None


def _name(listing: Listing, start: int) -> Any:
    return places.get(listing.rows[start - 1], _member(listing.pages) or ())


TOKEN = Token(_applies, _begin, _name)
