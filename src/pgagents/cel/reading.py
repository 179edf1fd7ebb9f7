"""Answer questions about an expression's tree: the paths, members and texts it reads, and its comparisons.

A path is a tuple of names that begins with the variable. The item of a macro is no variable, even if it has
the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal as OneOf

from pgagents.cel.syntax import (
    Choice,
    FunctionCall,
    Index,
    Infix,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    Unary,
    children,
    walk,
    walk_free,
)

Path = tuple[str, ...]
FIRST = Literal("int", 0, "0")
_CASES = frozenset(("upper", "lower"))
_PARTIAL = frozenset(("contains", "startsWith", "endsWith"))
_SORTED = {"sorted_by": False, "sorted_down_by": True}


def path_of(node: Node) -> Path:
    """Return the names in a member path such as `response.order.id`; empty for any other node."""
    names: list[str] = []
    while isinstance(node, Member):
        names.append(node.name)
        node = node.base
    return (node.name, *reversed(names)) if isinstance(node, Name) else ()


def place_of(node: Node) -> tuple[str | int, ...]:
    """Return the names and indices of a path such as `response.items[0].id`; empty for any other node.

    An index from the end is negative.
    """
    steps: list[str | int] = []
    while isinstance(node, Member | Index):
        if isinstance(node, Member):
            steps.append(node.name)
        elif backwards := steps_from_the_end(node):
            steps.append(-backwards)
        elif isinstance(node.index, Literal) and node.index.kind in ("int", "text"):
            steps.append(node.index.value)  # type: ignore[arg-type]  # of these kinds
        else:
            return ()
        node = node.base
    return (node.name, *reversed(steps)) if isinstance(node, Name) else ()


def steps_from_the_end(node: Node) -> int:
    """Return n for an index `list[-n]`, which counts from the end; 0 for any other node."""
    index = node.index if isinstance(node, Index) else None
    if not isinstance(index, Unary) or index.sign != "-" or not isinstance(index.operand, Literal):
        return 0
    return int(str(index.operand.value)) if index.operand.kind == "int" else 0


def list_begun_at(node: Node) -> Path:
    """Return the path of a list if the node is its first item, as in `response.items[0]`; otherwise empty."""
    return path_of(node.base) if isinstance(node, Index) and node.index == FIRST else ()


def variables_of(node: Node) -> dict[str, Name]:
    """Return the variables that an expression reads, each with the first node that reads it."""
    found: dict[str, Name] = {}
    for part, bound in walk_free(node):
        if isinstance(part, Name) and part.name not in bound:
            found.setdefault(part.name, part)
    return found


def functions_of(node: Node) -> dict[str, FunctionCall]:
    """Return the functions and methods that an expression calls, each with the first call."""
    found: dict[str, FunctionCall] = {}
    for part in walk(node):
        if isinstance(part, FunctionCall):
            found.setdefault(part.name, part)
    return found


def paths_in(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Yield the longest member paths of variables, in the order of the text, without bare variables."""
    path = path_of(node)
    if len(path) > 1:
        if path[0] not in bound:
            yield path
        return
    inner = bound | {node.item} if isinstance(node, Macro) else bound
    for index, child in enumerate(children(node)):
        yield from paths_in(child, inner if index else bound)


def first_members(node: Node, variable: str) -> Iterator[tuple[str, Node]]:
    """Yield each use of a variable: the member that is read, empty for the whole value, and the node."""
    found = [part for part, bound in walk_free(node) if variable not in bound]
    named = {id(part.base): part for part in found if isinstance(part, Member)}
    for part in found:
        if isinstance(part, Name) and part.name == variable:
            member = named.get(id(part))
            yield (member.name, member) if member else ("", part)


def members_in(node: Node) -> Iterator[str]:
    """Yield the name of each member that an expression reads, on variables and on items."""
    return (part.name for part in walk(node) if isinstance(part, Member))


def texts_in(node: Node) -> Iterator[str]:
    """Yield each text literal of an expression."""
    return (part.value for part in walk(node) if isinstance(part, Literal) and isinstance(part.value, str))


def reads(node: Node, path: Path) -> bool:
    """True if an expression reads this path, or a member below it."""
    return any(found[: len(path)] == path for found in paths_in(node))


def applies(node: Node, function: str, path: Path) -> bool:
    """True if an expression calls the function with this path as an argument."""
    return any(
        isinstance(part, FunctionCall)
        and part.name == function
        and any(path_of(arg) == path for arg in part.args)
        for part, bound in walk_free(node)
        if path[0] not in bound
    )


def compares(node: Node, path: Path) -> str:
    """Return how an expression tests a path for equality.

    The result is `exactly`, `folded` (letter case ignored), or empty if it does not.
    """
    found = ""
    for part, bound in walk_free(node):
        if not isinstance(part, Infix) or "==" not in part.signs or path[0] in bound:
            continue
        for side in part.operands:
            if (
                isinstance(side, FunctionCall)
                and side.name in _CASES
                and [path_of(a) for a in side.args] == [path]
            ):
                return "folded"
            found = "exactly" if path_of(side) == path else found
    return found


Match = OneOf["whole", "part", "each"]
"""The comparison of a filter: the text equals the member, is a part of it, or each item is in it."""


@dataclass(frozen=True, slots=True)
class Filter:
    """The member of a list's items that an argument filters by.

    `folded` is true if letter case is ignored.
    """

    items: Node
    member: str
    match: Match
    folded: bool


def filter_of(node: Node, path: Path) -> Filter | None:
    """Return the filter that an expression promises for an argument, or None.

    Forms: `response.items.all(i, i.name == input.name)`, the same with `contains`, or `input.tags.all(t, t in
    i.tags)`.
    """
    for macro in walk(node):
        if isinstance(macro, Macro) and macro.name == "all" and path_of(macro.of)[:1] == ("response",):
            for part in walk(macro.args[0]):
                member, match, folded = _matched(part, macro.item, path)
                if member:
                    return Filter(macro.of, member, match, folded)
    return None


def _matched(part: Node, item: str, path: Path) -> tuple[str, Match, bool]:
    """Return the item's member that is compared with the path, the comparison, and True if case is
    ignored.
    """
    left: Node | None = None
    right: Node | None = None
    match: Match = "whole"
    if isinstance(part, Infix) and part.signs == ("==",):
        left, right = part.operands
        if path_of(_without_case(left)) == path:
            left, right = right, left
    elif isinstance(part, FunctionCall) and part.name in _PARTIAL and part.of is not None and part.args:
        left, right, match = part.of, part.args[0], "part"
    elif isinstance(part, Macro) and part.name == "all" and path_of(part.of) == path:
        inner = part.args[0]
        if isinstance(inner, Infix) and inner.signs == ("in",) and inner.operands[0] == Name(part.item):
            left, right, match = inner.operands[1], part.of, "each"
    if left is None or right is None or path_of(_without_case(right)) != path:
        return "", match, False
    steps = path_of(_without_case(left))
    member = steps[1] if len(steps) == 2 and steps[0] == item else ""
    return member, match, _without_case(left) is not left


def _without_case(node: Node) -> Node:
    """Return the argument of a call that changes letter case; any other node unchanged."""
    if isinstance(node, FunctionCall) and node.name in _CASES and len(node.args) == 1:
        return node.args[0]
    return node


def lists_in(node: Node, roots: frozenset[str]) -> Iterator[Path]:
    """Yield the paths of these variables that are used as lists: by macros, or as arguments of functions."""
    for part, bound in walk_free(node):
        if isinstance(part, Macro):
            read: tuple[Node, ...] = (part.of,)
        else:
            read = part.args if isinstance(part, FunctionCall) and part.name != "has" else ()
        for path in map(path_of, read):
            if len(path) > 1 and path[0] in roots - bound:
                yield path


@dataclass(frozen=True, slots=True)
class Order:
    """A promise that a list is sorted by a member of its items."""

    items: Node
    member: str
    descending: bool


def order_of(node: Node) -> Order | None:
    """Return the order that an expression promises; None if it promises anything else."""
    if isinstance(node, FunctionCall) and node.name in _SORTED and len(node.args) == 2:
        items, member = node.args
        if isinstance(member, Literal) and isinstance(member.value, str):
            return Order(items, member.value, _SORTED[node.name])
    return None


def bounds_of_size(node: Node) -> Iterator[str]:
    """Yield the nodes that limit the size of a list, such as `input.limit` in `size(response.items) <=
    input.limit`.
    """
    for part in walk(node):
        if isinstance(part, Infix) and part.signs in (("<=",), (">=",)):
            small, large = part.operands if part.signs == ("<=",) else part.operands[::-1]
            bound = path_of(large)
            if len(bound) == 2 and bound[0] == "input" and _measured(small)[:1] == ("response",):
                yield bound[1]


def _measured(node: Node) -> Path:
    if not isinstance(node, FunctionCall) or node.name != "size":
        return ()
    measured = node.of if node.of is not None else node.args[0] if node.args else None
    return path_of(measured) if measured is not None else ()


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Return the operands of `&&`: all of them must hold."""
    return node.operands if isinstance(node, Infix) and node.signs[0] == "&&" else (node,)


def cases(node: Node, guards: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Yield the parts joined by `&&` and `?:`, each with the conditions under which it is evaluated."""
    if isinstance(node, Choice):
        yield from cases(node.then, (*guards, node.condition))
        yield from cases(node.otherwise, (*guards, Unary("!", node.condition)))
        return
    parts = conjuncts(node)
    for part in parts:
        if len(parts) > 1:
            yield from cases(part, guards)
        else:
            yield part, guards
