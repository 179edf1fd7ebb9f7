"""Rewrite CEL for Arazzo: values as runtime expressions, conditions as criteria. None for what Arazzo cannot
express.

Arazzo 1.0.1 has pointers into a response, comparisons, and JSONPath filters over one context
(https://spec.openapis.org/arazzo/v1.0.1.html#criterion-object, read 2026-11-20). It has no functions and no
loop over two lists.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Said = Callable[[str], str | None]
"""Turns a path (`response.lots[0].id`, `find.lot.id`) into a runtime expression, or into None."""

_PATH = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*")
_LITERAL = re.compile(r"-?\d+(?:\.\d+)?|true|false|null|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_COMPARED = re.compile(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(.+)", re.S)
_EXISTS = re.compile(r"(response(?:\.\w+)+)\.exists\(\s*(\w+)\s*,(.*)\)", re.S)
_SIZE = re.compile(r"size\((response(?:\.\w+)+)\)\s*(?:>=\s*1|>\s*0)(?:\.0)?")
_CHOSEN = re.compile(r"(response(?:\.\w+)+)\.filter\(\s*(\w+)\s*,(.*)\)\[0\]", re.S)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One success condition. With `jsonpath` it is a JSONPath query of the response body that must find
    something.
    """

    condition: str
    jsonpath: bool = False


def steps_of(path: str) -> list[str | int]:
    """Split a path into its members and indices."""
    return [int(index) if index else name for name, index in re.findall(r"([A-Za-z_]\w*)|\[(\d+)\]", path)]


def is_path(text: str) -> bool:
    """True if an expression is nothing but a path."""
    return _PATH.fullmatch(text.strip()) is not None


def pointer(path: list[str | int]) -> str:
    """Return the runtime expression of a member of the response body."""
    return "$response.body" + ("#/" + "/".join(map(str, path)) if path else "")


@dataclass(frozen=True, slots=True)
class Choice:
    """The first item of a list that meets a condition. `item` is the item's name in the condition."""

    items: list[str | int]
    item: str
    condition: str


def parse_kept(text: str) -> list[str | int] | Choice | None:
    """Parse a kept value: the path in the response body, or the choice from a list. None for any other
    expression.
    """
    text = text.strip()
    if is_path(text) and text.split(".")[0] == "response":
        return steps_of(text)[1:]
    if found := _CHOSEN.fullmatch(text):
        return Choice(steps_of(found[1])[1:], found[2], found[3])
    return None


def criteria(text: str, said: Said) -> Iterator[tuple[str, Criterion | None]]:
    """Yield each part of a condition joined by `&&`, with its criterion or None."""
    for part in _parts(text):
        yield part, _criterion(part, said)


def _parts(text: str) -> list[str]:
    """Split an expression at its outermost `&&`. An expression with an outermost `||` or `?` stays one
    part.
    """
    found, depth, start, index = [], 0, 0, 0
    while index < len(text):
        if text[index] in "\"'":
            closed = re.compile(rf"{text[index]}(?:\\.|[^\\])*?{text[index]}", re.S).match(text, index)
            index = closed.end() if closed else len(text)
            continue
        depth += (text[index] in "([{") - (text[index] in ")]}")
        if (depth == 0 and text.startswith("||", index)) or (depth == 0 and text[index] == "?"):
            return [text.strip()]
        if depth == 0 and text.startswith("&&", index):
            found.append(text[start:index].strip())
            start = index + 2
        index += 1
    return [*found, text[start:].strip()]


def _criterion(part: str, said: Said) -> Criterion | None:
    if found := _SIZE.fullmatch(part):
        return Criterion(f"{pointer([*steps_of(found[1])[1:], 0])} != null")
    if found := _EXISTS.fullmatch(part):
        return _exists(*found.groups())
    bare = part.removeprefix("!").strip()
    if is_path(bare):
        inside = said(bare)
        return Criterion(f"{inside} == {'false' if part.startswith('!') else 'true'}") if inside else None
    if found := _COMPARED.fullmatch(part):
        left, right = _operand(found[1], said), _operand(found[3], said)
        return Criterion(f"{left} {found[2]} {right}") if left and right else None
    return None


def _exists(path: str, item: str, condition: str) -> Criterion | None:
    """Rewrite `list.exists(item, condition)` as a JSONPath filter.

    None unless the condition compares members of the item with literals.
    """

    def member(text: str) -> str | None:
        return f"@{text[len(item) :]}" if text.startswith(f"{item}.") else None

    filters = []
    for part in _parts(condition):
        said = _criterion(part, member)
        if said is None or said.jsonpath:
            return None
        filters.append(said.condition)
    return Criterion(f"$.{path.removeprefix('response.')}[?({' && '.join(filters)})]", jsonpath=True)


def _operand(text: str, said: Said) -> str | None:
    text = text.strip()
    if _LITERAL.fullmatch(text):
        return _literal(text)
    return said(text) if is_path(text) else None


def _literal(text: str) -> str:
    """Return a literal for Arazzo: text in single quotes, with quotes inside doubled."""
    if text[0] not in "\"'":
        return text
    inside = json.loads(text) if text[0] == '"' else text[1:-1].replace("\\'", "'")
    return "'" + str(inside).replace("'", "''") + "'"
