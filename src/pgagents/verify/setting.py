"""The context of a run: what its checks may know, and what they remember.

`Compiled` holds what follows from the catalogue alone, and several runs may share it. `Setting` adds the
choices and aids of one caller, and never changes. `Memory` is what watchers note about earlier exchanges.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from pgagents.base.http import Handler
from pgagents.base.jsonschema.combine import join, join_null
from pgagents.base.jsonschema.schema import resolve, validator
from pgagents.catalogue.harmless.arguments import Harmless, Own, Withheld, put_text
from pgagents.catalogue.harmless.ids import NOBODY
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.resource import Resource, id_text
from pgagents.report.reason import Reason, without_allow
from pgagents.verify.wire.endpoint import Endpoint, endpoints
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp_link import Link, ToolListing
from pgagents.verify.wire.mcp_messages import tool_endpoints
from pgagents.verify.wire.oauth import OAuthClient
from pgagents.verify.wire.receiver import Inbox

# -- a compiled catalogue: endpoints, validators, and results that depend on the catalogue alone.
#
# A short run spends most of its time on compiling and listing, so `compile_catalogue` keeps the last few
# results. Runs may share one: it never holds anything that depends on a run's options, seed or
# identities.


T = TypeVar("T")
MOST_COMPILED = 4


@dataclass(frozen=True, slots=True, eq=False)
class CompiledCatalogue:
    """A catalogue for one target URL, which decides which links of its examples are the target's own.

    Only its caches change. They gain results that every run would compute alike.
    """

    model: Model
    url: str
    endpoints: tuple[Endpoint, ...]
    tools: tuple[Endpoint, ...]
    """The actions as tools of an MCP server."""
    every_endpoint: tuple[Endpoint, ...]
    by_place: Mapping[str, Endpoint]
    _tests: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)
    _results: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    def test(self, key: Any, schema: Mapping[str, Any]) -> Any:
        """Return the compiled validator of a schema, kept under a key."""
        found = self._tests.get(key)
        if found is None:
            found = self._tests[key] = validator(schema, self.model.schemas)
        return found

    def compute_once(self, key: Any, make: Callable[[], T]) -> T:
        """Return the result of `make`, called once for a key. `make` must read the catalogue and the URL
        alone.
        """
        if key not in self._results:
            self._results[key] = make()
        found: T = self._results[key]
        return found


_COMPILED: OrderedDict[tuple[int, str, bool], CompiledCatalogue] = OrderedDict()
"""The catalogues used last, by the identity of their model, which they keep alive, their URL, and whether
tools lead.
"""


def compile_catalogue(model: Model, url: str, *, tools_lead: bool = False) -> CompiledCatalogue:
    """Compile a catalogue for a target. A catalogue among the last few compiled ones is returned as it is.

    With `tools_lead`, an action that is a tool is called through the MCP server wherever any endpoint would
    do.
    """
    key = (id(model), url, tools_lead)
    found = _COMPILED.pop(key, None)
    if found is None:
        listed, tools = tuple(endpoints(model)), tuple(tool_endpoints(model))
        if tools_lead:
            offered = {str(one.action.name) for one in tools}
            listed = tuple(
                replace(one, leads=False) if str(one.action.name) in offered else one for one in listed
            )
            tools = tuple(replace(one, leads=True) for one in tools)
        every = (*listed, *tools)
        found = CompiledCatalogue(model, url, listed, tools, every, {d.place: d for d in every})
    _COMPILED[key] = found
    if len(_COMPILED) > MOST_COMPILED:
        _COMPILED.popitem(last=False)
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """The frozen context of a run: a compiled catalogue, and the choices and aids of one caller."""

    catalogue: CompiledCatalogue
    plain_url: str = ""
    """The base URL at which the target answers over plain http; empty if it has none."""
    seed: int = 0
    drawn: int = 0
    """The number of random calls, valid and invalid each, that the plan has room for at each endpoint."""
    drawn_for: frozenset[str] | None = None
    """The places of the endpoints whose random calls this shard sends; None for all."""
    drawn_writes: bool = True
    """False if no random call of a write is generated, because the run may not send it."""
    limits: bool = False
    """True if bursts may exceed the limits."""
    test_data: bool = False
    """True if the key is one for tests, so that what stays of a run harms nobody."""
    spared: frozenset[str] = frozenset()
    """The actions that no call repeats on purpose, because they cost money or send something to people.

    The key is not a test key then, and the caller does not name them.
    """
    exclusive: bool = False
    """True if nobody else uses the target."""
    sharded: bool = False
    """True if other shards of the run use the target at the same time."""
    discovery: bool = False
    """True if the run requests the documents that a host advertises, even if the catalogue lists none."""
    mcp: Link | None = None
    """The link to the MCP server that is verified too; None if the caller names none."""
    receiver: Inbox | None = None
    """The receiver that the server can send its events to; None if the caller offers none."""
    bare: Handler | None = None
    """The way to the target without the headers that the caller adds to every call; None if there are none.
    """
    oauth: OAuthClient | None = None
    """The OAuth client that the run may act as."""
    reach: Callable[[str], Handler] | None = None
    """A function that returns the way to another host, for its token endpoint; None if the caller has none.
    """
    servers: Mapping[str, str] = field(default_factory=dict)
    """The base URLs of the API's other servers by name."""
    roles: frozenset[str] = frozenset()
    """The identities that the caller gave."""
    allow: frozenset[str] = frozenset()
    """The actions, and the arguments (`action.argument`), that the caller lets a run send whole."""
    _results: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def counts_units(self) -> bool:
        """True where a document alone says how long a text is: Express, ASP.NET and Spring count UTF-16 units
        (2026-11-27), so that a wide character may count twice.
        """
        return self.model.leaves_open

    @property
    def model(self) -> Model:
        """The catalogue, resolved."""
        return self.catalogue.model

    @property
    def harmless(self) -> Harmless:
        """The arguments that a run withholds from the writes of the model."""
        return self.compute_once("harmless", lambda: Harmless(self.model))

    def list_withheld(self, action: Action) -> tuple[Withheld, ...]:
        """Return the arguments of a write of which a run sends only some values."""
        return tuple(one for one in self.harmless.list_withheld(action) if not self.allows(action, one))

    def holds(self, action: Action, name: str) -> bool:
        """True if a run sends only some values of an argument, or of a member of it."""
        return any(one.path[0] == name and not one.texts for one in self.list_withheld(action))

    def find_reaching(self, action: Action, values: Mapping[str, Any], own: Own = ()) -> list[Withheld]:
        """Return the arguments whose values may reach what is not the run's own, but for what is allowed."""
        found = self.harmless.find_reaching(action, values, own)
        return [one for one in found if not self.allows(action, one)]

    def say_reaching(self, action: Action, values: Mapping[str, Any]) -> str:
        """Return why a call with these values is not sent; empty if it reaches nothing of others.

        A word may still be replaced by one of the run's own.
        """
        for one in self.find_reaching(action, values):
            if one.words:
                name, *path = one.at
                values = {**values, name: put_text(values[name], path, NOBODY, lambda _: False)}
        found = self.find_reaching(action, values)
        return say_withheld(action, found[0]) if found else ""

    def allows(self, action: Action, one: Withheld) -> bool:
        """True if the caller lets a run send an argument whole: by itself, its parent or its action."""
        names = (str(action.name), *one.path)
        return any(".".join(names[:length]) in self.allow for length in range(1, len(names) + 1))

    @property
    def url(self) -> str:
        """The target's base URL."""
        return self.catalogue.url

    @property
    def https(self) -> bool:
        """True if the target speaks TLS."""
        return self.url.startswith("https://")

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """The endpoints of REST and of dispatchers, REST first."""
        return self.catalogue.endpoints

    @property
    def home_endpoints(self) -> list[Endpoint]:
        """The endpoints at the API's own server."""
        return [d for d in self.endpoints if not d.server]

    def list_bases(self, endpoint: Endpoint | None) -> list[str]:
        """Return the base URLs whose links count as the API's own; first that of the server that answered."""
        at = self.servers.get(endpoint.server) if endpoint is not None and endpoint.server else None
        bases = (at, self.url, str(self.model.api.server), *self.servers.values())
        return list(dict.fromkeys(url.rstrip("/") for url in bases if url))

    @property
    def tools(self) -> Sequence[Endpoint]:
        """The actions as tools of an MCP server."""
        return self.catalogue.tools

    @property
    def every_endpoint(self) -> Sequence[Endpoint]:
        """The endpoints, and behind them the tools."""
        return self.catalogue.every_endpoint

    @property
    def by_place(self) -> Mapping[str, Endpoint]:
        """Every endpoint and tool by `<action>@<surface>`."""
        return self.catalogue.by_place

    @property
    def listing(self) -> ToolListing | None:
        """The tools that an MCP server without a catalogue lists; None if there is a catalogue."""
        return self.mcp.listing if self.mcp is not None else None

    @property
    def usable(self) -> Sequence[Endpoint]:
        """The endpoints that this run can call: REST and dispatchers, and the tools if the run has an MCP
        server.
        """
        return self.every_endpoint if self.mcp is not None else self.endpoints

    def endpoint(self, action: str, surface: str) -> Endpoint | None:
        """Find the endpoint of an action on a surface."""
        return self.by_place.get(f"{action}@{surface}")

    def list_calling(self, action: Action) -> list[Endpoint]:
        """List the endpoints of an action, except those of an MCP server."""

        def group_endpoints() -> dict[str, list[Endpoint]]:
            found: dict[str, list[Endpoint]] = {}
            for one in self.endpoints:
                found.setdefault(str(one.action.name), []).append(one)
            return found

        return self.compute_once("calling", group_endpoints).get(str(action.name), [])

    def find_lead(self, action: str) -> Endpoint | None:
        """Return the endpoint for calls of an action if the surface does not matter; None if no surface has
        it.

        It is REST, else the first surface that offers the action.
        """

        def index_leads() -> dict[str, Endpoint]:
            return {str(one.action.name): one for one in self.every_endpoint if one.leads}

        return self.compute_once("leads", index_leads).get(action)

    def get_lead(self, action: str) -> Endpoint:
        """Return the same as `find_lead` for an action that is known to have an endpoint."""
        found = self.find_lead(action)
        assert found is not None
        return found

    def find_usable_lead(self, action: str) -> Endpoint | None:
        """Return the same as `find_lead`, but None for a tool if the run has no MCP server."""
        found = self.find_lead(action)
        return found if found is None or found.form is None or self.mcp is not None else None

    def lead_of(self, endpoint: Endpoint) -> Endpoint | None:
        """Return the endpoint that the action's other endpoints are compared with; None if there is none."""
        return self.find_lead(str(endpoint.action.name))

    def test(self, key: Any, schema: Mapping[str, Any]) -> Any:
        """Return the compiled validator of a schema, kept under a key."""
        return self.catalogue.test(key, schema)

    def test_argument(self, endpoint: Endpoint, param: Param) -> Any:
        """Return the compiled validator of an argument's values on the endpoint's surface."""
        name = str(param.name)
        narrower = endpoint.surface if endpoint.narrows(name) else ""
        return self.test(("param", str(endpoint.action.name), name, narrower), param.schema)

    def output_test(self, exchange: Exchange) -> Any:
        """Return the compiled validator of the body that the catalogue promises for this answer; None if
        it promises no body.
        """
        endpoint, output = exchange.call.endpoint, exchange.output
        if endpoint is None or output is None or output.schema is None:
            return None
        return self.test(("output", str(endpoint.action.name), output.status), output.schema)

    def compute_once(self, key: Any, make: Callable[[], T]) -> T:
        """Return the result of `make`, called once for a key and shared by runs.

        `make` must read the catalogue and the URL alone, and what the caller allows.
        """
        return self.catalogue.compute_once((self.allow, key) if self.allow else key, make)

    def compute_once_here(self, key: Any, make: Callable[[], T]) -> T:
        """Return the result of `make`, called once for a key. `make` may read everything in this setting, so
        no other run shares the result.
        """
        if key not in self._results:
            self._results[key] = make()
        found: T = self._results[key]
        return found

    def list_naming(self, resource: str) -> Sequence[Endpoint]:
        """Return the endpoints that make instances of a resource, or have an argument that names one."""

        def find() -> dict[str, list[Endpoint]]:
            made: dict[str, list[str]] = {}
            for one in self.model.resources.values():
                if one.made_by is not None:
                    made.setdefault(str(one.made_by.action.name), []).append(one.name)
            found: dict[str, list[Endpoint]] = {}
            for endpoint in self.endpoints:
                named = (p.refers_to for p in endpoint.params if p.refers_to)
                for name in dict.fromkeys((*named, *made.get(str(endpoint.action.name), ()))):
                    found.setdefault(name, []).append(endpoint)
            return found

        return self.compute_once("naming", find).get(resource, ())

    def owner_of(self, role: str) -> tuple[str, str]:
        """Return the project and the mode of a role's key; two empty texts if there is no such role."""
        found = self.model.auth.roles.get(role)
        return (found.project, found.mode) if found is not None else ("", "")

    def find_scope(self, resource: Resource, exchange: Exchange) -> str:
        """Return within what an exchange's ids of a resource are unique: the containers, and for another
        project's key that project, because a code may name another thing there.
        """
        endpoint, owner = exchange.call.endpoint, self.owner_of(exchange.call.role)
        place = resource.place_in(endpoint.params if endpoint is not None else (), exchange.input)
        apart = owner not in (("", ""), self.owner_of("main"))
        return f"{'/'.join(owner)} {place}" if apart else place

    def envelope(self, name: str) -> Any:
        """Return the compiled validator of a named schema."""
        return self.test(("schema", name), self.model.schemas[name])

    def resolve_schema(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the schema behind a reference. The parts of its `allOf`, or a scalar and null of its union,
        are one schema where one can say the same.
        """
        end = resolve(schema, self.model.schemas)
        # the answer holds the schema, because another one may get the `id()` of a schema that is gone
        if "anyOf" in end or "oneOf" in end:
            make = partial(join_null, end, self.model.schemas)
            return self.compute_once(("with null", id(end)), lambda: (end, make()))[1] or end
        if "allOf" not in end:
            return end
        _, joined = self.compute_once(("joined", id(end)), lambda: (end, join(end, self.model.schemas)))
        return joined.schema if joined.is_exact else end


def setting_of(model: Model, url: str = "", **asked: Any) -> Setting:
    """Return the setting of a catalogue and a target; `asked` are further fields of `Setting`."""
    return Setting(compile_catalogue(model, url), **asked)


# -- the notes of watchers on earlier exchanges


MAX_REQUEST_IDS = 15_000
MAX_BODIES = 3_000
"""The most bodies that are remembered. Beyond it the oldest are forgotten, so a long run needs no more
memory.
"""


class Memory:
    """Notes about the exchanges so far. Their number is bounded."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.model = setting.model
        self.bodies: dict[tuple[str, str], Any] = {}
        """The last known body of each instance, by resource and id; of very many, the oldest are forgotten.

        An exchange's own body is added after all watchers have judged it.
        """
        self.outdated: set[tuple[str, str]] = set()
        """Instances that a later write named and did not show: their bodies may be wrong by now."""
        self.tool_writes = 0
        """The writes through an MCP server's tools so far, which watchers of REST do not see."""
        self.request_ids: set[str] = set()
        self._ids_in_order: deque[str] = deque()
        self.notes: dict[Any, Any] = {}
        """Notes of watchers, under keys that begin with the watcher's name."""
        self.reached: set[str] = set()
        """Places (`action@surface`) that answered a 2xx."""
        self.asked: set[str] = set()
        """Places to which a right call was sent, whatever came."""
        self.put_off: dict[str, str] = {}
        """Why the first right call of a place got no answer that could be judged, by place."""
        self.delays: dict[str, str] = {}
        """Why the first call of an action, right or not, got no such answer, by the action's name."""
        self.uncertain: set[tuple[str, str, str]] = set()
        """Instances whose removal got no answer, by resource, place and id. A server may reuse their ids."""
        self.unscoped: dict[str, str] = {}
        """Places where a valid call got the code for a missing scope."""
        self.keys: Mapping[str, str] = {}
        self.tokens: set[str] = set()

    def learn(self, key: tuple[str, str], body: Mapping[str, Any]) -> None:
        """Add an instance's members from a body to those known from earlier bodies."""
        self.bodies[key] = {**self.bodies.get(key, {}), **body}
        self.outdated.discard(key)
        if len(self.bodies) > MAX_BODIES:
            del self.bodies[next(iter(self.bodies))]

    def forget_instances(self) -> None:
        """Forget all that was learned of instances, and what watchers have noted about earlier answers."""
        self.bodies.clear()
        self.outdated.clear()
        self.uncertain.clear()
        self.notes.clear()

    def subject(self, exchange: Exchange) -> tuple[Any, bool]:
        """Return the last known body of the instance that a call names, from before the call, or None; and
        whether it is outdated.

        A law calls it `before`. No request is sent to learn it.
        """
        endpoint = exchange.call.endpoint
        if endpoint is None:
            return None, False
        named = {p.refers_to: p for p in reversed(endpoint.params) if p.refers_to}
        for name in [n for n in reversed(named) if not self._contains_one(n, named)]:
            id: Any = exchange.input.get(str(named[name].name))
            if id is None:
                continue
            resource = self.model.resources[name]
            if len(resource.ids) > 1:
                id = id_text(resource.id_named(endpoint.params, exchange.input))
            key = (name, f"{self.setting.find_scope(resource, exchange)}{id}")
            if self.bodies.get(key) is not None:
                return self.bodies[key], key in self.outdated
        return None, False

    def list_referred(self, exchange: Exchange) -> Mapping[str, Any]:
        """Return the last known bodies of the instances that arguments name, by argument and by resource.

        Empty unless a law reads them.
        """
        endpoint = exchange.call.endpoint
        found: dict[str, Any] = {}
        if endpoint is None or not any("ref" in law.names for law in endpoint.action.laws):
            return found
        for param in endpoint.params:
            resource = self.model.resources.get(param.refers_to or "")
            id = exchange.input.get(str(param.name))
            if resource is not None and id is not None and len(resource.ids) == 1:
                body = self._find_body(resource, exchange, id)
                found |= {str(param.name): body, resource.name: body} if body is not None else {}
        return found

    def _find_body(self, resource: Resource, exchange: Exchange, id: Any) -> Any:
        """Return the last known body of an instance, or None. A call that names it without its containers,
        as a booking names a room, can mean the only one that has the id.
        """
        body = self.bodies.get((resource.name, f"{self.setting.find_scope(resource, exchange)}{id}"))
        if body is not None or not resource.placed_by:
            return body
        same = [
            one
            for (name, _), one in self.bodies.items()
            if name == resource.name and resource.id_of(one) == id
        ]
        return same[0] if len(same) == 1 else None

    def _contains_one(self, name: str, others: Iterable[str]) -> bool:
        """True if a resource contains one of the others. A call that names both is about the inner one."""
        for other in others:
            above, met = self.model.resources[other].within, {other}
            while above is not None and above not in met:
                if above == name:
                    return True
                met.add(above)
                above = self.model.resources[above].within
        return False

    def note_request_id(self, value: str) -> bool:
        """Return True if the id is new. If there are very many, the oldest ids are forgotten."""
        if value in self.request_ids:
            return False
        self.request_ids.add(value)
        self._ids_in_order.append(value)
        if len(self.request_ids) > MAX_REQUEST_IDS:
            self.request_ids.remove(self._ids_in_order.popleft())
        return True


def say_withheld(action: Action, one: Withheld) -> Reason:
    """Return why a value is not sent, and the option that sends it."""
    return without_allow(f"`{one.label}` of {action.name} {one.why}", action.name, one.label, does="sends it")
