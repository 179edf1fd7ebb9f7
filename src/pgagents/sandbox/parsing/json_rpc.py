"""The sandbox's side of JSON-RPC 2.0: it reads a message, and frames results and errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.generate.actions import actions_by_name
from pgagents.http import Request, Response, json_bytes, read_json
from pgagents.model.action import Action
from pgagents.model.surface import Dispatcher
from pgagents.sandbox.decode import Problem, json_object
from pgagents.sandbox.parsing.broken_schema import BODY

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
