"""Types for the results of comparing two schemas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pgagents.diff.change import Severity
from pgagents.source.source import Pointer

Who = Literal["callers", "readers"]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `path` leads to it inside the value (`order.items[].status`). `said` describes the new
    state.

    `old` and `new` are the places of the schema in the two files, if known.
    """

    severity: Severity
    id: str
    path: str
    said: str
    example: str = ""
    old: Pointer | None = None
    new: Pointer | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two named schemas in the same place. They are compared separately."""

    old: str
    new: str
    path: str
