"""Kinds of request bodies. `media/<name>.py` has one module for each, found by its path.

Each states as data how to encode an action's body, so that the client, `verify`, curl lines and generated
requests read one value. The sandbox decodes bodies by code of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pgagents import registry
from pgagents.http import media_type_of
from pgagents.model.action import Action
from pgagents.model.argument import Param

JSON = "application/json"
WHOLE = "whole_body"
"""The place of an argument that is the whole body."""
Given = tuple[Param, Any]
"""An argument with its value."""


@dataclass(frozen=True, slots=True)
class Body:
    """An encoded body, and the value of its Content-Type header."""

    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Medium:
    """One kind of request body.

    `matches` returns True for its media types, given in lower case without parameters. `write` encodes the
    action's body arguments.
    """

    name: str
    matches: Callable[[str], bool]
    write: Callable[[Action, Sequence[Given], Mapping[str, Any]], Body]
    """A function of the action, its body arguments with their values, and undeclared members."""
    typed: bool = False
    """True if values keep their JSON types; otherwise each is sent as text."""
    members: bool = True
    """True if the body has named members; otherwise one argument is the whole body."""
    files: bool = False
    """True if arguments may be files."""
    rank: int = 5
    """The position in which kinds are asked whether they match, lowest first."""
    charset: bool = False
    """True if clients append a charset to the type."""
    broken: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = ()
    """Ways to break a body of this kind, for tests: name, description, and change of a correct body."""
    says: str = ""
    """The name of a body of this kind in documents for people."""


@cache
def _every() -> tuple[Medium, ...]:
    found: list[Medium] = [m.MEDIUM for m in registry.collect("pgagents.encoding.media").values()]
    return tuple(sorted(found, key=lambda m: (m.rank, m.name)))


def medium_of(content_type: str) -> Medium | None:
    """Return the kind of a media type; None if no kind can encode it."""
    plain = media_type_of(content_type)
    return next((m for m in _every() if m.matches(plain)), None)


def medium_of_action(action: Action) -> Medium:
    """Return the kind of an action's body."""
    found = medium_of(action.content_type)
    assert found is not None, "the catalogue's checks refuse other media types"
    return found


def has_body(action: Action) -> bool:
    """Return whether a call of the action sends a body."""
    return any(p.in_body for p in action.params)


def is_whole(action: Action) -> bool:
    """Return whether one argument is the whole body."""
    return any(p.place == WHOLE for p in action.params)


def list_types(action: Action, param: Param) -> tuple[str, ...]:
    """Return the types that a body may have: the listed ones of a file that is the whole body."""
    if param.place == WHOLE and param.file is not None and param.file.media:
        return param.file.media
    return (action.content_type,)


def write_body(action: Action, values: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Body:
    """Encode the body of a call. `values` are arguments by name, `more` undeclared members by name."""
    params = {str(p.name): p for p in action.params if p.in_body}
    given = [(params[name], value) for name, value in values.items() if name in params]
    return medium_of_action(action).write(action, given, more or {})
