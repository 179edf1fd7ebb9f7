"""Workflows: a user's tasks as sequences of calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.cel.expression import Expression
from pgagents.model.action import Action
from pgagents.source.origin import Text
from pgagents.source.source import Pointer


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a workflow."""

    name: str
    action: Action
    input: Mapping[str, Any]
    role: str
    after_s: float | Expression
    status: int
    keep: Mapping[str, Expression]
    expect: tuple[Expression, ...]
    expect_timed: tuple[Expression, ...]
    origin: Pointer
    expect_alone: tuple[Expression, ...] = ()
    """Conditions that are certain only while nobody else uses the server."""
    key: Expression | None = None
    """The key for this call, if an earlier step created it."""
    via: str = ""
    """The call's surface: a dispatcher, or a surface whose headers are sent. REST if empty."""
    within_s: float = 0.0
    """Seconds within which the conditions must become true; the call is repeated until then."""
    headers: tuple[tuple[str, str], ...] = ()
    """Additional headers of the call."""
    status_written: bool = False
    """True if the catalogue's author wrote the status, so that no other one will do."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A user's task from beginning to end, as a sequence of calls."""

    name: str
    title: Text
    description: Text
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    cite: tuple[str, ...]
    origin: Pointer
    only_verify: bool = False
    """True if the workflow is no user's task, so that only verify runs it."""
