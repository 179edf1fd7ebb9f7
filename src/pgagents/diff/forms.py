"""A comparison as text, Markdown and JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pgagents.diff.change import ORDER, Change, Severity, bump, next_version
from pgagents.model import Model

_TITLES: dict[Severity, str] = {
    "breaking": "Breaking", "may break": "May break", "addition": "Additions", "wording": "Wording",
}  # fmt: skip
MOST_SURFACES = 6
MOST_ROWS = 60
"""Of one severity in Markdown: a comment on a pull request has at most 65,536 characters."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two editions and what differs."""

    old: Model
    new: Model
    changes: tuple[Change, ...]

    @property
    def bump(self) -> str:
        return bump(self.changes)

    def verdict(self) -> str:
        """What semantic versioning asks for, beside what the versions say."""
        was, is_ = str(self.old.api.version), str(self.new.api.version)
        if self.bump == "none":
            return f"nothing that an agent, a caller or a reader could see changed (version {was}{'' if was == is_ else f' to {is_}'})"
        wanted = next_version(was, self.bump)
        enough = _numbers(is_) >= _numbers(wanted)
        said = f"{self.bump}: {was} should become {wanted} or later"
        return f"{said}; it is {is_}" + ("" if enough else ", which is too little")

    def place(self, change: Change) -> str:
        """The line that made it: the new file's where it is there."""
        for model, pointer in ((self.new, change.new), (self.old, change.old)):
            if pointer is not None:
                return str(model.source.locate(pointer))
        return ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(n) for n in version.partition("-")[0].split("."))


def text(comparison: Comparison) -> str:
    """For a terminal."""
    lines: list[str] = []
    for severity in ORDER:
        group = [c for c in comparison.changes if c.severity == severity]
        if group:
            lines += [f"{_TITLES[severity]} ({len(group)})", *(_line(comparison, c) for c in group), ""]
    return "\n".join([*lines, comparison.verdict()])


def _line(comparison: Comparison, change: Change) -> str:
    where = f"\n      on {_surfaces(change)}" if change.surfaces else ""
    mark = " [safety]" if change.safety else ""
    return f"  {change.subject}: {change.message}{mark}{where}\n      {change.id}  --> {comparison.place(change)}"


def _surfaces(change: Change) -> str:
    shown = ", ".join(change.surfaces[:MOST_SURFACES])
    return shown + (f" and {len(change.surfaces) - MOST_SURFACES} more" if len(change.surfaces) > MOST_SURFACES else "")


def markdown(comparison: Comparison) -> str:
    """For a pull request: the verdict, then a table for each severity; wording is folded."""
    lines = [f"**{comparison.new.api.title}**: {_cell(comparison.verdict())}", ""]
    for severity in ORDER:
        group = [c for c in comparison.changes if c.severity == severity]
        if not group:
            continue
        folded, title = severity in ("addition", "wording"), f"{_TITLES[severity]} ({len(group)})"
        lines += [f"<details><summary>{title}</summary>" if folded else f"### {title}", ""]
        lines += ["| where | what | seen on | line |", "|---|---|---|---|"]
        for c in group[:MOST_ROWS]:
            mark = " **safety**" if c.safety else ""
            lines.append(
                f"| {_cell(c.subject)} | {_cell(c.message)}{mark} | {_cell(_surfaces(c)) or 'everywhere'} | {_cell(comparison.place(c))} |"
            )
        if len(group) > MOST_ROWS:
            lines.append(f"| … | and {len(group) - MOST_ROWS} more | | |")
        lines += ["", "</details>", ""] if folded else [""]
    return "\n".join(lines)


def _cell(text: str) -> str:
    """Text that stays inside its table cell and shows no markup of its own."""
    one = " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
    return one.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")


def as_json(comparison: Comparison) -> str:
    """For programs."""
    found: list[dict[str, Any]] = []
    for c in comparison.changes:
        told = {"severity": c.severity, "id": c.id, "subject": c.subject, "message": c.message, "surfaces": list(c.surfaces)}
        found.append({**told, "safety": c.safety, "example": c.example, "place": comparison.place(c)})
    versions = {"old": str(comparison.old.api.version), "new": str(comparison.new.api.version)}
    held = {"pgagents_diff": 1, "versions": versions, "bump": comparison.bump, "changes": found}
    return json.dumps(held, ensure_ascii=False, indent=2)
