"""Unwrap an answer of a JSON-RPC dispatcher: the API's own answer, with the status of its error code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pgagents.http import Response, json_bytes, read_json
from pgagents.model.model import Model

UNREADABLE = 502
PARSE_ERROR, INTERNAL = -32700, -32603


def unwrap(model: Model, came: Response) -> Response:
    """Return the action's answer from a JSON-RPC message.

    An error without the API's body gets a status that corresponds to its number.
    """
    if came.status != 200 or not came.body:
        return came
    message = read_json(came.body).value
    if not isinstance(message, Mapping) or ("result" in message) == ("error" in message):
        return replace(came, status=UNREADABLE, body=b"")
    if "result" in message:
        return replace(came, body=json_bytes(message["result"]))
    error = message["error"] if isinstance(message["error"], Mapping) else {}
    data = error.get("data")
    code = model.error_reader.read(0, data).code
    if code is None:
        framework = model.errors.framework
        number = error.get("code")
        names = {PARSE_ERROR: framework.bad_body, INTERNAL: framework.crashed}
        code = model.codes[names.get(number if isinstance(number, int) else 0) or framework.invalid]
    return replace(came, status=code.status, body=json_bytes(data if data is not None else {}))
