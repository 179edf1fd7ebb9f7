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
from pgagents.cel.reading import conjuncts, path_of, place_of
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
