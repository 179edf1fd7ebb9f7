"""Estimate the work of a CEL expression before it is evaluated, because the evaluator cannot be interrupted.

The estimate is an upper bound, computed from the expression's tree and the sizes of the values that it reads.
One unit of work is about 0.3 µs: a number, a hundred characters, a quarter of an object's member. For each
item the evaluator copies the list that `map` and `filter` have made so far. Their work therefore grows
quadratically.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pgagents.base.cel.syntax import (
    Choice,
    ExpressionError,
    FunctionCall,
    Index,
    Infix,
    ListOf,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    ObjectOf,
    children,
)

MAX_WORK = 5_000_000
MAX_WEIGHT = 200_000
"""Largest weight of a value that an expression may build: 20 MB of text, or 200,000 numbers."""
CHARS_A_UNIT = 100
A_MEMBER = 4
LONG_SUM = 20
"""Sums of more operands are estimated, because adding each operand copies all earlier ones."""
A_TURN = 2
"""Work of a macro per item, without its body."""
_SCALARS = frozenset(
    ("has", "double", "int", "uint", "bool", "type", "timestamp", "duration", "size", "len_", "contains",
     "startsWith", "endsWith", "matches", "cents", "near", "distance_km", "sorted_by", "sorted_down_by",
     "unique_by", "sum_of", "ceil", "floor", "least", "epoch", "file_size")
)  # fmt: skip
"""Functions that return a number or a boolean, however large their arguments are."""


class TooMuch(ExpressionError):
    """The evaluation was not started, because its work might be too large. The value is unknown."""


class Size(NamedTuple):
    """Upper bounds for a value: its weight, its length, the weight of one item, and its longest inner
    list.
    """

    weight: float
    length: float
    item: float
    deep: float


ONE = Size(1, 1, 1, 1)


def loops(node: Node) -> int:
    """Return 0 for an expression without macros and long sums, 1 if all macros are plain, 2 otherwise.

    A plain macro loops over a path or over a short list that is written out, and is not nested in another
    macro. Its work is small while all lists are short.
    """
    most = max(map(loops, children(node)), default=0)
    if isinstance(node, Macro):
        return 2 if most or not (_is_rooted(node.of) or _is_short_list(node.of)) else 1
    long = isinstance(node, Infix) and len(node.operands) > LONG_SUM and "+" in node.signs
    return 2 if long else most


def _is_rooted(node: Node | None) -> bool:
    """True for a value that is reached from a variable only by members, indices and methods."""
    while isinstance(node, Member | Index | FunctionCall):
        node = node.of if isinstance(node, FunctionCall) else node.base
    return isinstance(node, Name)


def _is_short_list(node: Node | None) -> bool:
    """True for a list whose few items are written out, each as a path or a constant."""
    if not isinstance(node, ListOf) or len(node.items) > LONG_SUM:
        return False
    return all(isinstance(item, Literal) or _is_rooted(item) for item in node.items)


def check(node: Node, values: Mapping[str, Any], measured: dict[int, Size]) -> None:
    """Raise TooMuch if evaluating on these values might take too much work.

    `measured` caches sizes by object id. It is valid only as long as the values exist.
    """
    _Estimate(measured).of(node, {name: (None, value) for name, value in values.items()})


_Found = tuple[Size | None, Any]
"""A size; or None with a value of the data, which is measured when its size is needed."""


class _Estimate:
    """Walk one expression and add up its work."""

    def __init__(self, measured: dict[int, Size]) -> None:
        self._measured = measured
        self._work = 0.0
        self._times = 1.0

    def _add_work(self, units: float) -> None:
        self._work += units * self._times
        if self._work > MAX_WORK:
            raise TooMuch(f"it may take more than {MAX_WORK:,} steps")

    def _check_weight(self, size: Size) -> _Found:
        if size.weight > MAX_WEIGHT:
            raise TooMuch("a value that it makes may grow too large")
        return size, None

    def size(self, found: _Found) -> Size:
        """Return the size of a result, measuring its value if necessary."""
        return found[0] if found[0] is not None else measure(found[1], self._measured)

    def of(self, node: Node, names: Mapping[str, _Found]) -> _Found:
        """Return the size of a node's value, and add the work of computing it."""
        self._add_work(1)
        match node:
            case Literal():
                return (_of_text(node.token) if isinstance(node.value, str | bytes) else ONE), None
            case Name():
                return names.get(node.name, (ONE, None))
            case Member():
                return self._member(self.of(node.base, names), node.name)
            case Macro():
                return self._macro(node, names)
            case Index():
                found, _ = self.of(node.base, names), self.of(node.index, names)
                return self._within(found)
            case Choice():
                self.of(node.condition, names)
                return self._either(node.then, node.otherwise, names)
            case Infix():
                return self._infix(node, names)
            case ListOf() | ObjectOf():
                return self._collection(node, names)
            case FunctionCall():
                return self._call(node.name, [self.of(part, names) for part in children(node)])
        self.of(node.operand, names)
        return ONE, None

    def _collection(self, node: ListOf | ObjectOf, names: Mapping[str, _Found]) -> _Found:
        sizes = [self.size(self.of(item, names)) for item in node.items]
        count = len(sizes) if isinstance(node, ListOf) else len(sizes) // 2
        weight = 2 + sum(s.weight for s in sizes) + (0 if isinstance(node, ListOf) else A_MEMBER * count)
        self._add_work(weight)
        longest = max([count, *(s.deep for s in sizes)])
        return self._check_weight(Size(weight, count, max([1.0, *(s.weight for s in sizes)]), longest))

    def _either(self, one: Node, other: Node, names: Mapping[str, _Found]) -> _Found:
        """Return the size of a value that is one of two."""
        a, b = self.size(self.of(one, names)), self.size(self.of(other, names))
        return Size(*map(max, a, b)), None

    def _infix(self, node: Infix, names: Mapping[str, _Found]) -> _Found:
        sizes = [self.size(self.of(operand, names)) for operand in node.operands]
        weight = sum(s.weight for s in sizes)
        if "+" not in node.signs:
            self._add_work(weight / 4)
            return ONE, None
        self._add_work(weight * len(sizes) / 2)
        length, item = sum(s.length for s in sizes), max(s.item for s in sizes)
        return self._check_weight(Size(weight, length, item, max([length, *(s.deep for s in sizes)])))

    def _call(self, name: str, args: list[_Found]) -> _Found:
        if name == "has":
            return ONE, None
        sizes = [self.size(arg) for arg in args]
        if name in _SCALARS:  # a helper reads a list of the data without copying it
            self._add_work(
                sum(
                    min(s.weight, s.length) if found is None else s.weight
                    for s, (found, _) in zip(sizes, args, strict=True)
                )
            )
            return ONE, None
        weight = sum(s.weight for s in sizes) + 1
        self._add_work(weight)
        return self._check_weight(Size(weight, weight, weight, max([1.0, *(s.deep for s in sizes)])))

    def _member(self, found: _Found, name: str) -> _Found:
        if found[0] is None and isinstance(found[1], Mapping):
            return (None, found[1][name]) if name in found[1] else (ONE, None)
        return self._within(found)

    def _within(self, found: _Found) -> _Found:
        """Return the size of a member or item: at most the heaviest one."""
        size = self.size(found)
        return Size(size.item, min(size.deep, size.item), size.item, size.deep), None

    def _macro(self, node: Macro, names: Mapping[str, _Found]) -> _Found:
        found = self.of(node.of, names)
        over = self.size(found)
        own = {**names, node.item: self._within(found)}
        before, self._times = self._times, self._times * max(1.0, over.length)
        self._add_work(A_TURN)
        bodies = [self.size(self.of(arg, own)) for arg in node.args]
        self._times = before
        if node.name not in ("map", "filter"):
            return ONE, None
        item = bodies[-1].weight if node.name == "map" else over.item
        weight = 2 + (item * over.length if node.name == "map" else over.weight)
        self._add_work(weight * over.length / 2)
        deep = max(over.length, bodies[-1].deep if node.name == "map" else over.deep)
        return self._check_weight(Size(weight, over.length, item, deep))


def measure(value: Any, measured: dict[int, Size]) -> Size:
    """Return the size of a value of the data. The reader of the data has already limited its depth."""
    if isinstance(value, str):
        return _of_text(value)
    if not isinstance(value, list | dict):
        return ONE
    known = measured.get(id(value))
    if known is None:
        items = value if isinstance(value, list) else value.values()
        sizes = [measure(item, measured) for item in items]
        weight = 2 + sum(s.weight for s in sizes) + (A_MEMBER * len(sizes) if isinstance(value, dict) else 0)
        known = Size(
            weight,
            len(sizes),
            max((s.weight for s in sizes), default=1),
            max([len(sizes), *(s.deep for s in sizes)]),
        )
        measured[id(value)] = known
    return known


def _of_text(text: str) -> Size:
    weight = 1 + len(text) / CHARS_A_UNIT
    return Size(weight, 1, weight, 1)
