"""What an agent can do: an action with its arguments, answers, errors and promises, and a call of it.

Schemas are plain JSON Schema 2020-12 in `Node`s; expressions are known to compile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.cel.expression import Expression
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer

PlaceIn = Literal["path", "query", "header", "body"]


@dataclass(frozen=True, slots=True)
class Param:
    """One argument. `wire` is its name as sent; `schema` has neither its description nor its default taken out."""

    name: Text
    wire: str
    place: PlaceIn
    required: bool
    schema: Node
    refers_to: str | None
    origin: Pointer
    refers_member: str = ""
    """The member of the resource's id that it is, where that id has several."""

    @property
    def description(self) -> str:
        return str(self.schema.get("description", ""))


@dataclass(frozen=True, slots=True)
class Output:
    """An answer's body; `schema` is None where there is no body."""

    status: int
    schema: Node | None
    description: Text
    origin: Pointer
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Code:
    """An error code, its one status, and the envelope (a schema's name) it comes in."""

    name: str
    status: int
    meaning: Text
    envelope: str
    only: tuple[str, ...] | None
    cite: tuple[str, ...]
    origin: Pointer
    provoked_by: Mapping[str, ActionCall] = field(default_factory=dict)
    """By action, the operator's call after which its next call is answered so."""


@dataclass(frozen=True, slots=True)
class Law:
    """A condition between a request and its answer."""

    name: str
    that: Expression
    when: Expression | None
    cite: tuple[str, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Relation:
    """Two calls that differ in one argument; `keeps` is the list that only grows, `fits` says which of its items are no growth."""

    name: str
    widen: str
    keeps: Expression
    by: str
    unless: Expression | None
    cite: tuple[str, ...]
    origin: Pointer
    fits: Expression | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A documented call."""

    name: str
    title: Text
    input: Mapping[str, Any]
    status: int
    output: Any
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Former:
    """A name that an action had, its operation's id then, and the day (`2027-03-01`) until which the name goes on being offered."""

    name: Text
    operation_id: str
    until: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Texts:
    """A surface's own wording of an action; None or empty where it has none."""

    name: str | None = None
    title: Text | None = None
    description: Text | None = None
    reasoning: tuple[Text, ...] = ()
    responding: tuple[Text, ...] = ()
    params: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """One thing an agent can do."""

    name: Text
    operation_id: Text
    title: Text
    description: Text
    method: str
    path: Text
    effect: Literal["read", "write"]
    costs: bool
    destructive: bool
    bucket: str | None
    scope: str | None
    key: bool
    params: tuple[Param, ...]
    unknown: Literal["refused", "ignored", "any"]
    outputs: tuple[Output, ...]
    errors: tuple[Code, ...]
    idempotency: str | None
    confirm_title: Text | None
    confirm_body: Text | None
    laws: tuple[Law, ...]
    relations: tuple[Relation, ...]
    examples: tuple[Example, ...]
    texts: Mapping[str, Texts]
    tags: tuple[str, ...]
    deprecated: bool
    cite: tuple[str, ...]
    origin: Pointer
    signed: Any = None
    """How the body is signed instead of a key (the written form); None: it is not."""
    formerly: tuple[Former, ...] = ()
    may_name_none: bool = False
    """True where verify may call it without naming an instance, and with it the author answers for what a wrong server changes then."""
    tenant: bool = False
    """Whether it tells of the caller's project alone."""
    alias_of: Action | None = None
    """Of an action under a former name, as lists of functions have it: the action itself."""

    @property
    def success(self) -> Output:
        """The first 2xx answer."""
        return next(o for o in self.outputs if 200 <= o.status < 300)

    def param(self, name: str) -> Param | None:
        """The argument of that name."""
        return next((p for p in self.params if p.name == name), None)

    def input_schema(self, *, places: tuple[PlaceIn, ...] = ("path", "query", "body"), omit: tuple[str, ...] = ()) -> Node:
        """All arguments in these places as one closed JSON Schema object."""
        chosen = [p for p in self.params if p.place in places and p.name not in omit]
        schema = Node(origin=(*self.origin, "input"))
        schema["type"] = "object"
        schema["properties"] = Node({p.name: p.schema for p in chosen}, origin=(*self.origin, "input"))
        if required := [p.name for p in chosen if p.required]:
            schema["required"] = required
        schema["additionalProperties"] = False
        return schema


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action with arguments; values that are Expressions are evaluated at the time."""

    action: Action
    input: Mapping[str, Any]
    at: Expression | None
    where: Expression | None
    origin: Pointer
    body_at: str = ""
    """The path to the members inside what `at` finds; empty where they stand there."""
