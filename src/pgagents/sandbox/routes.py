"""Find the action of a request: by its method and path, or by a dispatcher's body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.base.text import match_placeholders, split
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.generate.actions import actions_by_name
from pgagents.sandbox.decode import BODY, MISSING, UNKNOWN, Problem, json_object

# -- methods and paths


@dataclass(frozen=True, slots=True)
class Route:
    """The action or dispatcher at a method and path. `operator` is true if it needs the operator's key."""

    action: Action | None
    dispatcher: Dispatcher | None = None
    operator: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The routes of a path by method, and the values of its placeholders."""

    methods: Mapping[str, Route]
    values: Mapping[str, str]


class Routes:
    """All paths of a catalogue. A literal path wins over a template; a trailing slash makes another path."""

    def __init__(self, model: Model, own_tools: Dispatcher | None = None) -> None:
        """Collect the paths of a catalogue.

        `own_tools` is the path to the actions that only its MCP server offers.
        """
        self._literal: dict[tuple[str, ...], dict[str, Route]] = {}
        self._templates: dict[int, dict[tuple[str, ...], dict[str, Route]]] = {}
        self._open: dict[tuple[str, ...], dict[str, Route]] = {}
        """Templates whose last placeholder may match several segments."""
        for action in model.rest_actions:
            self._add(action.method, action.path, Route(action))
        for action in model.operator:
            self._add(action.method, action.path, Route(action, operator=True))
        for dispatcher in (*model.dispatchers, *((own_tools,) if own_tools is not None else ())):
            self._add(dispatcher.method, dispatcher.path, Route(None, dispatcher))

    def _add(self, method: str, path: str, endpoint: Route) -> None:
        parts = tuple(path.split("/"))
        if "{" in path:
            self._templates.setdefault(len(parts), {}).setdefault(parts, {})[method] = endpoint
            if endpoint.action is not None and any(
                p.reserved and p.place == "path" for p in endpoint.action.params
            ):
                self._open.setdefault(parts, {})[method] = endpoint
        else:
            self._literal.setdefault(parts, {})[method] = endpoint

    def match(self, path: str) -> Match | None:
        """Return the routes of a path as sent, or None. An encoded slash does not separate segments."""
        parts = tuple(path.split("/") if "%" not in path else map(unquote, path.split("/")))
        literal = self._literal.get(parts)
        if literal is not None:
            return Match(literal, {})
        candidates = []
        for template, methods in self._templates.get(len(parts), {}).items():
            values = _fit(template, parts)
            if values is not None:
                candidates.append((tuple("{" in part for part in template), methods, values))
        for template, methods in self._open.items() if not candidates else ():
            last = len(template) - 1
            joined = (*parts[:last], "/".join(parts[last:]))
            values = _fit(template, joined) if len(parts) > len(template) and all(parts[last:]) else None
            if values is not None:
                candidates.append((tuple("{" in part for part in template), methods, values))
        if not candidates:
            return None
        _, methods, values = min(candidates, key=lambda c: c[0])
        return Match(methods, values)


def fit(template: str, path: str) -> dict[str, str] | None:
    """Return the values of a template's placeholders in a path as sent; None if it does not match."""
    parts, given = tuple(template.split("/")), tuple(unquote(part) for part in path.split("/"))
    return _fit(parts, given) if len(parts) == len(given) else None


def _fit(template: tuple[str, ...], parts: tuple[str, ...]) -> dict[str, str] | None:
    values: dict[str, str] = {}
    for expected, given in zip(template, parts, strict=True):
        if "{" not in expected:
            if expected != given:
                return None
            continue
        literals, names = split(expected)
        found = match_placeholders(literals, given)
        if found is None:
            return None
        values.update(zip(names, found, strict=True))
    return values


# -- JSON-RPC


PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS = -32700, -32600, -32601, -32602
OWN_ERROR = -32000
"""The number of an error that the API itself defines (-32000 to -32099 are left to servers)."""
_MEMBERS = ("jsonrpc", "id", "method", "params")


@dataclass(frozen=True, slots=True)
class Message:
    """A request: its id, its action, and its arguments, or the reason and number of its refusal.

    `notification` is true if it has no id, so that it gets no answer.
    """

    id: Any
    notification: bool
    action: Action | None
    members: Mapping[str, Any] | Problem
    number: int = INVALID_PARAMS


def read_message(dispatcher: Dispatcher, request: Request) -> Message:
    """Read the message of a request."""
    found = json_object(request)
    if isinstance(found, Problem):
        broken = read_json(request.body).problem
        return Message(None, False, None, found, PARSE_ERROR if broken else INVALID_REQUEST)
    id = found.get("id")
    odd = _find_problem(found)
    if odd is not None:
        known = id if isinstance(id, str | int) and not isinstance(id, bool) else None
        return Message(known, False, None, odd, INVALID_REQUEST)
    notification = "id" not in found
    action = actions_by_name(dispatcher).get(found["method"])
    if action is None:
        unknown = Problem("invalid", "method", "there is no such method")
        return Message(id, notification, None, unknown, UNKNOWN_METHOD)
    params = found.get("params", {})
    if not isinstance(params, dict):
        return Message(id, notification, action, Problem("invalid", "params", "params must be an object"))
    return Message(id, notification, action, params)


def _find_problem(found: Mapping[str, Any]) -> Problem | None:
    if found.get("jsonrpc") != "2.0":
        return Problem("invalid", "jsonrpc", 'jsonrpc must be "2.0"')
    if not isinstance(found.get("method"), str):
        return Problem("invalid", "method", "method must be a text")
    if isinstance(found.get("id", 0), bool | dict | list):
        return Problem("invalid", "id", "id must be a text or a number")
    odd = next((name for name in found if name not in _MEMBERS), None)
    return Problem("invalid", odd or BODY, "no such member here") if odd is not None else None


def frame_answer(message: Message, answer: Response, *, refused: bool) -> Response:
    """Return the message that answers a request. An error's body becomes its `data`.

    A notification gets an answer without a body.
    """
    if message.notification:
        return Response(202)
    body = read_json(answer.body).value
    framed: dict[str, Any] = {"jsonrpc": "2.0", "id": message.id}
    if 200 <= answer.status < 300 and not refused:
        framed["result"] = body
    else:
        number = message.number if refused else OWN_ERROR
        framed["error"] = {"code": number, "message": _NAMES.get(number, "Refused"), "data": body}
    kept = tuple(h for h in answer.headers if h[0].lower() != "content-type")
    return Response(200, (*kept, ("Content-Type", "application/json")), json_bytes(framed))


_NAMES = {
    PARSE_ERROR: "Parse error",
    INVALID_REQUEST: "Invalid Request",
    UNKNOWN_METHOD: "Method not found",
    INVALID_PARAMS: "Invalid params",
}


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """The route, action and dispatcher of a request. The body has been parsed, but not validated.

    `members` are the arguments in a dispatcher's body, or the problem of that body.
    """

    match: Match | None
    endpoint: Route | None
    action: Action | None
    dispatcher: Dispatcher | None
    members: Mapping[str, Any] | Problem | None
    message: Message | None = None
    """The message of a JSON-RPC dispatcher."""


def read(request: Request, routes: Routes, is_too_large: Callable[[Request], bool]) -> ParsedRequest:
    """Return the route and action of a request.

    A dispatcher's body is parsed here, because its selector decides which rate limits apply.
    """
    match = routes.match(request.path)
    endpoint = match.methods.get(request.method) if match else None
    if endpoint is None or endpoint.dispatcher is None:
        return ParsedRequest(match, endpoint, endpoint.action if endpoint else None, None, None)
    dispatcher = endpoint.dispatcher
    if is_too_large(request):
        return ParsedRequest(match, endpoint, None, dispatcher, None)
    if dispatcher.json_rpc:
        message = read_message(dispatcher, request)
        return ParsedRequest(match, endpoint, message.action, dispatcher, message.members, message)
    members = json_object(request)
    if isinstance(members, Problem):
        return ParsedRequest(match, endpoint, None, dispatcher, members)
    action, arguments = _select_action(dispatcher, members)
    return ParsedRequest(match, endpoint, action, dispatcher, arguments)


def too_large(request: Request, most_bytes: int | None) -> bool:
    """Return whether a body is over the limit, by its length or by its announced length."""
    if most_bytes is None:
        return False
    declared = request.header("content-length") or ""
    announced = int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0
    return max(announced, len(request.body)) > most_bytes


def _select_action(
    dispatcher: Dispatcher, members: Mapping[str, Any]
) -> tuple[Action | None, Mapping[str, Any] | Problem]:
    """Return the action and the arguments in a dispatcher's body, or the problem of the body."""
    selector, arguments = dispatcher.selector, dispatcher.arguments
    known = actions_by_name(dispatcher)
    name = members.get(selector)
    if selector not in members:
        return None, Problem("invalid", selector, f"{selector} is required", MISSING)
    if not isinstance(name, str) or name not in known:
        return None, Problem("invalid", selector, f"{selector} must be one of {', '.join(known)}")
    action = known[name]
    given = members.get(arguments, {})
    if not isinstance(given, dict):
        return action, Problem("invalid", arguments, f"{arguments} must be an object")
    unknown = next((m for m in members if m not in (selector, arguments)), None)
    if unknown is not None and action.unknown == "refused":
        return action, Problem("invalid", unknown, "no such member here", UNKNOWN)
    return action, given
