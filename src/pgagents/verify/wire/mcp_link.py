"""The connection to one MCP server. It is opened at the first call, with the newest revision that the server
supports.

It is closed for good once the server no longer answers. Each answer is a Response whose body is one JSON-RPC
message, or a Silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pgagents.base.acting import NOTHING, Acting, find_shared_prefix, why_acts
from pgagents.base.http import (
    EVENT_STREAM,
    Handler,
    Request,
    Response,
    Silence,
    is_timely,
    json_bytes,
    read_json,
)
from pgagents.verify.wire import mcp_messages
from pgagents.verify.wire.mcp_messages import error_of, events, result_of
from pgagents.verify.wire.send import Client

LIST = {"method": "tools/list"}
SOON_S = 0.1
"""Seconds in which no server can be opened any more."""
BUSY = (429, 503)
"""The statuses of an answer that puts a call off."""
MOST_MUTE = 2
"""The number of calls in a row without an answer after which nothing more is sent to the server."""


class Link:
    """A connection to an MCP server: over Streamable HTTP at `url`, or to a process if `url` is empty.

    `handler` sends the messages; `command` starts the process. `token` authenticates to the MCP server and is
    sent nowhere else. `noise` returns the process's output that is not a message.
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
        self.put_off = False
        """True if the server did not open because it was busy, which says nothing of it."""
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
    def named(self) -> Any:
        """What the server says of its name and version, in either era of the protocol; it may be anything."""
        more = self.told.get("_meta")
        own = more.get(mcp_messages.NAMED_ITSELF) if isinstance(more, Mapping) else None
        return self.told.get("serverInfo") or own

    @property
    def summary(self) -> str:
        """Describe the server, and the number of requests to it, in one line."""
        if self.problem:
            return self.problem
        if not self.version:
            return "the MCP server was asked nothing"
        named = self.named
        name = (
            " ".join(str(named.get(k, "")) for k in ("name", "version")).strip()
            if isinstance(named, Mapping)
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

        A body that is already complete, or is not a message of ours, is not changed. Headers of the request
        win over ours; a header that is empty is not sent.
        """
        asked = read_json(request.body).value
        body = request.body
        if isinstance(asked, dict) and "method" in asked and "jsonrpc" not in asked:
            if not str(asked["method"]).startswith("notifications/"):
                self._id += 1
                asked = {"id": self._id, **asked}
            asked = mcp_messages.add_metadata(
                {"jsonrpc": "2.0", **asked}, self.version or mcp_messages.MODERN
            )
            body = json_bytes(asked)
        named = (
            asked if isinstance(asked, Mapping) else LIST
        )  # a server refuses a body without headers for them
        more = mcp_messages.headers_of(named, self.version or mcp_messages.MODERN, self.session)
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
        found = mcp_messages.read(answer, asked["id"])
        return Silence("protocol", found, begun=True) if isinstance(found, str) else found

    def ask(self, asked: Mapping[str, Any]) -> Response | Silence:
        """Complete and send a message."""
        return self.send(
            self.complete_request(
                Request("POST", "/", (("Content-Type", "application/json"),), json_bytes(asked))
            )
        )

    def _discover(self) -> Response | Silence | None:
        """Ask for the server's description as in revision 2026-07-28; return the answer if it has none."""
        self.version = mcp_messages.MODERN
        answer = self.ask({"method": mcp_messages.DISCOVER})
        told = _result(answer)
        supported = told.get("supportedVersions") if told is not None else None
        if told is None or (
            isinstance(supported, list) and supported and mcp_messages.MODERN not in supported
        ):
            return answer
        self.told = told
        return None

    def _open(self) -> None:
        """Request the server's description as in revision 2026-07-28. If that fails, initialize a session."""
        first = self._discover()
        if first is None:
            return
        if isinstance(first, Silence) and first.kind in ("refused", "tls"):
            self.problem = f"the MCP server cannot be reached ({_describe_silence(first)})"
            return
        left_s = self.find_seconds_left()
        if isinstance(first, Silence) and first.kind == "timeout" and left_s is not None and left_s < SOON_S:
            self.problem = f"the MCP server did not open: {_describe_silence(first)}"
            return
        self.version = mcp_messages.LEGACY
        second = self.ask(mcp_messages.hello())
        told = _result(second)
        late = isinstance(first, Silence) and first.kind == "timeout" and isinstance(second, Response)
        # a process that started slowly read the first message, and keeps to it
        if told is None and late and self._discover() is None:
            return
        if told is None:
            self.problem = f"the MCP server did not open: {_outcome(second)}"
            self.put_off = isinstance(second, Response) and second.status in BUSY
            return
        assert isinstance(second, Response)
        self.told = told
        self.version = str(told.get("protocolVersion", mcp_messages.LEGACY))
        self.session = second.header(mcp_messages.SESSION) or ""
        self.ask({"method": mcp_messages.INITIALIZED})
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


# -- a fresh connection that asks for an unknown revision


OTHER_TIME = "1900-01-01"
"""A revision that no server supports."""
FIRST = "2024"
"""The year of the earliest revision."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """The answers on a fresh connection to `initialize` with an unknown revision, and then to `ping`.

    Either `result` or `error` is None. If both are, `silence` is the reason.
    """

    result: Mapping[str, Any] | None = None
    error: int | None = None
    silence: str = ""
    pong: Mapping[str, Any] | None = None


def introduce(link: Link) -> Introduction:
    """Begin a session on a link that has not been opened yet."""
    link.version = mcp_messages.LEGACY
    asked = mcp_messages.hello()
    asked["params"]["protocolVersion"] = OTHER_TIME
    answer = link.ask(asked)
    if isinstance(answer, Silence):
        return Introduction(silence=f"{answer.kind} {answer.detail}".strip())
    result = result_of(answer)
    if result is None:
        return Introduction(error=error_of(answer), silence="" if error_of(answer) else f"{answer.status}")
    link.session = answer.header(mcp_messages.SESSION) or ""
    told = result.get("protocolVersion")
    link.version = told if isinstance(told, str) and told > FIRST else mcp_messages.LEGACY
    link.ask({"method": mcp_messages.INITIALIZED})
    return Introduction(result, pong=result_of(link.ask({"method": "ping"})))


# -- the listed tools, and which of them may be called.
#
# A tool may be called without permission if its hints say that it only reads. Its name and its
# description must not say that it acts.
# https://modelcontextprotocol.io/specification/2025-11-25/server/tools, read 2026-11-22.


LIST_METHOD = "tools/list"
MOST_PAGES, MOST_TOOLS, MOST_CHARACTERS = 200, 10_000, 8_000_000


@dataclass(frozen=True, slots=True)
class ToolListing:
    """A server's answer to `tools/list`. `tools` has the items of all pages, unchecked.

    `problem` is a mistake of the server for which the list could not be read to its end. `limit` is a bound
    of this client at which it stopped reading. `pages` is the number of its pages. `blank_end` is True if the
    last page has an empty cursor that leads to no further page. The caller names tools: `allowed` may be
    called even if they write, `reads` only read, and `acts` do not only read.
    """

    tools: tuple[Any, ...] = ()
    problem: str = ""
    limit: str = ""
    pages: int = 0
    blank_end: bool = False
    allowed: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    acts: frozenset[str] = frozenset()
    prefix: str = field(init=False, default="")
    """The prefix that most tools' names share, such as `browser_`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "prefix", find_shared_prefix([name for _, name, _ in self.named]))

    @property
    def unread(self) -> str:
        """Why the list was not read to its end; empty if it was."""
        return self.problem or self.limit

    @property
    def named(self) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
        """Yield the tools that have a name, with their numbers in the list. If several have the
        same name, only the first is yielded.
        """
        seen: set[str] = set()
        for number, tool in enumerate(self.tools):
            if isinstance(tool, Mapping) and isinstance(name := tool.get("name"), str) and name not in seen:
                seen.add(name)
                yield number, name, tool

    def may_call(self, tool: Mapping[str, Any]) -> bool:
        """True if a tool may be called: it only reads, or the caller permits it by name."""
        return tool.get("name") in self.allowed or not self.object_to(tool)

    def object_to(self, tool: Mapping[str, Any]) -> str:
        """Return why a tool is taken for one that may write; empty for one that only reads."""
        name = str(tool.get("name"))
        if name in self.acts:
            return "as --acts says"
        if name in self.reads:
            return ""
        if find_hints(tool).get("readOnlyHint") is not True:
            return "as its hints do not say that it only reads"
        acting = self.why_acts(tool)
        return f"as {acting.reason}" if acting else ""

    def why_acts(self, tool: Mapping[str, Any]) -> Acting:
        """Return the word by which a tool acts, whatever its hints say."""
        name, description = tool.get("name"), tool.get("description")
        if not isinstance(name, str):
            return NOTHING
        text = description if isinstance(description, str) else ""
        return why_acts(name.removeprefix(self.prefix), "", text, tool=True)

    def find(self, name: str) -> Mapping[str, Any] | None:
        """Return the first tool of this name."""
        return next((tool for _, known, tool in self.named if known == name), None)


class ListWalk:
    """The walk through the pages of a server's list of tools, within bounds.

    A cursor is opaque: only a missing one, or null, ends the list. Since 2026-07-28 the protocol says that an
    empty text is a cursor. Earlier revisions say nothing, and some of their servers end the list so. Such an
    end is known by the page that an empty cursor leads to: a refusal, or the tools of an earlier page.
    https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/pagination, read 2026-11-26.
    """

    def __init__(self) -> None:
        self.tools: list[Any] = []
        self.pages = 0
        self.problem = self.limit = ""
        self.blank_end = False
        """As in `ToolListing`."""
        self.cursor: str | None = None
        """The cursor of the next page; None for the first one."""
        self._cursors: set[str] = set()
        self._names: list[list[str]] = []
        self._size = 0

    def take(self, result: Mapping[str, Any] | None, failure: str, version: str) -> bool:
        """Add the page of a result; return True if another page follows.

        `failure` says why there is no result, if there is none. `version` is the revision in use.
        """
        page = result.get("tools") if result is not None else None
        names = list_names(page) if isinstance(page, list) else []
        again = bool(names) and names in self._names
        may_be_end = self.cursor == "" and version < mcp_messages.MODERN
        if may_be_end and (again or not isinstance(page, list)):
            self.blank_end = True
            return False
        self.pages += 1
        if result is None or not isinstance(page, list):
            self.problem = failure if result is None else "it answers no list of tools"
            return False
        self._names.append(names)
        self.tools += page
        self._size += len(json_bytes(page))
        following = result.get("nextCursor")
        if following is not None and not isinstance(following, str):
            self.problem = "`nextCursor` is not a text"
        elif following is not None and following in self._cursors:
            self.problem = "`nextCursor` comes again, so that the list never ends"
        elif following is not None and again:
            self.problem = "the tools of a page come again under another cursor, so that the list never ends"
        elif len(self.tools) > MOST_TOOLS or self._size > MOST_CHARACTERS:
            self.limit = f"it has more than {MOST_TOOLS:,} tools or {MOST_CHARACTERS:,} bytes"
            del self.tools[MOST_TOOLS:]
        elif following is not None and self.pages == MOST_PAGES:
            self.limit = f"it has more than {MOST_PAGES} pages"
        if following is None or self.problem or self.limit:
            return False
        self._cursors.add(following)
        self.cursor = following
        return True


def list_names(tools: Sequence[Any]) -> list[str]:
    """Return the names of tools, with `?` for what has none."""
    return [str(tool.get("name", "?")) if isinstance(tool, Mapping) else "?" for tool in tools]


def read_listing(link: Link) -> ToolListing:
    """Read all pages of the list; an incomplete list has a `problem` or a `limit`."""
    walk, goes_on = ListWalk(), True
    while goes_on:
        params = {} if walk.cursor is None else {"params": {"cursor": walk.cursor}}
        answer = link.ask({"method": LIST_METHOD, **params})
        code = error_of(answer)
        why = f"it answers JSON-RPC error {code}" if code is not None else "it answers no list of tools"
        goes_on = walk.take(result_of(answer), link.problem or why, link.version)
    return ToolListing(tuple(walk.tools), walk.problem, walk.limit, walk.pages, walk.blank_end)


def find_hints(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the hints (`annotations`) of a tool; empty if it has none."""
    found = tool.get("annotations")
    return found if isinstance(found, Mapping) else {}


# -- HTTP to an MCP server, read only up to the answer, because streams may stay open


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
