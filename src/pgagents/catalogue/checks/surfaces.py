"""Check what surfaces offer: actions that they can call, their servers, their arguments, and the hints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.jsonschema.schema import validator
from pgagents.base.places import Pointer, Text
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.checks.checker import PLACEHOLDER, Checker
from pgagents.catalogue.language import actions as written_actions
from pgagents.catalogue.language import resources as written_resources
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.actions import Hint as WrittenHint
from pgagents.catalogue.language.basics import Output, Param, Schema
from pgagents.catalogue.language.catalogue import Catalogue, list_used_schemes
from pgagents.catalogue.language.platform import TemplateServer
from pgagents.catalogue.language.surfaces import McpServer, Narrowing, Surface
from pgagents.catalogue.model.action import Hint, Hints

MCP, REST = "mcp", "rest"
COPILOT_MCP = "copilot_mcp"
TOOLS = (MCP, COPILOT_MCP)
"""Surfaces whose actions are tools of the MCP server."""
_ONLY_REST = {
    "operation_id": "only operations of their own have an id",
    "security": "the surface that carries it says which key its calls need",
    "signed": "only a call with headers of its own is signed",
    "tags": "only operations of their own have headings",
}
_IN_ONE_OBJECT = "all arguments of a dispatcher or a tool go into one object, under their names"


def check_carried(checker: Checker) -> None:
    """Record actions that no surface can call, surfaces with actions they cannot call, and keys without an
    effect.
    """
    for base, actions in checker.blocks():
        for name, action in actions.items():
            at = (*base, name)
            if action.http is None and (*at, "http") not in checker.dropped:
                _idle(checker, at, action)
                _carrier(checker, at, name)
    for name, surface in checker.written.surfaces.items():
        if surface.http is None and name not in TOOLS:
            _offered(checker, name)
        if name != REST:
            _signed(checker, name)


def is_dispatched(checker: Checker, action: str) -> bool:
    """True if a dispatcher offers the action."""
    return any(s.http and action in members(checker, name) for name, s in checker.written.surfaces.items())


def members(checker: Checker, surface: str) -> list[str]:
    """Return the names of the actions that a surface lists; all names if it says `all`."""
    listed = checker.written.surfaces[surface].actions
    if isinstance(listed, list):
        return listed
    return list(checker.written.groups.get(listed, checker.written.actions if listed == "all" else ()))


def _carrier(checker: Checker, at: Pointer, name: str) -> None:
    """Record an action without `http` that neither a dispatcher nor an MCP server offers."""
    if at[0] == "operator":
        message = f"the operator's action `{brief(name)}` has no `http`, and no surface offers it"
        checker.report(at, "carried", message, "give it `http: METHOD /path`", at_value=False)
        return
    tools = MCP in checker.written.surfaces and name in members(checker, MCP)
    if tools or is_dispatched(checker, name) or not checker.sound(("surfaces",)):
        return
    message = f"`{brief(name)}` has no `http`, and no dispatcher or MCP server offers it"
    checker.report(
        at,
        "carried",
        message,
        "give it `http: METHOD /path`, or name it under the `actions` of a dispatcher or of `surfaces.mcp`",
        at_value=False,
    )


def _named(checker: Checker, surface: str) -> Iterator[tuple[Pointer, str, Action]]:
    """Yield the actions that a surface lists, each with its place in the file; none if it says `all`."""
    listed = checker.written.surfaces[surface].actions
    at: Pointer = ("surfaces", surface, "actions")
    for index, name in enumerate(members(checker, surface)) if listed != "all" else ():
        action = checker.written.actions.get(name)
        if action is not None:
            yield (*at, index) if isinstance(listed, list) else at, name, action


def _signed(checker: Checker, surface: str) -> None:
    """Record signed actions on surfaces for callers, because only the sender of the signature can call
    them.
    """
    for at, name, action in _named(checker, surface):
        if action.signed is not None:
            message = f"only the sender of `{brief(name)}` can sign a call, so `{surface}` cannot call it"
            checker.report(at, "carried", message, "take it off the list")


def _offered(checker: Checker, surface: str) -> None:
    """Record listed actions that the surface cannot call. `all` leaves such actions out."""
    for at, name, action in _named(checker, surface):
        if action.http is not None:
            continue
        if surface == REST:
            message = f"`{brief(name)}` has no `http`, so REST does not have it"
            checker.report(at, "carried", message, "take it off the list, or give it `http: METHOD /path`")
        elif not is_dispatched(checker, name) and checker.sound(("actions", name)):
            message = f"`{brief(name)}` is a tool of the MCP server alone, which `{surface}` cannot call"
            checker.report(at, "carried", message, "take it off the list, or let a dispatcher offer it")


def _idle(checker: Checker, at: Pointer, action: Action) -> None:
    """Record keys of an action without `http` that have no effect there."""
    for key, why in _ONLY_REST.items():
        if checker.source.has((*at, key)):
            message = f"`{key}` does nothing at an action without `http`: {why}"
            checker.report((*at, key), "idle", message, "leave it out", at_value=False)
    for name, param in action.input.items():
        for key, value in (("in", param.in_), ("wire", param.wire)):
            if value is not None:
                message = f"`{key}` does nothing at an action without `http`: {_IN_ONE_OBJECT}"
                checker.report((*at, "input", name, key), "idle", message, "leave it out", at_value=False)
    for status, output in action.output.items():
        where = (*at, "output", status)
        if 200 <= status < 300 and status != 200:
            message = f"an action without `http` is answered with 200, never with {status}"
            checker.report(where, "idle", message, "write the answer under `200`", at_value=False)
        if isinstance(output, Output) and output.content_type is not None:
            message = "`content_type` does nothing at an action without `http`: its answers are JSON"
            checker.report((*where, "content_type"), "idle", message, "leave it out", at_value=False)


# -- narrowed arguments


_LOWER = ("minimum", "min_length", "min_items")
_UPPER = ("maximum", "max_length", "max_items")
_OF = {
    "minimum": ("number", "integer"),
    "maximum": ("number", "integer"),
    "min_length": ("string",),
    "max_length": ("string",),
    "min_items": ("array",),
    "max_items": ("array",),
}


def check_narrowing(checker: Checker) -> None:
    """Record narrowings without an effect, wider than the action's schema, or under a name that is in use."""
    for name, surface in checker.written.surfaces.items():
        for action in surface.narrow:
            _of_action(checker, name, surface, action)


def _of_action(checker: Checker, name: str, surface: Surface, action: str) -> None:
    at: Pointer = ("surfaces", name, "narrow", action)
    if not checker.check_reference(at, action, ("actions",), "action"):
        return
    if name == REST or surface.page is not None or action not in members(checker, name):
        why = (
            "REST takes the arguments as the action has them"
            if name == REST
            else "a page's form is that of the action"
            if surface.page is not None
            else f"`{brief(action)}` is not offered on `{name}`"
        )
        checker.report(at, "idle", f"`narrow` does nothing here: {why}", "leave it out", at_value=False)
        return
    known = checker.written.actions[action].input
    taken = {n for n in known if surface.narrow[action].get(n, Narrowing()).as_ is None}
    for argument, given in surface.narrow[action].items():
        here = (*at, argument)
        if not checker.check_reference(here, argument, ("actions", action, "input"), "argument"):
            continue
        if argument in surface.omit.get(action, ()):
            message = f"`{argument}` is left out here by `omit`"
            checker.report(here, "idle", message, "leave out one of the two", at_value=False)
            continue
        if given.as_ is not None:
            if given.as_ in taken:
                message = f"`{given.as_}` is the name of another argument of `{action}` here"
                checker.report((*here, "as"), "narrow", message, "give it a name of its own")
            taken.add(given.as_)
        _Values(checker, here, known[argument], given).run()


class _Values:
    """The values of one argument on one surface."""

    def __init__(self, checker: Checker, at: Pointer, param: Param, given: Narrowing) -> None:
        self.checker, self.at, self.param, self.given = checker, at, param, given
        self.schema: Schema = param
        while self.schema.ref is not None and self.schema.ref in checker.written.schemas:
            self.schema = checker.written.schemas[self.schema.ref]

    def run(self) -> None:
        """Record a narrowing without an effect, and one that allows values refused by the argument's own
        schema.
        """
        if not self.given.model_fields_set:
            self._refuse((), "it neither renames nor narrows", "write `as`, or a keyword such as `maximum`")
            return
        if self.given.required and self.param.required:
            self._refuse(("required",), "it is required everywhere already", "leave it out")
        for key in (*_LOWER, *_UPPER):
            self._bound(key)
        self._allowed()

    def _bound(self, key: str) -> None:
        """Record a bound that has no effect on this type, or that is not narrower."""
        value, word = getattr(self.given, key), str(Narrowing.model_fields[key].alias or key)
        if value is None:
            return
        kinds = [self.schema.type] if isinstance(self.schema.type, str) else self.schema.type or []
        if kinds and not set(kinds) & set(_OF[key]):
            self._refuse((word,), f"`{word}` says nothing about a value of this type", "leave it out")
            return
        own = getattr(self.schema, key)
        if own is not None and (value <= own if key in _LOWER else value >= own):
            message = f"{value:g} is no narrower than the action's `{word}`, which is {own:g}"
            self._refuse((word,), message, "a surface can only take fewer values")

    def _allowed(self) -> None:
        """Record values of `enum` that the action refuses, and defaults outside the narrowed values."""
        raw: Any = self.schema.model_dump(by_alias=True, exclude_none=True, mode="json")
        raw = {k: v for k, v in raw.items() if k in _JUDGED}
        for index, value in enumerate(self.given.enum or ()):
            if not validator(raw, {}).is_valid(value):
                self._refuse(("enum", index), f"the action does not take {brief(repr(value))}", "take it out")
        own, few = self.schema.enum or (), self.given.enum
        if few is not None and own and all(value in few for value in own):
            self._refuse(("enum",), "every value of the action is allowed here too", "leave it out")
        kept = self.given.model_dump(
            by_alias=True, exclude_unset=True, exclude={"as_", "required", "default"}
        )
        here = validator({**raw, **kept}, {})
        if "default" in self.given.model_fields_set:
            if not here.is_valid(self.given.default):
                self._refuse(("default",), "the default is not allowed here", "give one that is")
        elif "default" in self.param.model_fields_set and not here.is_valid(self.param.default):
            message = f"the action's default, {brief(repr(self.param.default))}, is not allowed here"
            self._refuse((), message, "give a `default` that is")

    def _refuse(self, steps: Pointer, message: str, help: str) -> None:
        self.checker.report((*self.at, *steps), "narrow", message, help, at_value=bool(steps))


_JUDGED = frozenset(
    (
        "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
    )
)  # fmt: skip
"""Keywords that restrict a value and contain no references."""


# -- servers


def check_servers(checker: Checker) -> None:
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
        help = "write each variable as `{name}`"
        checker.report((*at, "url"), "server", "the braces of the URL do not pair", help)
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


# -- MCP servers


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


def check_mcp_servers(checker: Checker) -> None:
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
                message = f"`{brief(scheme)}` is not a scheme that calls of this API use"
                help = "name that one, or write `[]` for a server without a key"
                checker.report((*at, "security", index, scheme), "credential", message, help, at_value=False)


# -- dispatchers


JSON_RPC = "json_rpc"
_FIXED = {"selector": "method", "arguments": "params"}


def check_dispatcher(checker: Checker, pointer: Pointer, surface: Surface) -> None:
    """Record a message form on a surface without a dispatcher, and member names that JSON-RPC fixes."""
    if surface.form is not None and not surface.http:
        message = "`form` does nothing here: the surface is not a dispatcher"
        checker.report((*pointer, "form"), "idle", message, "add `http`, or leave it out", at_value=False)
        return
    for key, member in _FIXED.items() if surface.form == JSON_RPC else ():
        if getattr(surface, key) is not None:
            message = f"`{key}` does nothing here: JSON-RPC calls it `{member}`"
            checker.report((*pointer, key), "idle", message, "leave it out", at_value=False)
    if surface.page is not None and surface.page.dispatcher in _list_rpc(checker):
        message = "a page cannot call a JSON-RPC dispatcher"
        help = "name a dispatcher with `selector` and `arguments`"
        checker.report((*pointer, "page", "dispatcher"), "surface", message, help)


def _list_rpc(checker: Checker) -> list[str]:
    return [name for name, surface in checker.written.surfaces.items() if surface.form == JSON_RPC]


# -- hints


_PLAIN = {
    ("destructive", True): "A call may remove, overwrite or end something that is there.",
    ("destructive", False): "A call only adds.",
    ("idempotent", True): "A repeated call with the same arguments has no further effect.",
    ("idempotent", False): "A repeated call with the same arguments may act again.",
    ("open_world", True): "A call may reach beyond what the API itself stores.",
    ("open_world", False): "A call reaches only what the API itself stores.",
}
"""The reasons of hints for which neither the author nor a fact of the catalogue gives one."""


def resolve_hints(written: Catalogue, name: str, a: written_actions.Action, at: Pointer) -> Hints:
    """Return the hints of an action, each with a reason."""
    effect = (*at, "effect")
    said, why = _read_only(a)
    if a.effect.reason:
        read = Hint(said, Text(a.effect.reason, (*effect, "reason")), effect, True, True)
    else:
        read = Hint(said, Text(why, effect), effect, True)
    facts = () if said else tuple(_list_facts(written, name, a))
    return Hints(
        read,
        _settle(a.destructive, _destructive(written, name, facts, read=said), (*at, "destructive"), effect),
        _settle(a.idempotent, _idempotent(a, read=said), (*at, "idempotent"), effect),
        _settle(a.open_world, _open_world(written, name), (*at, "open_world"), effect),
        facts,
    )


def _settle(given: WrittenHint | None, made: tuple[bool, str], at: Pointer, otherwise: Pointer) -> Hint:
    """Return the author's hint, or the one concluded from the catalogue at the line of the effect."""
    if given is None:
        return Hint(made[0], Text(made[1], otherwise), otherwise)
    if given.reason:
        return Hint(given.value, Text(given.reason, (*at, "reason")), at, True, True)
    why = made[1] if given.value == made[0] else _PLAIN[str(at[-1]), given.value]
    return Hint(given.value, Text(why, at), at, True)


def _read_only(a: written_actions.Action) -> tuple[bool, str]:
    if a.effect.value == "write":
        return False, "A call changes what the API stores."
    if _costs(a):
        return False, "Each call costs money, so it does more than read."
    return True, "A call only returns data, and changes nothing."


def _costs(a: written_actions.Action) -> bool:
    return bool(a.may_cost) if a.costs is None else a.costs


def _list_facts(written: Catalogue, name: str, a: written_actions.Action) -> Iterator[str]:
    """Yield facts that make a call destructive, each as a sentence for people."""
    method = (a.http or "").partition(" ")[0]
    if method == "DELETE":
        yield "It is a DELETE, which removes what it names."
    for of, resource in written.resources.items():
        if resource.undone_by is not None and resource.undone_by.action == name:
            yield f"It ends or removes a {_words(of)}."
            break
    if method in ("PUT", "PATCH"):
        yield f"It is a {method}, which may overwrite what was there."
    if _costs(a):
        yield "A call moves money."
    for of, resource in written.resources.items():
        move = resource.moves.get(name)
        if move is not None and move.to is not None and (lost := _find_one_way(resource, move)):
            yield f"It moves a {_words(of)} from {lost} to {move.to}, and no action moves it back."
            break


def _find_one_way(resource: written_resources.Resource, move: written_resources.Move) -> str:
    """Return a state that a move leaves and that no sequence of moves restores.

    Empty if every state can be restored.
    """
    seen, waiting = {str(move.to)}, [str(move.to)]
    while waiting:
        state = waiting.pop()
        for other in resource.moves.values():
            if state in other.from_ and other.to is not None and other.to not in seen:
                seen.add(other.to)
                waiting.append(other.to)
    return next((state for state in move.from_ if state not in seen), "")


def _destructive(written: Catalogue, name: str, facts: tuple[str, ...], *, read: bool) -> tuple[bool, str]:
    if read:
        return False, "It only reads, so it removes and overwrites nothing."
    if facts:
        return True, facts[0]
    for of, resource in written.resources.items():
        if resource.made_by is not None and resource.made_by.action == name:
            return False, f"It adds a {_words(of)}, and changes nothing that is there already."
    return False, "Nothing says that it removes, overwrites, ends or charges anything."


def _idempotent(a: written_actions.Action, *, read: bool) -> tuple[bool, str]:
    method = (a.http or "").partition(" ")[0]
    key = a.input.get(a.idempotency or "")
    if read:
        return True, "It only reads, so a repeated call changes nothing."
    if method == "PUT":
        return True, "It is a PUT, so a repeated call writes the same again."
    if method == "DELETE":
        return True, "It is a DELETE, so a repeated call finds nothing more to remove."
    if key is not None and key.required:
        return True, "Each call has an idempotency key, so a repeated call acts once."
    if a.equal_calls_s is not None:
        return True, f"Equal calls within {a.equal_calls_s} seconds have one idempotency key, and act once."
    return False, "Nothing says that a repeated call has no further effect."


def _open_world(written: Catalogue, name: str) -> tuple[bool, str]:
    if written.webhooks is not None and written.webhooks.registered_by == name:
        return True, "It makes the API send events to a URL that the caller names."
    return False, "It reaches only what the API itself stores."


def _words(name: str) -> str:
    return name.replace("_", " ")
