"""Write a comparison as text, Markdown or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pgagents.base.places import Pointer
from pgagents.catalogue.model.model import Model
from pgagents.diff.change import ORDER, Change, Severity, bump, next_version

_TITLES: dict[Severity, str] = {
    "breaking": "Breaking", "may break": "May break", "addition": "Additions", "wording": "Wording",
}  # fmt: skip
MOST_SURFACES = 6
MOST_ROWS = 60
"""Most rows of one severity in Markdown. A pull request comment has at most 65,536 characters."""

MOST_LEFT_OUT = 10
"""Most parts named for people that an import left out, so that they are not compared."""

Places = Callable[[Iterable[Pointer]], Mapping[Pointer, str]]


@dataclass(frozen=True, slots=True)
class Side:
    """One edition: title, version, and a function that returns places of values (`file:line:column`)."""

    title: str
    version: str
    places: Places


def side(model: Model) -> Side:
    """Return one edition of a catalogue for a comparison."""
    return Side(
        str(model.api.title),
        str(model.api.version),
        lambda found: {p: str(model.source.locate(p)) for p in found},
    )


@dataclass(frozen=True)
class Comparison:
    """Two editions and their changes. `said` replaces the verdict about the next version."""

    old: Side
    new: Side
    changes: tuple[Change, ...]
    said: str = ""
    guesses: tuple[Change, ...] = ()
    """Changes of what an import concluded. They count for no version."""
    uncompared: tuple[str, ...] = ()
    """What is in no catalogue that was imported, each with its place in the document."""

    @property
    def bump(self) -> str:
        return bump(self.changes)

    def verdict(self) -> str:
        """Return the required version bump, compared with the versions of the editions."""
        if self.said:
            return self.said
        was, is_ = self.old.version, self.new.version
        if self.bump == "none":
            return (
                "nothing that an agent, a caller or a reader could see changed (version "
                f"{was}{'' if was == is_ else f' to {is_}'})"
            )
        if not (_SEMVER.match(was) and _SEMVER.match(is_)):
            named = " and ".join(version or "none" for version in (was, is_))
            return f"{self.bump}; no next version is named: the versions ({named}) are not semantic ones"
        wanted = next_version(was, self.bump)
        enough = _numbers(is_) >= _numbers(wanted)
        said = f"{self.bump}: {was} should become {wanted} or later"
        return f"{said}; it is {is_}" + ("" if enough else ", which is too little")

    @cached_property
    def _places(self) -> tuple[Mapping[Pointer, str], Mapping[Pointer, str]]:
        """Return the places of all changes.

        They are found together, because a large document must be parsed.
        """
        every = (*self.changes, *self.guesses)
        new = self.new.places([c.new for c in every if c.new is not None])
        return self.old.places([c.old for c in every if c.new is None and c.old is not None]), new

    def place(self, change: Change) -> str:
        """Return the line of a change: in the new file if it is there, otherwise in the old one."""
        if change.line:
            return change.line
        if change.new is not None:
            return self._places[1][change.new]
        return self._places[0][change.old] if change.old is not None else ""


_SEMVER = re.compile(r"\d{1,9}\.\d{1,9}\.\d{1,9}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\Z", re.A)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in re.split("[-+]", version)[0].split("."))


def text(comparison: Comparison) -> str:
    """Return the comparison for a terminal."""
    lines: list[str] = []
    for severity in ORDER:
        group = [c for c in comparison.changes if c.severity == severity]
        if group:
            lines += [f"{_TITLES[severity]} ({len(group)})", *(_line(comparison, c) for c in group), ""]
    if comparison.guesses:
        lines += [f"Guessed ({len(comparison.guesses)})"]
        lines += [*(_line(comparison, c) for c in comparison.guesses), ""]
    if left := comparison.uncompared:
        lines += [f"Not compared ({len(left)})", *(f"  {one}" for one in left[:MOST_LEFT_OUT])]
        lines += [f"  and {len(left) - MOST_LEFT_OUT} more: --format json"] if left[MOST_LEFT_OUT:] else []
        lines += [""]
    return "\n".join([*lines, comparison.verdict()])


def _line(comparison: Comparison, change: Change) -> str:
    where = f"\n      on {_join_names(change.surfaces)}" if change.surfaces else ""
    mark = " [safety]" if change.safety else ""
    return (
        f"  {change.subject}: {change.message}{mark}{where}\n      {change.id}  --> "
        f"{comparison.place(change)}"
    )


def _join_names(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:MOST_SURFACES])
    return shown + (f" and {len(names) - MOST_SURFACES} more" if len(names) > MOST_SURFACES else "")


def markdown(comparison: Comparison) -> str:
    """Return the comparison for a pull request: the verdict, then a table for each severity.

    Additions and changed texts are folded.
    """
    lines = [f"**{_cell(comparison.new.title)}**: {_cell(comparison.verdict())}", ""]
    for severity in ORDER:
        group = [c for c in comparison.changes if c.severity == severity]
        if not group:
            continue
        folded, title = severity in ("addition", "wording"), f"{_TITLES[severity]} ({len(group)})"
        lines += [f"<details><summary>{title}</summary>" if folded else f"### {title}", ""]
        lines += ["| where | what | seen on | line |", "|---|---|---|---|"]
        for c in group[:MOST_ROWS]:
            mark = " **safety**" if c.safety else ""
            seen = _cell(_join_names(c.surfaces)) or "everywhere"
            lines.append(
                f"| {_cell(c.subject)} | {_cell(c.message)}{mark} | {seen} | {_cell(comparison.place(c))} |"
            )
        if len(group) > MOST_ROWS:
            lines.append(f"| … | and {len(group) - MOST_ROWS} more | | |")
        lines += ["", "</details>", ""] if folded else [""]
    if comparison.guesses:
        lines += [f"<details><summary>Guessed ({len(comparison.guesses)})</summary>", ""]
        lines += ["| what | now | line |", "|---|---|---|"]
        lines += [
            f"| {_cell(c.subject)} | {_cell(c.message)} | {_cell(comparison.place(c))} |"
            for c in comparison.guesses[:MOST_ROWS]
        ]
        lines += ["", "</details>", ""]
    if left := comparison.uncompared:
        lines += [f"<details><summary>Not compared ({len(left)})</summary>", ""]
        lines += [f"- {_cell(one)}" for one in left[:MOST_ROWS]]
        lines += [f"- and {len(left) - MOST_ROWS} more"] if left[MOST_ROWS:] else []
        lines += ["", "</details>", ""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Return a text that stays in its table cell and contains no markup."""
    one = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return one.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")


def as_json(comparison: Comparison) -> str:
    """Return the comparison as JSON."""
    found: list[dict[str, Any]] = []
    for c in comparison.changes:
        told = {
            "severity": c.severity,
            "id": c.id,
            "subject": c.subject,
            "message": c.message,
            "surfaces": list(c.surfaces),
        }
        found.append({**told, "safety": c.safety, "example": c.example, "place": comparison.place(c)})
    versions = {"old": comparison.old.version, "new": comparison.new.version}
    held = {"pgagents_diff": 1, "versions": versions, "bump": comparison.bump, "changes": found}
    if comparison.guesses:
        held["guesses"] = [
            {"subject": c.subject, "message": c.message, "place": comparison.place(c)}
            for c in comparison.guesses
        ]
    if comparison.uncompared:
        held["not_compared"] = list(comparison.uncompared)
    if comparison.said:
        held["verdict"] = comparison.said
    return json.dumps(held, ensure_ascii=False, indent=2)
