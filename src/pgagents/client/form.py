"""A vendor's format of a tool call and its answer, found by its file under `forms/`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pgagents.client.answer import Answer
from pgagents.client.toolcall import ToolCall
from pgagents.errors import PgagentsError
from pgagents.registry import names
from pgagents.text.nearest import did_you_mean

_PACKAGE = "pgagents.client.forms"


@dataclass(frozen=True, slots=True)
class Form:
    """A vendor's format. `surface` is the catalogue's surface whose names the vendor's models use.

    `read` parses a message, `write` makes the answer to it, `compose` makes a message from name, arguments
    and id.
    """

    title: str
    surface: str
    read: Callable[[Any], ToolCall]
    write: Callable[[ToolCall, Answer], dict[str, Any]]
    compose: Callable[[str, dict[str, Any], str], dict[str, Any]]


def form_names() -> list[str]:
    """Return the names of all formats: `gemini`, `openai`, and so on."""
    return [name.rpartition(".")[2].replace("_", "-") for name in names(_PACKAGE)]


def form(name: str) -> Form:
    """Return the format of this name. Raises PgagentsError for an unknown one."""
    known = form_names()
    if name not in known:
        raise PgagentsError(f"there is no form `{name}` of a tool call", did_you_mean(name, known))
    found: Form = importlib.import_module(f"{_PACKAGE}.{name.replace('-', '_')}").FORM
    return found


def output(answer: Answer) -> Any:
    """Return the part of an answer for the model: the API's data, or its problem under `error`."""
    if answer.problem is not None:
        return {"error": answer.problem.to_dict()}
    return answer.data if answer.data is not None else {"status": answer.status}
