"""Endpoints: an action on a surface that really exists on the wire, REST or a dispatcher."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pgagents.http import Response
from pgagents.model.action import Action, Param
from pgagents.model.contract import FRAMEWORK
from pgagents.model.model import Dispatcher, Model

REST = "rest"
MCP = "mcp"
"""The surface whose actions are tools of an MCP server."""
OPERATOR = "operator"
"""The surface and the role of the operator's endpoints, whose answers no watcher judges."""


class Form(Protocol):
    """How a surface that is neither REST nor a dispatcher carries a call: a tool call of a protocol, over one path.

    A surface with a form of its own is a `Route` for each action that has it; nothing else needs to know the protocol.
    """

    def params(self, action: Action) -> tuple[Param, ...]:
        """The arguments that a call can carry."""

    def request(self, action: Action, values: Mapping[str, Any]) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """Method, target, headers and body of a call."""

    def answer(self, action: Action, response: Response) -> Response:
        """The answer as the action itself would give it: its own status and its own body, out of the protocol's wrapping."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One action on one wire surface; `dispatcher` and `form` are None on REST. `place` is the tail of its contracts' ids."""

    action: Action
    surface: str
    dispatcher: Dispatcher | None
    place: str
    form: Form | None = None

    @property
    def on_rest(self) -> bool:
        """Whether arguments travel in the action's own path, query, headers and body, not all in one object."""
        return self.dispatcher is None and self.form is None

    @property
    def params(self) -> tuple[Param, ...]:
        """The arguments that can be given through this endpoint."""
        return self.action.params if self.form is None else self.form.params(self.action)

    @property
    def success_status(self) -> int:
        """The status of a first success here: where all actions have one path it is always 200."""
        return self.action.success.status if self.on_rest else 200

    @property
    def needs_key(self) -> bool:
        """Whether a call through this endpoint carries a key."""
        return self.action.key or not self.on_rest

    @property
    def method(self) -> str:
        """The method as sent."""
        return self.action.method if self.dispatcher is None else self.dispatcher.method

    @property
    def path(self) -> str:
        """The path template as sent."""
        return str(self.action.path if self.dispatcher is None else self.dispatcher.path)


def endpoints(model: Model) -> list[Endpoint]:
    """All endpoints, REST first, in the catalogue's order."""
    rest = model.surfaces.get(REST)
    actions = rest.actions if rest else model.actions
    found = [Endpoint(a, REST, None, f"{a.name}@{REST}") for a in actions]
    for dispatcher in model.dispatchers:
        found += [Endpoint(a, dispatcher.surface, dispatcher, f"{a.name}@{dispatcher.surface}") for a in dispatcher.actions]
    return found


def wire_surfaces(model: Model) -> list[str]:
    """Names of the surfaces on the wire."""
    return [REST, *(d.surface for d in model.dispatchers)]


def framework_places(model: Model) -> list[str]:
    """The tails of contracts about answers that no action gives, one a surface."""
    return [f"{FRAMEWORK}@{s}" for s in wire_surfaces(model)]
