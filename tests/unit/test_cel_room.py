"""Expressions are read by their trees: no module outside `cel` looks into their text, it only prints it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pgagents

pytestmark = pytest.mark.always  # they hold the whole source, whatever a change touches

ROOT = Path(pgagents.__file__).parent
TEXTS = frozenset(("wording", "canonical"))
"""Attributes that only an Expression has, and that are its text."""
WORDS = (*TEXTS, "print_node")
"""A module without these has nothing to find."""
PRINTERS = frozenset(
    ("lose", "_ask_client", "judge", "judge_broken", "broken", "brief", "short", "compute_once")
)
"""Functions that show a text to people, or keep a result under it."""


def readers(tree: ast.AST) -> Iterator[int]:
    """The lines in which an expression's text is more than printed or compared as a whole."""
    above = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    for node in ast.walk(tree):
        attribute = isinstance(node, ast.Attribute) and node.attr in TEXTS
        printed = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print_node"
        if attribute or printed:
            inner, outer = node, above[node]
            while isinstance(outer, ast.IfExp | ast.BoolOp | ast.Tuple | ast.List | ast.Set | ast.Starred):
                inner, outer = outer, above[outer]
            if not _is_printed(inner, outer):
                yield node.lineno


def _is_printed(node: ast.AST, outer: ast.AST) -> bool:
    if isinstance(outer, ast.Compare):
        left = outer.left is node and all(isinstance(op, ast.In | ast.NotIn) for op in outer.ops)
        return left or all(isinstance(op, ast.Eq | ast.NotEq) for op in outer.ops)
    if isinstance(outer, ast.Call):
        name = getattr(outer.func, "id", "") or getattr(outer.func, "attr", "")
        return name in PRINTERS
    return isinstance(outer, ast.FormattedValue | ast.Return | ast.Yield)


@pytest.mark.parametrize(
    "code",
    [
        "re.search('x', law.that.wording)",
        "_BOUNDS.findall(law.that.canonical)",
        "text = law.that.wording",
        "law.that.wording.split('==')",
        "'cents(' in law.that.wording",
        "law.that.wording in 'cents(input.x)' and law.that.wording[0]",
        "text = print_node(law.that.tree)",
        "a, text = 1, law.that.wording",
        "if (text := law.that.wording): pass",
        "find(law.that.wording)",
        "print_node(part).startswith('cents')",
        "' '.join(law.that.wording for law in laws).split()",
        "for sign in law.when.canonical: pass",
        "len(law.that.wording)",
    ],
)
def test_reading_a_text_is_found(code: str) -> None:
    assert list(readers(ast.parse(code))) != []


@pytest.mark.parametrize(
    "code",
    [
        "f'{law.name}: {law.that.wording}'",
        "judge_broken(id, law.that.wording, '')",
        "a.canonical == b.canonical",
        "altered.canonical not in told",
        "def f(): return after.wording if after else ''",
        "def f(): return print_node(of) if path else 'items'",
    ],
)
def test_printing_a_text_is_none(code: str) -> None:
    assert list(readers(ast.parse(code))) == []


def test_no_module_outside_of_the_room_reads_the_text_of_an_expression() -> None:
    found = []
    for file in sorted(ROOT.rglob("*.py")):
        if file.relative_to(ROOT).parts[:2] != ("base", "cel"):
            text = file.read_text(encoding="utf-8")
            tree = ast.parse(text if any(word in text for word in WORDS) else "")
            found += [f"{file.relative_to(ROOT)}:{line}" for line in readers(tree)]
    assert found == []


def test_tokens_are_the_rooms_own() -> None:
    """Whoever has the tokens of a text reads it."""
    users = {
        str(file.relative_to(ROOT).parent)
        for file in ROOT.rglob("*.py")
        if "tokens_of" in (text := file.read_text(encoding="utf-8")) and "pgagents.base.cel" in text
    }
    assert users == {"base/cel"}


def test_help_does_not_import_the_room() -> None:
    code = (
        "import sys; from pgagents.cli.main import main; main(['--help']);"
        "print([m for m in sys.modules if m.startswith(('pgagents.base.cel', 'cel'))], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
