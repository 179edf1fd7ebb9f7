"""The catalogue resolved: names looked up, defaults filled in, every part with its origin.

Schemas are plain JSON Schema 2020-12 in `Node`s; references read `#/components/schemas/NAME`.
Expressions are text that is known to compile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pgagents.cel.expression import Expression
from pgagents.model.action import Action, ActionCall, Code, Law, Param
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer, Source


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """One operation that takes an action's name and its arguments."""

    surface: str
    method: str
    path: Text
    operation_id: Text
    title: Text
    description: Text
    selector: str
    arguments: str
    scope: str | None
    responses: Mapping[int, Text]
    attribution: Mapping[str, str]
    actions: tuple[Action, ...]
    cite: tuple[str, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Surface:
    """A subset of the actions with its settings; strings that are absent are empty."""

    name: str
    actions: tuple[Action, ...]
    omit: Mapping[str, tuple[str, ...]]
    title: Text
    description: Text
    human_name: Text
    namespace: Text
    dispatcher: bool
    server: Text
    env: Mapping[str, str]
    auth: Node
    instructions: Text
    starters: tuple[Text, ...]
    published_spec: Text
    extra: Mapping[str, Any]
    cite: tuple[str, ...]
    origin: Pointer
    page: Any = None
    """The written form of a page to try the action on."""
    package: Any = None
    """The written form of the app in which the surface travels."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What our own client sends with every call from here."""
    attribution: Mapping[str, str] = field(default_factory=dict)
    """What calls from here are stamped with, by member."""

    def text(self, action: Action, what: Literal["title", "description"]) -> Text:
        """The action's title or description as this surface words it."""
        own = action.texts.get(self.name)
        override = getattr(own, what) if own else None
        chosen: Text = override or getattr(action, what)
        return chosen

    def param_text(self, action: Action, param: Param) -> str:
        """The argument's description as this surface words it."""
        own = action.texts.get(self.name)
        return (own.params.get(param.name) if own else None) or param.description

    def params(self, action: Action) -> tuple[Param, ...]:
        """The action's arguments that this surface offers."""
        left_out = self.omit.get(action.name, ())
        return tuple(p for p in action.params if p.name not in left_out)


@dataclass(frozen=True, slots=True)
class Bucket:
    """At most `requests` calls: `even` gives them back at requests / per_s a second, `window` all at the end of one of `per_s` seconds."""

    name: str
    requests: int
    per_s: float
    refill: Literal["even", "window"]
    of: Literal["key", "end_user", "address"]
    when: Expression | None
    description: Text
    cite: tuple[str, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Header:
    """A header of answers. `on` holds `all`, `success`, `error`, `keyed` or statuses."""

    name: str
    description: Text
    on: tuple[str | int, ...]
    schema: Node
    const: str | None
    cite: tuple[str, ...]
    origin: Pointer
    https: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """What an action does to a resource's state."""

    action: Action
    origin_states: tuple[str, ...]
    to: str
    input: Mapping[str, Any]
    otherwise: Code
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Takes:
    """What one of a resource lowers by one while it lives: `counter` of another resource, whose id is its member `by`."""

    of: str
    by: str
    counter: str
    read_by: Action
    origin: Pointer


@dataclass(frozen=True, slots=True)
class TimedMove:
    """A state that becomes another one by itself, at the time that a member says."""

    origin_state: str
    to: str
    at: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of thing, how a test comes by one, and its lifecycle.

    `ids` are the members whose values are its id together, as dotted paths; `absent` is a value for each of them.
    """

    name: str
    ids: tuple[str, ...]
    found_by: ActionCall | None
    made_by: ActionCall | None
    read_by: tuple[ActionCall, ...]
    listed_by: tuple[ActionCall, ...]
    undone_by: ActionCall | None
    absent: Id | None
    missing: Code | None
    tenant: bool
    state: str | None
    states: tuple[str, ...]
    initial: str | None
    moves: tuple[Move, ...]
    fixed: tuple[str, ...]
    volatile: tuple[str, ...]
    laws: tuple[Law, ...]
    cite: tuple[str, ...]
    origin: Pointer
    takes: Takes | None = None
    expires_by: str | None = None
    """The member that says when it ends by itself."""
    within: str | None = None
    """The resource that it lives in."""
    body_at: str | None = None
    """The path to its members inside what an answer has of it."""
    gone_when: Expression | None = None
    """What holds of one that was removed and is still answered."""
    moves_by_time: tuple[TimedMove, ...] = ()

    @property
    def id(self) -> str:
        """The member that tells one from the others; of several the last."""
        return self.ids[-1]

    def id_of(self, body: Any) -> Id | None:
        """The id in a body: a scalar, or a tuple where it has several members; None where one of them is lacking."""
        values = tuple(member_at(body, path) for path in self.ids)
        if not all(is_scalar(value) for value in values):
            return None
        return values if len(values) > 1 else values[0]

    def absent_for(self, param: Param) -> str | int | float | None:
        """The value of an argument that names one which does not exist."""
        if isinstance(self.absent, tuple):
            return self.absent[self.ids.index(param.refers_member)] if param.refers_member in self.ids else None
        return self.absent

    def place_in(self, params: Iterable[Param], values: Mapping[str, Any]) -> str:
        """The ids of what one lives in, as a call's arguments name them; empty where it lives in nothing. Ids are unique in there only."""
        named = (values.get(str(p.name)) for p in params if self.within is not None and p.refers_to == self.within)
        return "/".join(id_text(value) for value in named if value is not None)

    def value_for(self, param: Param, body: Any) -> Any:
        """The value of an argument that names the one with this body."""
        return member_at(body, param.refers_member or self.id)


Id = str | int | float | tuple[str | int | float, ...]


def id_text(id: object) -> str:
    """An id as one text, for keys and for people."""
    return "/".join(map(str, id)) if isinstance(id, tuple) else str(id)


def is_scalar(value: Any) -> bool:
    """True for a value that can be an id: a text that is not empty, or a number."""
    return (isinstance(value, str) and value != "") or (isinstance(value, int | float) and not isinstance(value, bool))


def member_at(body: Any, path: str) -> Any:
    """The member at a dotted path, None where there is none."""
    for step in path.split("."):
        if not isinstance(body, Mapping):
            return None
        body = body.get(step)
    return body


@dataclass(frozen=True, slots=True)
class Audit:
    """The log of what was done: how `role` lists its rows, and what a row's members say."""

    listed_by: ActionCall
    role: str
    reads_on: tuple[str, ...]
    at: str
    action: str
    actor: str | None
    diff: str | None
    about: Mapping[str, str]
    never: tuple[str, ...]
    cite: tuple[str, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a workflow."""

    name: str
    action: Action
    input: Mapping[str, Any]
    role: str
    after_s: float | Expression
    status: int
    keep: Mapping[str, Expression]
    expect: tuple[Expression, ...]
    expect_timed: tuple[Expression, ...]
    origin: Pointer
    expect_alone: tuple[Expression, ...] = ()
    """What holds where nobody else uses the server."""
    key: Expression | None = None
    """The key that makes the call, where an earlier step made one."""
    via: str = ""
    """The surface it goes through, REST where empty: a dispatcher, or one whose headers go with the call."""
    within_s: float = 0.0
    """In how many seconds what must hold may come true; the call is made again until then."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers that go with the call."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """What a user does from beginning to end."""

    name: str
    title: Text
    description: Text
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    cite: tuple[str, ...]
    origin: Pointer
    only_verify: bool = False
    """Whether verify alone runs it, as it is no work of a user's."""


@dataclass(frozen=True, slots=True)
class Model:
    """The whole API. `api`, `auth`, `limits`, `errors`, `behaviour`, `webhooks`, `idempotency` and
    `retention` keep the written form: it has no choices left."""

    source: Source
    sha256: str
    api: Any
    auth: Any
    limits: Any
    errors: Any
    behaviour: Any
    env: Mapping[str, Any]
    schemas: Mapping[str, Node]
    secrets: frozenset[str]
    private: frozenset[str]
    codes: Mapping[str, Code]
    buckets: Mapping[str, Bucket]
    headers: tuple[Header, ...]
    actions: tuple[Action, ...]
    operator: tuple[Action, ...]
    clock: Action | None
    surfaces: Mapping[str, Surface]
    dispatchers: tuple[Dispatcher, ...]
    resources: Mapping[str, Resource]
    workflows: tuple[Workflow, ...]
    domain: str | None
    webhooks: Any = None
    idempotency: Any = None
    retention: Any = None
    audit: Audit | None = None
    browsers: Any = None

    def action(self, name: str) -> Action | None:
        """The action of that canonical name."""
        return next((a for a in self.actions if a.name == name), None)

    def former(self, name: str) -> Action | None:
        """The action that had that name before."""
        return next((a for a in self.actions if any(f.name == name for f in a.formerly)), None)

    def always(self) -> Iterator[Code]:
        """Codes that every action may answer."""
        return (self.codes[name] for name in self.errors.always)

    def text(self, *pointer: str | int) -> Text:
        """The written string at a pointer, with its origin; empty where there is none."""
        value: Any = self.source.data
        for step in pointer:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return Text("", pointer)
        return Text(value if isinstance(value, str) else str(value), pointer)
