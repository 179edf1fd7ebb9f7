"""A tool call parsed from a vendor's message, and helpers for the parsing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.http import json_bytes, read_json


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
            f"this is no {what}: it has no `{name}`", "give the call as the vendor's API answered it"
        )
    return value


def inside(message: Mapping[str, Any], name: str, what: str) -> Mapping[str, Any]:
    """Return a member that must be a mapping. Raises PgagentsError with the format's name."""
    value = message.get(name)
    if not isinstance(value, Mapping):
        raise PgagentsError(
            f"this is no {what}: it has no `{name}`", "give the call as the vendor's API answered it"
        )
    return value


def parse_toolcall(name: str, id: str | None, text: Any, more: Mapping[str, Any] | None = None) -> ToolCall:
    """Return a call whose arguments are JSON text; an empty text means no arguments."""
    if text is None or (isinstance(text, str) and not text.strip()):
        return ToolCall(name, id, {}, "", more or {})
    if not isinstance(text, str):
        return ToolCall(name, id, None, "the arguments cannot be read: they are no JSON text", more or {})
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
        return ToolCall(name, id, None, "the arguments cannot be read: they are no object", more or {})
    return ToolCall(name, id, arguments, "", more or {})


def text(data: Any) -> str:
    """Return data as compact JSON text, which most vendors expect as an answer."""
    return json_bytes(data).decode()
