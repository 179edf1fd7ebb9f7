"""Resolve surfaces: their actions, narrowed arguments, dispatchers, MCP servers and test cases."""

from __future__ import annotations

from dataclasses import replace

from pgagents.base.jsonschema.schema import resolve as resolve_schema
from pgagents.base.places import Node, Pointer, Text
from pgagents.catalogue.checks.listings import read_listing
from pgagents.catalogue.checks.sending import camel
from pgagents.catalogue.checks.surfaces import (
    COPILOT_MCP,
    JSON_RPC,
    MCP,
    REST,
    TOOLS,
    is_dispatched,
    read_server,
)
from pgagents.catalogue.language import surfaces
from pgagents.catalogue.language import surfaces as written
from pgagents.catalogue.language.catalogue import list_alternatives
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.listing import Case, CaseCall, Cases, Kind
from pgagents.catalogue.model.surface import VERSIONED, Dispatcher, McpServer, Narrowed, Surface
from pgagents.catalogue.resolve.shared import Shared

# -- test cases


class StoreCases(Shared):
    """Resolve test cases."""

    def _cases(self, store: str, given: written.Cases) -> Cases:
        at: Pointer = ("surfaces", store, "cases")
        return Cases(
            tuple(self._positive(store, name, one, at) for name, one in given.positive.items()),
            tuple(self._negative(store, name, one, at) for name, one in given.negative.items()),
            at,
        )

    def _positive(self, store: str, name: str, case: written.PositiveCase, above: Pointer) -> Case:
        at = (*above, "positive", name)
        calls = tuple(
            CaseCall(
                call.name or call.tool,
                self.actions[call.tool],
                self._values(call.arguments, (*at, "calls", index, "arguments")),
                (*at, "calls", index),
            )
            for index, call in enumerate(case.calls)
        )
        return Case(
            store,
            name,
            "positive",
            Text(case.prompt, (*at, "prompt")),
            _describe(name, case, at),
            case.draft,
            at,
            outcome=Text(case.outcome, (*at, "outcome")),
            calls=calls,
            expect=tuple(self.checker.expressions[(*at, "expect", i)] for i in range(len(case.expect))),
        )

    def _negative(self, store: str, name: str, case: written.NegativeCase, above: Pointer) -> Case:
        at = (*above, "negative", name)
        refused = case.refused
        kind: Kind = "refused" if refused else "asks_first" if case.asks_first else "not_offered"
        calls: tuple[CaseCall, ...] = ()
        if refused is not None:
            here = (*at, "refused")
            given = self._values(refused.arguments, (*here, "arguments"))
            calls = (CaseCall(refused.tool, self.actions[refused.tool], given, here),)
        return Case(
            store,
            name,
            kind,
            Text(case.prompt, (*at, "prompt")),
            _describe(name, case, at),
            case.draft,
            at,
            calls=calls,
            words=tuple(case.not_offered or ()),
            code=self.codes[refused.code] if refused is not None else None,
            action=self.actions[case.asks_first] if case.asks_first else None,
        )


def _describe(name: str, case: written.Case, at: Pointer) -> Text:
    """Return the purpose of a case; its name in words if it has none."""
    if case.description:
        return Text(case.description, (*at, "description"))
    return Text(name.replace("_", " ").strip().capitalize(), at)


class Surfaces(StoreCases):
    """Resolve surfaces."""

    def _members(self, name: str, surface: surfaces.Surface) -> tuple[Action, ...]:
        """Return the actions of a surface. `all` means all that the surface can call."""
        names = surface.actions
        if names == "all":
            names = [n for n in self.written.actions if self._carries(name, surface, n)]
        elif isinstance(names, str):
            names = self.written.groups[names]
        return tuple(self.actions[n] for n in names)

    def _carries(self, surface: str, sf: surfaces.Surface, action: str) -> bool:
        if self.written.actions[action].signed is not None and surface != REST:
            return False
        if self.written.actions[action].http or sf.http or surface in TOOLS:
            return True
        return surface != REST and is_dispatched(self.checker, action)

    def _surface(self, name: str, sf: surfaces.Surface) -> Surface:
        at: Pointer = ("surfaces", name)

        def text(key: str, value: str | None) -> Text:
            return Text(value or "", (*at, key))

        return Surface(
            name=name,
            actions=self._members(name, sf),
            omit={k: tuple(v) for k, v in sf.omit.items()},
            title=text("title", sf.title),
            description=text("description", sf.description),
            human_name=text("name", sf.name),
            namespace=text("namespace", sf.namespace),
            dispatcher=sf.dispatcher,
            server=self._server_name(name, sf),
            env={"key": sf.env.key, "url": sf.env.url} if sf.env else {},
            auth=Node(sf.auth, origin=(*at, "auth")),
            instructions=text("instructions", sf.instructions),
            starters=tuple(Text(t, (*at, "starters", i)) for i, t in enumerate(sf.starters)),
            published_spec=text("published_spec", sf.published_spec),
            extra=sf.extra,
            cite=tuple(sf.cite),
            origin=at,
            page=sf.page,
            package=sf.package,
            listing=read_listing(self.written, name, self.checker.source.folder),
            cases=self._cases(name, sf.cases) if sf.cases is not None else None,
            headers=dict(sf.headers),
            attribution=dict(sf.attribution),
            mcp_server=self._mcp_server(name, sf) if name in TOOLS else None,
            narrow={
                action: {
                    n: self._narrowed(action, n, given, (*at, "narrow", action, n))
                    for n, given in many.items()
                }
                for action, many in sf.narrow.items()
            },
        )

    def _server_name(self, name: str, sf: surfaces.Surface) -> Text:
        """Return the server's name in the surface's manifests: its URL for Copilot, otherwise its own
        name.
        """
        server = self._mcp_server(name, sf)
        if name != COPILOT_MCP:
            return server.name if sf.server else Text("", (*server.origin,))
        if not server.url and MCP in self.written.surfaces:
            return self._mcp_server(MCP, self.written.surfaces[MCP]).url
        return server.url

    def _mcp_server(self, name: str, sf: surfaces.Surface) -> McpServer:
        at: Pointer = ("surfaces", name, "server")
        given = read_server(name, sf)
        registry, _, package = (given.package or "").partition(":")
        inside = isinstance(sf.server, surfaces.McpServer)
        local = package.rpartition("/")[2].partition(":")[0].partition("@")[0]
        named = Text(local, at) if local else Text(f"{self.written.api.id}-mcp", ("api", "id"))
        product = Text(self.written.api.version, ("api", "version"))
        own = Text(given.version, (*at, "version")) if given.version else product
        return McpServer(
            named if local or not given.url else Text(str(named), at),
            product if registry in VERSIONED else own,
            own,
            Text(given.url or "", (*at, "url") if inside else at),
            given.transport or "streamable-http",
            self.security if given.security is None else list_alternatives(self.written, given.security),
            registry,
            Text(package, (*at, "package") if inside else at),
            at if sf.server else ("surfaces", name),
            given.version is not None,
        )

    def _narrowed(self, action: str, name: str, given: surfaces.Narrowing, at: Pointer) -> Narrowed:
        """Resolve how a surface narrows an argument. Its keywords replace those of the action."""
        param = next(p for p in self.actions[action].params if p.name == name)
        own = given.model_dump(by_alias=True, exclude_unset=True, exclude={"as_", "required"})
        schema = Node({**resolve_schema(param.schema, self.schemas), **own}, origin=param.schema.origin)
        if "description" in param.schema:
            schema["description"] = param.schema["description"]
        alias = Text(given.as_, (*at, "as")) if given.as_ else param.name
        return Narrowed(
            replace(param, schema=schema, required=param.required or bool(given.required)), alias, at
        )

    def _dispatcher(self, surface: Surface, sf: surfaces.Surface) -> Dispatcher:
        assert sf.http
        json_rpc = sf.form == JSON_RPC
        selector, arguments = ("method", "params") if json_rpc else (sf.selector, sf.arguments)
        assert selector
        assert arguments
        at: Pointer = surface.origin
        method, path = sf.http.split(" ", 1)
        return Dispatcher(
            surface.name,
            method,
            Text(path, (*at, "http")),
            Text(sf.operation_id or camel(surface.name), (*at, "operation_id")),
            Text(sf.title or surface.name, (*at, "title")),
            Text(sf.description or "", (*at, "description")),
            selector,
            arguments,
            sf.scope,
            {k: Text(v, (*at, "responses", k)) for k, v in sf.responses.items()},
            sf.attribution,
            surface.actions,
            tuple(sf.cite),
            at,
            surface,
            json_rpc,
        )
