"""One change between two editions, and its severity."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pgagents.source.source import Pointer

Severity = Literal["breaking", "may break", "addition", "wording"]
Bump = Literal["major", "minor", "patch", "none"]
ORDER: tuple[Severity, ...] = ("breaking", "may break", "addition", "wording")
"""Severities, the most severe first."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change. `surfaces` are those that show it (empty: the whole API).

    `safety` marks a change that affects the protection of people, such as a confirmation. `old` and `new` are
    places in the two files. `example` is a value that shows the change, as JSON. `by` are the operations that
    share the changed part, if several, and `by_how` is their role (`sent by`, `read by`).
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
    by: tuple[str, ...] = ()
    by_how: str = "for"


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


def whole(
    severity: Severity,
    id: str,
    message: str,
    *at: str | int,
    safety: bool = False,
    where: tuple[str, ...] = (),
    subject: str = "",
) -> Change:
    """Return a change between the values at the same place of both files."""
    pointer: Pointer = tuple(at)
    return Change(severity, id, subject or str(at[0]), message, where, pointer, pointer, safety=safety)
