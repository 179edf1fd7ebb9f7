"""Pages named by a text that only the server reads."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.answers import Pages
from pgagents.catalogue.model.resource import member_at
from pgagents.sandbox.mock.pages import Listing, OtherListError, Token


def _applies(_action: Action, _pages: Pages) -> bool:
    return True


def _begin(listing: Listing, value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < TOO_LONG:
        return int(value) if listing.fits(value) else None
    try:
        text = base64.urlsafe_b64decode(str(value) + "=" * (-len(str(value)) % 4))
        start, before, of, *behind = json.loads(text)
    except (binascii.Error, ValueError, TypeError):
        return None
    if type(start) is not int:
        return None
    if listing.pages.bound is not None and of != _hash(listing):
        raise OtherListError
    for id, more in ((before, 1), *((id, 0) for id in behind)):
        rows = enumerate(listing.rows)
        found = next((index for index, row in rows if member_at(row, listing.id) == id), None)
        if found is not None:
            return found + more
    return start


TOO_LONG = 10
"""Most digits of an index."""


def _name(listing: Listing, start: int) -> Any:
    """Return a text with the items before and after the page's beginning.

    So no item moves to another page when one is made or removed. If the argument does not allow the text, it
    has only the item before, or the number of items before.
    """
    before, behind = (member_at(listing.rows[index], listing.id) for index in (start - 1, start))
    known = [start, before, _hash(listing)]
    for parts in ([*known, behind], known):
        text = json.dumps(parts)
        token = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        if listing.fits(token):
            return token
    return str(start)


def _hash(listing: Listing) -> str:
    given = json.dumps(listing.given, sort_keys=True, default=str)
    return hashlib.sha256(given.encode()).hexdigest()[:8]


TOKEN = Token(_applies, _begin, _name, rank=3)
