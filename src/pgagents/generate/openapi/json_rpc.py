"""The frame of JSON-RPC 2.0 around requests and answers, as schemas.

https://www.jsonrpc.org/specification, read 2026-11-21.
"""

from __future__ import annotations

from typing import Any

from pgagents.model.answers.error_code import Code
from pgagents.model.model import Model
from pgagents.source.origin import Node
from pgagents.source.source import Pointer

FRAME = {"jsonrpc": "2.0", "id": 1}
"""The members of a request beside `method` and `params`."""
_OF_HTTP = ("no_key", "limited", "too_large", "no_scope", "crashed", "wrong_method")
"""Errors that are sent as HTTP statuses, because the server finds them before it reads a message."""


def list_codes_of_http(model: Model) -> tuple[Code, ...]:
    """Return the errors that are sent as HTTP statuses instead of JSON-RPC messages."""
    names = {getattr(model.errors.framework, kind) for kind in _OF_HTTP}
    names -= {model.errors.framework.invalid}
    return tuple(code for name, code in model.codes.items() if name in names)


def frame_request(body: Node) -> None:
    """Add the members of the frame to a request's schema."""
    framed = {
        "jsonrpc": {"type": "string", "enum": ["2.0"], "description": "The version of JSON-RPC"},
        "id": {
            "anyOf": [{"type": "string"}, {"type": "integer"}],
            "description": "A value of the caller's choice, which the answer repeats",
        },
    }
    body["required"] = ["jsonrpc", "id", *body["required"]]
    added = _make_nodes(framed, body.origin)
    body["properties"] = Node({**added, **body["properties"]}, origin=body.origin)


def _make_nodes(value: Any, at: Pointer) -> Any:
    """Return a value with every plain object in it as a Node."""
    if isinstance(value, Node):
        return value
    if isinstance(value, dict):
        return Node({k: _make_nodes(v, at) for k, v in value.items()}, origin=at)
    return [_make_nodes(v, at) for v in value] if isinstance(value, list) else value


def frame_answer(result: Node | None, data: Node | None, at: Pointer) -> Node:
    """Return the schema of an answer: `result`, or `error` with the API's error body as its `data`."""
    error: dict[str, Any] = {
        "type": "object",
        "description": "Why there is no result",
        "required": ["code", "message"],
        "properties": {
            "code": {"type": "integer", "description": "-32602 for invalid arguments, as JSON-RPC defines"},
            "message": {"type": "string", "description": "The same in words"},
            **({"data": data} if data is not None else {}),
        },
    }
    properties = {
        "jsonrpc": {"type": "string", "enum": ["2.0"], "description": "The version of JSON-RPC"},
        "id": {
            "anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}],
            "description": "The request's id",
        },
        "result": result if result is not None else Node({"description": "Nothing"}, origin=at),
        "error": error,
    }
    framed = {"type": "object", "required": ["jsonrpc", "id"], "properties": properties}
    made: Node = _make_nodes(framed, at)
    return made
