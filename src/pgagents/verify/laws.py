"""Evaluate laws on exchanges: a law holds, is broken, is vacuous, or cannot be evaluated.

For a broken law, a witness names the items that break it, or the values of both sides of a comparison.
"""

from __future__ import annotations

import math
import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

from pgagents.base.cel.expression import (
    Expression,
    Reading,
    Scope,
    broken_part,
    compile_node,
    evaluate,
    holds,
)
from pgagents.base.cel.functions import HELPERS
from pgagents.base.cel.growth import TooMuch
from pgagents.base.cel.reading import Path, conjuncts, lists_in, path_of, paths_in, reads
from pgagents.base.cel.syntax import (
    ExpressionError,
    FunctionCall,
    Infix,
    Macro,
    Node,
    Unary,
    print_node,
    print_path,
    walk,
)
from pgagents.base.cel.syntax import Literal as Constant
from pgagents.catalogue.model.action import Action, Law
from pgagents.catalogue.model.answers import headers_of
from pgagents.catalogue.model.model import Model
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange, got

_ANSWERS = frozenset(("response", "read", "created"))
_SHOWN = _ANSWERS | {"input", "before", "ref", "headers"}
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
MOST_SHOWN = 6
Outcome = Literal["held", "broken", "vacuous", "error"]


@dataclass(frozen=True, slots=True)
class Held:
    """The outcome of a law on one exchange; `why` is CEL's error message, or the part that is vacuous."""

    outcome: Outcome
    why: str = ""


def list_laws(endpoint: Endpoint) -> list[Law]:
    """Return the laws that apply to an endpoint's answers.

    A law that reads headers, or that needs an argument in a header, applies on REST only. A law about a file
    applies to no tool, because a tool's result only describes the file.
    """
    if endpoint.on_rest:
        return list(endpoint.action.laws)
    unsent = {("input", name) for name in endpoint.list_unsent()}
    unseen = {"headers", "response"} if endpoint.form is not None and endpoint.answers_file else {"headers"}
    return [
        law
        for law in endpoint.action.laws
        if unseen.isdisjoint(law.names) and not (unsent and unsent & list_needed(law))
    ]


def list_needed(law: Law) -> set[tuple[str, ...]]:
    """Return the paths that must have a value for a law to apply."""
    parts = conjuncts(law.when.tree) if law.when is not None else ()
    return {
        path_of(part.args[0])
        for part in parts
        if isinstance(part, FunctionCall) and part.name == "has" and part.args
    }


def evaluate_law(law: Law, scope: Scope) -> Held:
    """Evaluate a law on the values of a scope."""
    try:
        if not law.applies(scope):
            return Held("vacuous", "its `when` was never true")
        if not scope.holds(law.that):
            nothing = say_nan(law.that.tree, scope.values)
            return Held("error", nothing) if nothing else Held("broken")
    except TooMuch as error:  # nor may a reason be looked for
        return Held("error", str(error))
    except ExpressionError as error:
        return Held("error", say_nan(law.that.tree, scope.values) or str(error))
    empty = next((p for p in _lists(law.that) if got(scope.values, p) == []), None)
    return Held("vacuous", f"{print_path(empty)} was always empty") if empty else Held("held")


_TAKES = {"epoch": "a date-time with an offset", "cents": "an amount up to 10^12"}


def say_nan(node: Node, values: Mapping[str, Any]) -> str:
    """Return which function of the part that is not true gave NaN, and what it got; empty if none did.

    A comparison with NaN is false whatever the server answered, so that it says nothing about the server.
    """
    if not _list_helpers(node):
        return ""
    parts: Sequence[Node]
    try:
        parts = (broken_part(node, values),)
    except ExpressionError:  # the order of NaN and a number is an error to the evaluator
        parts = tuple(conjuncts(node))
    return next(filter(None, (_nan_within(part, values) for part in parts)), "")


def _nan_within(part: Node, values: Mapping[str, Any]) -> str:
    if not isinstance(part, Macro):
        return _nan(part, values)
    try:
        items = evaluate(part.of, values)
    except ExpressionError:
        return _nan(part.of, values)
    inner = [{**values, part.item: item} for item in (items if isinstance(items, list) else [])[:MAX_ITEMS]]
    if part.name == "all":
        inner = [one for one in inner if not Scope(one).is_true(compile_node(part.args[0], one))][:1]
    return next(filter(None, (say_nan(arg, one) for one in inner for arg in part.args)), "")


def _list_helpers(node: Node) -> list[FunctionCall]:
    """Return the calls of functions that may give NaN, the outer ones first."""
    return [one for one in walk(node) if isinstance(one, FunctionCall) and one.name in HELPERS]


def _nan(node: Node, values: Mapping[str, Any]) -> str:
    """Return the innermost call of a function that gave NaN, with what it got; empty if there is none."""
    for call in reversed(_list_helpers(node)):
        try:
            value = evaluate(call, values)
            if isinstance(value, float) and math.isnan(value):
                args = [evaluate(arg, values) for arg in call.args]
                if None in args:  # the server's null, where the law wants a value
                    continue
                given = " and ".join(map(_format_value, args))
                takes = _TAKES.get(call.name, "other values")
                return f"{call.name} takes {takes}, and got {given}"
        except ExpressionError:
            continue  # it reads the item of a macro around it
    return ""


@lru_cache(maxsize=5_000)
def _lists(expression: Expression) -> tuple[Path, ...]:
    """Return the paths of an answer that the expression reads as lists, or may read as lists."""
    return tuple(dict.fromkeys(lists_in(expression.tree, _ANSWERS)))


def values_of(model: Model, exchange: Exchange) -> dict[str, Any]:
    """Return the variables of laws with their values in an exchange."""
    return {
        "input": _list_sent(exchange), "response": exchange.shown, "status": exchange.status,
        "surface": exchange.call.surface,
        "now": exchange.sent_at,
        "before": exchange.known, "ref": exchange.referred, "env": model.env,
        "headers": _headers(exchange),
    }  # fmt: skip


def _list_sent(exchange: Exchange) -> Mapping[str, Any]:
    """Return the arguments that the call sent; a tool sends no headers."""
    endpoint = exchange.call.endpoint
    unsent = endpoint.list_unsent() if endpoint is not None else frozenset()
    return {k: v for k, v in exchange.input.items() if k not in unsent} if unsent else exchange.input


def _headers(exchange: Exchange) -> dict[str, Any]:
    """Return the answer's headers; a header whose schema is a number is converted to one."""
    if exchange.response is None:
        return {}
    found = headers_of(exchange.response)
    for header in exchange.output.headers if exchange.output is not None else ():
        small = header.name.lower()
        if header.schema.get("type") in ("integer", "number") and _NUMBER.fullmatch(found.get(small, "")):
            found[small] = float(found[small])
    return found


def is_spoken_of(action: Action, argument: str) -> bool:
    """True if a law of the action reads this argument."""
    return any(reads(part.tree, ("input", argument)) for law in action.laws for part in law.parts)


def reading_of(laws: Iterable[Law]) -> Reading:
    """Return a Reading of all paths that these laws read."""
    return Reading.of(part for law in laws for part in law.parts)


def format_values(values: Mapping[str, Any], expression: Expression) -> str:
    """Return the values that an expression reads in a call and its answers, as text for a finding."""
    return format_read(expression.tree, values, _SHOWN)


def format_read(node: Node, values: Mapping[str, Any], names: Container[str]) -> str:
    """Return the values of the paths that a tree reads from these variables: at most six, each shortened."""
    found = []
    for path in dict.fromkeys(path for path in paths_in(node) if path[0] in names):
        value = got(values, path)
        if value is not None and not isinstance(value, dict | list):
            found.append(f"{print_path(path)} = {str(value)[:60]}")
    return ", ".join(found[:MOST_SHOWN])


# -- why a law is broken: the items that break it, and the values of both sides


MAX_ITEMS = 2_000
MAX_CHARS = 400
_COMPARISONS = frozenset(("==", "!=", "<=", ">=", "<", ">"))


def witness(law: Law, scope: Scope) -> str:
    """Describe the values for which a law is broken; empty if they cannot be described in a few words."""
    try:
        said = _describe_broken(law.that.tree, scope.values)
    except ExpressionError:
        said = ""
    return said[:MAX_CHARS] or format_read(law.that.tree, scope.values, scope.values)


def find_wrong_member(law: Law, scope: Scope) -> str:
    """Return the member of the answer for which a law is broken, as steps with dots.

    It is the first one in the first part of the law that is not true; empty if that part compares none.
    """
    try:
        part = broken_part(law.that.tree, scope.values)
    except ExpressionError:
        return ""
    sides: Sequence[Node] = ()
    match part:
        case FunctionCall("near", _, (one, other, _)):
            sides = (one, other)
        case Infix((sign,), both) if sign in _COMPARISONS:
            sides = both
    paths = (path for side in sides for path in paths_in(side))
    return next((".".join(path[1:]) for path in paths if path[:1] == ("response",) and path[1:]), "")


def _describe_broken(node: Node, values: Mapping[str, Any]) -> str:
    """Describe the first part of an expression that is not true; empty if no part can be described."""
    match part := broken_part(node, values):
        case FunctionCall("sorted_by" | "sorted_down_by" | "unique_by" as what, _, (of, by)):
            return _pair(what, of, by, values)
        case FunctionCall("near", _, (one, other, _)):
            return _sides(part, (one, other), values)
        case Infix((sign,), sides) if sign in _COMPARISONS:
            return _sides(part, sides, values)
        case Macro():
            return _item(part, values)
    return ""


def _pair(what: str, of: Node, by: Node, values: Mapping[str, Any]) -> str:
    """Describe two items of a list that are in the wrong order, or equal although they must differ."""
    member = str(by.value) if isinstance(by, Constant) else ""
    items = evaluate(of, values)
    if not isinstance(items, list):
        return f"{print_node(of)} is not a list"
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
    both = [(side, evaluate(side, values)) for side in sides]
    come = [
        f"{print_node(side)} is {_format_value(value)}"
        for side, value in both
        if _computes(side) or (path_of(side) and (value is None or isinstance(value, list | dict)))
    ]
    return "; ".join(part for part in (read, " and ".join(come)) if part)


def _computes(side: Node) -> bool:
    """True if a side is more than a path or a literal."""
    return not path_of(side) and not isinstance(side.operand if isinstance(side, Unary) else side, Constant)


def _format_value(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
