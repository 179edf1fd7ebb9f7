"""A tool call read out of a vendor's message, and the reading of its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.http import json_bytes, read_json


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What a model asks for. `arguments` is None where it wrote none that can be read; `problem` says why.

    `id` is what the answer must name; `more` are members of the call that its answer repeats.
    """

    name: str
    id: str | None
    arguments: Mapping[str, Any] | None
    problem: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


def mapping(message: Any) -> Mapping[str, Any]:
    """A message as plain data: a mapping as it is, an object of a vendor's SDK as that SDK writes it. Raises PgagentsError."""
    if isinstance(message, Mapping):
        return message
    if hasattr(message, "model_dump"):  # pydantic: google-genai, openai, anthropic, perplexityai
        dumped: Mapping[str, Any] = message.model_dump(mode="json", by_alias=True, exclude_none=True)
        return dumped
    if hasattr(message, "DESCRIPTOR"):  # protobuf: xai-sdk
        from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]  # it ships no types, and comes with that SDK

        found: Mapping[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
        return found
    raise PgagentsError(f"a tool call cannot be a {type(message).__name__}", "give the message as a mapping or as the SDK's own object")


def member(message: Mapping[str, Any], name: str, what: str) -> str:
    """A member that must be a text. Raises PgagentsError naming the form."""
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise PgagentsError(f"this is no {what}: it has no `{name}`", "give the call as the vendor's API answered it")
    return value


def inside(message: Mapping[str, Any], name: str, what: str) -> Mapping[str, Any]:
    """A member that must be a mapping. Raises PgagentsError naming the form."""
    value = message.get(name)
    if not isinstance(value, Mapping):
        raise PgagentsError(f"this is no {what}: it has no `{name}`", "give the call as the vendor's API answered it")
    return value


def written(name: str, id: str | None, text: Any, more: Mapping[str, Any] | None = None) -> ToolCall:
    """A call whose arguments a model wrote as JSON text; no text at all is a call without arguments."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return ToolCall(name, id, {}, "", more or {})
    if not isinstance(text, str):
        return ToolCall(name, id, None, "the arguments cannot be read: they are no JSON text", more or {})
    try:
        read = read_json(text.encode("utf-8"))
    except UnicodeEncodeError:
        return ToolCall(name, id, None, "the arguments cannot be read: they hold half a character", more or {})
    if read.problem:
        return ToolCall(name, id, None, f"the arguments cannot be read: {read.problem}", more or {})
    return make_toolcall(name, id, read.value, more)


def make_toolcall(name: str, id: str | None, arguments: Any, more: Mapping[str, Any] | None = None) -> ToolCall:
    """A call whose arguments are data already."""
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, Mapping):
        return ToolCall(name, id, None, "the arguments cannot be read: they are no object", more or {})
    return ToolCall(name, id, arguments, "", more or {})


def text(data: Any) -> str:
    """Data as compact JSON text, as most vendors want an answer."""
    return json_bytes(data).decode()
