"""JSON-RPC messages of the Model Context Protocol: build requests, and find a message in an answer.

https://modelcontextprotocol.io/specification/2025-11-25 and revision 2026-07-28, which has no sessions; read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pgagents.http import EVENT_STREAM, Response, read_json

MODERN, LEGACY = "2026-07-28", "2025-11-25"
"""The revisions that we support: the one without sessions, and the last one with them."""
DISCOVER, INITIALIZE, INITIALIZED = "server/discover", "initialize", "notifications/initialized"
VERSION, SESSION, METHOD, NAME = "MCP-Protocol-Version", "Mcp-Session-Id", "Mcp-Method", "Mcp-Name"
ACCEPT = "application/json, text/event-stream"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""The parameter whose value `Mcp-Name` repeats, by method (2026-07-28)."""
_PREFIX = "io.modelcontextprotocol/"
NAMED_ITSELF = _PREFIX + "serverInfo"
"""The member of `_meta` in which a server of 2026-07-28 describes itself."""
CLIENT = {"name": "pgagents-verify", "version": "1"}


def hello() -> dict[str, Any]:
    """Return the first request of a session, up to 2025-11-25."""
    return {
        "method": INITIALIZE,
        "params": {"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": CLIENT},
    }


def add_metadata(message: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Return the message in the form of a revision. In 2026-07-28 each request names its client."""
    if version < MODERN or "id" not in message:
        return dict(message)
    params = dict(message.get("params") or {})
    own = {
        _PREFIX + "protocolVersion": version,
        _PREFIX + "clientCapabilities": {},
        _PREFIX + "clientInfo": CLIENT,
    }
    params["_meta"] = {**own, **(params.get("_meta") or {})}
    return {**message, "params": params}


def headers_of(message: Mapping[str, Any], version: str, session: str) -> list[tuple[str, str]]:
    """Return the headers that Streamable HTTP requires for a message."""
    found = [("Accept", ACCEPT)]
    method = str(message.get("method"))
    if method != INITIALIZE:
        found.append((VERSION, version))
    if version >= MODERN:
        found.append((METHOD, method))
        named = (message.get("params") or {}).get(NAMED.get(method, ""))
        if isinstance(named, str) and named.isascii() and named.isprintable():
            found.append((NAME, named))
    elif session:
        found.append((SESSION, session))
    return found


def read(response: Response, id: Any) -> Response | str:
    """Return the answer to the request with this id, from JSON or an event stream.

    If there is none, return the reason as a text.
    """
    if response.media_type == EVENT_STREAM:
        problem = "the stream ended without the answer"
        for data in events(response.body):
            value = read_json(data).value
            if not isinstance(value, Mapping):
                problem = "the stream carries what is no message"
            elif _answers(value, id):
                return Response(response.status, response.headers, data)
        return problem
    parsed = read_json(response.body)
    if parsed.problem:
        return f"no JSON-RPC message: {parsed.problem}"
    if not isinstance(parsed.value, Mapping) or not _answers(parsed.value, id):
        return "no answer to what was asked: another id, or neither result nor error"
    return response


def _answers(value: Mapping[str, Any], id: Any) -> bool:
    """True if a message answers the request with this id. An error may lack the id if the request was
    unreadable.
    """
    known = value.get("id") == id or (value.get("id") is None and "error" in value)
    return known and ("result" in value) != ("error" in value) and value.get("jsonrpc") == "2.0"


def events(body: bytes) -> Iterator[bytes]:
    """Yield the data of each event of a stream (WHATWG HTML, 9.2)."""
    lines: list[bytes] = []
    for line in body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif not line and lines:
            yield b"\n".join(lines)
            lines = []
    if lines:
        yield b"\n".join(lines)
