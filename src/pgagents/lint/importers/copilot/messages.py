"""The messages of schemas/importers/copilot.json: error names of Microsoft's parser, and limits of its
service.

We wrote the texts, because the parser gives only names.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from pgagents.lint.importers.messages import data

IMPORTER = "copilot"


@dataclass(frozen=True, slots=True)
class Template:
    """One message: the stage that it comes from, its effect, its source."""

    id: str
    stage: Literal["parser", "generator", "service"]
    effect: Literal["blocks", "fails", "drops operation", "warning"]
    source: str
    help: str


@cache
def templates() -> dict[str, Template]:
    """Return every message by its id."""
    return {row["id"]: Template(**row) for row in data(IMPORTER)["messages"]}
