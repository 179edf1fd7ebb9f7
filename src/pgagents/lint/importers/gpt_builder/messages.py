"""The builder's own messages, to the letter where they are known: schemas/importers/gpt_builder.json says from where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pgagents.lint.importers.messages import ImporterMessage, data
from pgagents.source.source import Pointer

IMPORTER = "gpt_builder"
Effect = Literal["blocks", "drops operation", "drops parameter", "warning", "form"]


@dataclass(frozen=True, slots=True)
class Template:
    """One message. `seen`: its whole text was published, a part of it, or none; `certain`: whether reports agree on the effect."""

    id: str
    template: str
    effect: Effect
    certain: bool
    stage: str
    seen: Literal["whole", "part", "none"]
    source: str
    help: str


@cache
def templates() -> dict[str, Template]:
    """Every message by its id, in the order of the file."""
    return {row["id"]: Template(**row) for row in data(IMPORTER)["messages"]}


def say(id: str, pointer: Pointer, /, **values: Any) -> ImporterMessage:
    """The message with its values filled in, as Python writes them."""
    return ImporterMessage(id, templates()[id].template.format(**values), pointer)
