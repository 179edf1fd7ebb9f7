"""Old words are refused as identifiers, riddles and long sentences in docstrings.
docs/decisions/0011-words.md has the table.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "pgagents"
WRITTEN = ("src", "tests", "bench", "docs")
"""Folders whose docstrings are held to plain English."""
ON_RECORD = re.compile(r"heldout/(\w+/)?faults/")
"""Faults that others wrote for the record; nobody changes them."""
MOST_WORDS = 30
MOST_COLUMNS = 110

PARTS = frozenset(
    [
        "door",
        "doors",
        "thing",
        "things",
        "liberty",
        "liberties",
        "spoilt",
        "lent",
        "doubted",
        "desk",
        "desks",
        "shelf",
        "shelves",
        "recipe",
        "recipes",
        "manners",
        "tellings",
        "meddle",
        "oddity",
        "oddities",
        "mended",
        "lifted",
        "astray",
        "unclaimed",
    ]
)
"""Words that no identifier has as one of its parts."""
CLASSES = frozenset(
    [
        "Seen",
        "Live",
        "Fresh",
        "Moment",
        "Recall",
        "Together",
        "Wait",
        "Slip",
        "Wrong",
        "Negative",
        "Telling",
        "Points",
        "Pool",
        "World",
        "Asked",
        "Said",
        "Told",
        "Made",
    ]
)
ONCE = ("Call", "Plan", "Reader", "Exchange", "Endpoint", "Instance")
FUNCTIONS = re.compile(r"_*(told|said|asked|given|found|kept)(_of|_by|_for)?")
"""Participles that are no names of functions: a verb comes first."""
MODULES = frozenset(
    [
        "seen",
        "alike",
        "edges",
        "near_miss",
        "near_texts",
        "paired",
        "kinds",
        "tellings",
        "astray",
        "manners",
        "made_up",
        "vendor_desk",
        "vendor_slips",
    ]
)

FIRST = re.compile(r"(Of|What|Which|Whether|How|That|Where)\b(?!.*\?$)|For [^,.]*,", re.S)
"""Beginnings of a first sentence that hide its subject and its verb. A question is allowed."""
LATER = re.compile(r"(Of|What|Which|Whether|How)\b(?!.*\?$)", re.S)
"""Such beginnings of any other sentence."""


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


def refused(kind: str, name: str) -> bool:
    """True for an identifier with an old word."""
    return (
        bool(parts(name) & PARTS)
        or (kind == "class" and name in CLASSES)
        or (kind == "function" and bool(FUNCTIONS.fullmatch(name)))
    )


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


def test_docstrings_are_plain_english() -> None:
    found = []
    for path in sorted(path for folder in WRITTEN for path in (ROOT / folder).rglob("*.py")):
        at = path.relative_to(ROOT).as_posix()
        if "node_modules" in at or ON_RECORD.search(at):
            continue
        for line, text in docstrings(ast.parse(path.read_text(encoding="utf-8"))):
            found += [f"{at}:{line}: {riddle}" for riddle in list_riddles(text)]
    assert not found, "say it as subject, verb, object, or as an imperative, in at most 25 words"


def test_no_line_is_too_long() -> None:
    """Ruff lets a line pass that only a pragma or a text without blanks makes too long."""
    found = []
    for path in sorted(SOURCE.rglob("*.py")):
        lines = path.read_text(encoding="utf-8").split("\n")
        found += [f"{path}:{n}" for n, line in enumerate(lines, 1) if len(line) > MOST_COLUMNS]
    assert not found


def test_no_old_word_is_an_identifier() -> None:
    old = [
        f"{module.path}:{line}: {kind} {name}"
        for module in modules()
        for kind, name, line in module.identifiers
        if refused(kind, name)
    ]
    assert not old


def test_no_old_word_is_a_module() -> None:
    paths = [path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")]
    assert not [
        path
        for path in paths
        if any(parts(step) & PARTS or step in MODULES for step in path.removesuffix(".py").split("/"))
    ]


def test_a_word_of_the_domain_is_one_class() -> None:
    classes = Counter(name for module in modules() for kind, name, _ in module.identifiers if kind == "class")
    assert {name: classes[name] for name in ONCE if classes[name] > 1} == {}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("name", "every_door"),
        ("class", "Seen"),
        ("function", "_told"),
        ("argument", "things"),
        ("attribute", "_spoilt"),
        ("class", "DoorPlan"),
    ],
)
def test_old_words_are_seen_in_every_form(kind: str, name: str) -> None:
    assert refused(kind, name)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("name", "nothing"), ("function", "find"), ("name", "seen"), ("class", "Endpoint"), ("name", "told")],
)
def test_other_words_are_allowed(kind: str, name: str) -> None:
    assert not refused(kind, name)


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
