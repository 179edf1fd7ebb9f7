"""Compile CEL expressions with bounds and evaluate them over JSON values. The only module that imports `cel`.

All numbers are doubles, including `size()`, so literals in arithmetic are written `2.0`; comparing with `2`
works. Bounds: 2,000 characters, 30 levels of brackets, and the work that `growth` estimates, about a second
at most.
"""

from __future__ import annotations

import math
import re
import sys
import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Any

from pgagents.cel import growth
from pgagents.cel.members import WHOLE, Paths, only, paths_of
from pgagents.cel.reckoning import HELPERS, cents, distance_km, epoch

__all__ = [
    "HELPERS",
    "MAX_CHARS",
    "Expression",
    "ExpressionError",
    "Reading",
    "Scope",
    "cents",
    "compile",
    "distance_km",
    "epoch",
]

MAX_CHARS = 2_000
MAX_BRACKETS = 30
SHORT_LIST = 100
"""Longest list over which an expression with plain macros is evaluated without an estimate of its work."""
MAX_DATA_DEPTH = 100

_TOKEN = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([A-Za-z_]\w*)|([()\[\]{}])|(.)""", re.S)
_MACRO = re.compile(r"\.(all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_PATH = re.compile(r"\s*[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\s*", re.A)
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_BY_PATH = frozenset(("len_", "unique_by", "sorted_by", "sorted_down_by", "sum_of"))
_ARGUMENT = re.compile(r"(\(\s*)([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?=\s*[,)])", re.A)
_THERE = "\ue000"
"""Prefix of a text with the path of a list, which a helper function receives instead of the list."""
_STANDARD = {
    "has", "double", "int", "uint", "string", "bool", "bytes", "timestamp", "duration", "type", "dyn",
    "contains", "startsWith", "endsWith", "matches", "min", "max",
}  # fmt: skip


class ExpressionError(Exception):
    """The expression does not compile, or cannot be evaluated on this data."""


class TooMuch(ExpressionError):
    """The evaluation was not started, because it might take too long or grow too large. The value is
    unknown.
    """


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its text, the variables it reads, the paths within them, and the helper
    functions it calls.
    """

    text: str
    names: frozenset[str]
    paths: Mapping[str, Paths] = field(compare=False)
    calls: frozenset[str]
    program: Any
    path: tuple[str, ...] = ()
    """Steps of an expression that is only a variable or a member path. It is looked up, not evaluated."""
    lists: tuple[tuple[str, ...], ...] = ()
    """Paths of the lists that are arguments of helper functions."""
    quick: Any = None
    """The same program with paths instead of lists as arguments. It is used if all `lists` are lists."""
    quick_paths: Mapping[str, Paths] = field(default_factory=dict, compare=False)
    """Paths that the quick program reads by itself."""
    shape: growth.Node | None = field(default=None, compare=False)
    """Syntax from which the work is estimated; None without macros and long sums."""
    plain: bool = field(default=True, compare=False)
    """True if the work is small as long as all lists are short."""


@cache
def _cel() -> Any:
    """Import `cel` without its command line, which its `__init__` imports with prompt_toolkit and asyncio:
    0.12 s.
    """
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    import cel

    return cel


def compile(text: str, names: Iterable[str]) -> Expression:
    """Compile an expression that may read the variables `names`.

    Raises ExpressionError with one sentence.
    """
    cel = _cel()
    if len(text) > MAX_CHARS:
        raise ExpressionError(
            f"the expression has {len(text):,} characters; at most {MAX_CHARS:,} are allowed"
        )
    rewritten, brackets = _scan(text)
    if brackets > MAX_BRACKETS:
        raise ExpressionError(f"brackets are nested {brackets} deep; at most {MAX_BRACKETS} are allowed")
    try:
        program = cel.compile(rewritten)
    except ValueError as error:
        raise ExpressionError(_first_line(error)) from None
    except BaseException as error:  # the parser panics on some texts, and a panic is no Exception
        if isinstance(error, KeyboardInterrupt | SystemExit):
            raise
        raise ExpressionError("the expression cannot be parsed") from None
    bound = {m.group(2) for m in _MACRO.finditer(text)}
    free = set(program.variables()) - bound
    allowed = set(names)
    for name in sorted(free - allowed):
        raise ExpressionError(f"`{name}` is not known here; known: {', '.join(sorted(allowed))}")
    called = {f for f in program.functions() if f.isidentifier()}
    for name in sorted(called - HELPERS.keys() - _STANDARD):
        raise ExpressionError(
            f"`{name}()` is no function here; known: {', '.join(sorted({*HELPERS, 'size'} - {'len_'}))}"
        )
    by_path, lists = _lists_by_path(rewritten, free)
    quick = cel.compile(by_path) if lists else None
    path = tuple(text.strip().split(".")) if _PATH.fullmatch(text) and free else ()
    calls, quick_paths = (
        frozenset(called & HELPERS.keys()),
        paths_of(by_path, free & set(quick.variables())) if quick is not None else {},
    )
    shape, plain = _shape(rewritten)
    return Expression(
        text,
        frozenset(free),
        paths_of(text, free),
        calls,
        program,
        path,
        lists,
        quick,
        quick_paths,
        shape,
        plain,
    )


def _shape(text: str) -> tuple[growth.Node | None, bool]:
    """Return the syntax for estimating the work, or None if it needs no estimate, and whether it is plain.

    Raises ExpressionError if the work is too large for any data.
    """
    if "(" not in text and text.count("+") < growth.LONG_SUM:
        return None, True
    try:
        shape = growth.parse(text)
        plain = growth.plain(shape)
        if not plain:
            growth.check(shape, {}, {})
    except growth.Unbounded as error:
        raise ExpressionError(str(error)) from None
    return (None, True) if plain and not growth.has_macros(shape) else (shape, plain)


def _scan(text: str) -> tuple[str, int]:
    """Return the text with calls of `size` renamed to our `len_`, and the deepest nesting of brackets."""
    out: list[str] = []
    depth = deepest = 0
    for match in _TOKEN.finditer(text):
        _, word, bracket, _ = match.groups()
        token = match.group(0)
        if word == "size" and text[match.end() :].lstrip().startswith("("):
            token = "len_"
        elif bracket and bracket in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif bracket:
            depth -= 1
        out.append(token)
    return "".join(out), deepest


def _lists_by_path(text: str, free: Iterable[str]) -> tuple[str, tuple[tuple[str, ...], ...]]:
    """Replace list arguments of helper functions by their paths. Return the text and these paths.

    Otherwise the evaluator would copy the whole list into Python for each call.
    """
    out: list[str] = []
    paths: list[tuple[str, ...]] = []
    at = 0
    for match in _TOKEN.finditer(text):
        if match.start() < at:
            continue
        out.append(match.group(0))
        at = match.end()
        argument = _ARGUMENT.match(text, at) if match.group(2) in _BY_PATH else None
        if argument is not None and argument.group(2).partition(".")[0] in free:
            out += [argument.group(1), f'"{_THERE}{argument.group(2)}"']
            paths.append(tuple(argument.group(2).split(".")))
            at = argument.end()
    return "".join(out), tuple(paths)


@dataclass(frozen=True, slots=True)
class Reading:
    """The paths that several expressions read together, and the helper functions they call."""

    paths: Mapping[str, Paths]
    calls: frozenset[str]
    texts: frozenset[str]

    @classmethod
    def of(cls, expressions: Iterable[Expression]) -> Reading:
        """Combine the readings of these expressions. Expressions that are only a path need none."""
        every = [expression for expression in expressions if not expression.path]
        paths: dict[str, Paths] = {}
        for expression in every:
            for name, read in (
                expression.paths if expression.quick is None else expression.quick_paths
            ).items():
                paths[name] = paths.get(name, frozenset()) | read
        return cls(
            paths, frozenset(call for e in every for call in e.calls), frozenset(e.text for e in every)
        )


class Scope:
    """The variables that expressions are evaluated with.

    Values are converted for the evaluator when the first expression reads them, because converting costs more
    than evaluating. `reading` names what certain expressions need, so that it is converted once.
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
        """Raises ExpressionError if data named by `reading` is nested too deep."""
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
            self._ready |= reading.texts

    @property
    def _evaluator(self) -> Any:
        """The evaluator's context, created for the first expression that has to be evaluated."""
        if self._context is None:
            self._context = _cel().Context()
        return self._context

    def _learn(self, calls: Iterable[str]) -> None:
        for name in calls:
            if name not in self._known:
                self.call(name, HELPERS[name])

    def _have(self, paths: Mapping[str, Paths]) -> None:
        """Convert these parts of the variables for the evaluator, unless they are converted already."""
        for name, read in paths.items():
            known = self._paths.get(name)
            if (known is None or not (known is read or read <= known)) and name in self.values:
                self._paths[name] = read | (self._planned.get(name, read) if known is None else known)
                value, self._longest[name] = _convert(only(self.values[name], self._paths[name]))
                self._evaluator.add_variable(name, value)
                self._made[name] = value
                self._sizes.clear()

    def change(self, name: str, value: Any) -> None:
        """Give a variable another value from now on."""
        self.values = {**self.values, name: value}
        if type(value) is float:
            self._paths[name], self._longest[name] = WHOLE, 1
            self._evaluator.add_variable(name, value)
            self._made[name] = value
        elif self._paths.pop(name, None) is not None:
            self._ready.clear()

    def call(self, name: str, function: Callable[..., Any]) -> None:
        """Replace a helper function from now on."""
        self._evaluator.add_function(name, self._by_path(function) if name in _BY_PATH else function)
        self._known.add(name)

    def _by_path(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Wrap a helper function so that it accepts the path of a list in place of the list."""
        own = weakref.ref(
            self
        )  # the evaluator holds the function, and Python's collector does not look into it

        def find(items: Any, *others: Any) -> Any:
            scope = own()
            there = scope is not None and type(items) is str and items.startswith(_THERE)
            return function(
                scope._at(items[1:].split(".")) if scope is not None and there else items, *others
            )

        return find

    def _is_list(self, path: Iterable[str]) -> bool:
        try:
            return isinstance(self._at(path), list)
        except ExpressionError:
            return False

    def evaluate(self, expression: Expression) -> Any:
        """Return the value of an expression. Raises ExpressionError.

        Its numbers are doubles, except that an expression which is only a path returns the value unchanged.
        """
        if expression.path:
            return self._at(expression.path)
        quick = expression.quick is not None and all(map(self._is_list, expression.lists))
        if expression.text not in self._ready or (expression.quick is not None and not quick):
            self._learn(expression.calls)
            self._have(expression.quick_paths if quick else expression.paths)
            self._ready.add(expression.text)
        if expression.shape is not None and not (expression.plain and self._short(expression)):
            self._check_growth(expression.shape)
        try:
            return (expression.quick if quick else expression.program).execute(self._evaluator)
        except KeyError as error:
            raise ExpressionError(f"there is no member {error}") from None
        except BaseException as error:  # a panic of the evaluator is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            message = _first_line(error)
            if "CEL does not coerce" in str(error):
                message += " (numbers are doubles here: write literals in arithmetic as `2.0`)"
            raise ExpressionError(message) from None

    def _short(self, expression: Expression) -> bool:
        """True if no variable that the expression reads holds a long list."""
        return all(self._longest.get(name, 1) <= SHORT_LIST for name in expression.paths)

    def _check_growth(self, shape: growth.Node) -> None:
        """Raise TooMuch if the estimated work is too large to start."""
        try:
            growth.check(shape, {**self.values, **self._made}, self._sizes)
        except growth.Unbounded as error:
            raise TooMuch(str(error)) from None

    def _at(self, path: Iterable[str]) -> Any:
        value: Any = self.values
        for step in path:
            if not isinstance(value, dict | Mapping) or step not in value:
                raise ExpressionError(f"there is no member '{step}'")
            value = value[step]
        return value

    def holds(self, expression: Expression) -> bool:
        """Return the truth of a condition. Raises ExpressionError, also if the value is neither true nor
        false.
        """
        value = self.evaluate(expression)
        if not isinstance(value, bool):
            raise ExpressionError(f"the expression gave {type(value).__name__}, not true or false")
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
    """Replace lone surrogates in a text: the evaluator accepts only valid UTF-8."""
    return str(text) if text.isascii() else text.encode("utf-8", "replace").decode()


def _first_line(error: BaseException) -> str:
    """Return the library's message as one short line with its place."""
    text = str(error)
    if place := _PLACE.search(text):
        line, column, said = place.groups()
        where = f"at character {column}" if line == "1" else f"at line {line}, character {column}"
        return f"{where}: {said.split(' expecting ')[0]}"[:300]
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)[:300]
