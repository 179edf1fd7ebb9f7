"""Law mutants: a law with another rounding, a missing bound, a constant off by one, or an input rounded too
early.

This module chooses values for which a law and its mutants give different results. For almost every price and
count, `cents(total) == cents(price * count)` also holds on a server that rounds half a cent to even. So
ordinary values would not reveal that server.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Literal

from pgagents.base.cel.expression import Expression, Paths, Reading, Scope, compile_node
from pgagents.base.cel.functions import HELPERS
from pgagents.base.cel.reading import Path, cases, path_of, paths_in
from pgagents.base.cel.rewrite import mutants, replace_path
from pgagents.base.cel.syntax import ExpressionError, FunctionCall, Infix, Name, Node, print_path
from pgagents.base.cel.syntax import Literal as Written
from pgagents.catalogue.model.action import Law
from pgagents.verify.wire.exchange import got, put

Miss = tuple[str, str, str]
"""A mutant: the name of the law, the member that the law defines, and the change."""

CANDIDATES = (0.29, 0.57, 0.03, 0.07, 0.1, 0.7, 1.1, 1.15, 2.3, 4.1, 5.35, 8.2, 10.01, 16.35, 23.99, 3, 7, 13)
"""Numbers that no double represents exactly, whose products end in half a cent, or that are whole and
unusual.
"""
FINER = (0.125, 2.675, 0.333, 3.005, 1.0049)
"""Numbers with more decimal places than money has."""
LEAF = "leaf_"
"""The variable that replaces an input which was rounded beforehand."""
_LEAVES = frozenset(("input", "response", "before"))
MOST = 1e12


def _cents(rounding: str) -> Callable[[Any], float]:
    def round_amount(amount: Any) -> float:
        if not _finite(amount):
            return math.nan
        return float(Decimal(repr(round(amount, 6))).quantize(Decimal("0.01"), rounding) * 100)

    return round_amount


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST


def _number(make: Callable[[float], float]) -> Callable[[Any], float]:
    return lambda value: float(make(value)) if _finite(value) else math.nan


ROUNDED: dict[str, dict[str, Callable[..., Any]]] = {
    "cents": {
        "to the even cent": _cents(ROUND_HALF_EVEN),
        "half a cent down": _cents(ROUND_HALF_DOWN),
        "cut to the cent": _cents(ROUND_FLOOR),
        "up to the next cent": _cents(ROUND_CEILING),
        "cut as a double": _number(lambda v: math.floor(v * 100)),
        "rounded as a double": _number(
            lambda v: int(Decimal(v * 1.0).quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)
        ),
        "to ten cents": _number(lambda v: round(v * 10) * 10),
        "to whole ones": _number(lambda v: round(v) * 100),
    },
    "ceil": {
        "one more than cut": _number(lambda v: math.floor(v) + 1),
        "rounded": _number(round),
        "not at all": _number(float),
    },
    "floor": {"rounded": _number(round), "up": _number(math.ceil), "not at all": _number(float)},
    "least": {
        "the first alone": lambda a, b: b if a is None else a,
        "the second alone": lambda a, b: a if b is None else b,
    },
}
"""Variants of each of our functions, as a slightly wrong server may compute it."""
CUT: dict[str, Callable[[float], float]] = {
    "cut to a whole one": math.floor,
    "up to a whole one": math.ceil,
    "to one place": lambda v: round(v, 1),
    "to two places": lambda v: round(v, 2),
    "to a quarter": lambda v: round(v * 4) / 4,
}
"""Roundings that a server may apply to a number before it computes with it."""


def surviving_mutants(
    known: Sequence[Equation], values: Mapping[str, Any], told: frozenset[Miss] = frozenset()
) -> frozenset[Miss]:
    """Return the law mutants that these values reveal, without those in `told`.

    `values` are the variables of a law; known members of the answer are included.
    """
    scope = forecast(known, values)
    found: set[Miss] = set()
    names: dict[tuple[str, str], set[str]] = {}
    for law, path, name in told:
        names.setdefault((law, path), set()).add(name)
    for equation in known:
        right = value_of(equation, scope)
        if not _finite(right):
            continue
        for name, other in _others(equation, scope, names.get((equation.law, equation.path), ())):
            if _finite(other) and abs(other - right) > max(equation.slack, 1e-9):
                found.add((equation.law, equation.path, name))
    return frozenset(found)


def _others(equation: Equation, scope: Scope, told: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield (mutant, result) for each mutant of an equation's right side that is not in `told`.

    The scope is changed meanwhile, and restored at the end.
    """
    gives = equation.gives
    for helper in gives.calls & ROUNDED.keys():
        for name, function in ROUNDED[helper].items():
            if (miss := f"{helper} {name}") not in told:
                scope.call(helper, function)
                yield miss, scope.find_value(gives)
        scope.call(helper, HELPERS[helper])
    for altered in _mutate_expression(gives):
        if altered.canonical not in told:
            yield altered.canonical, scope.find_value(altered)
    for leaf, reading in _set_apart(gives):
        value = got(scope.values, leaf)
        if _finite(value):
            for name, cut in CUT.items():
                if (other := cut(value)) != value and (miss := f"{print_path(leaf)} {name}") not in told:
                    scope.change(LEAF, float(other))
                    yield miss, scope.find_value(reading)


@lru_cache(maxsize=1_000)
def _set_apart(gives: Expression) -> tuple[tuple[Path, Expression], ...]:
    """Return each member that an expression reads, with the expression in which LEAF replaces this member."""
    leaves = dict.fromkeys(path for path in paths_in(gives.tree) if path[0] in _LEAVES)
    return tuple(
        (leaf, compile_node(replace_path(gives.tree, leaf, Name(LEAF)), (*NAMES, LEAF))) for leaf in leaves
    )


@lru_cache(maxsize=1_000)
def _mutate_expression(gives: Expression) -> tuple[Expression, ...]:
    """Return variants of the expression in which one number is changed, or one comparison is made strict or
    not strict.
    """
    found = []
    for tree in mutants(gives.tree):
        try:
            found.append(compile_node(tree, NAMES))
        except ExpressionError:  # the text of the variant is too long
            continue
    return tuple(found)


def choose_most_telling(
    known: Sequence[Equation],
    choices: Iterable[tuple[Any, Mapping[str, Any]]],
    told: frozenset[Miss] = frozenset(),
) -> tuple[Any, frozenset[Miss]]:
    """Return the first choice whose values reveal most law mutants beyond `told`, and these mutants.

    Each choice is a pair: the result, and the values to judge it by. Rounding mutants count first, because
    most numbers do not reveal them.
    """
    best: tuple[Any, frozenset[Miss]] = (None, frozenset())
    for choice, values in choices:
        found = surviving_mutants(known, values, told)
        if worth(found) > worth(best[1]):
            best = (choice, found)
    return best


def worth(found: Iterable[Miss]) -> tuple[int, int]:
    """Return a sort key: the number of rounding mutants, then the number of all."""
    names = [name for _, _, name in found]
    return sum(name.partition(" ")[0] in ROUNDED for name in names), len(names)


# -- laws as equations that give a member's value.
#
# From `cents(response.order.total) == cents(response.order.price * input.count)` follows the value of
# `total`. A computed value is no verdict; it only helps to choose what to send.


NAMES = ("input", "response", "status", "surface", "now", "before", "env")
MOST_SLACK = 5.0
Form = Literal["", "cents", "epoch"]
_FORMS: tuple[Form, ...] = ("cents", "epoch")


@dataclass(frozen=True, slots=True)
class Equation:
    """A part of a law: the member at `path` equals `gives` to within `slack`, provided that all `guards` are
    true.

    `path` is empty if the left side is not a single member. `form` names the compared quantity: the member,
    its cents, or its epoch seconds.
    """

    law: str
    path: str
    gives: Expression
    form: Form = ""
    slack: float = 0.0
    guards: tuple[Expression, ...] = ()
    reads: Paths = frozenset()
    """The paths of the answer that the right side and the guards read."""


def equations(laws: Iterable[Law]) -> tuple[Equation, ...]:
    """Return all equations that these laws contain."""
    return tuple(e for law in laws for e in _equations_of(law.name, law.that, law.when))


@lru_cache(maxsize=1_000)
def _equations_of(name: str, that: Expression, when: Expression | None) -> tuple[Equation, ...]:
    parts = cases(that.tree, (when.tree,) if when else ())
    return tuple(made for part, guards in parts for made in _equation(name, part, guards))


def _equation(name: str, part: Node, guards: tuple[Node, ...]) -> Iterator[Equation]:
    """Yield the equation that a part of a law states; nothing if it states none, or if it depends on a macro
    around it.
    """
    slack, sides = _sides(part)
    if not sides or slack > MOST_SLACK:
        return
    left, form = _measured(sides[0])
    path = path_of(left)
    dotted = any("." in name for name in path)  # a name with a dot would be split at the dot
    member = ".".join(path) if path[:1] == ("response",) and len(path) > 1 and not dotted else ""
    try:
        under = tuple(compile_node(guard, NAMES) for guard in guards)
        right = compile_node(sides[1], NAMES)
    except ExpressionError:  # it reads the item of an outer macro, or is too large
        return
    reads = frozenset(path for part in (right, *under) for path in part.paths.get("response", ()))
    yield Equation(name, member, right, form if member else "", slack, under, reads)


def _sides(part: Node) -> tuple[float, tuple[Node, ...]]:
    """Return the slack and the two sides of an equation; no sides if the part is not an equation."""
    match part:
        case Infix(("==",), sides):
            return 0.0, sides
        case FunctionCall("near", _, (left, right, Written(value=int(slack) | float(slack)))):
            return float(slack), (left, right)
    return 0.0, ()


def _measured(side: Node) -> tuple[Node, Form]:
    """Return the node inside a measuring function such as `cents`, and the function's name as the form."""
    form = next((form for form in _FORMS if isinstance(side, FunctionCall) and form == side.name), None)
    return (side.args[0], form) if form and isinstance(side, FunctionCall) and side.args else (side, "")


def forecast(known: Sequence[Equation], values: Mapping[str, Any]) -> Scope:
    """Return a scope of the values; members of the answer that equations determine are filled in."""
    found = {**values, "response": dict(values["response"])}
    absent = [e for e in known if e.path and got(found, e.path) is None]
    scope, waiting = Scope(found, Reading.of(part for e in known for part in (e.gives, *e.guards))), absent
    while told := [(e, v) for e in waiting if (v := value_of(e, scope)) is not None]:
        laid = [e.path.split(".") for e, _ in told]
        for (equation, value), path in zip(told, laid, strict=True):
            found = put(found, path, _as_member(equation, value))
        scope.change("response", found["response"])
        absent = [e for e in absent if got(found, e.path) is None]
        waiting = [
            e for e in absent if any(_meet(read, path[1:]) for read in e.reads for path in laid)
        ]  # only these can have become computable
    return scope


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """True if one path is a prefix of the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def value_of(equation: Equation, scope: Scope) -> Any:
    """Return the value of an equation's right side; None if a guard is false, or if anything cannot be
    evaluated.
    """
    return scope.find_value(equation.gives) if all(map(scope.is_true, equation.guards)) else None


def _as_member(equation: Equation, value: Any) -> Any:
    if equation.form == "cents" and isinstance(value, float):
        return value / 100.0
    if equation.form == "epoch" and isinstance(value, float) and 0 <= value < 4e9:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value
