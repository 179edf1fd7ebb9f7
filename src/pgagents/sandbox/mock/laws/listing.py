"""Choose and sort the rows of a list by the laws of its action."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError, compile_node
from pgagents.cel.reading import order_of, paths_in, place_of
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import Macro
from pgagents.sandbox.call import AcceptedCall
from pgagents.sandbox.mock import places
from pgagents.sandbox.mock.laws.repair import NAMES, Lawful

Row = dict[str, Any]


def choose(laws: Lawful, call: AcceptedCall, base: Any, at: places.Place, rows: Sequence[Row]) -> list[Row]:
    """Return the rows that satisfy the laws about each item, in the order that laws demand.

    A law without arguments is no filter. `base` is an answer without rows, and `at` the list's place in it.
    """
    chosen = list(rows)
    for part in laws.applicable(call, places.put(base, at, [])):
        if _filters(part, at):
            chosen = [row for row in chosen if _fits(laws, call, base, at, part, row)]
        elif (order := order_of(part.tree)) is not None:
            of = order.items.of if isinstance(order.items, Macro) else order.items
            if place_of(of)[1:] == at:
                chosen = _sort(laws, call, base, at, part, chosen)
    return chosen


def _filters(part: Expression, at: places.Place) -> bool:
    """True for a condition on each item of the list that depends on the call's arguments."""
    tree = part.tree
    return (
        isinstance(tree, Macro)
        and tree.name == "all"
        and place_of(tree.of) == ("response", *at)
        and any(path[0] == "input" for path in paths_in(tree))
    )


def _fits(laws: Lawful, call: AcceptedCall, base: Any, at: places.Place, part: Expression, row: Row) -> bool:
    return laws.scope(call, places.put(base, at, [row])).is_true(part)


def _sort(
    laws: Lawful, call: AcceptedCall, base: Any, at: places.Place, part: Expression, rows: list[Row]
) -> list[Row]:
    """Return the rows in the order of a law, or unchanged if their values cannot be compared."""
    order = order_of(part.tree)
    assert order is not None
    items = compile_node(order.items, NAMES)
    try:
        keyed = [
            (_key(laws.scope(call, places.put(base, at, [row])), items, order.member), row) for row in rows
        ]
        return [row for _, row in sorted(keyed, key=lambda pair: pair[0], reverse=order.descending)]
    except (ExpressionError, LookupError, TypeError):
        return rows


def _key(scope: Scope, items: Expression, member: str) -> Any:
    found: Sequence[Mapping[str, Any]] = scope.evaluate(items)
    return found[0][member]
