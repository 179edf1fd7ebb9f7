"""An action's hints for hosts, each with its reason: read-only, destructive, idempotent, open world.

The meanings are those of MCP's tool annotations and of OpenAI's plugin guidelines of October 2026. A hint
that the catalogue does not state is concluded from the rest of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgagents.source.origin import Text
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Hint:
    """One statement about the effect of a call.

    `origin` is the catalogue's line behind it. `written` is false if the statement was concluded from other
    parts. `reason` is one sentence, and `reasoned` is true if the author wrote it.
    """

    value: bool
    reason: Text
    origin: Pointer
    written: bool = False
    reasoned: bool = False


@dataclass(frozen=True, slots=True)
class Hints:
    """The four hints of an action. `facts` are sentences that say why a call is destructive."""

    read_only: Hint
    destructive: Hint
    idempotent: Hint
    open_world: Hint
    facts: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[str, Hint]]:
        """Yield each hint with its name."""
        for name in ("read_only", "destructive", "idempotent", "open_world"):
            yield name, getattr(self, name)
