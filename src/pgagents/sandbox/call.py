"""Types that pass between the front and a domain: an accepted call, a refusal, a raw body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.http import Request
from pgagents.model.action import Action
from pgagents.model.answers.output import Output
from pgagents.sandbox.keys import Key


@dataclass(frozen=True, slots=True)
class AcceptedCall:
    """An accepted call: a known action, valid arguments with defaults, and a key with sufficient rights.

    `now` is the sandbox's time in epoch seconds. `agent` is true if an agent makes the call. `attribution`
    holds the values that the surface adds. `surface` is `rest` or the dispatcher's name.
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
    """Names of the arguments that the caller sent; the others in `input` are defaults."""
    headers: list[tuple[str, str]] = field(default_factory=list, compare=False)
    """Headers that the domain adds to the answer."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A domain's refusal: a code of the catalogue, a message, and the wrong argument or missing scope, if
    any.
    """

    code: str
    message: str
    field: str | None = None
    scope: str | None = None


class NotModified:
    """The answer 304: the caller has the current version (RFC 9110, 15.4.5)."""


@dataclass(frozen=True, slots=True)
class Other:
    """An answer with another declared success of the action than its first one."""

    output: Output
    data: Any


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that is not JSON."""

    content_type: str
    body: bytes


Domain = Callable[[AcceptedCall], Any]
"""A function that carries out an action.

It returns the body's data (None for no body), a Raw, or a Refusal.
"""
