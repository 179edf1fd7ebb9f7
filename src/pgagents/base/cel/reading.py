"""Answer questions about an expression's tree: the paths, members and texts it reads, and its comparisons.

A path is a tuple of names that begins with the variable. The item of a macro is not a variable, even if it
has the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pgagents.base.cel.syntax import (
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
    step: str | int
    match node:
        case Name(name):
            return (name,)
        case Member(base, step) | Index(base, Literal("int", int(step))):
            before = place_of(base)
        case Index(base) if backwards := steps_from_the_end(node):
            before, step = place_of(base), -backwards
        case _:
            return ()
    return (*before, step) if before else ()


def steps_from_the_end(node: Node) -> int:
    """Return n for an index `list[-n]`, which counts from the end; 0 for any other node."""
    match node:
        case Index(_, Unary("-", Literal("int", int(steps)))):
            return steps
    return 0


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


def reads(node: Node, path: Path) -> bool:
    """True if an expression reads this path, or a member below it."""
    return any(found[: len(path)] == path for found in paths_in(node))


def applies(node: Node, function: str, path: Path) -> bool:
    """True if an expression calls the function with an argument that reads this path."""
    return any(
        isinstance(part, FunctionCall)
        and part.name == function
        and any(path in paths_in(arg, bound) for arg in part.args)
        for part, bound in walk_free(node)
    )


def compares(node: Node, path: Path) -> str:
    """Return how an expression tests a path for equality.

    The result is `exactly`, `folded` (letter case ignored), or empty if it does not.
    """
    sides = [
        side
        for part, bound in walk_free(node)
        if isinstance(part, Infix) and part.signs == ("==",) and path[0] not in bound
        for side in part.operands
        if path_of(_without_case(side)) == path
    ]
    if any(_without_case(side) is not side for side in sides):
        return "folded"
    return "exactly" if sides else ""


@dataclass(frozen=True, slots=True)
class Filter:
    """The member of a list's items that an argument filters by.

    `folded` is true if letter case is ignored.
    """

    member: str
    folded: bool


def filter_of(node: Node, path: Path) -> Filter | None:
    """Return the filter that an expression promises for an argument, or None.

    Forms: `response.items.all(i, i.name == input.name)`, or the same with `contains`.
    """
    for macro in walk(node):
        if isinstance(macro, Macro) and macro.name == "all" and path_of(macro.of)[:1] == ("response",):
            for side in _compared_with(path, macro.args[0]):
                plain = _without_case(side)
                item, *members = path_of(plain) or ("",)
                if item == macro.item and len(members) == 1:
                    return Filter(members[0], plain is not side)
    return None


def _compared_with(path: Path, condition: Node) -> Iterator[Node]:
    """Yield the nodes that a condition compares with a path."""
    for part in walk(condition):
        match part:
            case Infix(("==",), (asked, side)) if path_of(_without_case(asked)) == path:
                yield side
            case Infix(("==",), (side, asked)) if path_of(_without_case(asked)) == path:
                yield side
            case FunctionCall("contains" | "startsWith" | "endsWith", of, (asked, *_)) if of is not None:
                if path_of(_without_case(asked)) == path:
                    yield of


def _without_case(node: Node) -> Node:
    """Return the argument of a call that changes letter case; any other node unchanged."""
    if isinstance(node, FunctionCall) and node.name in _CASES and len(node.args) == 1:
        return node.args[0]
    return node


def lists_in(node: Node, roots: frozenset[str]) -> Iterator[Path]:
    """Yield the paths of these variables that are used as lists: by macros, or as arguments of functions.

    One whose size is a literal, as in `size(response.items) == 0`, may rightly be empty.
    """
    told = {id(part) for one in walk(node) for part in _sized(one)}
    for part, bound in walk_free(node):
        if id(part) in told:
            continue
        if isinstance(part, Macro):
            read: tuple[Node, ...] = (part.of,)
        else:
            read = part.args if isinstance(part, FunctionCall) and part.name != "has" else ()
        for path in map(path_of, read):
            if len(path) > 1 and path[0] in roots - bound:
                yield path


def _sized(node: Node) -> Sequence[Node]:
    """Return the sides of a comparison that wants the size of a list to be a literal."""
    match node:
        case Infix(("==",), sides) if any(isinstance(side, Literal) for side in sides):
            return [side for side in sides if isinstance(side, FunctionCall) and side.name == "size"]
    return ()


@dataclass(frozen=True, slots=True)
class Order:
    """A promise that a list is sorted by a member of its items."""

    items: Node
    member: str
    descending: bool


def order_of(node: Node) -> Order | None:
    """Return the order that an expression promises; None if it promises anything else."""
    match node:
        case FunctionCall(name, _, (items, Literal(value=str(member)))) if name in _SORTED:
            return Order(items, member, _SORTED[name])
    return None


def bounds_of_size(node: Node) -> Iterator[str]:
    """Yield the nodes that limit the size of a list, such as `input.limit` in `size(response.items) <=
    input.limit`.
    """
    for part in walk(node):
        match part:
            case Infix(("<=",), (size, bound)) | Infix((">=",), (bound, size)) if _measures_answer(size):
                variable, *names = path_of(bound) or ("",)
                if variable == "input" and len(names) == 1:
                    yield names[0]


def _measures_answer(node: Node) -> bool:
    """True for `size(…)` of a value of the answer, also if it is written as a method."""
    measured = children(node)[:1] if isinstance(node, FunctionCall) and node.name == "size" else ()
    return any(path_of(part)[:1] == ("response",) for part in measured)


def conjuncts(node: Node) -> tuple[Node, ...]:
    """Return the operands of `&&`: all of them must hold."""
    return node.operands if isinstance(node, Infix) and node.signs[0] == "&&" else (node,)


def cases(node: Node, guards: tuple[Node, ...] = ()) -> Iterator[tuple[Node, tuple[Node, ...]]]:
    """Yield the parts joined by `&&` and `?:`, each with the conditions under which it is evaluated."""
    if isinstance(node, Choice):
        yield from cases(node.then, (*guards, node.condition))
        yield from cases(node.otherwise, (*guards, Unary("!", node.condition)))
    elif len(parts := conjuncts(node)) > 1:
        for part in parts:
            yield from cases(part, guards)
    else:
        yield node, guards
