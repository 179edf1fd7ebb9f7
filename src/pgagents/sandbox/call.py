"""What the front hands to a domain, and what it gets back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.http import Request
from pgagents.model.action import Action
from pgagents.sandbox.keys import Key


@dataclass(frozen=True, slots=True)
class AcceptedCall:
    """An accepted call: known action, valid arguments with defaults filled in, a key that may make it.

    `now` is the sandbox's time in epoch seconds; `agent` says that an agent makes the call; `attribution` is what its
    surface stamps; `surface` is `rest` or the dispatcher's name.
    """

    action: Action
    input: Mapping[str, Any]
    key: Key | None
    now: float
    surface: str
    agent: bool
    attribution: Mapping[str, str]
    end_user: str | None
    request: Request
    given: frozenset[str] = field(default=frozenset())
    """Names of the arguments that the caller gave; the others in `input` are defaults."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The domain says no: a code of the catalogue, and where it has one the offending argument or the lacking scope."""

    code: str
    message: str
    field: str | None = None
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is not JSON."""

    content_type: str
    body: bytes


Domain = Callable[[AcceptedCall], Any]
"""Does what an action does: returns the body's data (None for no body), a Raw, or a Refusal."""
