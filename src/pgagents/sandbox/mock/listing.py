"""List the instances that a call asks for, chosen and sorted by the laws of the action."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from pgagents.base.cel.expression import Expression, Scope, compile_node
from pgagents.base.cel.reading import Order, bounds_of_size, order_of, paths_in, place_of
from pgagents.base.cel.syntax import ExpressionError, Macro
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.resource import Resource
from pgagents.sandbox.call import AcceptedCall, Refusal
from pgagents.sandbox.mock import pages, places
from pgagents.sandbox.mock.answers import NAMES, Lawful
from pgagents.sandbox.mock.instances import Finding
from pgagents.sandbox.mock.lifecycle import Lifecycle
from pgagents.sandbox.mock.rows import tenant_of


class Listing(Finding):
    """Lists instances."""

    laws: Lawful
    lifecycle: Lifecycle

    def _list(self, resource: Resource, call: AcceptedCall) -> tuple[bool, Any]:
        """Return whether the action lists or finds instances of the resource, and the answer."""
        sources = [
            c for c in (*resource.listed_by, resource.found_by) if c is not None and c.action is call.action
        ]
        path = places.place(sources[0].at) if sources else None
        if path is None:
            return False, None
        place = resource.place_in(call.action.params, call.input)
        rows = self.rows.all(resource.name, tenant_of(resource, call), place)
        if resource.removes and resource.gone_when is not None:
            rows = [row for row in rows if not self.lifecycle.is_gone(resource, row)]
        paging = (call.action.pages.argument, call.action.pages.size) if call.action.pages else ()
        asked = {
            k: v
            for k, v in call.input.items()
            if k in call.given and k not in paging and not isinstance(v, dict | list)
        }
        for k, v in asked.items():
            rows = [row for row in rows if k not in row or row[k] == v]
        rows = choose(self.laws, call, self._base(call), path, rows)
        if call.action.pages is not None:
            return True, self.laws.repair(call, self._page(resource, call, rows))
        bounds = _bounds(call.action)
        most = [
            v
            for k, v in call.input.items()
            if isinstance(v, int) and not isinstance(v, bool) and (k in bounds or _counts(k))
        ]
        answer = places.put(self._base(call), path, rows[: min(most)] if most else rows)
        return True, self.laws.repair(call, answer)

    def _page(self, resource: Resource, call: AcceptedCall, rows: list[dict[str, Any]]) -> Any:
        """Return one page of a list, and add the headers that announce the next page."""
        url = self.setting.address.url
        shown = pages.show_page(self.model, url, call, self._base(call), rows, resource.id)
        if isinstance(shown, Refusal):
            return shown
        call.headers.extend(shown.headers)
        return _with_total(shown.answer, len(rows))


def _with_total(answer: Any, total: int) -> Any:
    """Return the answer with the total number of rows in a member with a name for it."""
    if not isinstance(answer, dict):
        return answer
    counts = {name for name, value in answer.items() if "total" in name.lower() and type(value) is int}
    return {**answer, **dict.fromkeys(counts, total)}


def _bounds(action: Action) -> set[str]:
    """Return the arguments that bound the size of a list in the answer, according to the action's laws."""
    return {argument for law in action.laws for argument in bounds_of_size(law.that.tree)}


def _counts(name: str) -> bool:
    """Return whether an argument's name looks like a bound on the number of items."""
    return bool(re.search(r"limit|count|size|top|max|per_?page|^first$|^take$", name, re.I))


# -- laws of a list


Row = dict[str, Any]


def choose(laws: Lawful, call: AcceptedCall, base: Any, at: places.Place, rows: Sequence[Row]) -> list[Row]:
    """Return the rows that satisfy the laws about each item, in the order that laws demand.

    A law without arguments is not a filter. `base` is an answer without rows, and `at` the list's place in
    it.
    """
    chosen, scope = list(rows), laws.scope(call, None)

    def show(row: Row) -> Scope:
        """Return the variables for an answer with this row alone; what else they hold stays converted."""
        scope.change("response", places.put(base, at, [row]))
        return scope

    for part in laws.applicable(call, places.put(base, at, [])):
        if _filters(part, at):
            chosen = [row for row in chosen if show(row).is_true(part)]
        elif (order := order_of(part.tree)) is not None:
            of = order.items.of if isinstance(order.items, Macro) else order.items
            if place_of(of)[1:] == at:
                chosen = _sort(show, order, chosen)
    return chosen


def _filters(part: Expression, at: places.Place) -> bool:
    """True for a condition on each item of the list that depends on the call's arguments."""
    match part.tree:
        case Macro("all", of) if place_of(of) == ("response", *at):
            return any(path[0] == "input" for path in paths_in(part.tree))
    return False


def _sort(show: Callable[[Row], Scope], order: Order, rows: list[Row]) -> list[Row]:
    """Return the rows in the order of a law, or unchanged if their values cannot be compared."""
    items = compile_node(order.items, NAMES)

    def key(row: Row) -> Any:
        made = isinstance(order.items, Macro)  # or the items are the list itself
        return (show(row).evaluate(items)[0] if made else row)[order.member]

    try:
        return sorted(rows, key=key, reverse=order.descending)
    except (ExpressionError, LookupError, TypeError):
        return rows
