"""Find the argument that requests the next page of a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.http import Response, Silence
from pgagents.jsonschema.schema import resolve
from pgagents.model.action import Action
from pgagents.model.model import Model
from pgagents.model.pages import find_next_page, values_for

MOST_CHARACTERS = 4_000
"""Longest value that is passed on, in characters, because a foreign server chose it."""


def find_next(
    model: Model, action: Action, given: Mapping[str, Any], data: Any, came: Response | Silence
) -> dict[str, Any] | None:
    """Return the argument that requests the page after an answer, or None on the last page.

    A URL is not followed: only the argument's value is read from it, so no key is sent elsewhere.
    """
    pages = action.pages
    if pages is None or not isinstance(came, Response) or not 200 <= came.status < 300:
        return None
    schemas = {str(p.name): resolve(p.schema, model.schemas) for p in action.params}
    usual = {name: schema["default"] for name, schema in schemas.items() if "default" in schema}
    found = find_next_page(pages, values_for({**usual, **given}, data, came))
    if found is None or found.value is None or len(str(found.value)) > MOST_CHARACTERS:
        return None
    kinds = schemas[pages.argument].get("type", ())
    digits = isinstance(found.value, str) and found.value.isascii() and found.value.isdecimal()
    whole = bool(found.url) and digits and (kinds == "integer" or "integer" in kinds)
    return {pages.argument: int(found.value) if whole else found.value}


def format_next(action: str, next: Mapping[str, Any]) -> str:
    """Return one line for a person or a model: which argument requests the next page."""
    told = ", ".join(f"{name}={_one_line(value)}" for name, value in next.items())
    return f"There is a further page: call {action} again with the same arguments and {told}"


def _one_line(value: Any) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in str(value)).split())
