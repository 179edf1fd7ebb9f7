"""A vendor's format of a tool call and its answer, found by its file under `forms/`; and the parsed call."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import json_bytes, read_json
from pgagents.base.registry import names
from pgagents.base.text import did_you_mean
from pgagents.client.answer import Answer

# -- the parsed call


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's call of a tool.

    `arguments` is None if they cannot be parsed, and `problem` says why. `id` and the members in `more` are
    repeated in the answer.
    """

    name: str
    id: str | None
    arguments: Mapping[str, Any] | None
    problem: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def mapping(message: Any) -> Mapping[str, Any]:
    """Return a message as plain data, from a mapping or an object of a vendor's SDK. Raises PgagentsError
    for anything else.
    """
    if isinstance(message, Mapping):
        return message
    if hasattr(message, "model_dump"):  # pydantic: google-genai, openai, anthropic, perplexityai
        dumped: Mapping[str, Any] = message.model_dump(mode="json", by_alias=True, exclude_none=True)
        return dumped
    if hasattr(message, "DESCRIPTOR"):  # protobuf: xai-sdk
        from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # no types

        found: Mapping[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
        return found
    raise PgagentsError(
        f"a tool call cannot be a {type(message).__name__}",
        "give the message as a mapping or as the SDK's own object",
    )


def member(message: Mapping[str, Any], name: str, what: str) -> str:
    """Return a member that must be a text. Raises PgagentsError with the format's name."""
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise PgagentsError(
            f"this is not a {what}: it has no `{name}`", "give the call as the vendor's API answered it"
        )
    return value


def inside(message: Mapping[str, Any], name: str, what: str) -> Mapping[str, Any]:
    """Return a member that must be a mapping. Raises PgagentsError with the format's name."""
    value = message.get(name)
    if not isinstance(value, Mapping):
        raise PgagentsError(
            f"this is not a {what}: it has no `{name}`", "give the call as the vendor's API answered it"
        )
    return value


def parse_toolcall(name: str, id: str | None, text: Any, more: Mapping[str, Any] | None = None) -> ToolCall:
    """Return a call whose arguments are JSON text; an empty text means no arguments."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return ToolCall(name, id, {}, "", more or {})
    if not isinstance(text, str):
        return ToolCall(name, id, None, "the arguments cannot be read: they are not JSON text", more or {})
    try:
        read = read_json(text.encode("utf-8"))
    except UnicodeEncodeError:
        return ToolCall(
            name, id, None, "the arguments cannot be read: they hold half a character", more or {}
        )
    if read.problem:
        return ToolCall(name, id, None, f"the arguments cannot be read: {read.problem}", more or {})
    return make_toolcall(name, id, read.value, more)


def make_toolcall(
    name: str, id: str | None, arguments: Any, more: Mapping[str, Any] | None = None
) -> ToolCall:
    """Return a call whose arguments are parsed data."""
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, Mapping):
        return ToolCall(name, id, None, "the arguments cannot be read: they are not an object", more or {})
    return ToolCall(name, id, arguments, "", more or {})


def text(data: Any) -> str:
    """Return data as compact JSON text, which most vendors expect as an answer."""
    return json_bytes(data).decode()


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


# -- Chat Completions


def chat_form(title: str, surface: str, what: str) -> Form:
    """Return the format for one vendor; `what` names the message in errors about a malformed call."""

    def read(message: Any) -> ToolCall:
        """Read one item of the assistant's `tool_calls`; its arguments are text that is not always valid
        JSON.
        """
        found = mapping(message)
        function = inside(found, "function", what)
        return parse_toolcall(
            member(function, "name", what), member(found, "id", what), function.get("arguments")
        )

    return Form(title, surface, read, _write, _compose)


def _write(call: ToolCall, answer: Answer) -> dict[str, Any]:
    """Return the message that answers a call; an error goes into its text, because the format has no
    member for it.
    """
    return {"role": "tool", "tool_call_id": call.id, "content": text(output(answer))}


def _compose(name: str, arguments: dict[str, Any], id: str) -> dict[str, Any]:
    """Return an item of `tool_calls` as a model writes it."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text(arguments)}}
