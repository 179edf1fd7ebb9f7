"""Encode calls as JSON-RPC 2.0 messages, and decode such answers as the API's own.

https://www.jsonrpc.org/specification, read 2026-11-21.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zlib import crc32

from pgagents.http import Response, json_bytes, read_json
from pgagents.model.model import Model

VERSION = "2.0"
PARSE_ERROR, INVALID_REQUEST, UNKNOWN_METHOD, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
OK = 200


def frame(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request's members with version and id. Different calls have different ids, some texts and some
    numbers.
    """
    number = crc32(json_bytes(dict(message)))
    return {"jsonrpc": VERSION, "id": number if number % 2 else f"pgv-{number}", **message}


class MessageReader:
    """Decodes the answers of a catalogue's JSON-RPC dispatchers."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def read(self, response: Response) -> Response:
        """Return the API's answer inside a message: its result, or its error with the status of its code.

        A null beside the other of the two does not count. Anything that is no JSON-RPC message is returned
        unchanged.
        """
        if response.status != OK:
            return response
        message = read_json(response.body).value
        if not isinstance(message, Mapping):
            return response
        present = [name for name in ("result", "error") if name in message]
        if len(present) == 2:  # version 1 has both, and one is null; the check `json_rpc` reports it
            present = [name for name in present if message[name] is not None]
        if len(present) != 1:
            return response
        if present == ["result"]:
            return replace(response, body=json_bytes(message["result"]))
        error = message["error"]
        return self._error(response, error if isinstance(error, Mapping) else {})

    def _error(self, response: Response, error: Mapping[str, Any]) -> Response:
        data, number = error.get("data"), error.get("code")
        code = self._model.error_reader.read(0, data).code
        if code is not None:
            return replace(response, status=code.status, body=json_bytes(data))
        framework = self._model.errors.framework
        names = {PARSE_ERROR: framework.bad_body, INTERNAL: framework.crashed}
        known = names.get(number) if isinstance(number, int) else None
        status = self._model.codes[known or framework.invalid].status
        return replace(response, status=status, body=json_bytes(data if data is not None else {}))
