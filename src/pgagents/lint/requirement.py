"""Vendors' requirements from schemas/requirements: id, level, quote, source and the date they were read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pgagents.resources import folder
from pgagents.source.read import read


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row.

    `by` names the schema, rule or test that enforces it. Without one, `excluded` is the reason.
    """

    id: str
    level: str
    quote: str
    url: str
    source: str
    read: str
    by: tuple[str, ...]
    excluded: str

    @property
    def cited(self) -> str:
        """Return the row in one line, as shown below a finding."""
        return f"source: {self.id}, {self.level}, read {self.read}"


@cache
def requirements() -> dict[str, Requirement]:
    """Return every row by its id, in the order of the files."""
    rows = {}
    for path in sorted((folder("schemas") / "requirements").glob("*.yaml")):
        for row in read(path).data or ():
            rows[row["id"]] = Requirement(
                row["id"],
                row["level"],
                row["quote"],
                row.get("url", ""),
                row.get("source", ""),
                str(row["read"]),
                tuple(row.get("by", ())),
                row.get("excluded", ""),
            )
    return rows
