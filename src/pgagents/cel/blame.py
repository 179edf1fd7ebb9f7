"""Find the part of an expression that makes it false or that cannot be evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.cel.expression import ExpressionError, compile_node
from pgagents.cel.reading import conjuncts
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import Choice, FunctionCall, Macro, Node, children

MOST_ITEMS = 100
"""Most items of a list that are searched for one that cannot be evaluated."""


def broken_part(node: Node, values: Mapping[str, Any]) -> Node:
    """Return the first part, inside `&&` and `?:`, that makes an expression false.

    Raises ExpressionError if a part cannot be evaluated.
    """
    if isinstance(node, Choice):
        return broken_part(node.then if holds(node.condition, values) else node.otherwise, values)
    parts = conjuncts(node)
    broken = next((part for part in parts if len(parts) > 1 and not holds(part, values)), None)
    return node if broken is None else broken_part(broken, values)


def undefined_part(node: Node, values: Mapping[str, Any]) -> Node:
    """Return the smallest part of an expression that cannot be evaluated."""
    for part, known in _needed(node, values):
        if not is_defined(part, known):
            return undefined_part(part, known)
    return node


def is_defined(node: Node, values: Mapping[str, Any]) -> bool:
    """True if a part of an expression can be evaluated."""
    try:
        evaluate(node, values)
    except ExpressionError:
        return False
    return True


def _needed(node: Node, values: Mapping[str, Any]) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    """Yield the parts that the node's value depends on, in order of evaluation, with the values each may
    read.
    """
    if isinstance(node, Choice):
        yield node.condition, values
        yield node.then if evaluate(node.condition, values) is True else node.otherwise, values
    elif isinstance(node, Macro):
        yield node.of, values
        items = evaluate(node.of, values)
        for item in items[:MOST_ITEMS] if isinstance(items, list) else ():
            yield from ((arg, {**values, node.item: item}) for arg in node.args)
    elif not (isinstance(node, FunctionCall) and node.name == "has"):
        yield from ((part, values) for part in children(node))


def evaluate(node: Node, values: Mapping[str, Any]) -> Any:
    """Return the value of a part of an expression. Raises ExpressionError."""
    return Scope(values).evaluate(compile_node(node, values))


def holds(node: Node, values: Mapping[str, Any]) -> bool:
    """Return a condition's value as a boolean. Raises ExpressionError."""
    return Scope(values).holds(compile_node(node, values))
