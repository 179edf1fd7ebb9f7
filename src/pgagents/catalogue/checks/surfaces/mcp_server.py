"""Check the MCP server of a surface: hosted at a URL, or a package that clients start."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.surfaces.carried import COPILOT_MCP, MCP, TOOLS
from pgagents.catalogue.language.credentials import list_used_schemes
from pgagents.catalogue.language.surfaces import McpServer, Surface
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

_OF_URLS = ("transport", "security")


def read_server(name: str, surface: Surface) -> McpServer:
    """Return the server in its long form. The short form is a URL, or the name of an npm package."""
    given = surface.server
    if isinstance(given, McpServer):
        return given
    if given is None:
        return McpServer()
    hosted = name == COPILOT_MCP or given.startswith(("https://", "http://"))
    return McpServer(url=given) if hosted else McpServer(package=f"npm:{given}")


def run(checker: Checker) -> None:
    """Record unused servers, servers without URL and package, and keys without an effect."""
    for name, surface in checker.written.surfaces.items():
        at: Pointer = ("surfaces", name, "server")
        if surface.server is not None and name not in TOOLS:
            message = (
                f"`server` does nothing on the surface `{name}`: only {' and '.join(TOOLS)} have a server"
            )
            checker.report(at, "idle", message, "leave it out", at_value=False)
        elif surface.server is not None:
            _server(checker, at, name, surface)
        if name == MCP and surface.env is not None and _is_hosted_only(surface):
            message = "`env` does nothing here: no client starts the hosted server"
            checker.report(("surfaces", name, "env"), "idle", message, "leave it out", at_value=False)


def _is_hosted_only(surface: Surface) -> bool:
    given = read_server(MCP, surface)
    return given.url is not None and given.package is None


def _server(checker: Checker, at: Pointer, name: str, surface: Surface) -> None:
    given = read_server(name, surface)
    long = isinstance(surface.server, McpServer)
    if given.url is None and given.package is None and checker.sound(at):
        help = "write `url: https://…` for a hosted server, or `package: npm:NAME`"
        checker.report(at, "mcp-server", "the server has neither a URL nor a package", help, at_value=False)
        return
    if given.url is not None and not given.url.startswith("https://"):
        where = (*at, "url") if long else at
        checker.report(where, "mcp-server", "a hosted server has an https URL", "write `https://…`")
    if name == COPILOT_MCP and given.url is None:
        message = "Copilot calls a hosted server, and this is a package"
        checker.report((*at, "package"), "mcp-server", message, "write `url: https://…`", at_value=False)
    if name == COPILOT_MCP and given.url is not None and given.package is not None:
        message = "`package` does nothing here: Copilot calls the hosted server"
        checker.report((*at, "package"), "idle", message, "leave it out", at_value=False)
    for key in _OF_URLS if given.url is None else ():
        if getattr(given, key) is not None:
            message = f"`{key}` does nothing here: it is that of a hosted server"
            checker.report((*at, key), "idle", message, "add `url`, or leave it out", at_value=False)
    for index, need in enumerate(given.security or ()):
        for scheme in need:
            if scheme not in list_used_schemes(checker.written):
                message = f"`{brief(scheme)}` is no scheme that calls of this API use"
                help = "name that one, or write `[]` for a server without a key"
                checker.report((*at, "security", index, scheme), "credential", message, help, at_value=False)
