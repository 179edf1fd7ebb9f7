"""Find the lists that have pages, read their items, and evaluate the order over several pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError
from pgagents.cel.reading import order_of, place_of
from pgagents.cel.scope import Scope
from pgagents.model.action import Action, ActionCall
from pgagents.model.pages import Pages, items_of, values_for
from pgagents.model.resource import Resource, member_at, unwrap
from pgagents.verify.check.setting import Setting
from pgagents.verify.laws.laws import values_of
from pgagents.verify.laws.lists import ordering_of
from pgagents.verify.values.schema_values import types_of
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, put


@dataclass(frozen=True, slots=True)
class PagedList:
    """A list with pages. `most` is the largest page size that can be requested; None if the server chooses
    the size.

    `choices` maps optional arguments to possible values. `kinds` holds those that filter by a member of the
    items. With `counts`, pages or items are numbered: all pages must have one size, and a new item moves
    later items on.
    """

    endpoint: Endpoint
    pages: Pages
    most: int | None
    resource: Resource | None
    body_at: str
    choices: Mapping[str, tuple[Any, ...]]
    kinds: Mapping[str, tuple[Any, ...]]
    counts: bool
    parents: Mapping[str, Resource]
    """Required arguments that name an instance, which the run can make, such as the folder whose list it
    is.
    """

    @property
    def id(self) -> str:
        """Return the name of the member with an item's id."""
        return self.resource.id if self.resource is not None else "id"

    def id_of(self, item: Mapping[str, Any]) -> Any:
        """Return the id of an item of the list."""
        if self.resource is None:
            return member_at(item, "id")
        return self.resource.id_of(unwrap(item, self.body_at) if self.body_at else item)


def list_paged_lists(setting: Setting) -> tuple[PagedList, ...]:
    """Return the first paged list of each resource: others mostly share its code, and pages cost requests."""

    def find() -> Iterator[PagedList]:
        met: set[str] = set()
        for endpoint in setting.endpoints:
            pages = endpoint.action.pages
            paged = _describe(setting, endpoint, pages) if pages is not None else None
            kind = paged.resource.name if paged is not None and paged.resource is not None else endpoint.place
            if paged is not None and kind not in met:
                met.add(kind)
                yield paged

    return setting.compute_once("paged lists", lambda: tuple(find()))


def find_list_call(setting: Setting, paged: PagedList) -> tuple[Resource, ActionCall] | tuple[None, None]:
    """Return a resource that the endpoint lists, with its list call, or (None, None).

    The call with the fewest arguments about one instance comes first, then the one with the fewest arguments.
    """
    found = [
        (r, c)
        for r in setting.model.resources.values()
        if r.made_by
        for c in r.listed_by
        if c.action is paged.endpoint.action
    ]
    return min(found, key=lambda f: (count_particular(f[1]), len(f[1].input)), default=(None, None))


def count_particular(call: ActionCall) -> int:
    """Return how many arguments of a list call depend on one instance."""
    return sum(isinstance(value, Expression) and "resource" in value.names for value in call.input.values())


def _describe(setting: Setting, endpoint: Endpoint, pages: Pages) -> PagedList | None:
    """Return an endpoint's list with pages; None if its items cannot be distinguished."""
    action = endpoint.action
    listed = next(
        ((r, c) for r in setting.model.resources.values() for c in r.listed_by if c.action is action), None
    )
    members = _members_of_items(setting, action, pages)
    if listed is None and "id" not in members:
        return None
    size = action.param(pages.size) if pages.size else None
    most = setting.resolve_schema(size.schema).get("maximum") if size is not None else None
    chosen = {
        str(p.name): _values(setting, setting.resolve_schema(p.schema))
        for p in endpoint.params
        if not p.required and p.place != "path" and p.name not in (pages.argument, pages.size)
    }
    enums = {str(p.name) for p in endpoint.params if setting.resolve_schema(p.schema).get("enum")}
    by = action.param(pages.argument) if pages.argument else None
    kinds = set(types_of(setting.resolve_schema(by.schema))) if by is not None else set()
    counts = "input" in pages.next.names or bool(kinds & {"integer", "number"})
    return PagedList(
        endpoint,
        pages,
        int(most) if most is not None else None,
        listed[0] if listed else None,
        listed[1].body_at if listed else "",
        {name: values for name, values in chosen.items() if values},
        {name: values for name, values in chosen.items() if name in enums and name in members},
        counts,
        {
            str(p.name): resource
            for p in endpoint.params
            if p.required
            and (resource := setting.model.resources.get(p.refers_to or ""))
            and resource.made_by
        },
    )


def _values(setting: Setting, schema: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the values that a schema lists; for a list of such values, lists of one of them."""
    items = setting.resolve_schema(schema.get("items", {}))
    if "array" in types_of(schema) and schema.get("minItems", 1) <= 1 and items.get("enum"):
        return tuple([value] for value in items["enum"])
    return tuple(schema.get("enum", ())) or ((True, False) if types_of(schema) == ("boolean",) else ())


def _members_of_items(setting: Setting, action: Action, pages: Pages) -> Mapping[str, Any]:
    schema = setting.model.schema_at(action, place_of(pages.items.tree)[1:])
    items = setting.resolve_schema(schema.get("items", {}) if "array" in types_of(schema) else {})
    found: Mapping[str, Any] = items.get("properties", {})
    return found


def items_on(paged: PagedList, exchange: Exchange) -> list[Mapping[str, Any]] | None:
    """Return the items of a page; None if the answer has no list."""
    found = items_of(paged.pages, values_for(exchange.input, exchange.body, exchange.response))
    return [item for item in found if isinstance(item, Mapping)] if found is not None else None


def breaks_order(
    setting: Setting, paged: PagedList, pages: Sequence[tuple[Exchange, Sequence[Mapping[str, Any]]]]
) -> str | None:
    """Return the law of an order that holds on each page alone and not on the whole list, or None."""
    name, *place = place_of(paged.pages.items.tree) or ("",)
    if name != "response" or not all(isinstance(step, str) for step in place):
        return None
    whole = put(pages[-1][0].body, list(map(str, place)), [item for _, items in pages for item in items])
    for law in ordering_of(paged.endpoint.action):
        if order_of(law.that.tree) is None:
            continue
        try:
            alone = all(Scope(values_of(setting.model, exchange)).holds(law.that) for exchange, _ in pages)
            if alone and not Scope({"response": whole}).holds(law.that):
                return law.that.wording
        except ExpressionError:
            continue
    return None
