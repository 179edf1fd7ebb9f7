"""Riddles and long sentences are refused in docstrings. docs/decisions/0031 says why."""

from __future__ import annotations

import ast
import inspect
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "pgagents"
WRITTEN = ("src", "tests", "evaluation", "docs")
"""Folders whose docstrings are held to plain English."""
ON_RECORD = re.compile(r"heldout/(\w+/)?faults/")
"""Faults that others wrote for the record; nobody changes them."""
MOST_WORDS = 25
MOST_COLUMNS = 110
PRAGMA = re.compile(r"noqa|type: ignore|fmt:|pragma:")

FIRST = re.compile(r"(Of|What|Which|Whether|How|That|Where)\b(?!.*\?$)|For [^,.]*,", re.S)
"""Beginnings of a first sentence that hide its subject and its verb. A question is allowed."""
LATER = re.compile(r"(Of|What|Which|Whether|How)\b(?!.*\?$)", re.S)
"""Such beginnings of any other sentence."""


def sentences(text: str) -> list[str]:
    """The sentences of a docstring's prose, without tables, code and examples. An item of a list is one."""
    prose = re.sub(r"```.*?```", "\n\n", text, flags=re.S)
    prose = re.sub(r"(?m)^(\s*\||    ).*$", "", prose)
    parts = re.split(r"\n\s*\n|\n\s*- |\n(?=\|)", prose)
    return [
        sentence for part in parts for sentence in re.split(r"(?<=[.?!])\s+(?=\S)", " ".join(part.split()))
    ]


def list_riddles(text: str) -> list[str]:
    """The sentences of a docstring that begin in a refused way or are too long."""
    first, *others = sentences(text) or [""]
    found = [first] if FIRST.match(first) else []
    found += [sentence for sentence in others if LATER.match(sentence)]
    return found + [one for one in (first, *others) if len(one.split()) > MOST_WORDS]


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The line and text of each docstring: of a module, a class, a function, a constant, an attribute."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for statement in body if isinstance(body, list) else ():
            match statement:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield statement.lineno, inspect.cleandoc(text)


class Module(NamedTuple):
    """The facts of a module that the tests below ask for, without its tree, which takes much memory."""

    docstrings: tuple[tuple[int, str], ...]
    silent_errors: tuple[tuple[int, str], ...]


@cache
def read(path: Path) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return Module(tuple(docstrings(tree)), tuple(list_silent_errors(tree)))


def comments(text: str) -> Iterator[tuple[int, str]]:
    """The line and text of each comment. Whole lines below each other are one comment; a pragma is none."""
    line, last, words = 0, 0, ""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        said = token.string.lstrip("# ")
        if token.type != tokenize.COMMENT or PRAGMA.match(said):
            continue
        whole = token.line.lstrip().startswith("#")
        goes_on = whole and token.start[0] == last + 1
        if words and not goes_on:
            yield line, words
        part = said or "\n\n"  # an empty one ends a heading or a paragraph
        line, words = (line, f"{words} {part}") if words and goes_on else (token.start[0], said)
        last = token.start[0] if whole else 0
    if words:
        yield line, words


def list_comment_riddles(text: str) -> list[str]:
    """The sentences of a comment that begin in a refused way or are too long."""
    return [one for one in sentences(text) if LATER.match(one) or len(one.split()) > MOST_WORDS]


def test_comments_are_plain_english() -> None:
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        for line, text in comments(path.read_text(encoding="utf-8")):
            found += [f"{path.relative_to(SOURCE)}:{line}: {one}" for one in list_comment_riddles(text)]
    assert not found, "give the reason as subject, verb, object, in at most 25 words"


def test_comments_below_each_other_are_one() -> None:
    many = "one " * 20
    text = f"# {many}\n# {many}\n\na = 1  # {many}\n# {many}\nb = 2  # noqa: E501  # three\n"
    assert [line for line, _ in comments(text)] == [1, 4, 5]
    assert [bool(list_comment_riddles(words)) for _, words in comments(text)] == [True, False, False]


def test_heading_of_a_comment_is_no_part_of_its_first_sentence() -> None:
    few, many = "one " * 15, "one " * 30
    (whole,) = comments(f"# -- {few}\n#\n# {few}\n")
    assert list_comment_riddles(whole[1]) == []
    (whole,) = comments(f"# -- {few}\n#\n# {many}\n")
    assert list_comment_riddles(whole[1]) != []


def test_docstrings_are_plain_english() -> None:
    found = []
    for path in sorted(path for folder in WRITTEN for path in (ROOT / folder).rglob("*.py")):
        at = path.relative_to(ROOT).as_posix()
        if "node_modules" in at or ON_RECORD.search(at):
            continue
        for line, text in read(path).docstrings:
            found += [f"{at}:{line}: {riddle}" for riddle in list_riddles(text)]
    assert not found, "say it as subject, verb, object, or as an imperative, in at most 25 words"


def list_silent_errors(tree: ast.Module) -> list[tuple[int, str]]:
    """The line and class of each error that a public function raises itself and its docstring leaves out.

    The help of a command and the docstring of a fault are for users, so decorated functions are left out.
    """
    public = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and not node.name.startswith("_")
        and not node.decorator_list
    ]
    return [
        (raised.lineno, name)
        for function in public
        for raised in own_raises(function)
        if isinstance(raised.exc, ast.Call)
        and (name := ast.unparse(raised.exc.func).rpartition(".")[2])[0].isupper()
        and name != "AssertionError"
        and not re.search(rf"Raises?\b.*\b{name}\b", ast.get_docstring(function) or "", re.S)
    ]


def own_raises(node: ast.AST) -> Iterator[ast.Raise]:
    """The raise statements of a function that it does not catch, without those of functions inside it."""
    parts: Iterable[ast.AST] = ast.iter_child_nodes(node)
    if isinstance(node, ast.Try) and node.handlers:  # they may catch what its body raises
        parts = (*node.handlers, *node.orelse, *node.finalbody)
    for part in parts:
        if isinstance(part, ast.Raise):
            yield part
        elif not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from own_raises(part)


def test_public_functions_name_the_errors_that_they_raise() -> None:
    found = [
        f"{path.relative_to(SOURCE)}:{line}: {name}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, name in read(path).silent_errors
    ]
    assert not found, "end the docstring with `Raises …`"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ("raise ValueError(1)", ["ValueError"]),
        ("if 1: raise errors.Wrong()", ["Wrong"]),
        ("raise", []),
        ("raise error", []),
        ("raise Named()", []),
        ("raise AssertionError()", []),
        ("def inner(): raise ValueError(1)", []),
        ("try: raise ValueError(1)\n    except ValueError: raise KeyError(1)", ["KeyError"]),
    ],
)
def test_silent_errors_are_recognised(body: str, found: list[str]) -> None:
    code = f'def f():\n    """Do it. Raises Named."""\n    {body}\n'
    assert [name for _, name in list_silent_errors(ast.parse(code))] == found
    assert not list_silent_errors(ast.parse(code.replace("def f", "def _f")))


def test_no_line_is_too_long() -> None:
    """Ruff lets a line pass that only a pragma or a text without blanks makes too long."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").split("\n")
        found += [f"{path}:{n}" for n, line in enumerate(lines, 1) if len(line) > MOST_COLUMNS]
    assert not found


@pytest.mark.parametrize(
    "text",
    [
        "Of what changes by itself the times.",
        "What a model is told first.",
        "That no probe broke anything.",
        "Whether it has no key.",
        "Whether it is a 2xx.",
        "How many probes run.",
        "Where none is left, the end.",
        "For each one, a list.",
        "Return the first one. What is left is dropped.",
        "Return the first one.\n\nOf the others none is kept.",
        "Return " + "one and " * MOST_WORDS + "all.",
        "Return these:\n\n- " + "one and " * MOST_WORDS + "all",
    ],
)
def test_riddles_are_recognised(text: str) -> None:
    assert list_riddles(text)


@pytest.mark.parametrize(
    "text",
    [
        "True for a 2xx.",
        "What is a check?",
        "Return the first one. The others are dropped.",
        "Return these:\n\n" + "- one of them and more\n" * MOST_WORDS,
        "A table:\n\n" + "| one | two and three |\n" * MOST_WORDS,
        "Code:\n\n```yaml\n" + "a: 1 # of several\n" * MOST_WORDS + "```",
        "Bad:\n\n" + "    a: 1 # of several\n" * MOST_WORDS,
    ],
)
def test_plain_sentences_are_allowed(text: str) -> None:
    assert not list_riddles(text)
