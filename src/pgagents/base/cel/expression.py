"""Compile CEL expressions within limits, evaluate them over JSON values, and find the part that fails."""

from __future__ import annotations

import math
import re
import sys
import weakref
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from inspect import signature
from types import ModuleType
from typing import Any

from pgagents.base.cel import growth
from pgagents.base.cel.functions import HELPERS, cents, distance_km, epoch
from pgagents.base.cel.parser import MAX_CHARS, parse
from pgagents.base.cel.reading import conjuncts, functions_of, path_of, variables_of
from pgagents.base.cel.rewrite import (
    BETWEEN,
    BY_PATH,
    TAKE_LISTS,
    THERE,
    index_from_the_end,
    normal,
    pass_lists_by_path,
    rebuild,
    rename_size,
    spell_has,
)
from pgagents.base.cel.syntax import (
    Choice,
    ExpressionError,
    FunctionCall,
    Infix,
    Literal,
    Macro,
    Member,
    Name,
    Node,
    children,
    print_node,
    walk,
)
from pgagents.base.text import nearest

# -- members that an expression reads


Path = tuple[str, ...]
Paths = frozenset[Path]
WHOLE: Paths = frozenset({()})
"""The paths are unknown, so the whole value is kept."""
MOST_STEPS = 20
"""Longest path that is followed, in steps. Everything below a longer path is kept."""
EACH = "\ue000each"
"""A step that is no member's name: it begins with a private-use character."""


def paths_of(node: Node, names: Iterable[str]) -> dict[str, Paths]:
    """Return the paths that an expression reads, by variable. A path includes everything below it.

    The step `EACH` leads to the items of a list that a macro loops over.
    """
    found: dict[str, set[Path]] = {name: set() for name in names}
    _collect(node, {name: (name,) for name in found}, found)
    return {name: frozenset(paths) or WHOLE for name, paths in found.items()}


def _collect(node: Node, stands_for: Mapping[str, Path], found: Mapping[str, set[Path]]) -> None:
    """Add the paths that a node reads to `found`.

    `stands_for` maps the item name of a macro to the path of its list.
    """
    if path := _whole_path(node, stands_for):
        found[path[0]].add(path[1:][:MOST_STEPS])
    elif isinstance(node, Macro):
        over = _whole_path(node.of, stands_for) if node.name != "filter" else ()
        if over:
            # the list's length is read even if no item is
            found[over[0]].add((*over[1:], EACH, "")[:MOST_STEPS])
        else:
            _collect(node.of, stands_for, found)
        item = (over[0], *(*over[1:], EACH)[:MOST_STEPS]) if over else ()
        for arg in node.args:
            _collect(arg, {**stands_for, node.item: item}, found)
    else:
        for child in children(node):
            _collect(child, stands_for, found)


def _whole_path(node: Node, stands_for: Mapping[str, Path]) -> Path:
    """Return the variable and the members of a member path; empty for any other node."""
    name, *steps = path_of(node) or ("",)
    before = stands_for.get(name, ())
    return (*before, *steps) if before else ()


def only(value: Any, paths: Paths) -> Any:
    """Return the value with only the members that lie on one of the paths."""
    return _cut(value, _tree(paths))


@lru_cache(maxsize=5_000)
def _tree(paths: Paths) -> Mapping[str, Any] | None:
    """Group paths by their first step; None if a path ends here, which keeps everything."""
    if () in paths:
        return None
    firsts = dict.fromkeys(path[0] for path in sorted(paths))
    return {first: _tree(frozenset(path[1:] for path in paths if path[0] == first)) for first in firsts}


def _cut(value: Any, tree: Mapping[str, Any] | None) -> Any:
    if tree is None:
        return value
    if isinstance(value, list | tuple):
        return [_cut(item, tree[EACH]) for item in value] if EACH in tree else value
    if not isinstance(value, dict | Mapping) or EACH in tree:  # a macro over an object loops over its keys
        return value
    return {
        name: value[name] if inside is None else _cut(value[name], inside)
        for name, inside in tree.items()
        if name in value
    }


__all__ = [
    "HELPERS",
    "MAX_CHARS",
    "Expression",
    "ExpressionError",
    "cents",
    "compile",
    "distance_km",
    "epoch",
]


_STANDARD = {
    "has", "double", "int", "uint", "string", "bool", "bytes", "timestamp", "duration", "type", "dyn",
    "contains", "startsWith", "endsWith", "matches", "min", "max",
}  # fmt: skip

_MEANT_BY = {
    **dict.fromkeys(("len", "length", "count"), "`size(…)` is the length of a text or a list"),
    **dict.fromkeys(
        ("lower", "lowercase", "tolower", "lowerascii", "casefold"), "compare `upper(…)` of both texts"
    ),
    **dict.fromkeys(("sum", "total"), '`sum_of(LIST, "MEMBER")` adds a member of each item'),
    "round": "`cents(…)` makes whole cents of an amount, `floor(…)` and `ceil(…)` a whole number",
    **dict.fromkeys(("unique", "distinct"), '`unique_by(LIST, "MEMBER")` is true if no two items are equal'),
    **dict.fromkeys(("sorted", "ordered"), '`sorted_by(LIST, "MEMBER")` is true for a list in order'),
    **dict.fromkeys(("date", "datetime", "parse", "time"), "`epoch(…)` is a time in seconds"),
    "get": "`response.total` is a member, and `has(response.total)` is true if it is there",
    **dict.fromkeys(("includes", "indexof", "find"), "write `VALUE in LIST`, or `TEXT.contains(PART)`"),
    "reduce": '`sum_of(LIST, "MEMBER")` adds a member of each item',
    "abs": "`near(A, B, SLACK)` is true for two numbers that differ by no more",
    "now": "`now` is the time of the call in seconds, without brackets",
    **dict.fromkeys(
        ("all", "any", "every", "exists", "filter", "some"),
        "write it behind the list: `items.all(one, CONDITION)`, or `exists`, `filter` and `map`",
    ),
    **dict.fromkeys(("str", "text"), "`string(…)` makes a text of a value"),
    **dict.fromkeys(("float", "number"), "`double(…)` makes a number of a text"),
    **dict.fromkeys(("implies", "if", "iff"), "write `!IF || THEN`, or a law with `when` and `that`"),
    **dict.fromkeys(
        ("uuid", "uuid4", "random", "randint", "faker", "fake"),
        "`=fresh.uuid`, `=fresh.text` and `=fresh.int` are new values, in the input of a call",
    ),
    **dict.fromkeys(("regex", "match", "test"), "write `TEXT.matches(REGEX)`"),
    **dict.fromkeys(("format", "sprintf", "concat", "join", "printf"), 'write `"a-" + string(fresh.int)`'),
    "fresh": "leave the brackets out: `=fresh.text`, `=fresh.email`",
}
"""Advice on what to write in place of a function of other languages, by the function's name."""


_NAMES = {
    "input": frozenset(("request", "req", "args", "arguments", "params", "query", "body", "path", "payload")),
    "response": frozenset(("res", "resp", "result", "output", "answer", "json", "data", "self", "this")),
    "before": frozenset(("old", "previous", "prev", "pre")),
    "resource": frozenset(("self", "this", "instance", "item")),
    "null": frozenset(("none", "nil", "undefined")),
    "true": frozenset(("true", "yes")),
    "false": frozenset(("false", "no")),
}
"""The names that authors of other languages write, by what is meant."""
_WORDS = frozenset(("null", "true", "false"))


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Expression:
    """A compiled expression. Two expressions have the same meaning if their trees are equal."""

    tree: Node
    wording: str
    """The author's own text on one line. It is only shown to people."""
    canonical: str
    """The tree as text, equal for all spellings of the same expression. Caches use it as the key."""
    names: frozenset[str]
    """The variables that the expression reads."""
    paths: Mapping[str, Paths]
    """The members that the expression reads, by variable."""
    calls: frozenset[str]
    """The helper functions that the expression calls."""
    program: Any
    path: tuple[str, ...] = ()
    """The steps of an expression that is only a variable or a member path.

    Such a value is looked up without CEL.
    """
    lists: tuple[tuple[str, ...], ...] = ()
    """Paths of the lists that are arguments of helper functions."""
    quick: Any = None
    """The same program, with paths as arguments in place of lists. It is used if all `lists` are lists."""
    quick_paths: Mapping[str, Paths] = field(default_factory=dict)
    """The paths that the program `quick` reads."""
    shape: Node | None = None
    """The tree for estimating the work; None if the expression has no macros and no long sums."""
    plain: bool = True
    """True if the work is small whenever all lists are short."""

    def __repr__(self) -> str:
        return f"Expression({self.wording!r})"


@cache
def load_evaluator() -> Any:
    """Import `cel` without its command line.

    Its `__init__` would import prompt_toolkit and asyncio, which takes 0.12 s.
    """
    sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
    import cel

    return cel


def compile(text: str, names: Iterable[str]) -> Expression:
    """Compile an expression that may read only the variables `names`.

    Raises ExpressionError with one sentence.
    """
    return replace(_check_names(_compile(text), names))


def compile_node(node: Node, names: Iterable[str]) -> Expression:
    """Compile a tree, for instance a part of another expression. Raises ExpressionError."""
    return compile(print_node(node), names)


def member_of(value: Any, variables: Container[str]) -> str:
    """Return the dotted path that a value reads below one of these variables.

    Return an empty text for any other value, and for a path with a dot in a member's name.
    """
    path = value.path if isinstance(value, Expression) else ()
    dotted = any("." in name for name in path)
    return ".".join(path[1:]) if path and path[0] in variables and not dotted else ""


def _check_names(expression: Expression, names: Iterable[str]) -> Expression:
    """Return the expression, after checking that it reads only these variables and calls only known
    functions.

    Raises ExpressionError.
    """
    allowed = set(names)
    if not expression.names <= allowed:
        unknown = min(expression.names - allowed)
        place = variables_of(expression.tree)[unknown]
        reason = f"`{unknown}` is not known here; known: {', '.join(sorted(allowed))}"
        near = nearest(unknown, allowed)
        meant = [
            name for name, words in _NAMES.items() if unknown.lower() in words and name in allowed | _WORDS
        ]
        ref = f" or `ref.{unknown}`" if "ref" in allowed else ""
        such = f", as in `response.{unknown}`{ref}" if "response" in allowed else ""
        named = f"did you mean `{near}`?" if near else f"name one of these{such}, or quote it if it is a text"
        help = _advise_on_name(unknown, expression.tree, allowed) or (
            f"write `{meant[0]}`" if meant else named
        )
        raise ExpressionError(reason, place.start, place.end, help=help)
    return expression


_BY_MEMBER = ("sorted_by", "sorted_down_by", "unique_by", "sum_of")
"""Functions whose second argument is a text, the name of a member."""


_OF_AT = frozenset(("response", "input", "location"))
"""What `at` of a call reads, which says where an answer has the resource."""


def _advise_on_name(unknown: str, tree: Node, allowed: Set[str]) -> str:
    """Return what to write for a name that only another kind of law or a step has; empty if there is none."""
    for node in walk(tree):
        if isinstance(node, FunctionCall) and node.name in _BY_MEMBER and len(node.args) == 2:
            path = path_of(node.args[1])
            if path and path[0] == unknown:
                return f'the member stands in quotes: `{node.name}(LIST, "{path[-1]}")`'
    in_step = "headers" in allowed and "before" not in allowed
    if unknown == "ref" or (in_step and unknown in ("before", "created", "read", "resource")):
        whose = "the law of an action reads `ref` and `before`, that of a resource `created` and `read`"
        return f"{whose}; for a step, one before it keeps them: `keep: {{found: response}}`"
    if unknown in ("read", "created", "resource") and allowed <= _OF_AT:
        return "`input` has the arguments of the call: `response.items.filter(one, one.id == input.NAME)[0]`"
    if unknown in ("read", "created", "resource") and "response" in allowed:
        return (
            "the law of an action reads `response`, `input` and `before`; that of a resource `created` and "
            "`read`"
        )
    if unknown in ("response", "before", "resource") and "created" in allowed:
        return "the law of a resource reads `created`, the answer of its create, and `read`, a later one"
    if "env" in allowed and allowed.isdisjoint(("response", "created")):
        if "resource" in allowed and unknown == "response":
            return "`=resource.id` is the id of the instance"
        if unknown in ("response", "status", "input", "headers"):
            return "an earlier step keeps it: `keep: {id: response.id}`, and `=STEP.id` here"
        if unknown == "now":
            return 'write the time as a text, far ahead: "2035-05-01T09:00:00Z"'
    if unknown == "fresh":
        return "a new value stands under `input`, of a step or of `made_by`: `NAME: =fresh.text`"
    if unknown == "steps":
        return "leave it out: `=STEP.NAME` is what a step kept"
    return ""


@lru_cache(maxsize=5_000)
def _compile(text: str) -> Expression:
    """Compile an expression that may read any variables. Raises ExpressionError."""
    tree, wording = parse(text), " ".join(text.split())
    called = functions_of(tree)
    for name in sorted(called.keys() - HELPERS.keys() - _STANDARD - {"size"}):
        known = ", ".join(sorted({*HELPERS, "size"} - {"len_"}))
        place = called[name]
        near = nearest(name, [*HELPERS, *_STANDARD, "size"])
        library = (path_of(place.of) if place.of is not None else ())[:1]
        help = next((_MEANT_BY[word.lower()] for word in (*library, name) if word.lower() in _MEANT_BY), "")
        help = help or (f"did you mean `{near}()`?" if near else "call one of these")
        reason = f"`{name}()` is not a function here; known: {known}"
        raise ExpressionError(reason, place.start, place.end, help=help)
    _refuse_wrong_counts(tree)
    _refuse_joins(tree)
    if "timestamp" in called:
        _refuse_timestamps_of_now(tree)
    free = frozenset(variables_of(tree))
    loops = growth.loops(tree)
    if loops == 2:
        growth.check(tree, {}, {})  # even small data may be too much
    canonical = print_node(tree)
    sized = rebuild(rebuild(tree, rename_size) if "size" in called else tree, index_from_the_end)
    _refuse_remainders(tree)
    _refuse_whole_numbers(sized)
    by_path, lists = pass_lists_by_path(sized) if called.keys() & TAKE_LISTS else (tree, ())
    return Expression(
        tree,
        wording,
        print_node(normal(tree)) if loops else canonical,
        free,
        paths_of(tree, free),
        frozenset({"len_" if name == "size" else name for name in called} & HELPERS.keys()),
        _program(sized),
        path_of(tree),
        lists,
        _program(by_path) if lists else None,
        paths_of(by_path, free & variables_of(by_path).keys()) if lists else {},
        tree if loops else None,
        loops < 2,
    )


def _refuse_wrong_counts(tree: Node) -> None:
    """Raise ExpressionError for a function of ours that gets too few or too many arguments."""
    for node in walk(tree):
        if isinstance(node, FunctionCall) and node.of is None and node.name in HELPERS:
            wanted = list(signature(HELPERS[node.name]).parameters)
            if len(node.args) != len(wanted):
                said = f"`{node.name}` takes {len(wanted)} arguments, and gets {len(node.args)}"
                shown = ", ".join('"MEMBER"' if name == "member" else name.upper() for name in wanted)
                help = f"write `{node.name}({shown})`"
                raise ExpressionError(said, node.start, node.end, help=help)


_JOIN = 'texts are joined with `+`: `"a-" + string(fresh.int)`'


def _refuse_joins(tree: Node) -> None:
    """Raise ExpressionError where a text is joined as other languages do it, or with a number."""
    for node in walk(tree):
        if isinstance(node, Member) and _is_text(node.base):
            raise ExpressionError(f"a text has no member `{node.name}`", node.start, node.end, help=_JOIN)
        if not isinstance(node, Infix):
            continue
        if "%" in node.signs and any(map(_is_text, node.operands)):
            raise ExpressionError("`%` is the rest of a division", node.start, node.end, help=_JOIN)
        numbers = [one for one in node.operands if _is_number(one)]
        if "+" in node.signs and numbers and any(map(_is_text, node.operands)):
            shown = print_node(numbers[0])
            said = f"`{shown}` is a number, and a text stands beside it"
            raise ExpressionError(said, node.start, node.end, help=f"write `string({shown})`")


def _is_text(node: Node) -> bool:
    return isinstance(node, Literal) and node.kind == "text"


def _is_number(node: Node) -> bool:
    literal = isinstance(node, Literal) and node.kind in ("int", "uint", "double")
    return literal or path_of(node) in (("now",), ("fresh", "int"))


_ARITHMETIC = frozenset("+-*/%")


def _refuse_whole_numbers(tree: Node) -> None:
    """Raise ExpressionError for arithmetic of a value, which is a double, and a number without a point."""
    for node in walk(tree):
        if not isinstance(node, Infix) or not _ARITHMETIC.issuperset(node.signs):
            continue
        whole = [one for one in node.operands if isinstance(one, Literal) and one.kind == "int"]
        doubles = any(
            isinstance(one, Name | Member) or (isinstance(one, FunctionCall) and one.name in HELPERS)
            for one in node.operands
        )
        if whole and doubles:
            said = f"numbers are doubles here, and `{whole[0].token}` is none"
            raise ExpressionError(said, whole[0].start, whole[0].end, help=f"write `{whole[0].token}.0`")


def _refuse_remainders(tree: Node) -> None:
    """Raise ExpressionError for `%` of doubles, which CEL does not have."""
    for node in walk(tree):
        if not isinstance(node, Infix) or "%" not in node.signs or not any(map(_is_double, node.operands)):
            continue
        shown = [_print_whole(one) for one in node.operands]
        written = " ".join((shown[0], *(f"{a} {b}" for a, b in zip(node.signs, shown[1:], strict=True))))
        said = "numbers are doubles here, and `%` takes whole numbers"
        raise ExpressionError(said, node.start, node.end, help=f"write `{written}`")


def _is_double(node: Node) -> bool:
    if isinstance(node, Infix):
        return _ARITHMETIC.issuperset(node.signs) and any(map(_is_double, node.operands))
    if isinstance(node, FunctionCall):
        return node.name in HELPERS or node.name in ("double", "size")
    return isinstance(node, Name | Member) or (isinstance(node, Literal) and node.kind == "double")


def _print_whole(node: Node) -> str:
    """Return the text of a number as a whole one: `int(response.total)`, and `15` of `15.0`."""
    if isinstance(node, Literal) and isinstance(node.value, float) and node.value.is_integer():
        return str(int(node.value))
    return f"int({print_node(node)})" if _is_double(node) else print_node(node)


def _refuse_timestamps_of_now(tree: Node) -> None:
    """Raise ExpressionError for `now`, which is a number of seconds, in or beside a timestamp."""
    for node in walk(tree):
        parts = node.operands if isinstance(node, Infix) else (node,)
        made = [one for one in parts if isinstance(one, FunctionCall) and one.name == "timestamp"]
        taken = [path_of(arg) for one in made for arg in one.args]
        if made and ("now",) in (*taken, *map(path_of, parts)):
            help = "compare numbers of seconds: `epoch(response.created_at) <= now`"
            said = "`now` is a number of seconds, and not a timestamp"
            raise ExpressionError(said, node.start, node.end, help=help)


def _program(tree: Node) -> Any:
    """Compile a tree with the library. Raises ExpressionError."""
    try:
        return load_evaluator().compile(print_node(rebuild(tree, spell_has)))
    except ValueError as error:
        raise ExpressionError(first_line_of(error)) from None
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # the parser panics on some texts, and a panic is a BaseException
        raise ExpressionError("the expression cannot be parsed") from None


def first_line_of(error: BaseException) -> str:
    """Return the library's message as one short line."""
    lines = (line.strip() for line in str(error).splitlines())
    return next((line for line in lines if line), type(error).__name__)[:300]


# -- evaluation


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
                function = HELPERS[name]
                self._evaluator.add_function(name, self._by_path(function) if name in BY_PATH else function)
                self._known.add(name)

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
        if self._paths.pop(name, None) is not None:
            self._ready.clear()

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
        """Return a condition as a boolean. Raises ExpressionError, also if the value is not a boolean."""
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


# -- the part that fails


MOST_ITEMS = 100
"""Most items of a list that are searched for one that cannot be evaluated."""


def broken_part(node: Node, values: Mapping[str, Any]) -> Node:
    """Return the first part, inside `&&` and `?:`, that makes an expression false.

    Raises ExpressionError if a part cannot be evaluated.
    """
    if isinstance(node, Choice):
        return broken_part(node.then if holds(node.condition, values) else node.otherwise, values)
    parts = conjuncts(node)
    broken = next((part for part in parts if len(parts) > 1 and not holds(part, values)), None)
    return node if broken is None else broken_part(broken, values)


def undefined_part(node: Node, values: Mapping[str, Any]) -> Node:
    """Return the smallest part of an expression that cannot be evaluated."""
    for part, known in _needed(node, values):
        if not is_defined(part, known):
            return undefined_part(part, known)
    return node


def is_defined(node: Node, values: Mapping[str, Any]) -> bool:
    """True if a part of an expression can be evaluated."""
    try:
        evaluate(node, values)
    except ExpressionError:
        return False
    return True


def _needed(node: Node, values: Mapping[str, Any]) -> Iterator[tuple[Node, Mapping[str, Any]]]:
    """Yield the parts that the node's value depends on, in order of evaluation, with the values each may
    read.
    """
    if isinstance(node, Choice):
        yield node.condition, values
        yield node.then if evaluate(node.condition, values) is True else node.otherwise, values
    elif isinstance(node, Macro):
        yield node.of, values
        items = evaluate(node.of, values)
        for item in items[:MOST_ITEMS] if isinstance(items, list) else ():
            yield from ((arg, {**values, node.item: item}) for arg in node.args)
    elif not (isinstance(node, FunctionCall) and node.name == "has"):
        yield from ((part, values) for part in children(node))


def evaluate(node: Node, values: Mapping[str, Any]) -> Any:
    """Return the value of a part of an expression. Raises ExpressionError."""
    return Scope(values).evaluate(compile_node(node, values))


def holds(node: Node, values: Mapping[str, Any]) -> bool:
    """Return a condition's value as a boolean. Raises ExpressionError."""
    return Scope(values).holds(compile_node(node, values))
