"""Check the pages in a listing: each answers everybody with readable text."""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.model.stores.listing import Listing
from pgagents.submit.lack import Lack
from pgagents.submit.public.fetching import Visitor
from pgagents.submit.store import Store

LEAST_CHARACTERS = 20
READABLE = ("text/", "application/xhtml+xml", "application/pdf")


def check_pages(listing: Listing, store: Store, visitor: Visitor) -> Iterator[Lack]:
    """Yield each page of the listing that is missing or unreadable."""
    for member in store.pages:
        url = getattr(listing, member)
        origin = getattr(url, "origin", None) or (*listing.origin, member)
        if not url:
            yield Lack("page", origin, f"the listing has no page `{member}`", f"add `{member}:` with its URL")
        elif why := _find_problem(visitor, str(url)):
            yield Lack("page", origin, f"the page `{member}` at {url} cannot be read: {why}")


def _find_problem(visitor: Visitor, url: str) -> str:
    visit = visitor.get(url, "text/html, */*;q=0.5")
    if visit.problem or visit.answer is None:
        return visit.problem
    kind = (visit.answer.header("content-type") or "").lower()
    if not kind.startswith(READABLE):
        return f"its media type is {kind[:60] or 'not said'}"
    return "" if len(visit.answer.body.strip()) >= LEAST_CHARACTERS else "it is empty"
