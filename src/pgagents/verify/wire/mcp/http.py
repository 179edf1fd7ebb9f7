"""HTTP client for an MCP server. It reads an event stream only up to the answer, because streams may stay
open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pgagents.http import EVENT_STREAM, Response, Silence, read_json
from pgagents.verify.wire.mcp.message import events
from pgagents.verify.wire.send import Client


class StreamClient(Client):
    """A handler over one kept-alive connection."""

    def _read(self, head: Response, chunks: Iterable[bytes], began: float) -> Response | Silence:
        if head.media_type != EVENT_STREAM:
            return super()._read(head, chunks, began)
        body = bytearray()
        whole = 0
        for chunk in chunks:
            body += chunk
            if len(body) > self._max_bytes:
                return Silence("too-large", f"the stream has more than {self._max_bytes:,} bytes")
            if (now := self._timer()) > self._deadline.at:
                return Silence("timeout", f"the answer did not come within {now - began:.3g} s")
            end = max(body.rfind(b"\n\n"), body.rfind(b"\r\n\r\n"), body.rfind(b"\r\r"))
            if end > whole:
                if any(_answers(data) for data in events(bytes(body[whole:]))):
                    break
                whole = end
        return Response(head.status, head.headers, bytes(body))


def _answers(data: bytes) -> bool:
    """True if a message is an answer: a result or an error."""
    value = read_json(data).value
    return isinstance(value, Mapping) and "method" not in value and ("result" in value or "error" in value)
