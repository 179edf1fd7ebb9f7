"""Read each file of a package once for its judges: text, JSON or a skill, with the place of every value."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar

from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.places import Place, Source
from pgagents.base.reading import parse
from pgagents.base.registry import collect
from pgagents.base.text import decode
from pgagents.lint import document
from pgagents.lint.packages.fields import Hit
from pgagents.lint.packages.tree import Tree

T = TypeVar("T")


@dataclass
class Package:
    """A tree and the files that were read from it. `published` is the package that the store already has."""

    tree: Tree
    published: Tree | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    _read: dict[tuple[str, str], Any] = field(default_factory=dict)

    def json(self, path: str) -> Source:
        """Return a JSON file. Raises TextError."""
        return self._keep("json", path, read_json, lambda source: source)

    def yaml(self, path: str) -> Source:
        """Return a YAML file. Raises TextError."""
        return self._keep("yaml", path, read_yaml, lambda source: source)

    def skill(self, path: str) -> Skill:
        """Return a SKILL.md. Raises TextError."""
        return self._keep("skill", path, read_skill, lambda skill: skill.source)

    def text(self, path: str) -> str:
        """Return a file's text. Raises TextError."""
        return read_text(self.tree, path)

    def object(self, path: str) -> dict[str, Any] | None:
        """Return a JSON file's object; None if the file is missing or is something else."""
        if not self.tree.is_file(path):
            return None
        try:
            data = self.json(path).data
        except TextError:
            return None
        return data if isinstance(data, dict) else None

    def skills(self) -> Iterator[tuple[str, Skill]]:
        """Yield the readable skills directly below skills/, each with its folder's name."""
        for name in self.tree.names("skills"):
            path = f"skills/{name}/SKILL.md"
            if not name.startswith(".") and self.tree.is_file(path):
                try:
                    yield name, self.skill(path)
                except TextError:
                    continue

    def _keep(self, kind: str, path: str, read: Callable[[Tree, str], T], source: Callable[[T], Source]) -> T:
        if (kind, path) not in self._read:
            try:
                made = read(self.tree, path)
            except TextError as error:
                self._read[kind, path] = error
            else:
                self._read[kind, path] = made
                self.sources.setdefault(path, source(made))
        kept = self._read[kind, path]
        if isinstance(kept, TextError):
            raise kept
        return kept  # type: ignore[no-any-return]  # the kind of reader says its type


# -- texts of files


MAX_BYTES = document.MAX_BYTES
MAX_SUM = 4 * MAX_BYTES
"""Most bytes of all texts of a package that are read: a small archive may unpack to very large ones."""
_FATAL = ("document/too-deep", "document/too-many", "document/too-large")
_TWICE = "document/duplicate-key"
"""The id of a finding about a key that stands twice: two readers see different values, so none is guessed."""
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
        return decode(raw)
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
        if any(found.id in (*_FATAL, _TWICE) for found in error.diagnostics):
            raise
        return Source(shown, text, data, Place((0, 0), (0, 0)))


def _refuse(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number")


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
    """Return a SKILL.md. Raises TextError as `read_text` does, and if the front matter is not a mapping."""
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


# -- the plugin's root


MANIFESTS = (
    "plugin.json",
    ".codex-plugin/plugin.json",
    ".agent-plugin/plugin.json",
    ".claude-plugin/plugin.json",
)
"""Places of a manifest below the root. The first that exists counts."""
_FOLDERS = (".codex-plugin", ".agent-plugin", ".claude-plugin")
_MOST_TOPS = 200


def is_root(tree: Tree) -> bool:
    """True if the root has a manifest, its folder, or skills."""
    return any(tree.kind(path) for path in (*MANIFESTS, *_FOLDERS, "skills"))


def find_root(tree: Tree) -> tuple[Tree, str, str]:
    """Return the tree with its root. Without a single root, return a code and a description of the folders.

    A package is ambiguous if its top and a folder contain a plugin, or several folders do.
    """
    tops = [name for name in tree.names() if tree.kind(name) == "folder"][:_MOST_TOPS]
    inner = [name for name in tops if any(tree.kind(f"{name}/{path}") for path in (*MANIFESTS, *_FOLDERS))]
    if is_root(tree):
        other = [name for name in inner if name != "skills" and name not in _FOLDERS]
        code = "plugin_root_ambiguous" if other and tree.zipped else ""
        return tree, code, f"also `{other[0]}/`" if code else ""
    if len(inner) > 1:
        return tree, "plugin_root_ambiguous", ", ".join(f"`{name}/`" for name in inner[:5])
    if not inner:
        only = [name for name in tops if tree.kind(f"{name}/skills")]
        if len(only) != 1:
            return tree, "archive_plugin_files_missing" if tree.zipped else "plugin_root_missing", ""
        inner = only
    rooted = replace(tree, root=f"{inner[0]}/")
    siblings = [name for name in tree.names() if name != inner[0]]
    if siblings and tree.zipped:
        return rooted, "plugin_root_has_siblings", ", ".join(f"`{name[:80]}`" for name in siblings[:5])
    return rooted, "", ""


# -- the judges of packages.
#
# A module under `judges` is one store or host.


PACKAGE = "pgagents.lint.packages.judges"


@dataclass(frozen=True, slots=True)
class PackageJudge:
    """One judge. Its name is that of its module, with `-` for `_`; its table has the module's name.

    `root` returns the tree with the root of the package, and the findings that end the judging. `find` judges
    a package, `find_file` one file's data or text. `find_file` returns None for a file without rules.
    """

    title: str
    root: Callable[[Tree], tuple[Tree, list[Hit]]]
    find: Callable[[Package], Iterator[Hit]]
    find_file: Callable[[Package, str], Iterator[Hit] | None]
    describe: Callable[[Package], Iterator[str]] = lambda _package: iter(())
    damaged: str = ""
    """The code of a ZIP that cannot be read; empty if that is wrong usage."""


@cache
def list_judges() -> Mapping[str, PackageJudge]:
    """Return every judge of packages by its name."""
    found: dict[str, Any] = collect(PACKAGE)
    return MappingProxyType({name.replace("_", "-"): module.JUDGE for name, module in found.items()})
