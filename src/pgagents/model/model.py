"""The resolved catalogue: names looked up, defaults filled in, every part with its origin.

Schemas are plain JSON Schema 2020-12 in `Node`s; references read `#/components/schemas/NAME`. Expressions
have been compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pgagents.cel.expression import Expression
from pgagents.model.action import Action, ActionCall, Code, Law, Param
from pgagents.model.code_flow import CodeFlow
from pgagents.model.connection.certificate import ClientCertificate
from pgagents.model.connection.server import Server, find_addresses
from pgagents.model.credential import Credential
from pgagents.model.error_reader import ErrorReader
from pgagents.model.limit_reader import LimitReader
from pgagents.model.stores.cases import Cases
from pgagents.model.stores.listing import Listing
from pgagents.source.origin import Node, Text
from pgagents.source.source import Pointer, Source


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An argument as a surface takes it: `param` has the surface's schema, and `alias` is its name there."""

    param: Param
    alias: Text
    origin: Pointer


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server. `url` is empty unless it is hosted, `package` unless clients start it.

    `registry` is `npm`, `pypi` or `oci`. `says_version` is true if the catalogue gives it a version of its
    own.
    """

    name: Text
    version: Text
    url: Text
    transport: str
    security: tuple[tuple[str, ...], ...]
    registry: str
    package: Text
    origin: Pointer
    says_version: bool = False


@dataclass(frozen=True, slots=True)
class Surface:
    """A subset of the actions with its settings. Absent strings are empty."""

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
    """Settings of a page for trying the actions, as the catalogue writes them."""
    package: Any = None
    """Settings of the app package that contains the surface, as the catalogue writes them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that our own client sends with every call from this surface."""
    attribution: Mapping[str, str] = field(default_factory=dict)
    """Attribution of calls from this surface, by member."""
    narrow: Mapping[str, Mapping[str, Narrowed]] = field(default_factory=dict)
    """By action and argument, how this surface takes arguments that it renames or narrows."""
    listing: Listing | None = None
    """The plugin with the MCP server's tools, as a store lists it; None if none does."""
    cases: Cases | None = None
    """The test cases that the store's reviewer tries; None if there are none."""
    mcp_server: McpServer | None = None
    """The server whose tools the surface's actions are; None on any other surface."""

    def text(self, action: Action, what: Literal["title", "description"]) -> Text:
        """Return the action's title or description in this surface's wording."""
        own = action.texts.get(self.name)
        override = getattr(own, what) if own else None
        chosen: Text = override or getattr(action, what)
        return chosen

    def param_text(self, action: Action, param: Param) -> str:
        """Return the argument's description in this surface's wording."""
        own = action.texts.get(self.name)
        return (own.params.get(param.catalogue_name) if own else None) or param.description

    def params(self, action: Action) -> tuple[Param, ...]:
        """Return the action's arguments as this surface offers them, under its own names."""
        narrowed = self.narrow.get(action.name, {})
        return tuple(
            replace(p, name=narrowed[p.name].alias, of=str(p.name))
            if p.name in narrowed and narrowed[p.name].alias != p.name
            else p
            for p in self.narrowed_params(action)
        )

    def narrowed_params(self, action: Action) -> tuple[Param, ...]:
        """Return the arguments that it offers with the values that it takes, under the catalogue's names."""
        left_out, narrowed = self.omit.get(action.name, ()), self.narrow.get(action.name, {})
        return tuple(
            narrowed[p.name].param if p.name in narrowed else p
            for p in action.params
            if p.name not in left_out
        )

    def rename(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments that have the catalogue's names under the names of this surface."""
        narrowed = self.narrow.get(action.name, {})
        return {str(narrowed[k].alias) if k in narrowed else k: v for k, v in arguments.items()}

    def restore(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments that have this surface's names under the names of the catalogue."""
        names = {str(n.alias): str(n.param.name) for n in self.narrow.get(action.name, {}).values()}
        return {names.get(k, k): v for k, v in arguments.items()}

    def complete(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the same, with this surface's defaults of the arguments that it narrows."""
        narrowed = self.narrow.get(action.name, {})
        defaults = {
            n: one.param.schema["default"] for n, one in narrowed.items() if "default" in one.param.schema
        }
        return {**defaults, **self.restore(action, arguments)}


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """One operation that takes an action's name and its arguments in the body."""

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
    offered: Surface
    """The surface that it is, which may rename and narrow arguments."""
    json_rpc: bool = False
    """True if its messages are those of JSON-RPC 2.0."""

    def make_message(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a call; the arguments have their names in the catalogue."""
        frame: dict[str, Any] = {"jsonrpc": "2.0", "id": 1} if self.json_rpc else {}
        given = self.offered.rename(action, arguments)
        return {**frame, self.selector: str(action.name), self.arguments: given}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A rate limit of `requests` calls.

    With `even`, calls are refilled at `requests / per_s` a second. With `window`, all are refilled at the end
    of each window of `per_s` seconds.
    """

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
    """A response header. `on` holds `all`, `success`, `error`, `keyed` or statuses."""

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
    """A state transition of a resource that an action causes. `otherwise` is the error in any other state."""

    action: Action
    origin_states: tuple[str, ...]
    to: str
    input: Mapping[str, Any]
    otherwise: Code
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Takes:
    """A capacity that each living instance lowers by one.

    The capacity is `counter` of another resource `of`, which the instance names in its member `by`.
    """

    of: str
    by: str
    counter: str
    read_by: Action
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Unique:
    """Members that no two living instances have together. `otherwise` is the error for a second one."""

    members: tuple[str, ...]
    otherwise: Code
    cite: tuple[str, ...]
    origin: Pointer


@dataclass(frozen=True, slots=True)
class TimedMove:
    """A state transition that happens by itself, at the time in the member `at`."""

    origin_state: str
    to: str
    at: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object on the server, how a test obtains one, and its lifecycle.

    `ids` are dotted paths to the members that form its id together. `absent` is an id that does not exist.
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
    """The member with the time at which an instance ends without a call."""
    within: str | None = None
    """The resource whose instances contain instances of this one."""
    placed_by: tuple[str, ...] = ()
    """The containing resources that every call names beside an instance, the outermost first."""
    body_at: str | None = None
    """Path to the instance's members in a response."""
    gone_when: Expression | None = None
    """Condition that holds for a removed instance that the server still returns."""
    moves_by_time: tuple[TimedMove, ...] = ()
    shows_job: tuple[str, ...] = ()
    """The members that change by themselves while a job runs; empty if it shows none."""
    unique: tuple[Unique, ...] = ()
    inferred: bool = False
    """True if the resource was concluded from paths. An answer that contradicts it is odd and not broken."""
    reads_change: tuple[str, ...] = ()
    """The members that a mere read may change."""
    given: Expression | None = None
    """The id of an instance that is there, where no call lists or makes one; it reads `env`."""

    @property
    def id(self) -> str:
        """The member that distinguishes instances; the last one if the id has several."""
        return self.ids[-1]

    @property
    def removes(self) -> bool:
        """True if `undone_by` removes an instance for good, and does not only move its state."""
        undo = self.undone_by
        if undo is None or not self.state:
            return undo is not None
        return self.removed_for_good

    @property
    def removed_for_good(self) -> bool:
        """True if `undone_by` says that it removes an instance, and is no move to another state."""
        undo = self.undone_by
        if undo is None or any(move.action is undo.action for move in self.moves):
            return False
        return undo.action.may_remove

    def missing_for(self, param: Param) -> Code | None:
        """Return the error of an id in this argument that does not exist; None if the catalogue
        names none.
        """
        return param.otherwise.get(REFERENCE, self.missing)

    def missing_in(self, action: Action) -> Code | None:
        """Return the action's error for an instance that does not exist; None if it has none."""
        named = (self.missing_for(p) for p in action.params if p.refers_to == self.name)
        return next(named, self.missing)

    def id_of(self, body: Any) -> Id | None:
        """Return the id in a body: a scalar, or a tuple if it has several members. None if one of them is
        missing.
        """
        values = tuple(member_at(body, path) for path in self.ids)
        if not all(is_scalar(value) for value in values):
            return None
        return values if len(values) > 1 else values[0]

    def find_absent_value(self, param: Param) -> str | int | float | None:
        """Return a value for an argument that names no existing instance."""
        if isinstance(self.absent, tuple):
            return (
                self.absent[self.ids.index(param.refers_member)] if param.refers_member in self.ids else None
            )
        return self.absent

    def place_in(self, params: Iterable[Param], values: Mapping[str, Any]) -> str:
        """Return the ids of the containing resources as a call's arguments name them; empty if it names none.

        Ids are unique only within the containing resources that `placed_by` lists.
        """
        known = tuple(params) if self.placed_by else ()
        named = (values.get(str(p.name)) for above in self.placed_by for p in known if p.refers_to == above)
        return "/".join(id_text(value) for value in named if value is not None)

    def id_named(self, params: Iterable[Param], values: Mapping[str, Any]) -> Id | None:
        """Return the id that the arguments of a call name; None if a part of it lacks."""
        own = [p for p in params if p.refers_to == self.name]
        by_member = {p.refers_member or self.id: values.get(str(p.name)) for p in own}
        found: tuple[Any, ...] = tuple(by_member.get(member) for member in self.ids)
        if not all(is_scalar(value) for value in found):
            return None
        return found if len(found) > 1 else next(iter(found))

    def value_for(self, param: Param, body: Any) -> Any:
        """Return the argument's value that names the instance with this body."""
        return member_at(body, param.refers_member or self.id)


REFERENCE = "refers_to"
"""The keyword of an argument's own error for an id that does not exist."""

Id = str | int | float | tuple[str | int | float, ...]


def id_text(id: object) -> str:
    """Return an id as one text, for keys and messages."""
    return "/".join(map(str, id)) if isinstance(id, tuple) else str(id)


def is_scalar(value: Any) -> bool:
    """True for a value that can be an id: a non-empty string or a number."""
    return (isinstance(value, str) and value != "") or (
        isinstance(value, int | float) and not isinstance(value, bool)
    )


def member_at(body: Any, path: str) -> Any:
    """Return the member at a dotted path, or None."""
    for step in path.split("."):
        if not isinstance(body, Mapping):
            return None
        body = body.get(step)
    return body


def unwrap(item: Any, path: str) -> Any:
    """Return the item with the members of an inner object added to its own."""
    inner = member_at(item, path)
    return {**item, **inner} if isinstance(item, Mapping) and isinstance(inner, Mapping) else item


@dataclass(frozen=True, slots=True)
class Audit:
    """The audit log: how `role` lists its rows, and the meaning of a row's members."""

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
    """Conditions that hold if nobody else uses the server."""
    key: Expression | None = None
    """The key for this call, if an earlier step created one."""
    via: str = ""
    """The surface of the call, REST if empty: a dispatcher, or a surface whose headers are sent."""
    within_s: float = 0.0
    """Seconds within which the conditions must become true; the call is repeated until then."""
    headers: tuple[tuple[str, str], ...] = ()
    """Additional headers of the call."""


@dataclass(frozen=True, slots=True)
class Workflow:
    """A user's task from beginning to end, as a sequence of calls."""

    name: str
    title: Text
    description: Text
    needs: tuple[str, ...]
    steps: tuple[Step, ...]
    cite: tuple[str, ...]
    origin: Pointer
    only_verify: bool = False
    """True if only verify runs it, because it is not a user's task."""


@dataclass(frozen=True, slots=True)
class Model:
    """The whole resolved API.

    `api`, `auth`, `limits`, `errors`, `behaviour`, `webhooks`, `idempotency` and `retention` are the
    catalogue's own objects, as they have no choices left to resolve.
    """

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
    error_reader: ErrorReader
    """Finds the code of an error."""
    limit_reader: LimitReader
    """Reads the rate limit in an answer."""
    server: Server
    """The API's own server, whose URL is `api.server` with the default of each variable."""
    credential: Credential | None = None
    """The first credential of ordinary calls; None if no call has one."""
    credentials: Mapping[str, Credential] = field(default_factory=dict)
    """All credentials that calls use, by the scheme's name. The first one is that of ordinary calls."""
    security: tuple[tuple[str, ...], ...] = ()
    """The alternatives of an action without `security` of its own, as `Action.security` has them."""
    code_flow: CodeFlow | None = None
    """The flow by which users sign in, at any server; None if users do not sign in."""
    webhooks: Any = None
    idempotency: Any = None
    retention: Any = None
    audit: Audit | None = None
    browsers: Any = None
    servers: Mapping[str, Server] = field(default_factory=dict)
    """Other servers, by the names that actions give them."""
    certificate: ClientCertificate | None = None
    """The client certificate that connections have; None if no call needs one."""
    certificate_shared: bool = False
    """True if a call on a path that is no single action's needs it."""

    def find_addresses(self, url: str, given: Mapping[str, str]) -> dict[str, str]:
        """Return the base URLs of the other servers by name, if the API's own is at `url`."""
        return find_addresses(self.server, self.servers, url, given)

    def env_of(self, role: str) -> Mapping[str, Any]:
        """Return the values of `env` as they are for a role."""
        known = self.auth.roles.get(role)
        return {**self.env, **known.env} if known is not None and known.env else self.env

    @property
    def shared_security(self) -> tuple[tuple[str, ...], ...]:
        """Return the alternatives on a path that is no single action's; empty if no call has a key."""
        return self.security or (((self.credential.name,),) if self.credential is not None else ())

    @property
    def own_code_flow(self) -> CodeFlow | None:
        """The flow by which users sign in on the API's own server, or None."""
        return self.code_flow.at_home() if self.code_flow is not None else None

    @property
    def leaves_open(self) -> bool:
        """True if the model was made from a document. Then nothing is promised that the document
        leaves out.
        """
        return bool(self.errors.inferred)

    @property
    def no_key(self) -> Code | None:
        """Return the error of a call without a key; None if no call has a key."""
        name = self.errors.framework.no_key
        return self.codes[name] if name is not None and self.credential is not None else None

    @property
    def wrong_key(self) -> Code | None:
        """Return the error of a call with a malformed, unknown or revoked key; None if no call has a key."""
        name = self.errors.framework.wrong_key
        return self.codes[name] if name is not None and self.credential is not None else self.no_key

    def invalid_in(self, action: Action) -> Code:
        """Return the error of the action's arguments that are wrong and have no error of their own."""
        return action.otherwise or self.codes[self.errors.framework.invalid]

    def refusal_of(self, action: Action, param: Param | None, keyword: str, *, absent: bool = False) -> Code:
        """Return the error of an argument that breaks a keyword; `absent` if the whole argument is missing.

        An argument that the action does not have is None and breaks `additionalProperties`.
        """
        own = param.otherwise if param is not None else {}
        code = own.get(keyword) or (None if absent else own.get("")) or action.otherwise
        if code is not None:
            return code
        framework = self.errors.framework
        common = {"required": framework.missing, "additionalProperties": framework.unknown}
        return self.codes[common.get(keyword) or framework.invalid]

    def argument_codes(self, action: Action) -> frozenset[str]:
        """Return the names of the errors that any of the action's arguments may get."""
        if action.otherwise is not None:
            return frozenset((action.otherwise.name,))
        framework = self.errors.framework
        return frozenset(name for name in (framework.invalid, framework.missing, framework.unknown) if name)

    def find_key_prefix(self, mode: str) -> str:
        """Return the beginning of a key of this mode; empty if the catalogue names none."""
        return self.credential.find_prefix(mode) if self.credential is not None else ""

    @property
    def rest_actions(self) -> tuple[Action, ...]:
        """The actions with a method and a path of their own."""
        return tuple(action for action in self.actions if action.on_rest)

    def find_dispatcher(self, action: Action) -> Dispatcher | None:
        """Return the first dispatcher that offers the action, or None."""
        return next((d for d in self.dispatchers if any(a.name == action.name for a in d.actions)), None)

    @property
    def mcp_server(self) -> McpServer | None:
        """The server of the surface `mcp`, or None."""
        return self.surfaces["mcp"].mcp_server if "mcp" in self.surfaces else None

    def is_only_tool(self, action: Action) -> bool:
        """True if only an MCP server has the action."""
        return not action.on_rest and self.find_dispatcher(action) is None

    @property
    def path_actions(self) -> tuple[Action, ...]:
        """The actions that have a path of their own, or that of a dispatcher."""
        return tuple(action for action in self.actions if not self.is_only_tool(action))

    def find_own_tools(self, path: str) -> Dispatcher | None:
        """Return a dispatcher at this path for the actions that only the MCP server has; None if it has
        none.
        """
        own = tuple(action for action in self.actions if self.is_only_tool(action))
        if not own:
            return None
        surface = self.surfaces["mcp"]
        return Dispatcher(
            surface=surface.name,
            method="POST",
            path=Text(path, surface.origin),
            operation_id=Text(""),
            title=Text(""),
            description=Text(""),
            selector="name",
            arguments="arguments",
            scope=None,
            responses={},
            attribution=surface.attribution,
            actions=own,
            cite=(),
            origin=surface.origin,
            offered=surface,
        )

    def action(self, name: str) -> Action | None:
        """Return the action of this canonical name, or None."""
        return next((a for a in self.actions if a.name == name), None)

    def former(self, name: str) -> Action | None:
        """Return the action that had this name formerly, or None."""
        return next((a for a in self.actions if any(f.name == name for f in a.formerly)), None)

    def always(self) -> Iterator[Code]:
        """Yield the error codes that every action may return."""
        return (self.codes[name] for name in self.errors.always)

    def is_removal(self, action: Action) -> bool:
        """True if the action removes an instance for good."""
        undone = (r.undone_by for r in self.resources.values() if r.removed_for_good)
        return action.method == "DELETE" or any(call is not None and call.action is action for call in undone)

    def text(self, *pointer: str | int) -> Text:
        """Return the catalogue's string at a pointer, with its origin; empty if there is none."""
        value: Any = self.source.data
        for step in pointer:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return Text("", pointer)
        return Text(value if isinstance(value, str) else str(value), pointer)
