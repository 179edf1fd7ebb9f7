"""Pages named by the number of items before them: `next: input.offset + size(response.items)`."""

from __future__ import annotations

from typing import Any

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Pages
from pgagents.sandbox.mock.pages import Listing, Token, step_after, takes_number

_HELD = 3


def _applies(action: Action, pages: Pages) -> bool:
    return takes_number(action, pages) and step_after(pages, _HELD) == _HELD


def _begin(_listing: Listing, value: Any) -> int | None:
    return int(value) if value >= 0 else None


def _name(_listing: Listing, start: int) -> Any:
    return start


TOKEN = Token(_applies, _begin, _name)
