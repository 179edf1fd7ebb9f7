"""Request one page of a list, find its items, and find the request of the next page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.catalogue.model.action import Action, ActionCall
from pgagents.catalogue.model.resource import Resource, is_scalar
from pgagents.verify.cases.argument_values import without_null
from pgagents.verify.fixtures.instance import at_path
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.lists import PagedList, PageRequest, items_on, next_page
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.asking import ask
from pgagents.verify.wire.call import Call, InstanceRef, Own
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list: its items, the request of the next page, and the answer. `next` is None on the last
    page.
    """

    items: list[Mapping[str, Any]]
    next: PageRequest | None
    exchange: Exchange


@dataclass(slots=True)
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
    refusal: str = ""
    """The last answer, if it was not a success."""

    def request(self, given: Mapping[str, Any], why: str, page: PageRequest | None = None) -> Page | None:
        """Request a page; return it, or None if there is no list to judge."""
        endpoint = self.paged.endpoint
        template = template_of(self.setting.model, endpoint.action)
        raw = {"raw": page.raw} if page is not None and page.raw.target else {}
        exchange = ask(
            ordinary(
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
        )
        self.refusal = "" if exchange.success else exchange.outcome
        items = items_on(self.paged, exchange) if exchange.success and exchange.fits else None
        return None if items is None else Page(items, next_page(self.setting, endpoint, exchange), exchange)

    def request_whole(self, given: Mapping[str, Any], why: str) -> Page | None:
        """Request the list as its largest page; return it, or None if there is no list to judge."""
        return self.request({**given, **self.sized(self.paged.most)}, why)

    def request_next(self, given: Mapping[str, Any], why: str, next: PageRequest) -> Page | None:
        """Request the page that an earlier page announces. `given` are the arguments of that earlier
        request.
        """
        if next.raw.target:  # the URL holds all arguments that are not in the path
            in_path = {str(p.name) for p in self.paged.endpoint.params if p.place == "path"}
            given = {name: value for name, value in given.items() if name in in_path}
        return self.request({**given, **next.input}, why, next)

    def sized(self, items: int | None) -> dict[str, int]:
        """Return the argument that requests pages with this many items; empty if the server chooses the
        size.
        """
        return {str(self.paged.pages.size): items} if items is not None and self.paged.most else {}

    def ids_of(self, items: list[Mapping[str, Any]]) -> list[Any]:
        """Return the ids of items, in their order."""
        return [self.paged.id_of(item) for item in items]


# -- several instances in one parent, which a probe may change


@dataclass(frozen=True, slots=True)
class Several:
    """The new instances in the order of their creation, and their common parent by its resource's name."""

    bodies: list[Mapping[str, Any]] = field(default_factory=list)
    bind: Mapping[str, Any] = field(default_factory=dict)


def make_several(
    resource: Resource, made_by: ActionCall, maker: Endpoint, number: int, what_for: str
) -> Several | None:
    """Make `number` instances in one parent; return them, or None if one could not be made."""
    bind: dict[str, Any] = {}
    if resource.within:
        bind[resource.within] = ask(InstanceRef(resource.within))
    several = Several([], bind)
    for _ in range(number):
        why = f"a {resource.name} for {what_for}"
        made = ask(Call(maker, made_by.input, "explore", why, fresh=True, bind=bind))
        body = at_path(made_by, made) if made.success else None
        if not isinstance(body, Mapping):
            return None
        ask(Own(made.number))
        several.bodies.append(body)
    return several


# -- the list in an answer


def find_only_list(setting: Setting, action: Action) -> tuple[str, Mapping[str, Any]] | None:
    """Return the member with the only list of objects in a success, and the schema of its items.

    The member is empty if the answer is the list. None if there is no list, or several.
    """
    whole = setting.resolve_schema(action.success.schema or {})
    places = {"": whole} if "items" in whole else dict(whole.get("properties", {}))
    lists = []
    for member, schema in places.items():
        inner = without_null(setting, schema)
        item = setting.resolve_schema(inner.get("items", {})) if "array" in types_of(inner) else {}
        if item.get("properties"):
            lists.append((member, item))
    return lists[0] if len(lists) == 1 else None


def choose_filter(setting: Setting, endpoint: Endpoint, items: Sequence[Any]) -> dict[str, Any]:
    """Return an optional argument of the query with the value that a part of the items has in the member of
    its name; empty if there is none. A book of recipes of 2026-11-28 counted all where it showed a cuisine's.
    """
    shown = [item for item in items if isinstance(item, Mapping)]
    for param in endpoint.params if shown else ():
        if param.place == "query" and not param.required:
            values = [item.get(param.wire) for item in shown]
            test = setting.test_argument(endpoint, param)
            for value in values:
                if is_scalar(value) and 0 < values.count(value) < len(values) and test.is_valid(value):
                    return {str(param.name): value}
    return {}
