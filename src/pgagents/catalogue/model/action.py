"""Actions with their texts, arguments, examples, laws, hints and jobs; and calls of actions."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.base.acting import Acting
from pgagents.base.cel.expression import Expression, Scope
from pgagents.base.places import Node, Pointer, Text
from pgagents.base.text import bare_path
from pgagents.catalogue.model.answers import Code, Output, Pages

# -- arguments


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


# -- laws and relations


@dataclass(frozen=True, slots=True)
class Law:
    """A condition that holds between a request and its response."""

    name: str
    that: Expression
    when: Expression | None
    cite: tuple[str, ...]
    origin: Pointer

    @property
    def parts(self) -> tuple[Expression, ...]:
        """The law's condition, if it has one, and its claim."""
        return (self.that,) if self.when is None else (self.when, self.that)

    @property
    def names(self) -> frozenset[str]:
        """The variables that it reads."""
        return frozenset(name for part in self.parts for name in part.names)

    def applies(self, scope: Scope) -> bool:
        """True unless the law has a condition that is false in this scope. Raises ExpressionError."""
        return self.when is None or scope.holds(self.when)


@dataclass(frozen=True, slots=True)
class Relation:
    """A promise about two calls whose arguments differ only in `widen`.

    The wider answer must keep every item of the list `keeps`. An item of the wider answer for which `fits` is
    true must be in the narrower answer too. `by` is the member that tells items apart. The relation promises
    nothing where `unless` is true for the narrower call.
    """

    name: str
    widen: str
    keeps: Expression
    by: str
    unless: Expression | None
    cite: tuple[str, ...]
    origin: Pointer
    fits: Expression | None = None


# -- hints


@dataclass(frozen=True, slots=True)
class Hint:
    """One statement about the effect of a call.

    `origin` is the catalogue's line behind it. `written` is false if the statement was concluded from other
    parts. `reason` is one sentence, and `reasoned` is true if the author wrote it.
    """

    value: bool
    reason: Text
    origin: Pointer
    written: bool = False
    reasoned: bool = False


@dataclass(frozen=True, slots=True)
class Hints:
    """The four hints of an action. `facts` are sentences that say why a call is destructive."""

    read_only: Hint
    destructive: Hint
    idempotent: Hint
    open_world: Hint
    facts: tuple[str, ...] = ()

    def items(self) -> Iterator[tuple[str, Hint]]:
        """Yield each hint with its name."""
        for name in ("read_only", "destructive", "idempotent", "open_world"):
            yield name, getattr(self, name)


# -- jobs


@dataclass(frozen=True, slots=True)
class Job:
    """A job, whose progress is the state of `resource`. The action `read_by` reads it.

    It ends within `within_s` seconds in one of the states `done` or `failed`. After a failure the member
    `reason` says why.
    """

    resource: str
    read_by: str
    state: str
    done: tuple[str, ...]
    failed: tuple[str, ...]
    within_s: float
    reason: str | None
    origin: Pointer

    @property
    def ends(self) -> tuple[str, ...]:
        """The states in which a job has ended."""
        return (*self.done, *self.failed)


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
    """A former name of an action, with its operationId at that time.

    Agents may use the name until a day such as `2027-03-01`.
    """

    name: Text
    operation_id: str
    until: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Texts:
    """A surface's own texts for an action. A text that it does not replace is None or empty."""

    name: str | None = None
    title: Text | None = None
    description: Text | None = None
    reasoning: tuple[Text, ...] = ()
    responding: tuple[Text, ...] = ()
    params: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """The deprecation of an action, with days such as `2027-03-01` (UTC). Unknown parts are empty texts.

    `since` is the day it begins, `sunset` the day the action stops, `instead` the action to call.
    """

    since: str
    sunset: str
    instead: str
    origin: Pointer

    @property
    def sentence(self) -> str:
        """Return one sentence about the deprecation for callers; empty if no day and no successor is
        known.
        """
        parts = [
            f"Since {self.since} it is deprecated" if self.since else "",
            f"it stops working on {self.sunset}" if self.sunset else "",
            f"use {self.instead} instead" if self.instead else "",
        ]
        said = "; ".join(part for part in parts if part)
        return f"{said[:1].upper()}{said[1:]}." if said else ""


EVERY_CLASS = frozenset(("2XX", "3XX", "4XX", "5XX"))
"""The classes of statuses for which OpenAPI's `default` stands."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action that an agent can call."""

    name: Text
    operation_id: Text
    title: Text
    description: Text
    method: str
    path: Text
    effect: Literal["read", "write"]
    costs: bool
    hints: Hints
    bucket: str | None
    scope: str | None
    key: bool
    params: tuple[Param, ...]
    unknown: Literal["refused", "ignored", "any"]
    outputs: tuple[Output, ...]
    errors: tuple[Code, ...]
    idempotency: str | None
    equal_calls_s: int | None
    """Seconds from a first call within which equal calls are one; None if each call is meant anew."""
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
    """The signature of the body in place of a key, as the catalogue writes it; None if it is not signed."""
    formerly: tuple[Former, ...] = ()
    sends: bool = False
    """True if a call sends something to people, or may do so."""
    doubt: str = ""
    """Why a call may move money or send something, if the author has not said whether it does."""
    may_name_none: bool = False
    """True if verify may call the action without naming an instance.

    The author accepts the risk that a wrong server then changes something.
    """
    tenant: bool = False
    """True if the response depends only on the project that the caller belongs to."""
    content_type: str = "application/json"
    """The media type of the body that a call sends."""
    max_body_bytes: int | None = None
    """The largest body of a call in bytes; None if there is no limit."""
    headers: tuple[tuple[str, str], ...] = ()
    """Constant headers that each call has."""
    security: tuple[tuple[str, ...], ...] = ()
    """The alternative sets of credentials, each as the schemes that a call needs together.

    An empty set means that a call without a key is served too.
    """
    deprecation: Deprecation | None = None
    """The action's deprecation; None if the catalogue does not deprecate it."""
    etag: bool = False
    """True if the answer has an ETag, and a request with that tag in If-None-Match is answered with 304."""
    if_match: str | None = None
    """The argument that is sent as If-Match; None if there is none."""
    pages: Pages | None = None
    """The rules for getting the next page of the list; None if the list has no pages."""
    job: Job | None = None
    """The job that the action starts; None if all work is done when it answers."""
    either: tuple[tuple[str, ...], ...] = ()
    """Groups of arguments, of which a call must give exactly one group completely.

    Empty if there are none.
    """
    server: Text | None = None
    """The name of the server that has its path; None for the API's own."""
    otherwise: Code | None = None
    """The action's error for wrong, missing and unknown arguments; None if it uses the API's common ones."""
    may_change: tuple[str, ...] = ()
    """The members that a call may change although the action is not destructive."""
    other_statuses: tuple[str, ...] = ()
    """Classes of statuses (`4XX`) that it may answer besides the documented ones, without a promised body."""
    alias_of: Action | None = None
    """The current action, if this entry offers it under a former name; otherwise None."""

    def covers(self, status: int) -> bool:
        """True if the action may answer a status only because its whole class is documented."""
        return f"{status // 100}XX" in self.other_statuses

    @property
    def header_names(self) -> frozenset[str]:
        """The headers, in small letters, that are arguments."""
        return frozenset(param.wire.lower() for param in self.params if param.place == "header")

    @property
    def in_openapi_31(self) -> bool:
        """True if OpenAPI up to 3.1 has a place for the action: it has none for the method QUERY."""
        return self.on_rest and self.method != "QUERY"

    @property
    def only_reads(self) -> bool:
        """True if a call changes nothing and costs nothing, so that it may be repeated."""
        return self.effect == "read" and not self.costs

    @property
    def optional_key(self) -> bool:
        """True if a call may carry a key, and is served without one too."""
        return self.key and () in self.security

    @property
    def may_remove(self) -> bool:
        """True if the call may remove its instance for good.

        The catalogue marks it destructive, or its method is DELETE. A transition to another state removes
        nothing.
        """
        said = self.hints.destructive
        return said.value and (said.written or self.method == "DELETE")

    @property
    def bare_path(self) -> str:
        """The path without a slash or the format `.json` at its end."""
        return bare_path(self.path)

    @property
    def on_rest(self) -> bool:
        """True if the action has a method and path of its own.

        Otherwise both are empty, and other surfaces offer it.
        """
        return bool(self.path)

    @property
    def stale(self) -> Code | None:
        """Return the error of a write whose If-Match is not the current ETag."""
        return next((c for c in self.errors if c.status == 412), None) if self.if_match else None

    @property
    def success(self) -> Output:
        """The first documented 2xx response."""
        return next(o for o in self.outputs if 200 <= o.status < 300)

    @property
    def required_names(self) -> list[str]:
        """The arguments that every call gives, and so every example."""
        return [str(p.name) for p in self.params if p.required]

    def param(self, name: str) -> Param | None:
        """Return the argument of this name, or None."""
        return next((p for p in self.params if p.name == name), None)

    def input_schema(
        self,
        *,
        places: tuple[PlaceIn, ...] = ("path", "query", "cookie", "body", "whole_body"),
        params: tuple[Param, ...] | None = None,
    ) -> Node:
        """Return all arguments in these places as one closed JSON Schema object.

        `params` replaces the action's own arguments, if a surface offers others.
        """
        chosen = [p for p in (self.params if params is None else params) if p.place in places]
        schema = Node(origin=(*self.origin, "input"))
        schema["type"] = "object"
        schema["properties"] = Node({p.name: p.schema for p in chosen}, origin=(*self.origin, "input"))
        if required := [p.name for p in chosen if p.required]:
            schema["required"] = required
        schema["additionalProperties"] = False
        return schema


@dataclass(frozen=True, slots=True)
class WithheldGet:
    """A GET of a document that acts by its own words, so that only a caller who permits it may call it.

    `label` is its method and path as in the document, `path` the path of a call, with placeholders. `action`
    is its name; it is empty if no action was made of it.
    """

    label: str
    path: str
    acting: Acting
    action: str = ""


@dataclass(frozen=True, slots=True)
class WithheldGets:
    """The GETs of a document that act by their words. `total` is the number of all its GETs.

    `of_actions` is true if so many act that the words of the others were not trusted either.
    """

    gets: tuple[WithheldGet, ...] = ()
    total: int = 0
    of_actions: bool = False

    def find(self, action: str) -> WithheldGet | None:
        """Return the entry of an action; None if nothing says that it acts."""
        return next((get for get in self.gets if get.action == action), None) if action else None


@dataclass(frozen=True, slots=True)
class Undescribed:
    """Where an instance may stand in an answer that no document describes: the whole, or an object in it.

    `ids` are the members that may have its id; the resource's own is the first.
    """

    ids: tuple[str, ...]
    envelopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionCall:
    """An action with arguments. Values that are Expressions are evaluated when the call is made."""

    action: Action
    input: Mapping[str, Any]
    at: Expression | None
    where: Expression | None
    origin: Pointer
    body_at: str = ""
    """The dotted path from each value that `at` finds to its members; empty if it holds them directly."""
    id_at: tuple[str, str] | None = None
    """The member of the resource with its id, and the member that has the id in this call's answer.

    None if the answer names the id as the resource does.
    """
    inferred: bool = False
    """True if the import concluded that a resource is called so."""
    undescribed: Undescribed | None = None
    """Where an instance may be, if no document describes the answer."""

    def list_expressions(self) -> list[Expression]:
        """Return the arguments that are evaluated when the call is made."""
        return [value for value in self.input.values() if isinstance(value, Expression)]

    def asks_only(self, sent: Container[str]) -> bool:
        """True if the arguments take no member of an instance but those of these names."""
        paths = [path for one in self.list_expressions() for path in one.paths.get("resource", ())]
        return all(path and path[0] in sent for path in paths)
