"""Read facts about vendors that several judges share: requirements, messages of importers, and limits."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

from pgagents.base.places import Pointer
from pgagents.base.reading import read
from pgagents.base.registry import folder


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


# -- messages of importers


@dataclass(frozen=True, slots=True)
class ImporterMessage:
    """A message of an importer about one place of the document."""

    id: str
    text: str
    pointer: Pointer


@cache
def data(importer: str) -> Any:
    """Return the content of `schemas/importers/<importer>.json`: `messages`, and the date they were
    `read`.
    """
    return json.loads((folder("schemas") / "importers" / f"{importer}.json").read_bytes())


def read_date(importer: str) -> str:
    """Return the date when the importer's messages were collected."""
    return str(data(importer)["read"])


# -- limits


XAI_ENFORCED = {
    "minLength": 2048,
    "maxLength": 2048,
    "minItems": 256,
    "maxItems": 256,
    "minProperties": 64,
    "maxProperties": 64,
}
"""The largest bound that Grok enforces, by keyword."""
