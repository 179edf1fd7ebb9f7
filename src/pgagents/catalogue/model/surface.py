"""Surfaces: the actions offered to one kind of caller, under its own names, and dispatchers among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.listing import Cases, Listing


@dataclass(frozen=True, slots=True)
class Narrowed:
    """An argument that a surface changes: `param` has the surface's schema, and `alias` is its name there."""

    param: Param
    alias: Text
    origin: Pointer


VERSIONED = ("npm", "pypi")
"""The registries whose packages have a version of their own in `server.json`. An image names its own tag."""


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server. `url` is empty unless it is hosted; `package` is empty unless clients start it.

    `registry` is `npm`, `pypi` or `oci`. `version` is that of the product, and `package_version` that of the
    package in its registry. `says_version` is true if the catalogue writes a version at the server.
    """

    name: Text
    version: Text
    package_version: Text
    url: Text
    transport: str
    security: tuple[tuple[str, ...], ...]
    registry: str
    package: Text
    origin: Pointer
    says_version: bool = False

    @property
    def named_version(self) -> Text | None:
        """The version with which the running server names itself; None if the catalogue leaves that open.

        A package that others start names its own. A hosted one names the product's, as its card does, and may
        name another if its package has one.
        """
        if not self.says_version or (self.url and self.version != self.package_version):
            return None
        return self.package_version


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
    """Settings of the page on which a person tries the actions, as the catalogue writes them."""
    package: Any = None
    """Settings of the app package for the surface, as the catalogue writes them."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers that our own client sends with every call from this surface."""
    attribution: Mapping[str, str] = field(default_factory=dict)
    """Attribution of calls from this surface, by member."""
    narrow: Mapping[str, Mapping[str, Narrowed]] = field(default_factory=dict)
    """By action and argument, the arguments that this surface renames or narrows."""
    listing: Listing | None = None
    """The store's listing of a plugin with the MCP server's tools; None if there is no plugin."""
    cases: Cases | None = None
    """The test cases that the store's reviewer tries; None if there are none."""
    schemas: Mapping[str, Node] | None = None
    """The named schemas with texts of this surface alone; None where they are the model's."""
    mcp_server: McpServer | None = None
    """The server that offers the surface's actions as tools; None if the surface is not an MCP server."""

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
        """Return the action's arguments as this surface offers them, under its own names.

        A tool of an MCP server takes the idempotency key as an argument, although the API takes a header. A
        host that repeats a call sends no headers, and a new key would make a second call of it.
        """
        narrowed = self.narrow.get(action.name, {})
        return tuple(
            replace(p, name=narrowed[p.name].alias, of=str(p.name))
            if p.name in narrowed and narrowed[p.name].alias != p.name
            else p
            for p in (
                replace(p, place="body") if p.place == "header" and self.takes_key(action, p) else p
                for p in self.narrowed_params(action)
            )
        )

    def takes_key(self, action: Action, param: Param) -> bool:
        """True if an argument is an idempotency key that a tool of this surface's MCP server takes."""
        return self.mcp_server is not None and param.catalogue_name == action.idempotency

    def key_param(self, action: Action) -> Param | None:
        """Return the argument of the action's tool that is its idempotency key; None if it has none."""
        return next((p for p in self.params(action) if self.takes_key(action, p)), None)

    def narrowed_params(self, action: Action) -> tuple[Param, ...]:
        """Return the offered arguments with the surface's schemas, under the catalogue's names."""
        left_out, narrowed = self.omit.get(action.name, ()), self.narrow.get(action.name, {})
        return tuple(
            narrowed[p.name].param if p.name in narrowed else p
            for p in action.params
            if p.name not in left_out
        )

    def rename(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with the catalogue's names replaced by the surface's names."""
        narrowed = self.narrow.get(action.name, {})
        return {str(narrowed[k].alias) if k in narrowed else k: v for k, v in arguments.items()}

    def restore(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments with the surface's names replaced by the catalogue's names."""
        names = {str(n.alias): str(n.param.name) for n in self.narrow.get(action.name, {}).values()}
        return {names.get(k, k): v for k, v in arguments.items()}

    def complete(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments under the catalogue's names, with the surface's defaults added."""
        narrowed = self.narrow.get(action.name, {})
        defaults = {
            n: one.param.schema["default"] for n, one in narrowed.items() if "default" in one.param.schema
        }
        return {**defaults, **self.restore(action, arguments)}


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """One operation for several actions: its body holds an action's name and arguments."""

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
    """The dispatcher as a surface, which may rename and narrow arguments."""
    json_rpc: bool = False
    """True if its messages are JSON-RPC 2.0."""

    def make_message(self, action: Action, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of a call. `arguments` have the catalogue's names."""
        frame: dict[str, Any] = {"jsonrpc": "2.0", "id": 1} if self.json_rpc else {}
        given = self.offered.rename(action, arguments)
        return {**frame, self.selector: str(action.name), self.arguments: given}
