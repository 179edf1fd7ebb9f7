"""Rewrite CEL for Arazzo: values as runtime expressions, conditions as criteria.

The result is None if Arazzo cannot express the value or condition. Arazzo 1.0.1 has pointers into a response,
comparisons, and JSONPath filters over one context
(https://spec.openapis.org/arazzo/v1.0.1.html#criterion-object, read 2026-11-20). It has no functions and no
loop over two lists.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pgagents.cel.printer import print_node
from pgagents.cel.reading import FIRST, conjuncts, path_of, place_of
from pgagents.cel.syntax import FunctionCall, Index, Infix, Literal, Macro, Node, Unary

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
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in path)
    return "$response.body" + ("#/" + "/".join(steps) if path else "")


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
    if (place := path_through(node))[:1] == ("response",):
        return place[1:]
    chosen = node.base if isinstance(node, Index) and node.index == FIRST else None
    if isinstance(chosen, Macro) and chosen.name == "filter" and (items := _in_body(chosen.of)):
        return FirstFitting(items, chosen.item, chosen.args[0])
    return None


def criteria(node: Node, said: Said) -> Iterator[tuple[str, Criterion | None]]:
    """Split a condition at `&&`, and yield each part with its criterion, or with None."""
    for part in conjuncts(node):
        yield print_node(part), _criterion(part, said)


def _in_body(node: Node) -> Place:
    """Return the steps of a path in the response body; empty for any other expression."""
    name, *members = path_of(node) or ("",)
    return tuple(members) if name == "response" and all(map(_POINTED.fullmatch, members)) else ()


def _criterion(part: Node, said: Said) -> Criterion | None:
    if isinstance(part, Macro):
        return _exists(part) if part.name == "exists" else None
    if isinstance(part, Infix) and len(part.operands) == 2 and part.signs[0] in _COMPARISONS:
        return _compared(part.signs[0], *part.operands, said)
    negated = isinstance(part, Unary) and part.sign == "!"
    place = path_through(part.operand if isinstance(part, Unary) and negated else part)
    inside = said(place) if place else None
    return Criterion(f"{inside} == {'false' if negated else 'true'}") if inside else None


def _compared(sign: str, one: Node, other: Node, said: Said) -> Criterion | None:
    if isinstance(one, FunctionCall) and one.name == "size" and isinstance(other, Literal):
        measured = _in_body(one.args[0]) if len(one.args) == 1 else ()
        not_empty = isinstance(other.value, int | float) and (sign, float(other.value)) in _NOT_EMPTY
        return Criterion(f"{pointer((*measured, 0))} != null") if measured and not_empty else None
    left, right = _operand(one, said), _operand(other, said)
    return Criterion(f"{left} {sign} {right}") if left and right else None


def _exists(node: Macro) -> Criterion | None:
    """Rewrite `list.exists(item, condition)` as a JSONPath filter.

    None unless the condition compares members of the item with literals.
    """

    def member(place: Place) -> str | None:
        return f"@{_query(place[1:])}" if place[0] == node.item and len(place) > 1 else None

    path, found = _in_body(node.of), [_criterion(part, member) for part in conjuncts(node.args[0])]
    filters = [one.condition for one in found if one is not None and not one.jsonpath]
    if not path or len(filters) < len(found):
        return None
    return Criterion(f"${_query(path)}[?({' && '.join(filters)})]", jsonpath=True)


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
    negative = isinstance(node, Unary) and node.sign == "-"
    inner = node.operand if isinstance(node, Unary) and negative else node
    if isinstance(inner, Literal) and isinstance(inner.value, str):
        return None if negative else "'" + inner.value.replace("'", "''") + "'"
    if isinstance(inner, Literal):
        return f"{'-' if negative else ''}{inner.token}" if inner.kind in ("int", "double", "word") else None
    place = path_through(node)
    return said(place) if place else None
