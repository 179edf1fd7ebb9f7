"""The expressions of the catalogues, and other ways to write the same expression."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random

from loading import read_once
from pgagents.base.cel.expression import Expression
from pgagents.base.cel.parser import parse, tokens_of
from pgagents.base.cel.syntax import (
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
    is_plain,
    quote,
)

ROOT = Path(__file__).parent.parent
PARK_GRAPH = ROOT / "catalogue" / "park_graph.yaml"
SHOP = ROOT / "tests" / "catalogues" / "shop.yaml"
BLANKS = ("", "", " ", "  ", "\n", "\t", " // a note: ')\n")


@cache
def expressions() -> tuple[str, ...]:
    """Every expression of both catalogues, as written."""
    found: dict[str, None] = {}
    for path in (PARK_GRAPH, SHOP):
        _collect(read_once(path), found, set())
    return tuple(found)


def _collect(value: object, found: dict[str, None], met: set[int]) -> None:
    if id(value) in met:
        return
    met.add(id(value))
    if isinstance(value, Expression):
        found[value.wording] = None
    elif isinstance(value, dict):
        for member in value.values():
            _collect(member, found, met)
    elif isinstance(value, list | tuple | frozenset):
        for member in value:
            _collect(member, found, met)
    elif type(value).__module__.startswith("pgagents.catalogue.model"):
        for name in getattr(type(value), "__dataclass_fields__", ()):
            _collect(getattr(value, name), found, met)


def reformat(text: str, random: Random) -> str:
    """The same expression with other blanks and comments, redundant brackets, and other names of items."""
    tokens = tokens_of(_spell(parse(text), random, {}))
    made = ""
    for before, token in zip([tokens[-1], *tokens], tokens, strict=False):
        blank = random.choice(BLANKS)
        tight = before.kind not in ("", "sign") and token.kind not in ("", "sign")
        made += (blank or " " if tight else blank) + token.text
    return made


def _spell(node: Node, random: Random, names: Mapping[str, str]) -> str:
    """Write a tree with brackets around every part that could need them, and around others by chance."""

    def part(child: Node, names: Mapping[str, str] = names) -> str:
        text = _spell(child, random, names)
        atom = isinstance(child, Literal | Name | Member | FunctionCall | ListOf | ObjectOf)
        return text if atom and random.random() < 0.8 else f"({text})"

    match node:
        case Literal():
            return node.token
        case Name():
            return names.get(node.name, node.name)
        case Member():
            dotted = is_plain(node.name) and random.random() < 0.8
            return f"{part(node.base)}{f'.{node.name}' if dotted else f'[{quote(node.name)}]'}"
        case Index():
            return f"{part(node.base)}[{part(node.index)}]"
        case FunctionCall():
            bare = node.name == "has"
            args = ", ".join(_spell(arg, random, names) if bare else part(arg) for arg in node.args)
            return f"{'' if node.of is None else part(node.of) + '.'}{node.name}({args})"
        case Macro():
            item = f"{node.item}_{random.randrange(100)}"
            args = ", ".join(part(arg, {**names, node.item: item}) for arg in node.args)
            return f"{part(node.of)}.{node.name}({item}, {args})"
        case Unary():
            return f"{node.sign}{part(node.operand)}"
        case Infix():
            first, *others = map(part, node.operands)
            return first + "".join(f" {s} {other}" for s, other in zip(node.signs, others, strict=True))
        case Choice():
            return f"{part(node.condition)} ? {part(node.then)} : {part(node.otherwise)}"
        case ListOf():
            return f"[{', '.join(map(part, node.items))}]"
        case ObjectOf():
            pairs = zip(node.items[::2], node.items[1::2], strict=True)
            return f"{{{', '.join(f'{part(k)}: {part(v)}' for k, v in pairs)}}}"
