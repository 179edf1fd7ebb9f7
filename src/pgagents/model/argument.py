"""The arguments of actions: their schemas, and where and in what form each is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pgagents.model.answers.error_code import Code
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer

PlaceIn = Literal["path", "query", "header", "cookie", "body", "whole_body"]
PLACES: tuple[PlaceIn, ...] = ("path", "query", "header", "cookie", "body", "whole_body")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """The types and the size that a file may have; no `media` means any type."""

    media: tuple[str, ...] = ()
    max_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Param:
    """One argument. `wire` is its name on the wire; `schema` includes description and default."""

    name: Text
    wire: str
    place: PlaceIn
    required: bool
    schema: Node
    refers_to: str | None
    origin: Pointer
    refers_member: str = ""
    """The member of a resource's id that this argument holds. Empty if the id is a single member."""
    style: str = ""
    """OpenAPI's style of a list or object that is sent as text; empty for other arguments."""
    explode: bool = True
    """True if each item or member is sent as a `name=value` pair of its own."""
    spread: bool = False
    """True if the argument is an object whose members are sent under their own names."""
    in_parts: bool = False
    """True if only the items or members of the argument are sent, so that its own name appears in no pair."""
    json: bool = False
    """True if the value is sent as one JSON text in the query."""
    reserved: bool = False
    """True if reserved characters such as `/` are sent without percent-encoding."""
    file: FileLimits | None = None
    """The limits of a file; None for any other argument."""
    otherwise: Mapping[str, Code] = field(default_factory=dict)
    """The argument's own error for each JSON Schema keyword that a value can break.

    The empty keyword stands for all other keywords, and `refers_to` for an id that does not exist.
    """
    as_text: bool = False
    """True if the argument is sent as text, so that the server decides its type."""

    of: str = ""
    """The argument's name in the catalogue, if the surface has another name for it; otherwise empty."""

    @property
    def odd_style(self) -> bool:
        """True if a list or object is not sent as pairs that repeat its name."""
        return self.json or self.style not in ("", "form") or not self.explode or self.spread

    @property
    def in_body(self) -> bool:
        """True if the argument is sent in the body."""
        return self.place in ("body", "whole_body")

    @property
    def catalogue_name(self) -> str:
        """The argument's name in the catalogue. A surface may have another name for it."""
        return self.of or str(self.name)

    @property
    def description(self) -> str:
        return str(self.schema.get("description", ""))
