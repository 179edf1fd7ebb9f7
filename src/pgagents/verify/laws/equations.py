"""Read laws as equations that give the value of an answer's member from the call and from known data.

From `cents(response.order.total) == cents(response.order.price * input.count)` follows the value of `total`.
A computed value is no verdict; it only helps to choose what to send.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from pgagents.cel.expression import Expression, ExpressionError, compile_node
from pgagents.cel.members import Paths
from pgagents.cel.reading import cases, path_of
from pgagents.cel.scope import Reading, Scope
from pgagents.cel.syntax import FunctionCall, Infix, Node
from pgagents.cel.syntax import Literal as Written
from pgagents.model.law import Law
from pgagents.verify.wire.exchange import got

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
    if isinstance(part, Infix) and part.signs == ("==",):
        return 0.0, part.operands
    if isinstance(part, FunctionCall) and part.name == "near" and len(part.args) == 3:
        slack = part.args[2]
        if isinstance(slack, Written) and isinstance(slack.value, int | float):
            return float(slack.value), part.args[:2]
    return 0.0, ()


def _measured(side: Node) -> tuple[Node, Form]:
    """Return the node inside a measuring function such as `cents`, and the function's name as the form."""
    form = next((form for form in _FORMS if isinstance(side, FunctionCall) and form == side.name), None)
    return (side.args[0], form) if form and isinstance(side, FunctionCall) and side.args else (side, "")


def forecast(known: Sequence[Equation], values: Mapping[str, Any]) -> Scope:
    """Return a scope of the values; members of the answer that equations determine are filled in."""
    response = dict(values["response"])
    found = {**values, "response": response}
    absent = [e for e in known if e.path and got(found, e.path) is None]
    scope, waiting = Scope(found, Reading.of(part for e in known for part in (e.gives, *e.guards))), absent
    while told := [(e, v) for e in waiting if (v := value_of(e, scope)) is not None]:
        laid = [e.path.split(".") for e, _ in told]
        for (equation, value), path in zip(told, laid, strict=True):
            _lay(found, path, _as_member(equation, value))
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


def _lay(values: dict[str, Any], path: list[str], value: Any) -> None:
    inner = values
    for step in path[:-1]:
        held = inner.get(step)
        inner[step] = dict(held) if isinstance(held, Mapping) else {}
        inner = inner[step]
    inner[path[-1]] = value
