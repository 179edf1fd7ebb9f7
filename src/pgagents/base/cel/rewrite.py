"""Change syntax trees: replace parts, pass lists as paths, and write conditions for Arazzo."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from pgagents.base.cel.parser import parse
from pgagents.base.cel.reading import Path, conjuncts, path_of, place_of, steps_from_the_end
from pgagents.base.cel.syntax import (
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
    is_plain,
    print_node,
    quote,
    with_children,
)
from pgagents.base.places import write_step

Change = Callable[[Node, frozenset[str]], Node | None]
"""A function that returns the replacement of a node, or None to look inside the node.

Its second argument has the names of the items of macros around it.
"""
THERE = "\ue000"
"""First character of a text that holds the path of a list. A helper function gets it in place of the list."""
BETWEEN = "\ue001"
"""Separator of the names in that text."""
BY_PATH = frozenset(("len_", "unique_by", "sorted_by", "sorted_down_by", "sum_of"))
TAKE_LISTS = (BY_PATH - {"len_"}) | {"size"}


def transform(node: Node, change: Change, bound: frozenset[str] = frozenset()) -> Node:
    """Return the tree with parts replaced. A replaced part is not searched further."""
    made = change(node, bound)
    return (
        _with_parts(node, bound, lambda part, inner: transform(part, change, inner)) if made is None else made
    )


def rebuild(node: Node, change: Change, bound: frozenset[str] = frozenset()) -> Node:
    """Return the tree with parts replaced, the inner ones first."""
    inside = _with_parts(node, bound, lambda part, inner: rebuild(part, change, inner))
    made = change(inside, bound)
    return inside if made is None else made


def _with_parts(node: Node, bound: frozenset[str], make: Callable[[Node, frozenset[str]], Node]) -> Node:
    """Return the node with its direct parts replaced by the results of `make`."""
    inner = bound | {node.item} if isinstance(node, Macro) else bound
    old = children(node)
    new = tuple(make(child, inner if index else bound) for index, child in enumerate(old))
    return node if all(a is b for a, b in zip(old, new, strict=True)) else with_children(node, new)


def normal(node: Node) -> Node:
    """Return the tree with the items of macros renamed by depth, so that their names make no difference."""
    return _number(node, {})


def _number(node: Node, names: Mapping[str, str]) -> Node:
    def change(part: Node, _bound: frozenset[str]) -> Node | None:
        match part:
            case Name(name) if name in names:
                return replace(part, name=names[name])
            case Macro(_, of, written, args):
                item = f"#{len(names)}"  # authors cannot write such a name
                inner = tuple(_number(arg, {**names, written: item}) for arg in args)
                return replace(part, of=_number(of, names), item=item, args=inner)
        return None

    return transform(node, change)


def rename_size(node: Node, _bound: frozenset[str]) -> Node | None:
    """Rename a call of `size` to our helper `len_`, which returns a double."""
    return replace(node, name="len_") if isinstance(node, FunctionCall) and node.name == "size" else None


def index_from_the_end(node: Node, _bound: frozenset[str]) -> Node | None:
    """Replace an index from the end, such as `list[-1]`, by one from the beginning.

    CEL has none from the end.
    """
    match node:
        case Index(base) if steps := steps_from_the_end(node):
            size = FunctionCall("size", None, (base,))
            return replace(node, index=Infix(("-",), (size, Literal("int", steps, str(steps)))))
    return None


def spell_has(node: Node, _bound: frozenset[str]) -> Node | None:
    """Write `has(response["@id"])` as `"@id" in response`. The evaluator's `has` accepts plain names only."""
    match node:
        case FunctionCall("has", _, (Member(base, name), *_)) if not is_plain(name):
            return Infix(("in",), (text_literal(name), base))
    return None


def pass_lists_by_path(node: Node) -> tuple[Node, tuple[Path, ...]]:
    """Replace list arguments of helper functions by their paths. Return the tree and these paths.

    Otherwise the evaluator would copy the whole list into Python for each call.
    """
    paths: list[Path] = []

    def change(part: Node, bound: frozenset[str]) -> Node | None:
        match part:
            case FunctionCall(name, None, (items, *others)) if name in BY_PATH:
                path = path_of(items)
                if len(path) > 1 and path[0] not in bound and not any(BETWEEN in step for step in path):
                    paths.append(path)
                    return replace(part, args=(text_literal(THERE + BETWEEN.join(path)), *others))
        return None

    return rebuild(node, change), tuple(paths)


def fill(form: str, **nodes: Node) -> Node:
    """Parse `form`, and return its tree with the given nodes in place of variables."""
    return replace_variables(parse(form), nodes)


def text_literal(text: str) -> Literal:
    """Return the literal for a text."""
    return Literal("text", text, quote(text))


def replace_variables(node: Node, others: Mapping[str, Node]) -> Node:
    """Return the tree with other nodes in place of variables, by their names."""

    def change(part: Node, bound: frozenset[str]) -> Node | None:
        return others.get(part.name) if isinstance(part, Name) and part.name not in bound else None

    return transform(node, change)


# -- runtime expressions and criteria of Arazzo


Place = tuple[str | int, ...]
Said = Callable[[Place], str | None]
"""A function that rewrites a path (`response.lots[0].id`, `find.lot.id`) as a runtime expression, or returns
None.
"""
_COMPARISONS = frozenset(("==", "!=", "<=", ">=", "<", ">"))
_POINTED = re.compile(r"[^\s<>=!&|(){}\[\]'\"\\#]+")
"""Member names that a pointer in a condition may contain: no character with a meaning in conditions or in
quoted names.
"""
_NOT_EMPTY = frozenset(((">=", 1.0), (">", 0.0)))


@dataclass(frozen=True, slots=True)
class Criterion:
    """One success condition.

    With `jsonpath`, it is a JSONPath query of the response body, and holds if the query finds something.
    """

    condition: str
    jsonpath: bool = False


def path_through(node: Node) -> Place:
    """Return the names and indices of a path that Arazzo can write; empty for any other expression."""
    place = place_of(node)
    return place if all(isinstance(step, int) or _POINTED.fullmatch(step) for step in place) else ()


def pointer(path: Place) -> str:
    """Return the runtime expression of a member of the response body."""
    return "$response.body" + ("#/" + "/".join(map(write_step, path)) if path else "")


@dataclass(frozen=True, slots=True)
class FirstFitting:
    """The first item of a list that meets a condition. The condition calls the item `item`."""

    items: Place
    item: str
    condition: Node


def parse_kept(node: Node) -> Place | FirstFitting | None:
    """Parse the expression of a kept value: a path in the response body, or the first fitting item of a list.

    None for any other expression.
    """
    match node:
        case Index(Macro("filter", of, item, (condition, *_)), Literal("int", 0)) if items := _in_body(of):
            return FirstFitting(items, item, condition)
    place = path_through(node)
    return place[1:] if place[:1] == ("response",) else None


def criteria(node: Node, said: Said, answer: Place = ()) -> Iterator[tuple[str, Criterion | None]]:
    """Split a condition at `&&`, and yield each part with its criterion, or with None.

    `answer` is the path of the action's answer in the response body.
    """
    for part in conjuncts(node):
        yield print_node(part), _criterion(part, said, answer)


def _in_body(node: Node) -> Place:
    """Return the steps of a path in the response body; empty for any other expression."""
    name, *members = path_of(node) or ("",)
    return tuple(members) if name == "response" and all(map(_POINTED.fullmatch, members)) else ()


def _criterion(part: Node, said: Said, answer: Place) -> Criterion | None:
    match part:
        case Macro("exists"):
            return _exists(part, answer)
        case Infix((sign,), (FunctionCall("size", _, (of,)), Literal(value=least))) if items := _in_body(of):
            not_empty = (sign, least) in _NOT_EMPTY
            return Criterion(f"{pointer((*answer, *items, 0))} != null") if not_empty else None
        case Infix((sign,), (one, other)) if sign in _COMPARISONS:
            left, right = _operand(one, said), _operand(other, said)
        case Unary("!", operand):
            left, sign, right = _read(operand, said), "==", "false"
        case _:
            left, sign, right = _read(part, said), "==", "true"
    return Criterion(f"{left} {sign} {right}") if left and right else None


def _exists(node: Macro, answer: Place) -> Criterion | None:
    """Rewrite `list.exists(item, condition)` as a JSONPath filter.

    None unless the condition compares members of the item with literals.
    """

    def member(place: Place) -> str | None:
        return f"@{_query(place[1:])}" if place[0] == node.item and len(place) > 1 else None

    path, found = _in_body(node.of), [_criterion(part, member, ()) for part in conjuncts(node.args[0])]
    filters = [one.condition for one in found if one is not None and not one.jsonpath]
    if not path or len(filters) < len(found):
        return None
    return Criterion(f"${_query((*answer, *path))}[?({' && '.join(filters)})]", jsonpath=True)


def _query(path: Place) -> str:
    """Return the steps of a JSONPath query. Names that are not identifiers are in brackets."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if step.isidentifier() else f"['{step}']"
        for step in path
    )


def _operand(node: Node, said: Said) -> str | None:
    """Return a literal or a path in Arazzo's form.

    Texts are in single quotes, and quotes inside are doubled.
    """
    match node:
        case Literal(value=str(text)):
            return "'" + text.replace("'", "''") + "'"
        case Literal("int" | "double" | "word", _, token):
            return token
        case Unary("-", Literal("int" | "double" | "word", _, token)):
            return f"-{token}"
    return _read(node, said)


def _read(node: Node, said: Said) -> str | None:
    """Return a path in Arazzo's form; None for any other expression."""
    place = path_through(node)
    return said(place) if place else None
