"""CEL, the language of laws: compile with bounds, evaluate over JSON values. The only module that knows `cel`.

All numbers count as doubles, `size()` included, so literals in arithmetic are written `2.0`; comparing with `2` works.
Bounds: 2,000 characters, 30 levels of brackets, and a cost (longest list to the power of nested macros) that keeps
an evaluation well under 100 ms. Helpers never raise: what they cannot compute is NaN, null or false.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from itertools import pairwise
from types import ModuleType
from typing import Any

MAX_CHARS = 2_000
MAX_BRACKETS = 30
MAX_COST = 200_000
MAX_DATA_DEPTH = 100
EARTH_RADIUS_KM = 6371.0088

_TOKEN = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|([A-Za-z_]\w*)|([()\[\]{}])|(.)""", re.S)
_MACRO = re.compile(r"\.(all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_PLACE = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*)")
_STANDARD = {
    "has", "double", "int", "uint", "string", "bool", "bytes", "timestamp", "duration", "type", "dyn",
    "contains", "startsWith", "endsWith", "matches", "min", "max",
}  # fmt: skip


class ExpressionError(Exception):
    """The expression does not compile, or could not be evaluated on this data."""


def cents(amount: Any) -> float:
    """Dollars to whole cents: rounded to 6 places, then half up to the cent. Amounts past 10^12 have no cents in a double."""
    if not _number(amount) or abs(amount) > 1e12:
        return math.nan
    return float(Decimal(repr(round(amount, 6))).quantize(Decimal("0.01"), ROUND_HALF_UP) * 100)


def near(a: Any, b: Any, slack: Any) -> bool:
    """|a - b| <= slack."""
    return _number(a) and _number(b) and _number(slack) and abs(a - b) <= slack


def distance_km(a: Any, b: Any) -> float:
    """Great-circle distance between two values with `lat` and `lng` in degrees, R = 6371.0088 km."""
    try:
        values = (a["lat"], a["lng"], b["lat"], b["lng"])
    except (TypeError, KeyError, IndexError):
        return math.nan
    if not all(_number(v) for v in values):
        return math.nan
    lat1, lng1, lat2, lng2 = (math.radians(v) for v in values)
    h = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lng2 - lng1) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(h)))


def sorted_by(items: Any, member: Any) -> bool:
    """Whether the items never fall in the named member; equal neighbours may stand in any order."""
    values = _members(items, member)
    try:
        return values is not None and all(a <= b for a, b in pairwise(values))
    except TypeError:
        return False


def sorted_down_by(items: Any, member: Any) -> bool:
    """Whether the items never rise in the named member."""
    values = _members(items, member)
    try:
        return values is not None and all(a >= b for a, b in pairwise(values))
    except TypeError:
        return False


def unique_by(items: Any, member: Any) -> bool:
    """Whether no two items have the same value in the named member."""
    values = _members(items, member)
    return values is not None and len(values) == len({_identity(v) for v in values})


def sum_of(items: Any, member: Any) -> float:
    """The sum of the named member over the items."""
    values = _members(items, member)
    if values is None or not all(_number(v) and abs(v) < 1e290 for v in values):
        return math.nan
    return math.fsum(values)


def upper(text: Any) -> str | None:
    """The text in capitals."""
    return text.upper() if isinstance(text, str) else None


def alnum(text: Any) -> str | None:
    """Only the ASCII letters and digits of the text."""
    return re.sub(r"[^A-Za-z0-9]", "", text) if isinstance(text, str) else None


def first(text: Any, count: Any) -> str | None:
    """The first `count` characters."""
    return text[: max(0, int(count))] if isinstance(text, str) and _number(count) else None


def ceil(number: Any) -> float:
    """The least whole number not below; noise under a millionth does not count."""
    return float(math.ceil(round(number, 6))) if _number(number) else math.nan


def floor(number: Any) -> float:
    """The greatest whole number not above; noise under a millionth does not count."""
    return float(math.floor(round(number, 6))) if _number(number) else math.nan


def least(a: Any, b: Any) -> float:
    """The smaller of two numbers; null counts as no bound."""
    if a is None or b is None:
        a, b = (b, b) if a is None else (a, a)
    return min(a, b) if _number(a) and _number(b) else math.nan


def epoch(text: Any) -> float:
    """Seconds since 1970 of an RFC 3339 time with an offset."""
    return _epoch(text) if isinstance(text, str) else math.nan


@lru_cache(maxsize=4_096)
def _epoch(text: str) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else math.nan
    except (ValueError, OverflowError):
        return math.nan


def len_(value: Any) -> float:
    """`size()` as a double; a call of `size` is rewritten to this name of the same length, so that places stay true."""
    return float(len(value)) if isinstance(value, str | list | dict) else math.nan


HELPERS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        cents, near, distance_km, sorted_by, sorted_down_by, unique_by, sum_of, upper, alnum, first, ceil, floor, least, epoch, len_,
    )
}  # fmt: skip


def _number(value: Any) -> bool:
    """Whether it is a finite number that a double can hold."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -1.7e308 < value < 1.7e308


def _members(items: Any, member: Any) -> list[Any] | None:
    """The named member of each item, where all have it."""
    if not isinstance(items, list) or not isinstance(member, str) or not all(isinstance(i, dict) and member in i for i in items):
        return None
    return [item[member] for item in items]


def _identity(value: Any) -> Any:
    """A value that a set can hold, the same for equal JSON values; true is not 1."""
    if isinstance(value, list):
        return ("list", *(_identity(v) for v in value))
    if isinstance(value, dict):
        return ("dict", frozenset((k, _identity(v)) for k, v in value.items()))
    return (isinstance(value, bool), value)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its text, the names it reads, our functions that it calls and how deep its macros nest."""

    text: str
    names: frozenset[str]
    calls: frozenset[str]
    nesting: int
    program: Any


@cache
def _cel() -> Any:
    """The package without its command line, which its `__init__` imports and which brings prompt_toolkit and asyncio: 0.12 s."""
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    import cel

    return cel


def compile(text: str, names: Iterable[str]) -> Expression:
    """Compile; `names` are the variables it may read.

    Raises ExpressionError with one sentence.
    """
    cel = _cel()
    if len(text) > MAX_CHARS:
        raise ExpressionError(f"the expression has {len(text):,} characters; at most {MAX_CHARS:,} are allowed")
    rewritten, brackets, nesting = _scan(text)
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
        raise ExpressionError(f"`{name}()` is no function here; known: {', '.join(sorted({*HELPERS, 'size'} - {'len_'}))}")
    return Expression(text, frozenset(free), frozenset(called & HELPERS.keys()), nesting, program)


def _scan(text: str) -> tuple[str, int, int]:
    """The text with `size` calls made ours, the deepest brackets, the deepest nesting of macros."""
    out: list[str] = []
    depth = deepest = nesting = 0
    open_macros: list[int] = []
    starts = {m.end(1) for m in _MACRO.finditer(text)}
    for match in _TOKEN.finditer(text):
        _, word, bracket, _ = match.groups()
        token = match.group(0)
        if word == "size" and text[match.end() :].lstrip().startswith("("):
            token = "len_"
        elif bracket and bracket in "([{":
            depth += 1
            deepest = max(deepest, depth)
            if match.start() in starts:
                open_macros.append(depth)
                nesting = max(nesting, len(open_macros))
        elif bracket:
            if open_macros and open_macros[-1] == depth:
                open_macros.pop()
            depth -= 1
        out.append(token)
    return "".join(out), deepest, nesting


class Scope:
    """The values expressions read. A value is made ready when the first expression reads it: that costs more than evaluating.

    `reading` are expressions that will be evaluated for sure, so that what all of them read is made ready at once.
    """

    __slots__ = ("_context", "_known", "_longest", "values")

    def __init__(self, values: Mapping[str, Any], reading: Iterable[Expression] = ()) -> None:
        """Raises ExpressionError where data that is read is nested too deep."""
        self.values = values
        self._context = _cel().Context()
        self._known: set[str] = set()
        self._longest: dict[str, int] = {}
        for expression in reading:
            self._reads(expression)

    def _reads(self, expression: Expression) -> int:
        """Have ready what it reads; gives the longest list in that. Raises ExpressionError where data is nested too deep."""
        for name in expression.calls - self._known:
            self._context.add_function(name, HELPERS[name])
            self._known.add(name)
        longest = 1
        for name in expression.names:
            most = self._longest.get(name)
            if most is None and name in self.values:
                value, most = _doubled(self.values[name])
                self._context.add_variable(name, value)
                self._longest[name] = most
            longest = max(longest, most or 1)
        return longest

    def evaluate(self, expression: Expression) -> Any:
        """The value of an expression here. Raises ExpressionError."""
        longest = self._reads(expression)
        if expression.nesting and longest**expression.nesting > MAX_COST:
            raise ExpressionError(f"a list of {longest} items is too long for {expression.nesting} nested macros")
        try:
            return expression.program.execute(self._context)
        except KeyError as error:
            raise ExpressionError(f"there is no member {error}") from None
        except BaseException as error:  # a panic of the evaluator is no Exception
            if isinstance(error, KeyboardInterrupt | SystemExit):
                raise
            message = _first_line(error)
            if "CEL does not coerce" in str(error):
                message += " (numbers are doubles here: write literals in arithmetic as `2.0`)"
            raise ExpressionError(message) from None

    def holds(self, expression: Expression) -> bool:
        """The value of a condition. Raises ExpressionError, also where it is neither true nor false."""
        value = self.evaluate(expression)
        if not isinstance(value, bool):
            raise ExpressionError(f"the expression gave {type(value).__name__}, not true or false")
        return value


def _doubled(value: Any) -> tuple[Any, int]:
    """The value with each number as a double and each text as the evaluator takes it, and the longest list in it."""
    longest = 1

    def made(value: Any, depth: int) -> Any:
        nonlocal longest
        if depth > MAX_DATA_DEPTH:
            raise ExpressionError(f"the data is nested more than {MAX_DATA_DEPTH} levels deep")
        kind = type(value)
        if kind is str:
            return value if value.isascii() else _encodable(value)
        if kind is float or kind is bool or value is None:
            return value
        if kind is dict:
            return {_encodable(str(k)): made(v, depth + 1) for k, v in value.items()}
        if kind is list or isinstance(value, list | tuple):
            longest = max(longest, len(value))
            return [made(v, depth + 1) for v in value]
        if isinstance(value, int):
            return float(value) if abs(value) < 1e300 else math.nan
        if isinstance(value, str):
            return _encodable(value)
        if isinstance(value, Mapping):
            return {_encodable(str(k)): made(v, depth + 1) for k, v in value.items()}
        return value

    return made(value, 0), longest


def _encodable(text: str) -> str:
    """The text with halves of surrogate pairs replaced: the evaluator takes only what UTF-8 can hold."""
    return str(text) if text.isascii() else text.encode("utf-8", "replace").decode()


def _first_line(error: BaseException) -> str:
    """The library's message as one short line with its place."""
    text = str(error)
    if place := _PLACE.search(text):
        line, column, said = place.groups()
        where = f"at character {column}" if line == "1" else f"at line {line}, character {column}"
        return f"{where}: {said.split(' expecting ')[0]}"[:300]
    return next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)[:300]
