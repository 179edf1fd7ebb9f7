"""Faults of a JSON-RPC dispatcher."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pgagents.base.http import Request, Response, json_bytes, read_json
from pgagents.sandbox.fault_declaration import Context, fault
from pgagents.sandbox.routes import INVALID_REQUEST, UNKNOWN_METHOD

NEEDS = ("json-rpc",)
Change = Callable[[Any, dict[str, Any]], dict[str, Any]]


def _edit(context: Context, request: Request, answer: Response, change: Change) -> Response:
    """Return an answer with its message changed; `change` is passed the request's and the answer's."""
    paths = {str(d.path) for d in context.model.dispatchers if d.json_rpc}
    message = read_json(answer.body).value if request.path in paths and answer.status == 200 else None
    if not isinstance(message, dict) or "jsonrpc" not in message:
        return answer
    return answer.with_json(change(read_json(request.body).value, message))


@fault("json_rpc", needs=NEEDS).edit_answers
def rpc_id_always_one(context: Context, request: Request, answer: Response) -> Response:
    """Each answer has the id 1, whatever the request's is."""
    return _edit(context, request, answer, lambda _, message: {**message, "id": 1})


@fault("json_rpc", needs=NEEDS).edit_answers
def rpc_id_as_text(context: Context, request: Request, answer: Response) -> Response:
    """An id that is a number comes back as a text."""
    return _edit(
        context,
        request,
        answer,
        lambda _, message: {**message, "id": None if message["id"] is None else str(message["id"])},
    )


@fault("json_rpc", needs=NEEDS).edit_answers
def rpc_version_missing(context: Context, request: Request, answer: Response) -> Response:
    """Answers have no `jsonrpc`, as in version 1."""
    return _edit(
        context, request, answer, lambda _, message: {k: v for k, v in message.items() if k != "jsonrpc"}
    )


@fault(
    "json_rpc", also={"response_schema": "the message is no result that can be read"}, needs=NEEDS
).edit_answers
def rpc_null_error_beside_result(context: Context, request: Request, answer: Response) -> Response:
    """A result comes with an `error` that is null, as in version 1."""
    return _edit(
        context,
        request,
        answer,
        lambda _, message: {**message, "error": None} if "result" in message else message,
    )


@fault("json_rpc", needs=NEEDS).edit_answers
def rpc_errors_without_numbers(context: Context, request: Request, answer: Response) -> Response:
    """Each error has the number -32000, also those that the protocol numbers."""
    return _edit(
        context,
        request,
        answer,
        lambda _, message: (
            {**message, "error": {**message["error"], "code": -32000}} if "error" in message else message
        ),
    )


@fault("json_rpc", also={"framework": "the method is a name of no action"}, needs=NEEDS).edit_answers
def rpc_unknown_method_answered(context: Context, request: Request, answer: Response) -> Response:
    """A method that does not exist, or is no text, gets an empty result."""
    return _edit(context, request, answer, lambda _, message: _answer_unknown(message))


def _answer_unknown(message: dict[str, Any]) -> dict[str, Any]:
    code = message["error"]["code"] if "error" in message else None
    if code not in (UNKNOWN_METHOD, INVALID_REQUEST):
        return message
    return {"jsonrpc": message["jsonrpc"], "id": message["id"], "result": {}}


@fault("json_rpc", needs=NEEDS).edit_answers
def rpc_notification_answered(context: Context, request: Request, answer: Response) -> Response:
    """A notification gets a message with the id null."""
    paths = {str(d.path) for d in context.model.dispatchers if d.json_rpc}
    if request.path not in paths or answer.status != 202:
        return answer
    body = json_bytes({"jsonrpc": "2.0", "id": None, "result": {}})
    return Response(200, (*answer.headers, ("Content-Type", "application/json")), body)
