"""Hints of an action for hosts, each with its reason: only reading, destructive, idempotent, open world.

The meanings are those of MCP's tool annotations and of OpenAI's plugin guidelines of October 2026. Where a
hint has none in the catalogue, it follows from the rest of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgagents.source.origin import Text
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Hint:
    """One claim about the effect of a call.

    `origin` is the line that makes it; `written` is false if the claim is only concluded from other parts of
    the catalogue. `reason` is one sentence, and `reasoned` is true if it is the author's own.
    """

    value: bool
    reason: Text
    origin: Pointer
    written: bool = False
    reasoned: bool = False


@dataclass(frozen=True, slots=True)
class Hints:
    """The four claims about an action. `facts` are the catalogue's facts that make a call destructive, one
    sentence each.
    """

    read_only: Hint
    destructive: Hint
    idempotent: Hint
    open_world: Hint
    facts: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[str, Hint]]:
        """Yield each hint with its name."""
        for name in ("read_only", "destructive", "idempotent", "open_world"):
            yield name, getattr(self, name)
