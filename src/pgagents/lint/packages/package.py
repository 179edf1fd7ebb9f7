"""A package for judges: each file is read once, with the place of every value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pgagents.lint.packages import texts
from pgagents.lint.packages.texts import Skill, TextError
from pgagents.lint.packages.tree import Tree
from pgagents.source.source import Source

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
        return self._keep("json", path, texts.read_json, lambda source: source)

    def yaml(self, path: str) -> Source:
        """Return a YAML file. Raises TextError."""
        return self._keep("yaml", path, texts.read_yaml, lambda source: source)

    def skill(self, path: str) -> Skill:
        """Return a SKILL.md. Raises TextError."""
        return self._keep("skill", path, texts.read_skill, lambda skill: skill.source)

    def text(self, path: str) -> str:
        """Return a file's text. Raises TextError."""
        return texts.read_text(self.tree, path)

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
