"""Helpers that faults and variations share: find the action of a request, change its arguments and
answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from pgagents.base.http import Handler, Request, Response, Silence, json_bytes, read_json, text_of
from pgagents.base.jsonschema import schema as schemas
from pgagents.catalogue.encoding.medium import has_body, is_whole, medium_of_action, write_body
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Dispatcher
from pgagents.generate.actions import actions_by_name
from pgagents.sandbox.bodies import Unreadable, field_of, reader_of, types_of
from pgagents.sandbox.routes import Routes

MOVED = "/static/agents"
"""The place to which a variation redirects the hosted documents."""


def is_hosted(model: Model, request: Request) -> bool:
    """Return True if a request is for a hosted document, also at the place that it is redirected to."""
    return request.path.removeprefix(MOVED) in model.api.hosted.values()


@dataclass(frozen=True, slots=True)
class RequestedAction:
    """The action of a request, its dispatcher, its path values, and the request itself.

    If the request uses the action's own path, `dispatcher` is None and `path` has the placeholders' values.
    """

    action: Action
    dispatcher: Dispatcher | None
    path: Mapping[str, str]
    request: Request


def replace_method(owner: object, name: str, function: Callable[..., Any]) -> None:
    """Replace a method of one part of a sandbox. Raises AttributeError if the part has no such method."""
    getattr(owner, name)
    setattr(owner, name, function)


class RequestReader:
    """Find actions and arguments in requests, by the same routes as the front."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._routes = Routes(model)
        self._keys = {c.wire for c in model.credentials.values() if c.place == "query"}

    def parse(self, request: Request) -> RequestedAction | None:
        """Return the action of a request, on REST or a dispatcher.

        None for a path or method without an action, an unknown selector, and a body over the size limit.
        """
        if len(request.body) > (self.model.limits.max_body_bytes or len(request.body)):
            return None
        match = self._routes.match(request.path)
        endpoint = match.methods.get(request.method) if match else None
        if match is None or endpoint is None:
            return None
        if endpoint.dispatcher is None:
            return RequestedAction(endpoint.action, None, match.values, request) if endpoint.action else None
        body = read_json(request.body).value
        name = body.get(endpoint.dispatcher.selector) if isinstance(body, dict) else None
        action = actions_by_name(endpoint.dispatcher).get(name) if isinstance(name, str) else None
        return RequestedAction(action, endpoint.dispatcher, {}, request) if action else None

    def knows(self, request: Request) -> bool:
        """Return True if the request's path has an endpoint, for any method."""
        return self._routes.match(request.path) is not None

    def action(self, request: Request) -> Action | None:
        """Return the action that a request names, or None."""
        asked = self.parse(request)
        return asked.action if asked else None

    def arguments(self, request: Request) -> dict[str, Any]:
        """Return a request's arguments by name: from a dispatcher's arguments, else a JSON body, else the
        query (as text).

        Path and header arguments are left out, and so are keys in the query.
        """
        asked = self.parse(request)
        if asked is None:
            return {}
        body = read_json(request.body).value
        if asked.dispatcher is not None:
            inner = body.get(asked.dispatcher.arguments) if isinstance(body, dict) else None
            return dict(inner) if isinstance(inner, dict) else {}
        if isinstance(body, dict):
            return dict(body)
        if request.body and has_body(asked.action):
            return read_values(asked.action, request, self.model.schemas)
        return {name: value for name, value in request.query if name not in self._keys}

    def with_arguments(self, request: Request, values: Mapping[str, Any]) -> Request:
        """Return the request with these arguments in place of those that `arguments` returns."""
        asked = self.parse(request)
        if asked is None:
            return request
        if asked.dispatcher is not None:
            return replace(
                request,
                body=json_bytes({**read_json(request.body).value, asked.dispatcher.arguments: dict(values)}),
            )
        if request.body and (not medium_of_action(asked.action).typed or is_whole(asked.action)):
            return write_values(asked.action, request, values)
        if request.method in ("POST", "PUT", "PATCH"):
            return replace(request, body=json_bytes(dict(values)))
        keys = [(name, value) for name, value in request.query if name in self._keys]
        query = urlencode([*((k, text_of(v)) for k, v in values.items()), *keys], quote_via=quote)
        return replace(request, target=request.path + ("?" + query if query else ""))


def repairs(handler: Handler, repair: Callable[[Request], Request]) -> Handler:
    """Return a handler that passes each request through `repair` first."""
    return lambda request: handler(repair(request))


def edits(handler: Handler, edit: Callable[[Request, Response], Response]) -> Handler:
    """Return a handler that passes each answer through `edit`. A missing answer stays missing."""

    def answer(request: Request) -> Response | Silence:
        found = handler(request)
        return edit(request, found) if isinstance(found, Response) else found

    return answer


def successful(answer: Response) -> bool:
    """Return whether an answer has a 2xx status."""
    return 200 <= answer.status < 300


def data_of(answer: Response) -> Any:
    """Return the parsed JSON body of an answer; None if its type is not JSON or it cannot be parsed."""
    media = answer.media_type
    if media != "application/json" and not media.endswith("+json"):
        return None
    try:
        return json.loads(answer.body)
    except ValueError:
        return None


def objects(data: Any) -> Iterator[dict[str, Any]]:
    """Yield every object inside a JSON value, outermost first; callers may change them in place."""
    if isinstance(data, dict):
        yield data
        for member in data.values():
            yield from objects(member)
    elif isinstance(data, list):
        for item in data:
            yield from objects(item)


def lists(data: Any) -> Iterator[list[Any]]:
    """Yield every non-empty list of objects inside a JSON value."""
    for found in objects(data):
        for member in found.values():
            if isinstance(member, list) and member and isinstance(member[0], dict):
                yield member


def read_by_id(model: Model) -> Action:
    """Return the first read with an argument that refers to a resource, or else the first action."""
    return next(
        (a for a in model.actions if a.effect == "read" and any(p.refers_to for p in a.params)),
        model.actions[0],
    )


def widest(reader: RequestReader, action: Action, request: Request) -> bool:
    """Return whether a request calls this action with every bounded integer argument at its maximum."""
    asked = reader.parse(request)
    if asked is None or asked.action is not action:
        return False
    given = reader.arguments(request)
    bounded = {
        p.wire: p.schema["maximum"]
        for p in action.params
        if p.schema.get("type") == "integer" and "maximum" in p.schema
    }
    return all(str(given.get(wire)) == str(most) for wire, most in bounded.items())


# -- bodies that are not JSON


def read_values(action: Action, request: Request, named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body's values as text, by their names on the wire; empty if it cannot be read."""
    fields = [
        field_of(p, schemas.resolve(p.schema, named), frozenset(types_of(p.schema, named)))
        for p in action.params
        if p.in_body
    ]
    try:
        content = reader_of(action)(request, fields, action.content_type)
    except Unreadable:
        return {}
    return dict(content.values)


def write_values(action: Action, request: Request, values: Mapping[str, Any]) -> Request:
    """Return the request with these values, by their names on the wire, as its body."""
    names = {param.wire: str(param.name) for param in action.params if param.in_body}
    given = {names[wire]: value for wire, value in values.items() if wire in names}
    more = {wire: value for wire, value in values.items() if wire not in names}
    body = write_body(action, given, more)
    return replace(request, body=body.data).with_header("Content-Type", body.content_type)
