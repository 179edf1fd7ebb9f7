"""A documented answer of an action: its status, its body and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer

JSON = "application/json"
ANY_TYPE = "*/*"
"""The media type of bodies that may have any type."""


@dataclass(frozen=True, slots=True)
class AnswerHeader:
    """A response header. A response may lack it unless `required` is true."""

    name: str
    schema: Node
    required: bool
    description: Text
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Output:
    """One documented response. `schema` is None if there is no body."""

    status: int
    schema: Node | None
    description: Text
    origin: Pointer
    content_type: str = JSON
    max_bytes: int | None = None
    ends_within_s: int | None = None
    events: Mapping[str, bool] | None = None
    """The names of an event stream's events, each True if its data is JSON; None for any other answer."""
    columns: Mapping[str, tuple[str, ...]] | None = None
    """The columns of CSV rows that the schema names, each with its JSON types; None for any other answer."""
    headers: tuple[AnswerHeader, ...] = ()
    media: tuple[str, ...] = ()
    """The media types that the body may have; empty if `content_type` is the only one."""

    @property
    def any_type(self) -> bool:
        """True if the body may have any media type: then its Content-Type says how to read it."""
        return self.content_type.partition(";")[0].strip() == ANY_TYPE

    @property
    def types(self) -> tuple[str, ...]:
        """The media types that the body may have."""
        return self.media or (self.content_type,)
