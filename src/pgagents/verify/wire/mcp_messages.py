"""Encode an action's call as an MCP `tools/call` message, and decode the tool's result as the action's
answer.

Requests and answers are messages of JSON-RPC in the form of the server's revision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from pgagents.base.http import EVENT_STREAM, Json, Response, Silence, json_bytes, read_json
from pgagents.catalogue.decoding.medium import kind_of
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.answers import Code
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.targets.mcp.tools import RESULT, Structured, find_structure
from pgagents.verify.wire.endpoint import MCP, Endpoint, endpoints

JSON = "application/json"
INVALID_PARAMS, METHOD_NOT_FOUND = -32602, -32601
"""Error codes of JSON-RPC 2.0 (section 5.1) for unacceptable arguments and for an unknown method."""
REFUSED, UNKNOWN, CRASHED = 400, 404, 500
_SAID = r"http(?:/\d(?:\.\d)?)?|status(?: code)?"
"""Words before a number that is a status."""
_MAYBE = (
    r"(?:api |http )?error(?: code)?|code|failed(?: with)?|answered(?: with)?|returned|responded(?: "
    r"with)?|response|said"
)
"""Words before a number that may be a status, unless the sentence continues (`error: 500 is above 24`)."""
_REASONS = "|".join(re.escape(f"{status.value} {status.phrase}") for status in HTTPStatus if status >= 400)
_DEEPEST = 4


HALVES = "backslashreplace"
"""Half a pair of UTF-16, as of an emoji that a server in JavaScript cut, is written as JSON escapes it."""


def read_text(text: str) -> Json:
    """Read a text as JSON."""
    return read_json(text.encode(errors=HALVES))


class ToolForm:
    """The form of the `mcp` surface. A tool has the action's arguments, without headers.

    An optional idempotency key is left out too: calls are compared with REST's, where it has its own checks.
    """

    def __init__(self, model: Model, surface: Surface) -> None:
        self._model, self._surface = model, surface
        self._structures: dict[str, Structured] = {}
        """The structured content of the tools that were called, by the action's name."""
        self._by_text = {code.shown or code.name: code for code in list(model.codes.values())[::-1]}
        """The codes by their text in answers: their value, or else their name."""
        codes = "|".join(map(re.escape, self._by_text)) or "(?!)"
        self._codes = re.compile(rf"(?<!\w)({codes})(?!\w)")
        ended = r"""(?=\s*(?:$|[:;,)\]}"'\n–—]|- |\.(?!\d))|\s+(?:for|from|on|when|while)\b)"""
        self._status = re.compile(
            rf"(?<!\w)(?:(?:{_SAID})\W{{1,3}}([45]\d\d)(?!\w|\.\d)"
            rf"|(?:{_MAYBE}|{codes})\W{{1,3}}([45]\d\d)(?!\w|\.\d){ended})"
            rf"|^\W*([45]\d\d)(?=\s*(?:$|:|[-–—] ))|(?<![\w.])(?=(?:{_REASONS})\b)([45]\d\d)",
            re.IGNORECASE,
        )

    def params(self, action: Action) -> tuple[Param, ...]:
        """Return the arguments that a tool takes."""
        return tuple(
            p
            for p in self._surface.narrowed_params(action)
            if p.place != "header" or (p.required and self._surface.takes_key(action, p))
        )

    def name(self, action: Action) -> str:
        """Return the tool's name."""
        own = action.texts.get(self._surface.name)
        return str(own.name if own and own.name else action.name)

    def request(
        self, action: Action, values: Mapping[str, Any], *, keyed: bool = False
    ) -> tuple[str, str, list[tuple[str, str]], bytes]:
        """Return the call as a message without arguments that the tool lacks. The link adds version and
        id. With `keyed`, the message has the idempotency key, if the tool takes one.
        """
        taken = {str(p.name) for p in self.params(action)}
        if keyed and self._surface.key_param(action) is not None:
            taken.add(str(action.idempotency))
        given = {k: v for k, v in values.items() if k in taken or action.param(k) is None}
        call = {
            "method": "tools/call",
            "params": {"name": self.name(action), "arguments": self._surface.rename(action, given)},
        }
        return "POST", "/", [("Content-Type", JSON)], json_bytes(call)

    def answer(self, action: Action, response: Response) -> Response:
        """Return the API's answer that a result represents: its data, or its error with the code and status
        in the text.
        """
        message = read_json(response.body).value
        if not isinstance(message, Mapping) or not ("result" in message or "error" in message):
            return Response(response.status if response.status >= REFUSED else CRASHED, response.headers)
        if "error" in message:
            return self._protocol_error(action, message["error"])
        result = message["result"]
        if not isinstance(result, Mapping):
            return Response(CRASHED)
        if result.get("isError") is True:
            return self._error(action, text_of(result))
        return Response(200, ((("Content-Type", JSON)),), self._data(action, result))

    def _data(self, action: Action, result: Mapping[str, Any]) -> bytes:
        if action.success.schema is None:
            return b""
        if "structuredContent" in result:
            return json_bytes(self._unwrap(action, result["structuredContent"]))
        output = action.success
        text = text_of(result).encode(errors=HALVES)
        shown = kind_of(output).shown
        if shown == "size":  # a tool describes the file; only REST sends its bytes
            return json_bytes(text_of(result))
        if shown != "text":
            return text
        read = kind_of(output).read(text, "", output)  # judged like REST's: one text, or rows
        return text if read.problem else json_bytes(read.value)

    def _unwrap(self, action: Action, data: Any) -> Any:
        """Return the answer in a tool's structured content, which holds only objects."""
        if not isinstance(data, Mapping) or list(data) != [RESULT]:
            return data
        structure = self._structures.get(str(action.name)) or find_structure(self._model, action)
        self._structures[str(action.name)] = structure
        return data[RESULT] if structure == "wrapped" else data

    def _protocol_error(self, action: Action, error: Any) -> Response:
        """Return the API's error that the message of a JSON-RPC error describes.

        Without one, return an error with the status of the JSON-RPC code.
        """
        code = error.get("code") if isinstance(error, Mapping) else None
        words = str(error.get("message") or "") if isinstance(error, Mapping) else ""
        if self._codes.search(words) or isinstance(read_text(words).value, Mapping):
            return self._error(action, words)
        status = (
            {INVALID_PARAMS: self._model.invalid_in(action).status, METHOD_NOT_FOUND: UNKNOWN}.get(
                code, CRASHED
            )
            if isinstance(code, int)
            else CRASHED
        )
        return self._make_error(action, status, f"as JSON-RPC error {code}")

    def _find_code(self, action: Action, text: str) -> Code | None:
        """Return the code that a text means; None if it is none of the action's.

        If several codes have the text, the action's own one is preferred. Codes of other actions are left out
        if they stand at another place of the body.
        """
        own = next((code for code in action.errors if (code.shown or code.name) == text), None)
        known = own or self._by_text.get(text)
        if known is None or own is not None or known.only is None or action.name in known.only:
            return known
        return known if known.code_at == self._model.errors.code_at else None

    def _error(self, action: Action, text: str) -> Response:
        """Return an error with the code and status that are found in a text's data or words.

        If the status is missing, the code decides it. If both are missing, it is the status of invalid
        arguments.
        """
        told = read_text(text).value
        found = dict(_members(told)) if isinstance(told, Mapping) else {}
        status = next(
            (v for v in found.values() if isinstance(v, int) and not isinstance(v, bool) and 400 <= v <= 599),
            None,
        )
        texts = (str(v) for v in found.values() if isinstance(v, str | int) and not isinstance(v, bool))
        named = next((v for v in texts if v in self._by_text), None)
        if named is None and (word := self._codes.search(text)):
            named = word.group(1)
        if status is None and not found and (number := self._status.search(text)):
            status = int(number[number.lastindex or 0])
        if status is None and named is not None and (code := self._find_code(action, named)) is not None:
            status = code.status
        own = found.get("code")
        wait = found.get("retry_after_s", found.get("retry_after"))
        more = (("Retry-After", str(wait)),) if isinstance(wait, int | float) else ()
        status = status or self._model.invalid_in(action).status
        return self._make_error(action, status, named or (own if isinstance(own, str) else ""), told, more)

    def _make_error(
        self,
        action: Action,
        status: int,
        code: str,
        data: Any = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> Response:
        """Return an error in the API's envelope, so that it is parsed like any other. Further data of the
        text is kept.
        """
        body: dict[str, Any] = {**data} if isinstance(data, Mapping) else {}
        known, sign = self._find_code(action, code), self._model.error_reader.sign
        place = known.code_at if known is not None else self._model.errors.code_at or "code"
        if place:
            _put(body, tuple(place.split(".")), (known.value if known is not None else code) or None)
        if status < REFUSED and sign is not None and not sign.holds(body):
            _put(body, sign.path, sign.value if sign.comparison == "==" else not sign.value)
        return Response(status, (("Content-Type", JSON), *headers), json_bytes(body))


def _put(body: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value at a path; for None, only make the objects around it."""
    *steps, last = path
    for step in steps:
        kept = body.get(step)
        body[step] = dict(kept) if isinstance(kept, Mapping) else {}
        body = body[step]
    if value is not None:
        body[last] = value


def tool_endpoints(model: Model) -> list[Endpoint]:
    """Return an endpoint for each tool in the catalogue's order; empty if there is no `mcp` surface."""
    surface = model.surfaces.get(MCP)
    if surface is None:
        return []
    form = ToolForm(model, surface)
    open_to_all = model.credential is None
    elsewhere = {str(one.action.name) for one in endpoints(model)}
    return [
        Endpoint(
            a,
            MCP,
            None,
            f"{a.name}@{MCP}",
            form,
            open_to_all,
            model.shared_security,
            tools=surface,
            leads=str(a.name) not in elsewhere,
        )
        for a in surface.actions
    ]


def message_of(answer: Response | Silence) -> Mapping[str, Any]:
    """Return the message in an answer; empty without one."""
    found = read_json(answer.body).value if isinstance(answer, Response) else None
    return found if isinstance(found, Mapping) else {}


def result_of(answer: Response | Silence) -> Mapping[str, Any] | None:
    """Return the result in an answer; None without one."""
    found = message_of(answer).get("result")
    return found if isinstance(found, Mapping) else None


def error_of(answer: Response | Silence) -> int | None:
    """Return the code of the JSON-RPC error in an answer, 0 for a code that is not a number; None without an
    error.
    """
    found = message_of(answer)
    if "error" not in found:
        return None
    code = found["error"].get("code") if isinstance(found["error"], Mapping) else None
    return code if isinstance(code, int) else 0


def text_of(result: Mapping[str, Any]) -> str:
    """Return the text blocks of a result, joined by line breaks."""
    return "\n".join(list_texts(result))


def list_texts(result: Mapping[str, Any]) -> list[str]:
    """Return the text blocks of a result."""
    blocks = result.get("content")
    texts = (
        [b.get("text") for b in blocks if isinstance(b, Mapping) and b.get("type") == "text"]
        if isinstance(blocks, list)
        else []
    )
    return [t for t in texts if isinstance(t, str)]


def _members(data: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Yield the plain members of an object and of its inner objects. Inner ones come first, so outer ones
    win.
    """
    if not isinstance(data, Mapping) or depth > _DEEPEST:
        return
    for value in data.values():
        yield from _members(value, depth + 1)
    yield from ((str(k), v) for k, v in data.items() if not isinstance(v, Mapping | list))


# -- messages of the Model Context Protocol.
#
# https://modelcontextprotocol.io/specification/2025-11-25 and revision 2026-07-28, which has no sessions;
# read 2026-11-20.


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
                problem = "the stream carries what is not a message"
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
