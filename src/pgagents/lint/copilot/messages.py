"""The messages of schemas/importers/copilot.json: error names of Microsoft's parser, and limits that only its service knows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pgagents.resources import folder
from pgagents.source import Pointer


@dataclass(frozen=True, slots=True)
class Template:
    """One message: where it comes from and what it does."""

    id: str
    stage: Literal["parser", "generator", "service"]
    effect: Literal["blocks", "drops operation", "warning"]
    source: str
    help: str


@dataclass(frozen=True, slots=True)
class Said:
    """A message about one place of the document; the text is ours, the parser gives names only."""

    id: str
    text: str
    pointer: Pointer


@cache
def templates() -> dict[str, Template]:
    """Every message by its id."""
    return {row["id"]: Template(**row) for row in _data()["messages"]}


def read_date() -> str:
    """When they were collected."""
    return str(_data()["read"])


@cache
def _data() -> Any:
    return json.loads((folder("schemas") / "importers" / "copilot.json").read_bytes())
