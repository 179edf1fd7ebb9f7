"""HTTP requests and answers as plain values, content codings, and the TLS contexts of connections."""

from __future__ import annotations

import json
import re
import ssl
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, TypeGuard
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from pgagents.base.errors import PgagentsError

MAX_JSON_DEPTH = 200
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
PLAIN_TARGET = re.compile(
    r"(?!//)(?:[A-Za-z0-9_~!$&'()*+,;=:@%/-]|(?<!/)\.|\.(?=\w))*(?:\?[A-Za-z0-9_~!$&'()*+,;=:@%/?.-]*)?"
)
"""Matches a request target that can be sent unchanged. Any other target is percent-encoded first."""


EVENT_STREAM = "text/event-stream"

LISTS = frozenset(
    (
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-expose-headers",
        "allow",
        "cache-control",
        "link",
        "vary",
        "www-authenticate",
    )
)
"""Headers whose value is a list, so that several lines of them are one list (RFC 9110, 5.3)."""
LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))
"""Names and addresses of this machine."""


def media_type_of(written: str) -> str:
    """Return a media type in lower case, without its parameters."""
    return written.partition(";")[0].strip().lower()


def is_json_type(media: str) -> bool:
    """True for a media type of JSON: `application/json`, `text/json`, and each with the suffix `+json`."""
    plain = media_type_of(media)
    return plain in ("application/json", "text/json") or plain.endswith("+json")


def is_exposed(url: str) -> bool:
    """Return True if requests to this URL leave the machine without TLS."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return parts.scheme != "https" and parts.hostname not in LOOPBACK


class _Message:
    """The lookups that requests and responses share."""

    __slots__ = ()
    headers: tuple[tuple[str, str], ...]
    _first: dict[str, str] | None

    def header(self, name: str) -> str | None:
        """Return the first header of this name, in any case; None if there is none.

        Several lines of a header in `LISTS` are joined.
        """
        if self._first is None:  # a server and its checks look up a dozen
            object.__setattr__(self, "_first", _index(self.headers))
        assert self._first is not None
        return self._first.get(name.lower())

    @property
    def media_type(self) -> str:
        """The media type of the body, in lower case and without parameters; empty if no header names it."""
        return media_type_of(self.header("Content-Type") or "")


def _index(headers: tuple[tuple[str, str], ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        if key not in found:
            found[key] = value
        elif key in LISTS:
            found[key] += f", {value}"
    return found


@dataclass(frozen=True, slots=True)
class Request(_Message):
    """One HTTP request.

    `target` is path and query as sent (percent-encoded). Header names keep their case; lookups ignore it.
    `server` is the base URL of a server other than the API's own, otherwise empty.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    server: str = ""
    _first: dict[str, str] | None = field(default=None, init=False, repr=False, compare=False)
    """The first header of each name, by the name in lower case; built at the first lookup."""

    @property
    def path(self) -> str:
        """The path as sent, still percent-encoded.

        The target is never parsed as a URL, so `//host/x` is a path.
        """
        return self.target.partition("#")[0].partition("?")[0]

    @property
    def query(self) -> list[tuple[str, str]]:
        """The query's name-value pairs, decoded, in order."""
        text = self.target.partition("#")[0].partition("?")[2]
        if "%" in text or "+" in text:
            return parse_qsl(text, keep_blank_values=True)
        return [(name, value) for name, _, value in [part.partition("=") for part in text.split("&") if part]]

    def with_header(self, name: str, value: str | None) -> Request:
        """Return the same request with this header set, or removed if `value` is None."""
        small = name.lower()
        kept = tuple([(k, v) for k, v in self.headers if k.lower() != small])
        headers = kept if value is None else (*kept, (name, value))
        return Request(self.method, self.target, headers, self.body, self.server)


@dataclass(frozen=True, slots=True)
class Response(_Message):
    """One HTTP response, complete unless it is `unfinished`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    unfinished: bool = field(default=False, compare=False)
    """True if it is an event stream that was still open: `body` is what came until it was left."""
    _first: dict[str, str] | None = field(default=None, init=False, repr=False, compare=False)
    """The first header of each name, by the name in lower case; built at the first lookup."""

    def with_header(self, name: str, value: str | None) -> Response:
        """Return the same response with this header set, or removed if `value` is None."""
        kept = tuple((k, v) for k, v in self.headers if k.lower() != name.lower())
        return replace(self, headers=kept if value is None else (*kept, (name, value)))

    def with_json(self, data: Any) -> Response:
        """Return the same response with `data` as its JSON body."""
        return replace(self, body=json_bytes(data))


@dataclass(frozen=True, slots=True)
class Silence:
    """The result of a request that got no complete response.

    `kind` is one of timeout, refused, reset, tls, protocol, too-large and redirect. The words never change. A
    run with a lease also has no-lease and lease-ended: the run itself did not send, or did not wait.
    """

    kind: str
    detail: str = ""
    begun: bool = False
    """True if the status line and headers arrived: the server answered, though not completely."""
    stale: bool = False
    """True if the request used a kept-alive connection, which the server may close at any time (RFC 9112,
    9.5).
    """


Handler = Callable[[Request], Response | Silence]


class Timely(Protocol):
    """A handler with a time limit.

    If `most_s` is set, a request ends after that many seconds, even if the response is still arriving.
    """

    most_s: float | None
    stream_s: float | None
    """Seconds after which an event stream is left as it is. None if it must end like any other answer."""

    def __call__(self, request: Request) -> Response | Silence:
        """Send the request and return the response."""
        ...


def is_timely(handler: Handler) -> TypeGuard[Timely]:
    """True if a handler takes a time limit. `isinstance` would compare each member of the protocol."""
    return hasattr(handler, "most_s")


class Connecting(Protocol):
    """A handler that can tell whether its server takes connections."""

    def takes_connections(self, request: Request) -> bool:
        """Return whether the server of a request takes a new connection, without sending anything."""
        ...

    def hang_up(self) -> None:
        """Close idle connections, so that the next request opens a new one."""
        ...


def is_connecting(handler: Handler) -> TypeGuard[Connecting]:
    """True if a handler can tell whether its server takes connections."""
    return hasattr(handler, "takes_connections")


class ServerProcess(Protocol):
    """The process of a server that this program started and starts again, and what the process prints."""

    start_s: float
    """Seconds from the start of the process to its first answer."""

    def mark(self) -> int:
        """Return the place where its output ends now."""
        ...

    def read_since(self, mark: int) -> str:
        """Return what it printed after a place, in plain text of bounded length.

        Wait a moment, as many servers print an error after they have sent the answer.
        """
        ...


def find_process(handler: Handler) -> ServerProcess | None:
    """Return the process of the server that a handler sends to; None if nobody here started it."""
    process: ServerProcess | None = getattr(handler, "process", None)
    return process


@dataclass(frozen=True, slots=True)
class Json:
    """A body parsed as I-JSON: `value`, or the `problem` that makes it invalid."""

    value: Any = None
    problem: str = ""


def json_bytes(data: Any) -> bytes:
    """Serialize as compact JSON in UTF-8.

    If a string holds a lone surrogate, which UTF-8 cannot encode, the whole result is ASCII with escapes.
    """
    try:
        return _COMPACT.encode(data).encode()
    except UnicodeEncodeError:
        return _ASCII.encode(data).encode()


_COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
_ASCII = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def read_json(body: bytes, *, paired: bool = False) -> Json:
    """Parse a body strictly: UTF-8, no duplicate names, no NaN, at most 200 levels deep.

    Never raises an exception: the result has the value or a `problem`. With `paired`, strings with a lone
    surrogate are refused too.
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return Json(problem=f"byte {error.start} is not UTF-8")
    if _depth(text) > MAX_JSON_DEPTH:
        return Json(problem=f"nested more than {MAX_JSON_DEPTH} levels deep")
    try:
        value = _STRICT.decode(text)
        if paired and _SURROGATE.search(text):
            _COMPACT.encode(value).encode()
        return Json(value)
    except UnicodeEncodeError:  # I-JSON forbids lone surrogates (RFC 7493, 2.1), and no validator accepts one
        return Json(problem="a text holds half a pair of UTF-16")
    except _Refused as error:
        return Json(problem=str(error))
    except json.JSONDecodeError as error:
        return Json(problem=f"not JSON: {error.msg} at character {error.pos + 1}")
    except (ValueError, RecursionError) as error:
        return Json(problem=f"not JSON: {error}")


class _Refused(Exception):
    pass


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        met: set[str] = set()
        for name, _ in pairs:
            if name in met:
                raise _Refused(f"member {name!r} stands twice")
            met.add(name)
    return found


def _constant(name: str) -> Any:
    raise _Refused(f"{name} is not a JSON number")


_STRICT = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_constant)


def _depth(text: str) -> int:
    """Return the nesting depth of brackets outside strings, counted up to `MAX_JSON_DEPTH` + 1.

    Return 0 at once if the text has too few brackets to exceed the limit.
    """
    depth = deepest = 0
    in_string = escaped = False
    if text.count("[") + text.count("{") <= MAX_JSON_DEPTH:
        return 0
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > deepest:
                deepest = depth
                if deepest > MAX_JSON_DEPTH:
                    return deepest
        elif char in "]}":
            depth -= 1
    return deepest


def target(path: str, path_values: Mapping[str, Any], query: Iterable[tuple[str, Any]] = ()) -> str:
    """Fill a path template with percent-encoded values and append the query."""
    for name, value in path_values.items():
        path = path.replace("{" + name + "}", quote(text_of(value), safe=""))
    pairs = [(name, text_of(value)) for name, value in query]
    return path + ("?" + urlencode(pairs, quote_via=quote) if pairs else "")


def text_of(value: Any) -> str:
    """Return a value as text for a path, a query or a header."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, str | int) else json.dumps(value, ensure_ascii=False)


# -- content codings


INFLATED_AT_ONCE = 65_536
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Inflater:
    """Decode a compressed body in pieces of limited size, so that a small body cannot fill the memory.

    Raises ValueError for an unknown coding, for more than one coding, and for bytes that are not valid in the
    coding.
    """

    def __init__(self, coding: str) -> None:
        named = [part.strip().lower() for part in coding.split(",") if part.strip()]
        named = [name for name in named if name != "identity"]
        if len(named) > 1:
            raise ValueError(f"the body is encoded {len(named)} times, once is the most that is read")
        self._coding = named[0] if named else ""
        if self._coding not in ("", *_WINDOWS):
            raise ValueError(f"the body is encoded as {self._coding[:40]}, which was not asked for")
        self._begun = False
        self._stream = self._new()

    def _new(self) -> Any:
        return zlib.decompressobj(_WINDOWS[self._coding]) if self._coding else None

    def feed(self, raw: bytes) -> Iterator[bytes]:
        """Yield the decoded bytes of `raw`, in pieces of at most 65,536 bytes.

        Without a coding, yield `raw` itself.
        """
        if self._stream is None:
            yield raw
            return
        try:
            yield from self._pieces(raw)
        except zlib.error as error:
            raise ValueError(f"the body is not {self._coding}: {error}") from None

    def _pieces(self, raw: bytes) -> Iterator[bytes]:
        if not self._begun and raw and self._coding == "deflate" and raw[0] & 0x0F != 8:
            self._stream = zlib.decompressobj(
                -zlib.MAX_WBITS
            )  # many servers send deflate without the zlib header (RFC 1950)
        self._begun = self._begun or bool(raw)
        piece = b""
        while raw or len(piece) == INFLATED_AT_ONCE:
            piece = self._stream.decompress(raw, INFLATED_AT_ONCE)
            yield piece
            raw = self._stream.unconsumed_tail
            if self._stream.eof:
                raw = self._stream.unused_data
                if self._coding == "deflate" or not raw.startswith(b"\x1f"):
                    return  # bytes after the end are padding, unless another gzip member begins
                self._stream = self._new()


# -- TLS contexts


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A client certificate as PEM files. If `key` is empty, the certificate's file contains the key too."""

    cert: str
    key: str = ""


def make_context(cacert: str | None, certificate: CertificateFiles | None = None) -> ssl.SSLContext:
    """Return the TLS context of connections to a server.

    Without a CA file the system's authorities are trusted. Raises PgagentsError for a file that cannot be
    used.
    """
    context = _trust(cacert)
    if certificate is not None:
        _present(context, certificate)
    return context


def _trust(cacert: str | None) -> ssl.SSLContext:
    if cacert is None:
        import httpx

        return httpx.create_ssl_context(trust_env=False)
    try:
        return ssl.create_default_context(cafile=cacert)
    except (OSError, ssl.SSLError) as error:
        raise PgagentsError(
            f"cannot read the CA file {cacert}: {error}", "give a PEM file with --cacert"
        ) from None


def _present(context: ssl.SSLContext, certificate: CertificateFiles) -> None:
    asked: list[bool] = []

    def no_password() -> str:
        asked.append(True)
        return ""

    try:
        context.load_cert_chain(certificate.cert, certificate.key or None, no_password)
    except (OSError, ssl.SSLError) as error:
        if asked:
            message = f"the key of the client certificate {certificate.cert} is encrypted"
            help = "decrypt it into a file that only you can read, and give that with --cert-key"
        else:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            message = f"cannot use the client certificate {certificate.cert}: {reason}"
            help = "give a PEM file with --cert, and the PEM file of its key with --cert-key"
        raise PgagentsError(message, help) from None
