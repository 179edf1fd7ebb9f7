"""Find the reader of an action's body. Each module of `media/` has a `read`; it is found by its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from pgagents import registry
from pgagents.encoding.medium import medium_of_action
from pgagents.http import Request
from pgagents.model.action import Action
from pgagents.model.argument import Param
from pgagents.sandbox.bodies.content import Content
from pgagents.sandbox.bodies.fields import Field

Reader = Callable[[Request, Sequence[Field], str], Content]


@cache
def _readers() -> Mapping[str, Reader]:
    kinds = registry.collect("pgagents.sandbox.bodies.media")
    return {name: module.read for name, module in kinds.items()}


def reader_of(action: Action) -> Reader:
    """Return the reader of the action's body."""
    return _readers()[medium_of_action(action).name]


def field_of(param: Param, schema: Mapping[str, Any], types: frozenset[str]) -> Field:
    """Return how to find an argument among pairs. `schema` is resolved."""
    whole, nulls = param.place == "whole_body", param.place == "body" and param.as_text
    media = param.file.media if param.file is not None else ()
    style = param.style or "form"
    return Field(param.wire, style, param.explode, schema, types, whole, param.json, media, nulls)
