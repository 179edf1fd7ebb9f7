"""Check servers: the variables of their URLs, and the actions that use them."""

from __future__ import annotations

from pgagents.catalogue.checks.checker import PLACEHOLDER, Checker
from pgagents.catalogue.language.platform.addresses import TemplateServer
from pgagents.source.source import Pointer
from pgagents.text.brief import brief
from pgagents.text.nearest import did_you_mean


def run(checker: Checker) -> None:
    """Record wrong variables, unknown or unused servers, and a server on an action without a path."""
    api = checker.written.api
    if isinstance(api.server, TemplateServer):
        _variables(checker, ("api", "server"), api.server)
    elif set("{}") & set(api.server):
        help = "write `{url: …, variables: {NAME: {default: …}}}`"
        checker.report(("api", "server"), "server", "a URL has no braces, unless they name variables", help)
    for name, server in api.servers.items():
        _variables(checker, ("api", "servers", name), server)
    used = set()
    for base, actions in checker.blocks():
        for name, action in actions.items():
            at = (*base, name, "server")
            used.add(action.server)
            if action.server is None:
                continue
            checker.check_reference(at, action.server, ("api", "servers"), "server")
            if action.http is None:
                message = f"`server` has no effect: `{brief(name)}` has no path of its own"
                help = "leave it out; dispatchers and tools are at the API's own server"
                checker.report(at, "idle", message, help, at_value=False)
    for name in api.servers:
        if name not in used and all(
            checker.sound((*base, a)) for base, block in checker.blocks() for a in block
        ):
            message = f"no action is at the server `{brief(name)}`"
            help = f"write `server: {name}` at an action, or leave it out; `other_servers` lists hosts alone"
            checker.report(("api", "servers", name), "idle", message, help, at_value=False)


def _variables(checker: Checker, at: Pointer, server: TemplateServer) -> None:
    """Record variables that the URL lacks or that have no default, and impossible defaults."""
    names = PLACEHOLDER.findall(server.url)
    if server.url.count("{") != len(names) or server.url.count("}") != len(names):
        checker.report((*at, "url"), "server", "the braces of the URL do not pair")
        return
    for name in dict.fromkeys(names):
        if name not in server.variables and checker.sound((*at, "variables")):
            message = f"the URL has `{{{brief(name)}}}`, and no variable has that name"
            help = did_you_mean(name, server.variables) or f"add `variables: {{{name}: {{default: …}}}}`"
            checker.report((*at, "url"), "server", message, help)
    for name, variable in server.variables.items():
        here = (*at, "variables", name)
        if name not in names:
            message = f"the URL does not have the variable `{brief(name)}`"
            checker.report(here, "idle", message, f"write `{{{name}}}` where it stands", at_value=False)
        if variable.enum is not None and variable.default not in variable.enum:
            message = f"the default `{brief(variable.default)}` is none of its values"
            checker.report(
                (*here, "default"), "server", message, did_you_mean(variable.default, variable.enum)
            )
