"""The builder's own messages, to the letter where they are known: schemas/importers/gpt_builder.json says from where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pgagents.resources import folder
from pgagents.source import Pointer

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


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the builder about one place of the document."""

    id: str
    text: str
    pointer: Pointer


@cache
def templates() -> dict[str, Template]:
    """Every message by its id, in the order of the file."""
    return {row["id"]: Template(**row) for row in _data()["messages"]}


def read_date() -> str:
    """When the messages were collected."""
    return str(_data()["read"])


def say(id: str, pointer: Pointer, /, **values: Any) -> Said:
    """The message with its values filled in, as Python writes them."""
    return Said(id, templates()[id].template.format(**values), pointer)


@cache
def _data() -> Any:
    return json.loads((folder("schemas") / "importers" / "gpt_builder.json").read_bytes())
