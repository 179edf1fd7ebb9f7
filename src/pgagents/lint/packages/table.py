"""A judge's table, `schemas/packages/<judge>.yaml`: its codes with texts, and its rows of fields."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pgagents.lint.packages.fields import Row
from pgagents.resources import folder
from pgagents.source.diagnostics import Severity
from pgagents.source.read import read


@dataclass(frozen=True, slots=True)
class Code:
    """A finding that a judge may make. `says` is the requirement.

    `help` is the advice; if it is empty, the broken constraint has one. `offline` is `yes`, `partly` or `no`;
    `undecided` names the part that cannot be checked here.
    """

    name: str
    says: str
    severity: Severity
    help: str
    source: str
    read: str
    offline: str = "yes"
    undecided: str = ""

    @property
    def cited(self) -> str:
        """The source, with the day on which it was read if it is a vendor's."""
        return f"{self.source}, read {self.read}" if self.read else self.source


@dataclass(frozen=True, slots=True)
class Table:
    """The codes by name, the rows by document, and further values by name."""

    codes: Mapping[str, Code]
    fields: Mapping[str, Mapping[str, Row]]
    values: Mapping[str, Any]


@cache
def table(judge: str) -> Table:
    """Return a judge's table by the name of its module."""
    source = read(folder("schemas") / "packages" / f"{judge}.yaml")
    assert not source.problems, source.problems
    data = source.data
    codes = _published(data) if "published" in data else {}
    for name, row in data.get("codes", {}).items():
        codes[name] = Code(
            name,
            row["says"],
            row.get("severity", "error"),
            row.get("help", ""),
            row.get("source", data["source"]),
            str(row.get("read", data["read"])),
            row.get("offline", "yes"),
            row.get("undecided", ""),
        )
    return Table(codes, data.get("fields", {}), data.get("values", {}))


def _published(data: Mapping[str, Any]) -> dict[str, Code]:
    """Return the codes from a file that was copied from the vendor's page."""
    rows = json.loads((folder("schemas") / "vendor" / data["published"]).read_bytes())
    helps, severities = data.get("help", {}), data.get("severity", {})
    undecided = data.get("undecided", {})
    return {
        row["code"]: Code(
            row["code"],
            row["says"],
            severities.get(row["code"], "error" if row["severity"] == "error" else "warning"),
            helps.get(row["code"], ""),
            rows["_source"]["page"],
            rows["_source"]["read"],
            row["offline"],
            undecided.get(row["code"], ""),
        )
        for row in rows["codes"]
    }
