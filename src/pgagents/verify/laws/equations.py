"""Read laws as equations: what a call, and data known beforehand, make of an answer's members.

`cents(response.order.total) == cents(response.order.price * input.count)` says what `total` will be. A
forecast is no verdict; it helps to choose what to send.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

from pgagents.cel import expression
from pgagents.cel.expression import Expression, ExpressionError, Reading, Scope
from pgagents.cel.members import Paths
from pgagents.model.action import Law
from pgagents.verify.wire.exchange import got

NAMES = ("input", "response", "status", "surface", "now", "before", "env")
MOST_SLACK = 5.0
_TOKEN = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(&&|\|\||==|!=|<=|>=)|(.)""", re.S)
_MEMBER = re.compile(r"(?:(cents|epoch)\(\s*)?(response(?:\.\w+)+)\s*\)?")
_CALL = re.compile(r"\s*near\((.*)\)\s*", re.S)
_SLACK = re.compile(r"\s*[0-9.]+\s*")


@dataclass(frozen=True, slots=True)
class Equation:
    """A part of a law: the member at `path` equals `gives` to within `slack`, if all `guards` hold.

    `path` is empty if the left side is no single member. `form` says what is compared: the member, its cents,
    or its epoch seconds.
    """

    law: str
    path: str
    gives: Expression
    form: Literal["", "cents", "epoch"] = ""
    slack: float = 0.0
    guards: tuple[Expression, ...] = ()
    reads: Paths = frozenset()
    """The paths of the answer that it reads."""


def equations(laws: Iterable[Law]) -> tuple[Equation, ...]:
    """Return all equations in these laws."""
    return tuple(e for law in laws for e in _of(law.name, law.that.text, law.when.text if law.when else ""))


@lru_cache(maxsize=1_000)
def _of(name: str, text: str, when: str) -> tuple[Equation, ...]:
    found = []
    for part, guards in _parts(text, (when,) if when else ()):
        try:
            if (made := _equation(name, part, guards)) is not None:
                found.append(made)
        except ExpressionError:  # not a valid expression by itself
            continue
    return tuple(found)


def _parts(text: str, guards: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the parts that a law joins by `&&` and `?:`, each with its conditions."""
    text = text.strip()
    asked = split(text, "?")
    if len(asked) > 1:
        condition, rest = asked[0], "?".join(asked[1:])
        then = split(rest, ":")
        yield from _parts(then[0], (*guards, condition))
        yield from _parts(":".join(then[1:]), (*guards, f"!({condition})"))
    elif len(joined := split(text, "&&")) > 1:
        for part in joined:
            yield from _parts(part, guards)
    else:
        yield text, guards


def split(text: str, token: str) -> list[str]:
    """Split a text at a token that stands in no bracket and no string."""
    pieces, depth = [""], 0
    for match in _TOKEN.finditer(text):
        found = match.group(0)
        depth += (found in "([{") - (found in ")]}") if len(found) == 1 else 0
        if found == token and not depth:
            pieces.append("")
        else:
            pieces[-1] += found
    return pieces


def _equation(name: str, text: str, guards: tuple[str, ...]) -> Equation | None:
    slack, sides = 0.0, split(text, "==")
    if len(sides) != 2 and (call := _CALL.fullmatch(text)):
        sides = split(call.group(1), ",")
        if len(sides) != 3 or not _SLACK.fullmatch(sides[2]) or float(sides[2]) > MOST_SLACK:
            return None
        slack, sides = float(sides[2]), sides[:2]
    if len(sides) != 2:
        return None
    member, gives = _MEMBER.fullmatch(sides[0].strip()), sides[1].strip()
    under = tuple(expression.compile(guard.strip(), NAMES) for guard in guards)
    right = expression.compile(gives, NAMES)
    reads = frozenset(path for part in (right, *under) for path in part.paths.get("response", ()))
    if member is None:
        return Equation(name, "", right, "", slack, under, reads)
    form: Literal["", "cents", "epoch"] = (
        "cents" if member.group(1) == "cents" else "epoch" if member.group(1) else ""
    )
    return Equation(name, member.group(2), right, form, slack, under, reads)


def forecast(known: Sequence[Equation], values: Mapping[str, Any]) -> Scope:
    """Return a scope of the values, with members of the answer filled in that the equations determine."""
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
        ]  # only these can have changed
    return scope


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    """True if one path is a prefix of the other."""
    return all(a == b for a, b in zip(one, other, strict=False))


def value_of(equation: Equation, scope: Scope) -> Any:
    """Return the value of an equation's right side; None if it or a condition cannot be evaluated, or a
    condition is false.
    """
    try:
        return scope.evaluate(equation.gives) if all(scope.holds(g) for g in equation.guards) else None
    except ExpressionError:
        return None


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
