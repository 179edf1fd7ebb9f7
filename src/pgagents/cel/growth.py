"""Bound the work of a CEL expression before it is evaluated, because the evaluator cannot be interrupted.

The bound is computed from the expression's syntax and the sizes of the values it reads. Precedence does not
matter, as no infix chain is larger than the sum of its operands. One unit of work is about 0.3 µs: a number,
a hundred characters, a quarter of an object's member. The evaluator copies the list that `map` and `filter`
have made so far for each item, so their work grows quadratically.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

MACROS = frozenset(("all", "exists", "exists_one", "existsOne", "map", "filter"))
MAX_WORK = 5_000_000
MAX_WEIGHT = 200_000
"""Largest value that an expression may build: 20 MB of text, or 200,000 numbers."""
CHARS_A_UNIT = 100
A_MEMBER = 4
LONG_SUM = 20
"""Sums of more operands are estimated, because the operands' content is copied once for each."""
A_TURN = 2
"""Work of a macro for each item, besides its body."""

_TOKEN = re.compile(
    r"""\s+|//[^\n]*
    |(?P<text>[bB]?[rR][bB]?(?:\"\"\".*?\"\"\"|'''.*?'''|"[^"]*"|'[^']*')
      |[bB]?(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))
    |(?P<number>(?:0[xX][0-9a-fA-F]+|(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)[uU]?)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||[=!<>]=|[-+*/%<>!?:.,()\[\]{}])""",
    re.S | re.X,
)
_INFIX = frozenset(("&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "?", ":", "in"))
_TRUTHS = frozenset(("&&", "||", "==", "!=", "<=", ">=", "<", ">", "in"))
_CHOICES = frozenset(("?", ":"))
"""Signs of a choice or of an object's member, for which an operand may be the value or a part of it."""
_LITERALS = frozenset(("true", "false", "null"))
_SCALARS = frozenset(
    ("has", "double", "int", "uint", "bool", "type", "timestamp", "duration", "size", "len_", "contains",
     "startsWith", "endsWith", "matches", "cents", "near", "distance_km", "sorted_by", "sorted_down_by",
     "unique_by", "sum_of", "ceil", "floor", "least", "epoch")
)  # fmt: skip
"""Functions that return a number or a boolean, however large their arguments are."""


class Unbounded(Exception):
    """The expression may take too much work, or no bound can be found."""


class Size(NamedTuple):
    """Upper bounds of a value: its weight, its length, the weight of one item, and the longest list
    anywhere in it.
    """

    weight: float
    length: float
    item: float
    deep: float


ONE = Size(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, true, false or null."""

    size: Size


@dataclass(frozen=True, slots=True)
class Name:
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class Several:
    """A list, whose `each` is 0, or an object."""

    items: tuple[Node, ...]
    each: int = 0


@dataclass(frozen=True, slots=True)
class Chain:
    """Operands and the infix signs between them."""

    operands: tuple[Node, ...]
    signs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Step:
    """One access after a value: a member, a method or macro call, or an index (whose `name` is empty)."""

    name: str
    args: tuple[Node, ...] | None = None


@dataclass(frozen=True, slots=True)
class Steps:
    """A value and the accesses after it."""

    base: Node
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of a function."""

    name: str
    args: tuple[Node, ...]


Node = Literal | Name | Several | Chain | Steps | FunctionCall


def parse(text: str) -> Node:
    """Parse an expression into nodes. Raises Unbounded for syntax outside the known CEL."""
    try:
        reader = _Reader(text)
        node = reader.chain()
    except RecursionError:
        raise Unbounded("it is nested too deep") from None
    if reader.token:
        raise Unbounded(f"its work cannot be bounded at `{reader.token}`")
    return node


class _Reader:
    """Parse tokens. `token` is the current one, empty at the end."""

    def __init__(self, text: str) -> None:
        self._tokens = _tokens(text)
        self.kind = self.token = ""
        self._next()

    def _next(self) -> str:
        read = self.token
        self.kind, self.token = next(self._tokens, ("", ""))
        return read

    def _take(self, token: str) -> bool:
        if self.kind == "text" or self.token != token:
            return False
        self._next()
        return True

    def _want(self, token: str) -> None:
        if not self._take(token):
            raise Unbounded(f"its work cannot be bounded: `{token}` is expected")

    def chain(self) -> Node:
        operands, signs = [self._operand()], set()
        while self.kind != "text" and self.token in _INFIX:
            signs.add(self._next())
            operands.append(self._operand())
        return operands[0] if len(operands) == 1 else Chain(tuple(operands), frozenset(signs))

    def _operand(self) -> Node:
        while self.kind == "sign" and self.token in ("-", "!"):
            self._next()
        base = self._primary()
        steps = []
        while self.kind == "sign" and self.token in (".", "["):
            if self._take("["):
                steps.append(Step("", (self.chain(),)))
                self._want("]")
                continue
            self._next()
            name = self._next()
            steps.append(Step(name, self._args() if self._take("(") else None))
        return Steps(base, tuple(steps)) if steps else base

    def _primary(self) -> Node:
        kind, token = self.kind, self._next()
        if kind == "text":
            return Literal(_of_text(token))
        if kind == "number" or (kind == "word" and token in _LITERALS):
            return Literal(ONE)
        if token == "(":
            inner = self.chain()
            self._want(")")
            return inner
        if token == "[":
            return Several(self._until("]"))
        if token == "{":
            return Several(self._until("}"), A_MEMBER)
        if kind != "word":
            raise Unbounded(f"its work cannot be bounded at `{token}`")
        return FunctionCall(token, self._args()) if self._take("(") else Name(token)

    def _args(self) -> tuple[Node, ...]:
        return self._until(")")

    def _until(self, end: str) -> tuple[Node, ...]:
        found = []
        while not self._take(end):
            found.append(self.chain())
            if not self._take(","):
                self._want(end)
                break
        return tuple(found)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise Unbounded(f"its work cannot be bounded at `{text[at]}`")
        at = match.end()
        if match.lastgroup is not None:
            yield match.lastgroup, match.group()


def plain(node: Node) -> bool:
    """True if the work is small as long as all lists are short: every macro loops over a path, and none is
    nested.
    """
    return _shape(node) < 2


def has_macros(node: Node) -> bool:
    """True if the expression has a macro, or a sum so long that it counts as one."""
    return _shape(node) > 0


def _shape(node: Node) -> int:
    """Return 0 without macros, 1 with plain macros only, 2 with any other."""
    found = [0]
    if isinstance(node, Chain):
        found = [*map(_shape, node.operands), 2 if len(node.operands) > LONG_SUM and "+" in node.signs else 0]
    elif isinstance(node, Several):
        found += map(_shape, node.items)
    elif isinstance(node, FunctionCall):
        found += map(_shape, node.args)
    elif isinstance(node, Steps):
        within = [_shape(arg) for step in node.steps for arg in step.args or ()]
        macros = [step for step in node.steps if step.args is not None and step.name in MACROS]
        growing = len(macros) > 1 or not isinstance(node.base, Name)
        found = [_shape(node.base), *within, 2 if macros and (growing or any(within)) else 1 if macros else 0]
    return max(found)


def check(node: Node, values: Mapping[str, Any], measured: dict[int, Size]) -> None:
    """Raise Unbounded if evaluating on these values might take too much work.

    `measured` caches sizes by object id; it is valid while the values live.
    """
    try:
        _Estimate(measured).of(node, {name: (None, value) for name, value in values.items()})
    except RecursionError:
        raise Unbounded("it is nested too deep") from None


_Found = tuple[Size | None, Any]
"""A size; or None and a value of the data, which is measured when its size is needed."""


class _Estimate:
    """Walk one expression and count its work."""

    def __init__(self, measured: dict[int, Size]) -> None:
        self._measured = measured
        self._work = 0.0
        self._times = 1.0

    def _add_work(self, units: float) -> None:
        self._work += units * self._times
        if self._work > MAX_WORK:
            raise Unbounded(f"it may take more than {MAX_WORK:,} steps")

    def _check_weight(self, size: Size) -> _Found:
        if size.weight > MAX_WEIGHT:
            raise Unbounded("a value that it makes may grow too large")
        return size, None

    def size(self, found: _Found) -> Size:
        """Return the size of a found value, measuring it if necessary."""
        return found[0] if found[0] is not None else measure(found[1], self._measured)

    def of(self, node: Node, names: Mapping[str, _Found]) -> _Found:
        """Return the upper bound of a node's value, and count the work of computing it."""
        self._add_work(1)
        if isinstance(node, Literal):
            return node.size, None
        if isinstance(node, Name):
            return names.get(node.name, (ONE, None))
        if isinstance(node, Several):
            return self._several(node, names)
        if isinstance(node, Chain):
            return self._chain(node, names)
        if isinstance(node, FunctionCall):
            return self._call(node.name, [self.of(arg, names) for arg in node.args])
        found = self.of(node.base, names)
        for step in node.steps:
            found = self._step(found, step, names)
        return found

    def _several(self, node: Several, names: Mapping[str, _Found]) -> _Found:
        sizes = [self.size(self.of(item, names)) for item in node.items]
        weight = 2 + sum(s.weight + node.each for s in sizes)
        self._add_work(weight)
        longest = max([len(sizes), *(s.deep for s in sizes)])
        return self._check_weight(Size(weight, len(sizes), max([1.0, *(s.weight for s in sizes)]), longest))

    def _chain(self, node: Chain, names: Mapping[str, _Found]) -> _Found:
        sizes = [self.size(self.of(operand, names)) for operand in node.operands]
        weight = sum(s.weight for s in sizes)
        if "+" in node.signs:
            self._add_work(weight * len(sizes) / 2)
        elif node.signs & _TRUTHS:
            self._add_work(weight / 4)
        if not node.signs & _CHOICES and (node.signs & _TRUTHS or "+" not in node.signs):
            return ONE, None
        length = sum(s.length for s in sizes)
        return self._check_weight(
            Size(weight, length, max(s.item for s in sizes), max([length, *(s.deep for s in sizes)]))
        )

    def _call(self, name: str, args: list[_Found]) -> _Found:
        if name == "has":
            return ONE, None
        sizes = [self.size(arg) for arg in args]
        if name in _SCALARS:  # an argument that is a list of the data is read in place
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

    def _step(self, found: _Found, step: Step, names: Mapping[str, _Found]) -> _Found:
        if step.args is None:
            if found[0] is None and isinstance(found[1], Mapping):
                return (None, found[1][step.name]) if step.name in found[1] else (ONE, None)
            return self._within(found)
        if step.name in MACROS and len(step.args) > 1 and isinstance(step.args[0], Name):
            return self._macro(found, step, names)
        args = [self.of(arg, names) for arg in step.args]
        return self._within(found) if not step.name else self._call(step.name, [found, *args])

    def _within(self, found: _Found) -> _Found:
        """Return the bound of a member or item: it is never larger than the heaviest one."""
        size = self.size(found)
        return Size(size.item, min(size.deep, size.item), size.item, size.deep), None

    def _macro(self, found: _Found, step: Step, names: Mapping[str, _Found]) -> _Found:
        assert step.args is not None
        assert isinstance(step.args[0], Name)
        over = self.size(found)
        own = {**names, step.args[0].name: self._within(found)}
        before, self._times = self._times, self._times * max(1.0, over.length)
        self._add_work(A_TURN)
        bodies = [self.size(self.of(arg, own)) for arg in step.args[1:]]
        self._times = before
        if step.name not in ("map", "filter"):
            return ONE, None
        item = bodies[-1].weight if step.name == "map" else over.item
        weight = 2 + (item * over.length if step.name == "map" else over.weight)
        self._add_work(weight * over.length / 2)
        deep = max(over.length, bodies[-1].deep if step.name == "map" else over.deep)
        return self._check_weight(Size(weight, over.length, item, deep))


def measure(value: Any, measured: dict[int, Size]) -> Size:
    """Return the size of a value of the data. Its depth is limited where the data is read."""
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
