"""Request one page of a list, read its items, and find the request of the next page."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.model.resource import Resource
from pgagents.verify.check.setting import Setting
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.laws.next_page import PageRequest, next_page
from pgagents.verify.laws.paged_list import PagedList, items_on
from pgagents.verify.wire.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its items, the request of the next page, and the answer. `next` is None on the last
    page.
    """

    items: list[Mapping[str, Any]]
    next: PageRequest | None
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class ListReader:
    """Reads one list.

    The expressions in its arguments read the instance `made` as `subject`. `bind` holds instances of other
    resources for them.
    """

    setting: Setting
    paged: PagedList
    subject: Resource | None = None
    made: Mapping[str, Any] | None = None
    bind: Mapping[str, Any] = field(default_factory=dict)
    intent: Literal["valid", "explore"] = "valid"

    def request(
        self, given: Mapping[str, Any], why: str, page: PageRequest | None = None
    ) -> Generator[Any, Any, Page | None]:
        """Request a page; return it, or None if there is no list to judge."""
        endpoint = self.paged.endpoint
        template = template_of(self.setting.model, endpoint.action)
        raw = {"raw": page.raw} if page is not None and page.raw.target else {}
        exchange: Exchange = yield ordinary(
            endpoint,
            template,
            self.intent,
            why,
            input=dict(given),
            subject=self.subject or template.subject,
            made=self.made,
            bind=self.bind,
            **raw,
        )
        items = items_on(self.paged, exchange) if exchange.success and exchange.fits else None
        return None if items is None else Page(items, next_page(self.setting, endpoint, exchange), exchange)

    def request_whole(self, given: Mapping[str, Any], why: str) -> Generator[Any, Any, Page | None]:
        """Request the list as its largest page; return it, or None if there is no list to judge."""
        return (yield from self.request({**given, **self.sized(self.paged.most)}, why))

    def request_next(
        self, given: Mapping[str, Any], why: str, next: PageRequest
    ) -> Generator[Any, Any, Page | None]:
        """Request the page that an earlier page announces. `given` are the arguments of that earlier
        request.
        """
        if next.raw.target:  # the URL holds all arguments that are not in the path
            in_path = {str(p.name) for p in self.paged.endpoint.params if p.place == "path"}
            given = {name: value for name, value in given.items() if name in in_path}
        return (yield from self.request({**given, **next.input}, why, next))

    def sized(self, items: int | None) -> dict[str, int]:
        """Return the argument that requests pages with this many items; empty if the server chooses the
        size.
        """
        return {str(self.paged.pages.size): items} if items is not None and self.paged.most else {}

    def ids_of(self, items: list[Mapping[str, Any]]) -> list[Any]:
        """Return the ids of items, in their order."""
        return [self.paged.id_of(item) for item in items]
