"""Find the action of a request, by its path or by a dispatcher's body."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.generate.actions import actions_by_name
from pgagents.http import Request
from pgagents.model.action import Action
from pgagents.model.surface import Dispatcher
from pgagents.sandbox.decode import Problem, json_object
from pgagents.sandbox.parsing.broken_schema import MISSING, UNKNOWN
from pgagents.sandbox.parsing.json_rpc import Message, read_message
from pgagents.sandbox.routes import Match, Route, Routes


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
