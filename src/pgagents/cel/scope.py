"""Evaluate compiled expressions over JSON values, whose numbers become doubles."""

from __future__ import annotations

import math
import re
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.cel import growth
from pgagents.cel.expression import Expression, first_line_of, load_evaluator
from pgagents.cel.members import WHOLE, Paths, only
from pgagents.cel.reckoning import HELPERS
from pgagents.cel.rewrite import (
    BETWEEN,
    BY_PATH,
    THERE,
)
from pgagents.cel.syntax import ExpressionError

SHORT_LIST = 100
"""Longest list for which the work of plain macros is not estimated before evaluation."""
MAX_DATA_DEPTH = 100
_OPERANDS = re.compile(r"Unsupported operation: (\w+) (\S+) (\w+)\.")
"""The evaluator's message about the types of two operands."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The paths and the helper functions that several expressions use together."""

    paths: Mapping[str, Paths]
    calls: frozenset[str]
    keys: frozenset[str]

    @classmethod
    def of(cls, expressions: Iterable[Expression]) -> Reading:
        """Combine what these expressions read. Expressions that are only a path are left out."""
        every = [expression for expression in expressions if not expression.path]
        paths: dict[str, Paths] = {}
        for expression in every:
            for name, read in (
                expression.paths if expression.quick is None else expression.quick_paths
            ).items():
                paths[name] = paths.get(name, frozenset()) | read
        return cls(
            paths, frozenset(call for e in every for call in e.calls), frozenset(e.canonical for e in every)
        )


class Scope:
    """The variables for evaluating expressions.

    Values are converted for the evaluator when an expression first reads them, because converting costs more
    than evaluating. `reading` names the variables that several expressions need, so that each is converted
    once.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_known",
        "_longest",
        "_made",
        "_paths",
        "_planned",
        "_ready",
        "_sizes",
        "values",
    )

    def __init__(self, values: Mapping[str, Any], reading: Reading | None = None) -> None:
        """Set the variables. Raises ExpressionError if data named by `reading` is nested too deep."""
        self.values = values
        self._context: Any = None
        self._known: set[str] = set()
        self._ready: set[str] = set()
        self._longest: dict[str, int] = {}
        self._made: dict[str, Any] = {}
        self._sizes: dict[int, growth.Size] = {}
        self._paths: dict[str, Paths] = {}
        self._planned: Mapping[str, Paths] = reading.paths if reading is not None else {}
        if reading is not None:
            self._have(reading.paths)
            self._learn(reading.calls)
            self._ready |= reading.keys

    @property
    def _evaluator(self) -> Any:
        """Return the library's context, created when the first expression needs it."""
        if self._context is None:
            self._context = load_evaluator().Context()
        return self._context

    def _learn(self, calls: Iterable[str]) -> None:
        for name in calls:
            if name not in self._known:
                self.call(name, HELPERS[name])

    def _have(self, paths: Mapping[str, Paths]) -> None:
        """Convert these parts of the variables for the evaluator, unless they have been converted."""
        for name, read in paths.items():
            known = self._paths.get(name)
            if (known is None or not (known is read or read <= known)) and name in self.values:
                self._paths[name] = read | (self._planned.get(name, read) if known is None else known)
                value, self._longest[name] = _convert(only(self.values[name], self._paths[name]))
                self._evaluator.add_variable(name, value)
                self._made[name] = value
                self._sizes.clear()

    def change(self, name: str, value: Any) -> None:
        """Replace the value of a variable."""
        self.values = {**self.values, name: value}
        if type(value) is float:
            self._paths[name], self._longest[name] = WHOLE, 1
            self._evaluator.add_variable(name, value)
            self._made[name] = value
        elif self._paths.pop(name, None) is not None:
            self._ready.clear()

    def call(self, name: str, function: Callable[..., Any]) -> None:
        """Replace a helper function."""
        self._evaluator.add_function(name, self._by_path(function) if name in BY_PATH else function)
        self._known.add(name)

    def _by_path(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a helper function, so that it accepts the path of a list in place of the list."""
        own = weakref.ref(
            self
        )  # the library holds the function, and Python's garbage collector does not see that reference

        def find(items: Any, *others: Any) -> Any:
            scope = own()
            there = scope is not None and type(items) is str and items.startswith(THERE)
            return function(
                _walk(scope.values, items[1:].split(BETWEEN)) if scope is not None and there else items,
                *others,
            )

        return find

    def _is_list(self, path: Iterable[str]) -> bool:
        try:
            return isinstance(_walk(self.values, path), list)
        except ExpressionError:
            return False

    def evaluate(self, expression: Expression) -> Any:
        """Return the value of an expression. Raises ExpressionError.

        Its numbers are doubles. An expression that is only a path returns the value unchanged.
        """
        if expression.path:
            return _walk(self.values, expression.path)
        quick = expression.quick is not None and all(map(self._is_list, expression.lists))
        if expression.canonical not in self._ready or (expression.quick is not None and not quick):
            self._learn(expression.calls)
            self._have(expression.quick_paths if quick else expression.paths)
            self._ready.add(expression.canonical)
        if expression.shape is not None and not (expression.plain and self._short(expression)):
            growth.check(expression.shape, {**self.values, **self._made}, self._sizes)
        try:
            return (expression.quick if quick else expression.program).execute(self._evaluator)
        except KeyError as error:
            raise ExpressionError(f"there is no member {error}") from None
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # a panic of the evaluator is a BaseException
            raise ExpressionError(_say_error(error)) from None

    def _short(self, expression: Expression) -> bool:
        """True if all lists in the variables of the expression are short."""
        return all(self._longest.get(name, 1) <= SHORT_LIST for name in expression.paths)

    def holds(self, expression: Expression) -> bool:
        """Return a condition as a boolean. Raises ExpressionError, also if the value is no boolean."""
        value = self.evaluate(expression)
        if not isinstance(value, bool):
            raise ExpressionError(f"the expression gave {type(value).__name__}, not true or false")
        return value

    def find_value(self, expression: Expression, otherwise: Any = None) -> Any:
        """Return the value of an expression, or `otherwise` if it cannot be evaluated."""
        try:
            return self.evaluate(expression)
        except ExpressionError:
            return otherwise

    def is_true(self, condition: Expression, *, otherwise: bool = False) -> bool:
        """Return a condition as a boolean, or `otherwise` if it cannot be evaluated."""
        try:
            return self.holds(condition)
        except ExpressionError:
            return otherwise


def evaluate_on(values: Mapping[str, Any], expression: Expression) -> Any:
    """Return the value of one expression on these values, as a scope would. Raises ExpressionError.

    An expression that is only a path needs no scope, which costs more than to follow the path.
    """
    return _walk(values, expression.path) if expression.path else Scope(values).evaluate(expression)


def _say_error(error: BaseException) -> str:
    """Return the evaluator's message in one line. One about types is said in our own words."""
    text = str(error)
    if "No such overload" in text:
        return "an operator or a function got a value of a type that it does not take, as in `text < 3`"
    operands = _OPERANDS.search(text)
    if operands is None:
        return first_line_of(error)
    left, sign, right = operands.groups()
    hint = ": numbers are doubles here, so write literals in arithmetic as `2.0`"
    return f"`{sign}` got {left} and {right}" + (hint if {left, right} == {"int", "float"} else "")


def _walk(value: Any, path: Iterable[str]) -> Any:
    for step in path:
        if not isinstance(value, dict | Mapping) or step not in value:
            raise ExpressionError(f"there is no member '{step}'")
        value = value[step]
    return value


def _convert(value: Any) -> tuple[Any, int]:
    """Return the value with numbers as doubles and text as valid UTF-8, and the length of its longest
    list.
    """
    longest = [1]
    return _convert_part(value, 0, longest), max(longest)


def _convert_part(value: Any, depth: int, longest: list[int]) -> Any:
    if depth > MAX_DATA_DEPTH:
        raise ExpressionError(f"the data is nested more than {MAX_DATA_DEPTH} levels deep")
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _encodable(value)
    if kind is float or kind is bool or value is None:
        return value
    if kind is dict:
        return {
            k if type(k) is str and k.isascii() else _encodable(str(k)): _convert_part(v, depth + 1, longest)
            for k, v in value.items()
        }
    if kind is list or isinstance(value, list | tuple):
        longest.append(len(value))
        return [_convert_part(v, depth + 1, longest) for v in value]
    if isinstance(value, int):
        return float(value) if abs(value) < 1e300 else math.nan
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, Mapping):
        return {_encodable(str(k)): _convert_part(v, depth + 1, longest) for k, v in value.items()}
    return value


def _encodable(text: str) -> str:
    """Replace lone surrogates in a text, because the evaluator accepts only valid UTF-8."""
    return str(text) if text.isascii() else text.encode("utf-8", "replace").decode()
