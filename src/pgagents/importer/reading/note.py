"""What an import could not carry over, or leaves to the author."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgagents.source.source import Pointer
from pgagents.text.brief import brief

Kind = Literal["lost", "decide", "left out", "blocked", "answered"]


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to look at. `at` is its place in the catalogue, `source` where the document says it (`#/paths/…`)."""

    kind: Kind
    at: Pointer
    message: str
    source: str = ""
    count: int = 1
    """How many operations a note of what is left out stands for."""

    def __str__(self) -> str:
        where = f" ({brief(self.source, 120)})" if self.source else ""
        return f"{self.message}{where}"


class Notes:
    """Notes in the order they were made, each once."""

    def __init__(self) -> None:
        self.made: dict[Note, None] = {}

    def lost(self, at: Pointer, message: str, source: str = "") -> None:
        """The document says something that the catalogue's language cannot."""
        self.made.setdefault(Note("lost", at, message, source))

    def decide(self, at: Pointer, message: str, source: str = "") -> None:
        """The catalogue says something that the document does not."""
        self.made.setdefault(Note("decide", at, message, source))

    def blocked(self, at: Pointer, message: str, source: str = "") -> None:
        """The catalogue cannot be read until the author has changed this place."""
        self.made.setdefault(Note("blocked", at, message, source))

    def answered(self, at: Pointer, rule: str, reason: str) -> None:
        """A rule of `pgagents lint` finds this, and the document has it so."""
        self.made.setdefault(Note("answered", at, f"pgagents: ignore[{rule}] {reason}"))

    def left_out(self, message: str, source: str = "", *, count: int = 1) -> None:
        """An operation, or `count` of them, are not in the catalogue at all."""
        self.made.setdefault(Note("left out", ("actions",), message, source, count))
