"""Explain why a law is broken: the items that break it, and the values of both sides of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from pgagents.cel.blame import broken_part, evaluate, holds
from pgagents.cel.expression import ExpressionError
from pgagents.cel.printer import print_node
from pgagents.cel.reading import path_of
from pgagents.cel.scope import Scope
from pgagents.cel.syntax import FunctionCall, Infix, Literal, Macro, Node, Unary
from pgagents.model.law import Law
from pgagents.verify.laws.laws import format_read
from pgagents.verify.wire.exchange import got

MAX_ITEMS = 2_000
MAX_CHARS = 400
_COMPARISONS = frozenset(("==", "!=", "<=", ">=", "<", ">"))
_OF_LISTS = frozenset(("sorted_by", "sorted_down_by", "unique_by"))


def witness(law: Law, scope: Scope) -> str:
    """Describe the values for which a law is broken; empty if they cannot be described in a few words."""
    try:
        said = _describe_broken(law.that.tree, scope.values)
    except ExpressionError:
        said = ""
    return said[:MAX_CHARS] or format_read(law.that.tree, scope.values, scope.values)


def _describe_broken(node: Node, values: Mapping[str, Any]) -> str:
    """Describe the first part of an expression that is not true; empty if no part can be described."""
    node = broken_part(node, values)
    if isinstance(node, FunctionCall) and node.name in _OF_LISTS and len(node.args) == 2:
        return _pair(node.name, *node.args, values)
    if isinstance(node, FunctionCall) and node.name == "near":
        return _sides(node, node.args[:2], values)
    if isinstance(node, Infix) and node.signs[0] in _COMPARISONS:
        return _sides(node, node.operands, values)
    return _item(node, values) if isinstance(node, Macro) else ""


def _pair(what: str, of: Node, by: Node, values: Mapping[str, Any]) -> str:
    """Describe two items of a list that are in the wrong order, or equal although they must differ."""
    member = str(by.value) if isinstance(by, Literal) else ""
    items = evaluate(of, values)
    if not isinstance(items, list):
        return f"{print_node(of)} is no list"
    keys = [got(item, member) if member else item for item in items[:MAX_ITEMS]]
    first = next(_wrong_pairs(what, keys), None)
    if first is None:
        return ""
    one, two = first
    dot = f".{member}" if member else ""
    return (
        f"{_name(of)}[{one}]{dot} is {_format_value(keys[one])}, and {_name(of)}[{two}]{dot} is "
        f"{_format_value(keys[two])}"
    )


def _name(of: Node) -> str:
    return print_node(of) if path_of(of) else "items"


def _wrong_pairs(what: str, keys: list[Any]) -> Iterator[tuple[int, int]]:
    if what == "unique_by":
        met: dict[str, int] = {}
        for index, key in enumerate(keys):
            if (first := met.setdefault(repr(key), index)) != index:
                yield first, index
        return
    for index, (one, two) in enumerate(pairwise(keys)):
        try:
            ordered = one <= two if what == "sorted_by" else one >= two
        except TypeError:
            ordered = False
        if not ordered:
            yield index, index + 1


def _item(node: Macro, values: Mapping[str, Any]) -> str:
    """Describe the first item of a list that does not meet a condition on all items."""
    items, of = evaluate(node.of, values), node.of
    if not isinstance(items, list) or node.name in ("map", "filter"):
        return ""
    if node.name != "all":
        many = "none" if node.name == "exists" else "none or several"
        return f"it holds of {many} of the {len(items)} items of {print_node(of)}"
    for index, item in enumerate(items[:MAX_ITEMS]):
        inner = {**values, node.item: item}
        condition = node.args[0]
        if not holds(condition, inner):
            where = f"{print_node(of)}[{index}]"
            said = _describe_broken(condition, inner) or format_read(condition, inner, inner)
            return f"{where}: {said}" if said else f"it does not hold of {where}"
    return ""


def _sides(node: Node, sides: tuple[Node, ...], values: Mapping[str, Any]) -> str:
    """Describe the values that a comparison reads, and its two sides."""
    read = format_read(node, values, values)
    come = [
        f"{print_node(side)} is {_format_value(evaluate(side, values))}" for side in sides if _computes(side)
    ]
    return "; ".join(part for part in (read, " and ".join(come)) if part)


def _computes(side: Node) -> bool:
    """True if a side is more than a path or a literal."""
    return not path_of(side) and not isinstance(side.operand if isinstance(side, Unary) else side, Literal)


def _format_value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
