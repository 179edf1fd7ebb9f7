"""What watchers may remember from exchange to exchange, and what is compiled once for a run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pgagents.http import Handler
from pgagents.jsonschema.schema import resolve, validator
from pgagents.model.model import Model
from pgagents.verify.wire.endpoint import Endpoint, endpoints
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.mcp.form import tool_endpoints
from pgagents.verify.wire.mcp.link import Link
from pgagents.verify.wire.oauth import OAuthClient
from pgagents.verify.wire.receiver import Inbox

MAX_REQUEST_IDS = 15_000
MAX_BODIES = 3_000
"""More than any run of a few plans meets; a much longer one forgets those first met, so that it needs no more memory."""
T = TypeVar("T")
MOST_SETTINGS = 4
_LAST: list[Setting] = []


class Setting:
    """The catalogue as checks read it: its endpoints, compiled validators, the target's URL. Nothing here changes in a run."""

    def __init__(self, model: Model, url: str = "", plain_url: str = "") -> None:
        self.model = model
        self.url = url
        self.plain_url = plain_url
        self.endpoints = endpoints(model)
        self.tools = tool_endpoints(model)
        """The actions as tools of an MCP server."""
        self.every_endpoint = [*self.endpoints, *self.tools]
        self.by_place = {d.place: d for d in self.every_endpoint}
        self.https = url.startswith("https://")
        self.fuzz = True
        """Whether Schemathesis is asked for a second opinion; only a deep run does."""
        self.draws = 0
        """How many random values Hypothesis draws for each argument; only a deep run has any."""
        self.seed = 0
        self.limits = False
        """Whether bursts may exceed the limits."""
        self.exclusive = False
        """Whether nobody else uses the target."""
        self.mcp: Link | None = None
        """The way to the MCP server that is verified too; None where the caller names none."""
        self.receiver: Inbox | None = None
        """Where the server can send its events; None where the caller offers nothing."""
        self.bare: Handler | None = None
        """The way to the target without the headers that the caller gives every call; None where he gives none."""
        self.oauth: OAuthClient | None = None
        """The OAuth client that the run may act as."""
        self._tests: dict[Any, Any] = {}
        self._kept: dict[Any, Any] = {}

    @property
    def usable(self) -> list[Endpoint]:
        """The endpoints that this run can go through: those of an MCP server where one was given."""
        return self.every_endpoint if self.mcp is not None else self.endpoints

    def endpoint(self, action: str, surface: str) -> Endpoint | None:
        """The endpoint of an action on a surface."""
        return self.by_place.get(f"{action}@{surface}")

    def alike(self, endpoint: Endpoint) -> list[Endpoint]:
        """The endpoints of the same action, those of an MCP server apart."""

        def sorted_out() -> dict[str, list[Endpoint]]:
            found: dict[str, list[Endpoint]] = {}
            for one in self.endpoints:
                found.setdefault(str(one.action.name), []).append(one)
            return found

        return self.compute_once("alike", sorted_out).get(str(endpoint.action.name), [])

    def rest_of(self, endpoint: Endpoint) -> Endpoint | None:
        """The same action on REST."""
        return self.by_place.get(f"{endpoint.action.name}@rest")

    def test(self, key: Any, schema: Mapping[str, Any]) -> Any:
        """The compiled validator of a schema, kept under a key."""
        found = self._tests.get(key)
        if found is None:
            found = self._tests[key] = validator(schema, self.model.schemas)
        return found

    def output_test(self, exchange: Exchange) -> Any:
        """Return the compiled validator of the body that the catalogue promises for this answer; None if it promises no body."""
        endpoint, output = exchange.call.endpoint, exchange.output
        if endpoint is None or output is None or output.schema is None:
            return None
        return self.test(("output", str(endpoint.action.name), output.status), output.schema)

    def compute_once(self, key: Any, make: Callable[[], T]) -> T:
        """What `make` gives, made once for a key."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    def envelope(self, name: str) -> Any:
        """The compiled validator of a named schema."""
        return self.test(("schema", name), self.model.schemas[name])

    def named(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema behind a reference."""
        return resolve(schema, self.model.schemas)


def setting_of(model: Model, url: str, plain_url: str = "") -> Setting:
    """The setting of a catalogue and a target; the last few are kept, because compiling and listing is most of a short run."""
    for known in _LAST:
        if known.model is model and (known.url, known.plain_url) == (url, plain_url):
            return known
    _LAST.append(Setting(model, url, plain_url))
    del _LAST[:-MOST_SETTINGS]
    return _LAST[-1]


class Memory:
    """What has been seen so far; it stays small however long a run is."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.model = setting.model
        self.bodies: dict[tuple[str, str], Any] = {}
        """The last known body of a resource, by its name and id; of very many, those first met are forgotten.

        What an exchange tells is added when all watchers have judged it.
        """
        self.request_ids: set[str] = set()
        self._ids_in_order: deque[str] = deque()
        self.notes: dict[Any, Any] = {}
        """What a watcher keeps for itself, under keys that begin with its name."""
        self.reached: set[str] = set()
        """Places (`action@surface`) that answered a 2xx."""
        self.unscoped: dict[str, str] = {}
        """Places where a valid call met the code for a missing scope."""
        self.keys: Mapping[str, str] = {}

    def learn(self, key: tuple[str, str], body: Mapping[str, Any]) -> None:
        """Remember what an exchange tells of a resource, and what was told before of its other members."""
        self.bodies[key] = {**self.bodies.get(key, {}), **body}
        if len(self.bodies) > MAX_BODIES:
            del self.bodies[next(iter(self.bodies))]

    def subject(self, exchange: Exchange) -> Any:
        """The last known body of the resource that the call was about, from before the call."""
        endpoint = exchange.call.endpoint
        if endpoint is None:
            return None
        for param in endpoint.params:
            if param.refers_to and (id := exchange.input.get(str(param.name))) is not None:
                resource = self.model.resources[param.refers_to]
                body = self.bodies.get((param.refers_to, f"{resource.place_in(endpoint.params, exchange.input)}{id}"))
                if body is not None:
                    return body
        return None

    def note_request_id(self, value: str) -> bool:
        """Whether the id is new; of very many those first met are forgotten."""
        if value in self.request_ids:
            return False
        self.request_ids.add(value)
        self._ids_in_order.append(value)
        if len(self.request_ids) > MAX_REQUEST_IDS:
            self.request_ids.remove(self._ids_in_order.popleft())
        return True
