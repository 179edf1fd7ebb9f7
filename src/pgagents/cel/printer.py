"""Write a syntax tree as text in one fixed form: single blanks, and only necessary brackets."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from pgagents.cel.syntax import (
    LEVELS,
    POSTFIX,
    UNARY,
    Choice,
    FunctionCall,
    Index,
    Infix,
    ListOf,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    ObjectOf,
    Unary,
)

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
