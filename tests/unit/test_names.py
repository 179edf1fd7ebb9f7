"""One concept has one word in code, and what silences a check says why."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "pgagents"

ONCE = ("Call", "Plan", "Reader", "Exchange", "Endpoint", "Instance")
FAULTS = (
    "sandbox/",
    "inprocess",
    "cli/demo",
    "cli/explain",
    "cli/sandbox",
)
"""Rooms of faults. A fault is what a sandbox shows on request; a mistake of a file or a call is a problem."""


@dataclass(frozen=True)
class Names:
    """A module's identifiers and their kinds, without the tree, which takes much memory."""

    path: str
    identifiers: tuple[tuple[str, str, int], ...]


@cache
def modules() -> tuple[Names, ...]:
    """Every module below `src/pgagents`, read once."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        at = path.relative_to(SOURCE).as_posix()
        found.append(Names(at, tuple(identifiers(tree))))
    return tuple(found)


def identifiers(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """The kind, name and line of everything that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name):
                yield "class", name, node.lineno
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield "function", name, node.lineno
            case ast.arg(arg=name):
                yield "argument", name, node.lineno
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield "attribute", name, node.lineno
            case ast.Name(id=name, ctx=ast.Store()):
                yield "name", name, node.lineno


def parts(name: str) -> set[str]:
    """The words of an identifier in lower case."""
    return {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}


def test_a_fault_is_what_a_sandbox_shows() -> None:
    named = [
        (module.path, name)
        for module in modules()
        for _, name, _ in module.identifiers
        if parts(name) & {"fault", "faults", "faulty"}
    ]
    assert len(named) > 25
    assert [f"{path}: {name}" for path, name in named if not path.startswith(FAULTS)] == [], (
        "a fault is what a sandbox shows on request; say problem, mistake or error here"
    )


def test_a_word_of_the_domain_is_one_class() -> None:
    classes = Counter(name for module in modules() for kind, name, _ in module.identifiers if kind == "class")
    assert {name: classes[name] for name in ONCE if classes[name] > 1} == {}, (
        "docs/glossary.md says what the word means: give the other class another name"
    )


SILENCED = re.compile(r"#\s*(noqa|type: ignore)(?P<codes>[^#]*)(?P<reason>#.*)?$")


def has_reason(pragma: re.Match[str]) -> bool:
    """True if words of an explanation follow the codes, on the same line."""
    words = re.sub(r"^\s*(:\s*[A-Z]+\d+(\s*,\s*[A-Z]+\d+)*|\[[\w, -]*\])\s*(-+\s*)?", "", pragma["codes"])
    return bool(words.strip() or (pragma["reason"] or "").strip("# "))


def test_a_silenced_check_has_its_reason_on_the_same_line() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            pragma = SILENCED.search(line)
            if pragma is not None and not has_reason(pragma):
                found.append(f"{path.relative_to(SOURCE)}:{number}: {line.strip()}")
    assert not found, "say why behind the code: `# noqa: ARG001  # called alike`"


@pytest.mark.parametrize(
    ("line", "explained"),
    [
        ("def judge(whole: object) -> None:  # noqa: ARG001", False),
        ("value = one  # type: ignore[assignment, arg-type]", False),
        ("value = one  # type: ignore", False),
        ("def judge(whole: object) -> None:  # noqa: ARG001  # called alike", True),
        ("assert one  # noqa: PT017 - both ends are right", True),
        ("value = one  # type: ignore[assignment]  # the library has no types", True),
    ],
)
def test_a_reason_is_told_from_a_code(line: str, explained: bool) -> None:
    pragma = SILENCED.search(line)
    assert pragma is not None
    assert has_reason(pragma) == explained
