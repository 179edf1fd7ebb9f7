"""Choose and sort the rows of a list by the laws of its action."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pgagents.cel.expression import Expression, ExpressionError, compile_node
from pgagents.cel.reading import Order, order_of, paths_in, place_of
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
            chosen = [row for row in chosen if laws.scope(call, places.put(base, at, [row])).is_true(part)]
        elif (order := order_of(part.tree)) is not None:
            of = order.items.of if isinstance(order.items, Macro) else order.items
            if place_of(of)[1:] == at:
                chosen = _sort(laws, call, base, at, order, chosen)
    return chosen


def _filters(part: Expression, at: places.Place) -> bool:
    """True for a condition on each item of the list that depends on the call's arguments."""
    match part.tree:
        case Macro("all", of) if place_of(of) == ("response", *at):
            return any(path[0] == "input" for path in paths_in(part.tree))
    return False


def _sort(
    laws: Lawful, call: AcceptedCall, base: Any, at: places.Place, order: Order, rows: list[Row]
) -> list[Row]:
    """Return the rows in the order of a law, or unchanged if their values cannot be compared."""
    items = compile_node(order.items, NAMES)

    def key(row: Row) -> Any:
        return laws.scope(call, places.put(base, at, [row])).evaluate(items)[0][order.member]

    try:
        return sorted(rows, key=key, reverse=order.descending)
    except (ExpressionError, LookupError, TypeError):
        return rows
