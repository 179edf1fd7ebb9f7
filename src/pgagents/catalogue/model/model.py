"""The resolved catalogue: names looked up, defaults filled in, every part with its origin; and its
servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pgagents.base.cel.expression import Expression
from pgagents.base.jsonschema.combine import join
from pgagents.base.jsonschema.readings import Readings
from pgagents.base.places import Node, Pointer, Source, Text
from pgagents.base.text import split
from pgagents.catalogue.model.action import Action, ActionCall, Param, WithheldGets
from pgagents.catalogue.model.answers import Code, ErrorReader, LimitReader
from pgagents.catalogue.model.credential import CodeFlow, Credential
from pgagents.catalogue.model.resource import Resource, Workflow
from pgagents.catalogue.model.surface import Dispatcher, McpServer, Surface

# -- a document's own schemas, for a model that lies over a document


@dataclass(frozen=True, slots=True, eq=False)
class DocumentRequest:
    """The schemas of one operation's request: its body as a whole, and each parameter by place and name.

    `body` is None if the document describes none, or one that is neither JSON nor a form.
    """

    body: Readings | None = None
    needs_body: bool = False
    params: Mapping[tuple[str, str], Readings] = field(default_factory=dict)
    required: frozenset[tuple[str, str]] = frozenset()
    fitted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The arguments that a run found to be allowed together, by the example that they follow."""

    @property
    def gaps(self) -> tuple[str, ...]:
        """The parts of these schemas that could not be held."""
        every = [*([self.body] if self.body is not None else []), *self.params.values()]
        return tuple(dict.fromkeys(gap for readings in every for gap in readings.gaps))


class DocumentSchemas(Protocol):
    """Finds the document's own schemas of an action by its name."""

    def find_request(self, action: str) -> DocumentRequest | None:
        """Return the schemas of an action's request; None if the author replaced a part of them."""

    def find_answer(self, action: str, status: int) -> Readings | None:
        """Return the schema of an answer's JSON body; None if there is none, or the author's replaces it."""


# -- servers


_ANY = "[A-Za-z0-9-]+"
"""Values of a variable without a list of allowed values: part of a host name, never the whole."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a server's URL; an empty `values` leaves its values open."""

    name: str
    default: str
    values: tuple[str, ...]
    description: str
    origin: Pointer


@dataclass(frozen=True, slots=True)
class Server:
    """One server. `name` is empty for the API's own, and `template` may have variables in braces."""

    name: str
    template: Text
    variables: tuple[Variable, ...]
    description: str
    origin: Pointer

    @property
    def url(self) -> str:
        """The server's URL with the default of each variable."""
        return self.fill({})

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the URL with these values, and with the default of each other variable.

        A value that the variable does not allow is ignored.
        """
        known = {
            v.name: values[v.name] if not v.values or values[v.name] in v.values else v.default
            for v in self.variables
            if v.name in values
        }
        return fill(str(self.template), {**{v.name: v.default for v in self.variables}, **known})

    def find_values(self, url: str) -> dict[str, str] | None:
        """Return the values of the variables in this URL; None if the URL does not fit the template."""
        if url.rstrip("/") == self.url.rstrip("/"):
            return {v.name: v.default for v in self.variables}
        literals, names = split(str(self.template).rstrip("/"))
        known = {v.name: v for v in self.variables}
        parts = [re.escape(literals[0])]
        for name, literal in zip(names, literals[1:], strict=True):
            values = known[name].values
            parts.append(f"({'|'.join(map(re.escape, values)) if values else _ANY}){re.escape(literal)}")
        found = re.fullmatch("".join(parts), url.rstrip("/"))
        return dict(zip(names, found.groups(), strict=True)) if found is not None else None


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a template with values in place of the names in braces."""
    return re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], name[0]), template)


def find_addresses(
    main: Server, servers: Mapping[str, Server], url: str, given: Mapping[str, str]
) -> dict[str, str]:
    """Return the base URLs of the other servers by name, if the API's own server is at `url`.

    `given` names addresses of a run. The catalogue's address counts only if `url` is the catalogue's too,
    with the same variables. Otherwise a key for a test server would be sent to a live one.
    """
    values = main.find_values(url)
    named = {name: one.fill(values) for name, one in servers.items()} if values is not None else {}
    return {
        name: (given.get(name) or named[name]).rstrip("/") for name in servers if name in {**named, **given}
    }


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
class Model:
    """The whole resolved API.

    `api`, `auth`, `limits`, `errors`, `behaviour`, `webhooks`, `idempotency` and `retention` are the
    catalogue's own objects, because nothing in them needs resolving.
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
    """Named schemas.

    One with members of one direction only has variants too: `Line.sent`, `Line.answered`.
    """
    secrets: frozenset[str]
    """Names of members that the catalogue marks `secret`; an argument also by its name on the wire."""
    private: frozenset[str]
    """The same, for members that it marks `private`."""
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
    """All credentials that calls use, by scheme name. The first is the default for ordinary calls."""
    security: tuple[tuple[str, ...], ...] = ()
    """The alternatives for actions without their own `security`, in the form of `Action.security`."""
    code_flow: CodeFlow | None = None
    """The flow by which users sign in, on any server; None if users do not sign in."""
    webhooks: Any = None
    idempotency: Any = None
    retention: Any = None
    audit: Audit | None = None
    browsers: Any = None
    servers: Mapping[str, Server] = field(default_factory=dict)
    """Other servers, by the names that actions give them."""
    withheld: WithheldGets = field(default_factory=WithheldGets)
    """GETs of a document that act by their words; a catalogue says `effect` itself."""
    document: DocumentSchemas | None = None
    """The schemas of the document that the catalogue lies over; None for one without a document."""

    def find_addresses(self, url: str, given: Mapping[str, str]) -> dict[str, str]:
        """Return the base URLs of the other servers by name, if the API's own is at `url`."""
        return find_addresses(self.server, self.servers, url, given)

    def env_of(self, role: str) -> Mapping[str, Any]:
        """Return the values of `env` that apply to a role."""
        known = self.auth.roles.get(role)
        return {**self.env, **known.env} if known is not None and known.env else self.env

    @property
    def shared_security(self) -> tuple[tuple[str, ...], ...]:
        """Return the alternatives for a path that several actions share; empty if no call has a key."""
        return self.security or (((self.credential.name,),) if self.credential is not None else ())

    @property
    def own_code_flow(self) -> CodeFlow | None:
        """Return the flow by which users sign in on the API's own server, or None."""
        return self.code_flow.at_home() if self.code_flow is not None else None

    @property
    def leaves_open(self) -> bool:
        """True if the model was made from a document.

        Then it promises nothing that the document leaves out.
        """
        return bool(self.errors.inferred)

    @property
    def no_key(self) -> Code | None:
        """Return the error of a call without a key; None if the API has no keys."""
        name = self.errors.framework.no_key
        return self.codes[name] if name is not None and self.credential is not None else None

    @property
    def wrong_key(self) -> Code | None:
        """Return the error of a call with a malformed, unknown or revoked key; None if the API has no
        keys.
        """
        name = self.errors.framework.wrong_key
        return self.codes[name] if name is not None and self.credential is not None else self.no_key

    def invalid_in(self, action: Action) -> Code:
        """Return the action's error for wrong arguments that have no error of their own."""
        return action.otherwise or self.codes[self.errors.framework.invalid]

    def refusal_of(self, action: Action, param: Param | None, keyword: str, *, absent: bool = False) -> Code:
        """Return the error that a call gets if an argument breaks a keyword of its schema, such as `maximum`.

        Set `absent` if the argument itself is missing, and not a member of it. For an argument that the
        action does not have, pass None and the keyword `additionalProperties`.
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
        """Return the beginning of keys of this mode; empty if the catalogue names none."""
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
        """The actions that can be called at a path: their own, or a dispatcher's."""
        return tuple(action for action in self.actions if not self.is_only_tool(action))

    @property
    def described_workflows(self) -> tuple[Workflow, ...]:
        """The workflows that documents describe: all but those that only verify runs."""
        return tuple(workflow for workflow in self.workflows if not workflow.only_verify)

    def find_own_tools(self, path: str) -> Dispatcher | None:
        """Return a dispatcher at this path for the actions that only the MCP server offers; None if there are
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
        """Return the action that had this name in the past, or None."""
        return next((a for a in self.actions if any(f.name == name for f in a.formerly)), None)

    def always(self) -> Iterator[Code]:
        """Yield the error codes that every action may return."""
        return (self.codes[name] for name in self.errors.always)

    def is_removal(self, action: Action) -> bool:
        """True if the action removes an instance for good."""
        undone = (r.undone_by for r in self.resources.values() if r.removed_for_good)
        return action.method == "DELETE" or any(call is not None and call.action is action for call in undone)

    def schema_at(self, action: Action, place: Iterable[str | int]) -> Mapping[str, Any]:
        """Return the schema at a place in an action's answer, with references followed and the parts of an
        `allOf` as one.

        The place has names of members and indices of items. The result is empty if there is no schema.
        """
        schema = join(action.success.schema or {}, self.schemas).schema
        for step in place:
            inner = schema.get("properties", {}).get(step) if isinstance(step, str) else schema.get("items")
            schema = join(inner or {}, self.schemas).schema
        return schema

    def text(self, *pointer: str | int) -> Text:
        """Return the catalogue's string at a pointer, with its origin; empty if there is none."""
        value: Any = self.source.data
        for step in pointer:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return Text("", pointer)
        return Text(value if isinstance(value, str) else str(value), pointer)
