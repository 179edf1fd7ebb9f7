"""The builder's messages, verbatim if known. Their sources are in schemas/importers/gpt_builder.json."""

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
    """One message. `seen` is the published part of its text: all, a part, or none.

    `certain` is true if reports agree on its effect.
    """

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
    """Return every message by its id, in the order of the file."""
    return {row["id"]: Template(**row) for row in data(IMPORTER)["messages"]}


def say(id: str, pointer: Pointer, /, **values: Any) -> ImporterMessage:
    """Return the message with its values filled in, formatted as Python prints them."""
    return ImporterMessage(id, templates()[id].template.format(**values), pointer)
