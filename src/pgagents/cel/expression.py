"""Compile CEL expressions within limits; `scope` evaluates them.

No other module imports the library `cel` of PyPI. All numbers are doubles, including `size()`, so literals
in arithmetic are written `2.0`. Comparing with `2` works. `parser` limits the text, and `growth` limits the
estimated work to about one second.
"""

from __future__ import annotations

import sys
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from types import ModuleType
from typing import Any

from pgagents.cel import growth
from pgagents.cel.members import Paths, paths_of
from pgagents.cel.parser import MAX_CHARS, parse
from pgagents.cel.printer import print_node
from pgagents.cel.reading import functions_of, path_of, variables_of
from pgagents.cel.reckoning import HELPERS, cents, distance_km, epoch
from pgagents.cel.rewrite import (
    TAKE_LISTS,
    index_from_the_end,
    normal,
    pass_lists_by_path,
    rebuild,
    rename_size,
    spell_has,
)
from pgagents.cel.syntax import ExpressionError, Node

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
        raise ExpressionError(
            f"`{unknown}` is not known here; known: {', '.join(sorted(allowed))}", place.start, place.end
        )
    return expression


@lru_cache(maxsize=5_000)
def _compile(text: str) -> Expression:
    """Compile an expression that may read any variables. Raises ExpressionError."""
    tree, wording = parse(text), " ".join(text.split())
    called = functions_of(tree)
    for name in sorted(called.keys() - HELPERS.keys() - _STANDARD - {"size"}):
        known = ", ".join(sorted({*HELPERS, "size"} - {"len_"}))
        place = called[name]
        raise ExpressionError(f"`{name}()` is no function here; known: {known}", place.start, place.end)
    free = frozenset(variables_of(tree))
    loops = growth.loops(tree)
    if loops == 2:
        growth.check(tree, {}, {})  # even small data may be too much
    canonical = print_node(tree)
    sized = rebuild(rebuild(tree, rename_size) if "size" in called else tree, index_from_the_end)
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
