"""One change between two editions, its severity, and the parts of both editions that it is found in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pgagents.base.places import Pointer

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model

Severity = Literal["breaking", "may break", "addition", "wording"]
Bump = Literal["major", "minor", "patch", "none"]
ORDER: tuple[Severity, ...] = ("breaking", "may break", "addition", "wording")
"""Severities, the most severe first."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `surfaces` are those that show it (empty: the whole API).

    `safety` marks a change that affects the protection of people, such as a confirmation. `old` and `new` are
    places in the two files. `example` is a value that shows the change, as JSON.
    """

    severity: Severity
    id: str
    subject: str
    message: str
    surfaces: tuple[str, ...] = ()
    old: Pointer | None = None
    new: Pointer | None = None
    example: str = ""
    safety: bool = False
    line: str = ""
    """The place of the change as FILE:LINE:COLUMN, if it is in no edition's catalogue."""


def in_order(changes: Iterable[Change]) -> list[Change]:
    """Return each change once, the most severe first, and changes of safety first within a severity."""
    return sorted(dict.fromkeys(changes), key=lambda c: (ORDER.index(c.severity), not c.safety))


def bump(changes: Iterable[Change]) -> Bump:
    """Return the version bump of semantic versioning; a change that may break counts as breaking."""
    worst = min((ORDER.index(c.severity) for c in changes), default=len(ORDER))
    kinds: tuple[Bump, ...] = ("major", "major", "minor", "patch", "none")
    return kinds[worst]


def next_version(version: str, bump: str) -> str:
    """Return the next version. Before 1.0.0 a break raises the second number (semver.org, item 4)."""
    major, minor, patch = (int(n) for n in version.partition("+")[0].partition("-")[0].split("."))
    if bump == "major":
        return f"{major + 1}.0.0" if major else f"0.{minor + 1}.0"
    if bump == "minor":
        return f"{major}.{minor + 1}.0" if major else f"0.{minor}.{patch + 1}"
    return f"{major}.{minor}.{patch + 1}" if bump == "patch" else version


@dataclass(frozen=True, slots=True)
class Sides:
    """One part of a catalogue in both editions; `a` or `b` is None where the part is missing.

    `subject` is named by changes (empty: the section that the change is in). `at` are the places of the part
    in the two files, and None where it has none. `name` is the part's name, such as a code's, and `owner` the
    part that it is in.
    """

    old: Model
    new: Model
    a: Any
    b: Any
    subject: str = ""
    at: tuple[Pointer | None, Pointer | None] = ((), ())
    where: tuple[str, ...] = ()
    name: str = ""
    owner: Sides | None = None

    def change(
        self,
        severity: Severity,
        id: str,
        message: str,
        *steps: str | int,
        example: str = "",
        safety: bool = False,
    ) -> Change:
        """Return a change of this part; `steps` lead to what changed in it."""
        old, new = (None if at is None else (*at, *steps) for at in self.at)
        subject = self.subject or str((new or old or ("",))[0])
        return Change(severity, id, subject, message, self.where, old, new, example, safety)

    def part(self, a: Any, b: Any, *steps: str | int, name: str = "") -> Sides:
        """Return a part of this part; `steps` lead to it in both files."""
        old, new = (None if at is None else (*at, *steps) for at in self.at)
        subject = self.subject or str((new or old or ("",))[0])
        return Sides(self.old, self.new, a, b, subject, (old, new), self.where, name, self)

    def members(self, old: Mapping[Any, Any], new: Mapping[Any, Any], *steps: str | int) -> Iterator[Sides]:
        """Yield the parts of two mappings by their names; `steps` lead to the mapping in both files."""
        for name in dict.fromkeys([*old, *new]):
            yield self.part(old.get(name), new.get(name), *steps, name, name=str(name))
