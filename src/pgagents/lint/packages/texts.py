"""Read a package's files as text, JSON or a skill, with the place of every value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from pgagents.errors import InputError, PgagentsError
from pgagents.lint import document
from pgagents.lint.packages.tree import Tree
from pgagents.source.read import parse
from pgagents.source.source import Place, Source

MAX_BYTES = document.MAX_BYTES
MAX_SUM = 4 * MAX_BYTES
"""Most bytes of all texts of a package that are read: a small archive may unpack to very large ones."""
_FATAL = ("document/too-deep", "document/too-many", "document/too-large")
_FRONT = re.compile(r"---[ \t]*(\r\n|\n|\r)")
_CLOSE = re.compile(r"^---[ \t]*\r?$", re.M)


class TextError(Exception):
    """Raised for a file that cannot be read in its format.

    `kind` is `unreadable`, `utf8`, `json`, `yaml`, `front` or `unclosed`; `line` is the place.
    """

    def __init__(self, kind: str, detail: str, line: int = 1) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.line = kind, detail, line


@dataclass(frozen=True, slots=True)
class Skill:
    """A SKILL.md: `front` is its front matter, of any type; `body` is the text below."""

    front: Any
    body: str
    source: Source


def read_text(tree: Tree, path: str) -> str:
    """Return a file's text. Raises TextError, and PgagentsError for a file beyond the limits."""
    entry = tree.files[path]
    try:
        raw = entry.read(MAX_BYTES)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TextError("unreadable", why) from None
    if len(raw) > MAX_BYTES:
        raise PgagentsError(
            f"{tree.shown(path)} has more than {MAX_BYTES:,} bytes; that is the most read", "make it smaller"
        )
    tree.taken[path] = len(raw)
    if sum(tree.taken.values()) > MAX_SUM:
        raise PgagentsError(
            f"{tree.shown(path)}: the texts of {tree.name} have more than {MAX_SUM:,} bytes in all; "
            "that is the most read",
            "make them fewer or smaller",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise TextError("utf8", f"byte 0x{raw[error.start]:02x} is not UTF-8", line) from None


def read_json(tree: Tree, path: str) -> Source:
    """Return a JSON file's data with their places. Raises TextError, or PgagentsError as `read_text` does."""
    text, shown = read_text(tree, path), tree.shown(path)
    try:
        data = json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise TextError("json", error.msg, error.lineno) from None
    except RecursionError:
        raise PgagentsError(f"{shown}: values are nested too deep", "make it flatter") from None
    except ValueError as error:
        raise TextError("json", str(error)) from None
    if not isinstance(data, dict | list):
        return Source(shown, text, data, Place((0, 0), (0, 0)))
    try:
        return document.read(text.encode("utf-8", "surrogatepass"), shown)
    except InputError as error:
        if any(found.id in _FATAL for found in error.diagnostics):
            raise
        return Source(shown, text, data, Place((0, 0), (0, 0)))


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is no JSON number")


def read_yaml(tree: Tree, path: str) -> Source:
    """Return a YAML file's data with their places. Raises TextError as `read_text` does."""
    return _parse_yaml(read_text(tree, path), tree.shown(path))


def _parse_yaml(text: str, shown: str) -> Source:
    source = parse(text, shown, max_values=document.MAX_VALUES, foreign=True)
    if source.problems:
        first = source.problems[0]
        if f"document/{first.id}" in _FATAL:
            raise PgagentsError(f"{first.span}: {first.message}", "make it smaller")
        raise TextError("yaml", first.message, first.span.line)
    return source


def read_skill(tree: Tree, path: str) -> Skill:
    """Return a SKILL.md. Raises TextError as `read_text` does, and if the front matter is no mapping."""
    text = read_text(tree, path)
    opened = _FRONT.match(text)
    if opened is None:
        raise TextError("front", "its first line is not `---`")
    closed = _CLOSE.search(text, opened.end())
    if closed is None:
        raise TextError("unclosed", "no second line `---` is there")
    front = "\n" + text[opened.end() : closed.start()]
    parsed = _parse_yaml(front, tree.shown(path))
    source = Source(tree.shown(path), text, parsed.data, parsed.root)
    return Skill(parsed.data, text[closed.end() :], source)
