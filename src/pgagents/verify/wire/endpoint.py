"""Endpoints: one action on one wire surface, which is REST, a dispatcher or MCP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from zlib import crc32

from pgagents.base.http import Response, json_bytes, read_json
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher, Surface
from pgagents.report.contract import FRAMEWORK
from pgagents.report.reason import Reason

# -- messages of JSON-RPC 2.0.
#
# https://www.jsonrpc.org/specification, read 2026-11-21.


VERSION = "2.0"
PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
OK = 200


def frame(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's members with version and id. Different calls have different ids, some texts and some
    numbers.
    """
    number = crc32(json_bytes(dict(message)))
    return {"jsonrpc": VERSION, "id": number if number % 2 else f"pgv-{number}", **message}


class MessageReader:
    """Decodes the answers of a catalogue's JSON-RPC dispatchers."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def read(self, response: Response) -> Response:
        """Return the API's answer inside a message: its result, or its error with the status of its code.

        A null beside the other of the two does not count. Anything that is not a JSON-RPC message is returned
        unchanged.
        """
        if response.status != OK:
            return response
        message = read_json(response.body).value
        if not isinstance(message, Mapping):
            return response
        present = [name for name in ("result", "error") if name in message]
        if len(present) == 2:  # version 1 has both, and one is null
            present = [name for name in present if message[name] is not None]
        if len(present) != 1:
            return response
        if present == ["result"]:
            return replace(response, body=json_bytes(message["result"]))
        error = message["error"]
        return self._error(response, error if isinstance(error, Mapping) else {})

    def _error(self, response: Response, error: Mapping[str, Any]) -> Response:
        data, number = error.get("data"), error.get("code")
        code = self._model.error_reader.read(0, data).code
        if code is not None:
            return replace(response, status=code.status, body=json_bytes(data))
        framework = self._model.errors.framework
        names = {PARSE_ERROR: framework.bad_body, INTERNAL: framework.crashed}
        known = names.get(number) if isinstance(number, int) else None
        status = self._model.codes[known or framework.invalid].status
        return replace(response, status=status, body=json_bytes(data if data is not None else {}))


REST = "rest"
MCP = "mcp"
"""The surface on which actions are tools of an MCP server."""
NO_MCP = Reason(
    "needs the MCP server: add --mcp-url URL or --mcp-stdio CMD", ("--mcp-url URL", "--mcp-stdio CMD")
)
OPERATOR = "operator"
"""The surface and role of the operator's endpoints; watchers do not judge their answers."""


class Form(Protocol):
    """Encodes calls for a surface that is neither REST nor a dispatcher, as messages of a protocol on one
    path.

    Each action on such a surface is an `Endpoint` with this form. No other code depends on the protocol.
    """

    def params(self, action: Action) -> tuple[Param, ...]:
        """Return the arguments that a call can have."""

    def request(
        self, action: Action, values: Mapping[str, Any], *, keyed: bool = False
    ) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """Return method, target, headers and body of a call; with `keyed`, with its idempotency key."""

    def answer(self, action: Action, response: Response) -> Response:
        """Return the answer as the action itself would give it, with its own status and body."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One action on one wire surface. `dispatcher` and `form` are None on REST.

    `place` (`<action>@<surface>`) is the last part of its contracts' ids.
    """

    action: Action
    surface: str
    dispatcher: Dispatcher | None
    place: str
    form: Form | None = None
    open: bool = False
    """True if no call of the API needs a key."""
    shared_security: tuple[tuple[str, ...], ...] = ()
    """The alternatives of schemes for a call through a dispatcher or a tool."""
    tools: Surface | None = None
    """The surface of an MCP server's tools; None for any other endpoint."""
    json_rpc: MessageReader | None = None
    """Decodes the answers of a JSON-RPC dispatcher; None for any other endpoint."""
    leads: bool = False
    """True on REST. If REST lacks the action, true on the first other surface that has it."""

    @property
    def on_rest(self) -> bool:
        """True if arguments are sent in the action's own path, query, headers and body, instead of one
        object.
        """
        return self.dispatcher is None and self.form is None

    @property
    def server(self) -> str:
        """The name of the server that serves its path; empty for the API's own."""
        return str(self.action.server) if self.on_rest and self.action.server is not None else ""

    @property
    def params(self) -> tuple[Param, ...]:
        """The arguments that this endpoint takes, under the catalogue's names."""
        if self.dispatcher is not None:
            return self.dispatcher.offered.narrowed_params(self.action)
        return self.action.params if self.form is None else self.form.params(self.action)

    @property
    def offered(self) -> Surface | None:
        """The surface that may rename and restrict arguments; None on REST."""
        return self.dispatcher.offered if self.dispatcher is not None else self.tools

    @property
    def known_params(self) -> tuple[Param, ...]:
        """All arguments of the action, with the values that this surface accepts."""
        narrowed = self.offered.narrow.get(self.action.name, {}) if self.offered is not None else {}
        return tuple(narrowed[p.name].param if p.name in narrowed else p for p in self.action.params)

    def list_unsent(self) -> frozenset[str]:
        """Return the arguments of the action that calls here never have: a tool's calls have no headers."""
        if self.form is None:
            return frozenset()
        sent = {str(p.name) for p in self.params}
        headers = (p for p in self.action.params if p.place == "header")
        return frozenset(str(p.name) for p in headers) - sent

    def read(self, response: Response) -> Response:
        """Return the API's own answer, extracted from this surface's answer."""
        if self.form is not None:
            return self.form.answer(self.action, response)
        return self.json_rpc.read(response) if self.json_rpc is not None else response

    def narrows(self, name: str) -> bool:
        """True if the surface takes fewer values of this argument than REST does."""
        own = self.offered.narrow.get(self.action.name, {}) if self.offered is not None else {}
        return name in own and own[name].param.schema != next(
            p.schema for p in self.action.params if p.name == name
        )

    def alias(self, name: str) -> str:
        """Return the name of an argument on this surface."""
        narrowed = self.offered.narrow.get(self.action.name, {}) if self.offered is not None else {}
        return str(narrowed[name].alias) if name in narrowed else name

    @property
    def success_status(self) -> int:
        """The status of an ordinary success; always 200 if all actions share one path."""
        return self.action.success.status if self.on_rest else 200

    @property
    def needs_key(self) -> bool:
        """True if calls through this endpoint need a key."""
        return self.action.key or not (self.on_rest or self.open)

    @property
    def security(self) -> tuple[tuple[str, ...], ...]:
        """The alternatives of schemes with which a call may authenticate."""
        return self.action.security if self.on_rest else self.shared_security

    @property
    def ordinary(self) -> bool:
        """True if its action is called like most others: with a key, or without one if the API has no
        keys.
        """
        return self.action.key or self.open

    @property
    def answers_file(self) -> bool:
        """True if the answer is a file. A tool's result describes the file and does not contain it."""
        return kind_of(self.action.success).shown == "size"

    @property
    def method(self) -> str:
        """The HTTP method of its requests."""
        return self.action.method if self.dispatcher is None else self.dispatcher.method

    @property
    def path(self) -> str:
        """The path template of its requests."""
        return str(self.action.path if self.dispatcher is None else self.dispatcher.path)


def endpoints(model: Model) -> list[Endpoint]:
    """Return all endpoints in the catalogue's order, REST first."""
    rest = model.surfaces.get(REST)
    actions = rest.actions if rest else model.rest_actions
    open_to_all = model.credential is None
    found = [Endpoint(a, REST, None, f"{a.name}@{REST}", open=open_to_all, leads=True) for a in actions]
    led = {str(a.name) for a in actions}
    for dispatcher in model.dispatchers:
        surface = dispatcher.surface
        found += [
            Endpoint(
                a,
                surface,
                dispatcher,
                f"{a.name}@{surface}",
                open=open_to_all,
                shared_security=model.shared_security,
                json_rpc=MessageReader(model) if dispatcher.json_rpc else None,
                leads=str(a.name) not in led,
            )
            for a in dispatcher.actions
        ]
        led |= {str(a.name) for a in dispatcher.actions}
    return found


def wire_surfaces(model: Model) -> list[str]:
    """Return the names of the wire surfaces."""
    return [REST, *(d.surface for d in model.dispatchers)]


def framework_places(model: Model) -> list[str]:
    """Return, for each surface, the last part of contract ids about answers that come from no action."""
    return [f"{FRAMEWORK}@{s}" for s in wire_surfaces(model)]
