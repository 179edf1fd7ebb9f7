"""Notes on parts that an import could not convert, or that the author must decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgagents.source.source import Pointer
from pgagents.text.brief import brief

Kind = Literal["lost", "decide", "left out", "blocked", "answered", "inferred"]


@dataclass(frozen=True, slots=True)
class Note:
    """One note. `at` is the place in the catalogue, `source` the place in the document (`#/paths/…`)."""

    kind: Kind
    at: Pointer
    message: str
    source: str = ""
    count: int = 1
    """Number of operations that a `left out` note stands for."""

    def __str__(self) -> str:
        where = f" ({brief(self.source, 120)})" if self.source else ""
        return f"{self.message}{where}"


class Notes:
    """Notes in the order in which they were made, without repetition."""

    def __init__(self) -> None:
        self.made: dict[Note, None] = {}

    def add_lost(self, at: Pointer, message: str, source: str = "") -> None:
        """Record a part of the document that the catalogue's language cannot express."""
        self.made.setdefault(Note("lost", at, message, source))

    def decide(self, at: Pointer, message: str, source: str = "") -> None:
        """Record a value that the document does not give, so that the author must check it."""
        self.made.setdefault(Note("decide", at, message, source))

    def add_blocked(self, at: Pointer, message: str, source: str = "") -> None:
        """Record that the catalogue cannot be loaded before the author changes this place."""
        self.made.setdefault(Note("blocked", at, message, source))

    def add_ignore(self, at: Pointer, rule: str, reason: str) -> None:
        """Record an ignore comment for a finding of `pgagents lint` that the document itself causes."""
        self.made.setdefault(Note("answered", at, f"pgagents: ignore[{rule}] {reason}"))

    def infer(self, at: Pointer, message: str) -> None:
        """Record the source of an inferred part."""
        self.made.setdefault(Note("inferred", at, message))

    def add_left_out(self, message: str, source: str = "", *, count: int = 1) -> None:
        """Record that an operation, or a number of operations, is not in the catalogue."""
        self.made.setdefault(Note("left out", ("actions",), message, source, count))
