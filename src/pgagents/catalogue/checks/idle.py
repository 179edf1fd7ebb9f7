"""Report keys that would have no effect, each with what to write instead."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from pgagents.catalogue.checks.checker import Checker, children
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.basics import Schema
from pgagents.catalogue.language.messages import candidates
from pgagents.catalogue.language.surface import Catalogue
from pgagents.source.source import Pointer

_PROVES = ("ai_plugin", "copilot", "copilot_mcp")
"""Surfaces whose manifests state how a vendor authenticates."""


def run(checker: Checker) -> None:
    """Record misspelt keys, binary formats, empty names, and `auth` where nothing reads it."""
    _spellings(checker)
    for name, schema in checker.written.schemas.items():
        for pointer, part in _inside(("schemas", name), schema):
            _bytes(checker, pointer, part)
    for base, actions in checker.blocks():
        for action_name, action in actions.items():
            _action(checker, (*base, action_name), action)
    for name, surface in checker.written.surfaces.items():
        if surface.auth and name not in _PROVES:
            message = (
                f"`auth` does nothing on the surface `{name}`: no manifest of it says how a vendor "
                "proves who calls"
            )
            help = (
                f"leave it out; it is read on {', '.join(_PROVES)}, and `auth` at the top says what a "
                "call carries"
            )
            checker.fault(("surfaces", name, "auth"), "idle", message, help, at_value=False)


def _action(checker: Checker, pointer: Pointer, action: Action) -> None:
    for name, param in action.input.items():
        at = (*pointer, "input", name)
        for part_at, part in _inside(at, param):
            _bytes(checker, part_at, part)
        if param.wire == "":
            checker.fault(
                (*at, "wire"),
                "idle",
                "an empty `wire` names nothing",
                "leave it out, or give the name that the server reads",
            )
    for status, output in action.output.items():
        if output is not None:
            for part_at, part in _inside((*pointer, "output", status), output):
                _bytes(checker, part_at, part)


def _bytes(checker: Checker, pointer: Pointer, schema: Schema) -> None:
    if schema.format == "binary":
        message = "`format: binary` does nothing here: JSON holds no bytes"
        checker.fault(
            (*pointer, "format"),
            "idle",
            message,
            "leave it out; for bytes in a text write `format: byte` (base64)",
        )


def _inside(pointer: Pointer, schema: Schema) -> Iterator[tuple[Pointer, Schema]]:
    """Yield every schema inside a schema, with its pointer."""
    stack = [(pointer, schema)]
    while stack:
        at, here = stack.pop()
        for key, child in children(here):
            yield (*at, *key), child
            stack.append(((*at, *key), child))


def _spellings(checker: Checker) -> None:
    """Record keys written as our Python attributes are named. pydantic accepts both, but vendors get what
    is written.
    """
    stack: list[tuple[Pointer, Any, Any]] = [((), checker.source.data, Catalogue)]
    while stack:
        pointer, value, kind = stack.pop()
        for candidate in candidates(kind):
            origin, inner = typing.get_origin(candidate), typing.get_args(candidate)
            if isinstance(value, list) and origin is list:
                stack.extend(((*pointer, n), part, inner[0]) for n, part in enumerate(value))
            elif isinstance(value, dict) and origin is dict:
                stack.extend(((*pointer, key), part, inner[1]) for key, part in value.items())
            elif isinstance(value, dict) and isinstance(candidate, type) and issubclass(candidate, BaseModel):
                for key, part in value.items():
                    stack.extend(_member(checker, (*pointer, key), candidate, part))


def _member(
    checker: Checker, pointer: Pointer, kind: type[BaseModel], part: Any
) -> Iterator[tuple[Pointer, Any, Any]]:
    key = pointer[-1]
    for name, field in kind.model_fields.items():
        right = field.alias or name
        if key == right:
            yield pointer, part, field.annotation
        elif key == name:
            checker.fault(pointer, "unknown-key", f"unknown key `{name}`", f"write `{right}`", at_value=False)
