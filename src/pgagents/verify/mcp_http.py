"""The live client for an MCP server: an event stream is read until its answer has come, since a server may leave it open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pgagents.verify.mcp_message import events
from pgagents.verify.send import Client
from pgagents.wire import Response, Silence, read_json

if TYPE_CHECKING:
    import httpx


class StreamClient(Client):
    """A handler over one kept-alive connection."""

    def _read(self, answer: httpx.Response, began: float) -> Response | Silence:
        if not answer.headers.get("content-type", "").lower().startswith("text/event-stream"):
            return super()._read(answer, began)
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in answer.headers.raw)
        body = bytearray()
        whole = 0
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                return Silence("too-large", f"the stream has more than {self._max_bytes:,} bytes")
            if self._timer() - began > self._timeout_s:
                return Silence("timeout", f"the answer did not come within {self._timeout_s:g} s")
            end = max(body.rfind(b"\n\n"), body.rfind(b"\r\n\r\n"), body.rfind(b"\r\r"))
            if end > whole:
                if any(_answers(data) for data in events(bytes(body[whole:]))):
                    break
                whole = end
        return Response(answer.status_code, headers, bytes(body))


def _answers(data: bytes) -> bool:
    """Whether a message ends what was asked."""
    value = read_json(data).value
    return isinstance(value, Mapping) and "method" not in value and ("result" in value or "error" in value)
