"""The connection to one MCP server. It is opened at the first call, with the newest revision that the server
supports.

It is closed for good once the server no longer answers. Each answer is a Response whose body is one JSON-RPC
message, or a Silence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pgagents.http import Handler, Request, Response, Silence, is_timely, json_bytes, read_json
from pgagents.verify.wire.mcp import message

if TYPE_CHECKING:
    from pgagents.verify.wire.mcp.introduction import Introduction
    from pgagents.verify.wire.mcp.listing import ToolListing

LIST = {"method": "tools/list"}
SOON_S = 0.1
"""Seconds in which no server can be opened any more."""
MOST_MUTE = 2
"""The number of calls in a row without an answer after which nothing more is sent to the server."""


class Link:
    """A connection to an MCP server: over Streamable HTTP at `url`, or to a process if `url` is empty.

    `handler` sends the messages; `command` starts the process. `token` authenticates to the MCP server and is
    sent nowhere else. `noise` returns the process's output that is no message.
    """

    def __init__(
        self,
        handler: Handler,
        *,
        url: str = "",
        path: str = "/",
        token: str = "",
        command: str = "",
        noise: Callable[[], str] = lambda: "",
    ) -> None:
        self.handler, self.url, self.path, self._token, self.command, self.noise = (
            handler,
            url,
            path,
            token,
            command,
            noise,
        )
        self.version = ""
        """The revision in use; empty before the link is open."""
        self.session = ""
        self.told: Mapping[str, Any] = {}
        """The server's description of itself, from the opening of the link."""
        self.problem = ""
        """The reason why the server cannot be used; empty if it can."""
        self.requests = 0
        self.listing: ToolListing | None = None
        """The tools that the server lists, if they are judged without a catalogue; else None."""
        self.introduction: Introduction | None = None
        """The answers to a client that begins in the other way, if that was tried."""
        self.find_seconds_left: Callable[[], float | None] = lambda: None
        """Returns the seconds that the next message may take; None for the usual time-out."""
        self._mute = 0
        self._id = 0
        self._tried = False

    @property
    def base(self) -> str:
        """The server's address for reports: a URL, or `stdio:` and its command."""
        return self.url or f"stdio:{self.command}"

    @property
    def summary(self) -> str:
        """Describe the server, and the number of requests to it, in one line."""
        if self.problem:
            return self.problem
        if not self.version:
            return "the MCP server was asked nothing"
        info = self.told.get("serverInfo") or (self.told.get("_meta") or {}).get(message.NAMED_ITSELF)
        name = (
            " ".join(str(info.get(k, "")) for k in ("name", "version")).strip()
            if isinstance(info, Mapping)
            else "the MCP server"
        )
        return (
            f"{name[:80]} speaks MCP {self.version} over {'HTTP' if self.http else 'stdio'}; "
            f"{self.requests} requests went to it"
        )

    @property
    def signed_in(self) -> bool:
        """True if the run has a token for the server."""
        return bool(self._token)

    @property
    def http(self) -> bool:
        """True if the server is reached over HTTP."""
        return bool(self.url)

    def open(self) -> bool:
        """Open the link at the first call; return True if the server can be used."""
        if not self._tried:
            self._tried = True
            self._open()
        return not self.problem

    def complete_request(self, request: Request) -> Request:
        """Return a request as it is sent: with version, id and headers.

        A body that is already complete, or is no message of ours, is not changed. Headers of the request win
        over ours; a header that is empty is not sent.
        """
        asked = read_json(request.body).value
        body = request.body
        if isinstance(asked, dict) and "method" in asked and "jsonrpc" not in asked:
            if not str(asked["method"]).startswith("notifications/"):
                self._id += 1
                asked = {"id": self._id, **asked}
            asked = message.add_metadata({"jsonrpc": "2.0", **asked}, self.version or message.MODERN)
            body = json_bytes(asked)
        named = (
            asked if isinstance(asked, Mapping) else LIST
        )  # a server refuses a body without headers for them
        more = message.headers_of(named, self.version or message.MODERN, self.session)
        if self._token:
            more.append(("Authorization", f"Bearer {self._token}"))
        given = [(k, v) for k, v in request.headers if k.lower() != "accept" or v != "application/json"]
        brought = {k.lower() for k, _ in given}
        headers = [*((k, v) for k, v in more if k.lower() not in brought), *((k, v) for k, v in given if v)]
        return replace(request, target=self.path, headers=tuple(headers if self.http else given), body=body)

    def get_document(self, path: str) -> Response | Silence:
        """Read a document of the server's host, without the token."""
        self.requests += 1
        self._bound()
        return self.handler(Request("GET", path, (("Accept", "application/json"),)))

    def _bound(self) -> None:
        """Let the next message take no longer than the time that is left."""
        if is_timely(self.handler):
            self.handler.most_s = self.find_seconds_left()

    def send(self, request: Request) -> Response | Silence:
        """Send a completed request. The answer's body is the one message that answers it, if there is one."""
        self.requests += 1
        self._bound()
        answer = self.handler(request)
        if isinstance(answer, Silence):
            ended = answer.kind == "reset" and not self.http  # a process never comes back by itself
            self._mute += MOST_MUTE if ended else 1
            if self._mute >= MOST_MUTE and not self.problem:
                self.problem = f"the MCP server stopped answering ({_describe_silence(answer)})"
            return answer
        self._mute = 0
        asked = read_json(request.body).value
        if answer.status >= 400 or not isinstance(asked, Mapping) or "id" not in asked:
            return answer
        found = message.read(answer, asked["id"])
        return Silence("protocol", found, begun=True) if isinstance(found, str) else found

    def ask(self, asked: Mapping[str, Any]) -> Response | Silence:
        """Complete and send a message."""
        return self.send(
            self.complete_request(
                Request("POST", "/", (("Content-Type", "application/json"),), json_bytes(asked))
            )
        )

    def _open(self) -> None:
        """Request the server's description as in revision 2026-07-28. If that fails, initialize a session."""
        self.version = message.MODERN
        first = self.ask({"method": message.DISCOVER})
        if (told := _result(first)) is not None and message.MODERN in (
            told.get("supportedVersions") or [message.MODERN]
        ):
            self.told = told
            return
        if isinstance(first, Silence) and first.kind in ("refused", "tls"):
            self.problem = f"the MCP server cannot be reached ({_describe_silence(first)})"
            return
        left_s = self.find_seconds_left()
        if isinstance(first, Silence) and first.kind == "timeout" and left_s is not None and left_s < SOON_S:
            self.problem = f"the MCP server did not open: {_describe_silence(first)}"
            return
        self.version = message.LEGACY
        second = self.ask(message.hello())
        told = _result(second)
        if told is None:
            self.problem = f"the MCP server did not open: {_outcome(second)}"
            return
        assert isinstance(second, Response)
        self.told = told
        self.version = str(told.get("protocolVersion", message.LEGACY))
        self.session = second.header(message.SESSION) or ""
        self.ask({"method": message.INITIALIZED})
        self._mute = 0


def _result(answer: Response | Silence) -> Mapping[str, Any] | None:
    value = read_json(answer.body).value if isinstance(answer, Response) else None
    found = value.get("result") if isinstance(value, Mapping) else None
    return found if isinstance(found, Mapping) else None


def _outcome(answer: Response | Silence) -> str:
    if isinstance(answer, Silence):
        return _describe_silence(answer)
    value = read_json(answer.body).value
    error = value.get("error") if isinstance(value, Mapping) else None
    words = f": {str(error.get('message'))[:200]}" if isinstance(error, Mapping) else ""
    return f"status {answer.status}{words}"


def _describe_silence(silence: Silence) -> str:
    if silence.begun and silence.kind == "timeout":
        return f"timeout: status and headers came, and no whole answer ({silence.detail})"
    return f"{silence.kind}{': ' + silence.detail if silence.detail else ''}"
