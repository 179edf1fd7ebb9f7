"""The nodes of an expression's syntax tree with their places, functions to walk it, and its text in one
form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from typing import Literal as OneOf

MACROS = frozenset(("all", "exists", "exists_one", "existsOne", "map", "filter"))
"""Methods whose first argument names an item. The other arguments are evaluated once for each item."""
COMPARED = 3
LEVELS = {"||": 1, "&&": 2, **dict.fromkeys(("<", "<=", ">", ">=", "==", "!=", "in"), COMPARED)} | {
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
"""The precedence of each infix operator. A higher number binds more tightly."""
UNARY = 6
POSTFIX = 7

Kind = OneOf["text", "bytes", "int", "uint", "double", "word"]


class ExpressionError(Exception):
    """The expression does not compile, or cannot be evaluated with these values.

    `start` and `end` are the wrong part of the text, as offsets in characters; None if unknown. `reason` is
    the message without the place, `help` what to write.
    """

    def __init__(
        self,
        reason: str,
        start: int | None = None,
        end: int | None = None,
        where: str = "",
        *,
        help: str = "",
    ) -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason, self.start, self.end, self.help = reason, start, end, help


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of an expression, with its place in the text as offsets in characters."""

    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal(Part):
    """A text, a number, true, false or null. `token` is its spelling."""

    kind: Kind
    value: str | bytes | int | float | bool | None
    token: str = field(compare=False)


@dataclass(frozen=True, slots=True)
class Name(Part):
    """A variable, or the name of a macro's item."""

    name: str


@dataclass(frozen=True, slots=True)
class Member(Part):
    """A member of an object, `base.name`."""

    base: Node
    name: str


@dataclass(frozen=True, slots=True)
class Index(Part):
    """An item of a list or a member of an object, `base[index]`."""

    base: Node
    index: Node


@dataclass(frozen=True, slots=True)
class FunctionCall(Part):
    """A call of a function, or of a method of the value `of`."""

    name: str
    of: Node | None
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Macro(Part):
    """A loop over `of`, written `of.name(item, *args)`. `item` is the name of each item."""

    name: str
    of: Node
    item: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Unary(Part):
    """A negation, `!` or `-`."""

    sign: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Infix(Part):
    """Operands with infix signs of one level between them, from left to right. A comparison has two."""

    signs: tuple[str, ...]
    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Choice(Part):
    """`condition ? then : otherwise`."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True)
class ListOf(Part):
    """A list literal."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ObjectOf(Part):
    """An object literal. Keys and values alternate."""

    items: tuple[Node, ...]


Node = Literal | Name | Member | Index | FunctionCall | Macro | Unary | Infix | Choice | ListOf | ObjectOf


_PARTS: dict[type, Callable[[Any], tuple[Node, ...]]] = {
    Literal: lambda _: (),
    Name: lambda _: (),
    Member: lambda node: (node.base,),
    Index: lambda node: (node.base, node.index),
    FunctionCall: lambda node: node.args if node.of is None else (node.of, *node.args),
    Macro: lambda node: (node.of, *node.args),
    Unary: lambda node: (node.operand,),
    Infix: lambda node: node.operands,
    Choice: lambda node: (node.condition, node.then, node.otherwise),
    ListOf: lambda node: node.items,
    ObjectOf: lambda node: node.items,
}


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly inside a node, in the order of the text."""
    return _PARTS[type(node)](node)


_WITH: dict[type, Callable[[Any, tuple[Node, ...]], Node]] = {
    Member: lambda node, parts: replace(node, base=parts[0]),
    Index: lambda node, parts: replace(node, base=parts[0], index=parts[1]),
    FunctionCall: lambda node, parts: (
        replace(node, args=parts) if node.of is None else replace(node, of=parts[0], args=parts[1:])
    ),
    Macro: lambda node, parts: replace(node, of=parts[0], args=parts[1:]),
    Unary: lambda node, parts: replace(node, operand=parts[0]),
    Infix: lambda node, parts: replace(node, operands=parts),
    Choice: lambda node, parts: replace(node, condition=parts[0], then=parts[1], otherwise=parts[2]),
    ListOf: lambda node, parts: replace(node, items=parts),
    ObjectOf: lambda node, parts: replace(node, items=parts),
}


def with_children(node: Node, parts: tuple[Node, ...]) -> Node:
    """Return a node with its `children` replaced by `parts`, in the same order."""
    return _WITH[type(node)](node, parts)


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all nodes inside it, in the order in which they begin in the text."""
    stack = [node]
    while stack:
        found = stack.pop()
        yield found
        stack += reversed(children(found))


def walk_free(node: Node) -> Iterator[tuple[Node, frozenset[str]]]:
    """Yield the same nodes as `walk`, each with the names of macro items that are defined there."""
    stack: list[tuple[Node, frozenset[str]]] = [(node, frozenset())]
    while stack:
        found, bound = stack.pop()
        yield found, bound
        parts = children(found)
        inner = bound | {found.item} if isinstance(found, Macro) else bound
        stack += [(part, inner if index else bound) for index, part in enumerate(parts)][::-1]


# -- text of a tree


_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.A)
_WORDS = frozenset(("true", "false", "null", "in"))


def is_plain(name: str) -> bool:
    """True for a member's name that may follow a dot. Any other name is written in brackets, as a text."""
    return _PLAIN.fullmatch(name) is not None and name not in _WORDS


def quote(text: str) -> str:
    """Return a text as a quoted token."""
    return json.dumps(text, ensure_ascii=False)


def print_node(node: Node) -> str:
    """Return the text of a node. Parsing it gives an equal node."""
    return _text(node, 0)


def print_path(path: Sequence[str]) -> str:
    """Return the text of a path that begins with a variable: `response["@id"]`."""
    return path[0] + "".join(f".{name}" if is_plain(name) else f"[{quote(name)}]" for name in path[1:])


def _text(node: Node, least: int) -> str:
    """Return the text of a node, in brackets if its precedence is lower than `least`."""
    level, text = _print(node)
    return f"({text})" if level < least else text


def _print(node: Node) -> tuple[int, str]:
    """Return the precedence of a node, and its text."""
    match node:
        case Literal():
            return POSTFIX, node.token
        case Name():
            return POSTFIX, node.name
        case Member():
            after = f".{node.name}" if is_plain(node.name) else f"[{quote(node.name)}]"
            return POSTFIX, f"{_base(node.base)}{after}"
        case Index():
            return POSTFIX, f"{_base(node.base)}[{_text(node.index, 0)}]"
        case FunctionCall():
            of = "" if node.of is None else f"{_base(node.of)}."
            return POSTFIX, f"{of}{node.name}({_list(node.args)})"
        case Macro():
            return POSTFIX, f"{_base(node.of)}.{node.name}({node.item}, {_list(node.args)})"
        case Unary():
            same = not isinstance(node.operand, Unary) or node.operand.sign == node.sign
            return UNARY, f"{node.sign}{_text(node.operand, UNARY if same else POSTFIX)}"
        case Infix():
            level = LEVELS[node.signs[0]]
            first, *others = (_text(operand, level + 1) for operand in node.operands)
            return level, first + "".join(
                f" {sign} {other}" for sign, other in zip(node.signs, others, strict=True)
            )
        case Choice():
            condition, then = _text(node.condition, 1), _text(node.then, 1)
            return 0, f"{condition} ? {then} : {_text(node.otherwise, 0)}"
        case ListOf():
            return POSTFIX, f"[{_list(node.items)}]"
        case ObjectOf():
            pairs = zip(node.items[::2], node.items[1::2], strict=True)
            return POSTFIX, f"{{{', '.join(f'{_text(k, 0)}: {_text(v, 0)}' for k, v in pairs)}}}"


def _base(node: Node) -> str:
    return _text(node, POSTFIX)


def _list(nodes: tuple[Node, ...]) -> str:
    return ", ".join(_text(node, 0) for node in nodes)
