"""The HTTP/1.1 client, an `http.Handler`. Each answer is limited in size, headers and time.

Whatever a server does becomes a Response or a Silence. Redirects are not followed and cookies not stored: a
key must not reach another address, and equal calls must be equal requests. The client uses httpcore, the
transport of httpx. The additional features of `httpx.Client` are not needed here and take half of the time.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.base.http import (
    EVENT_STREAM,
    PLAIN_TARGET,
    CertificateFiles,
    Inflater,
    Request,
    Response,
    ServerProcess,
    Silence,
    make_context,
)
from pgagents.verify.wire.lease import Permit, may_send

if TYPE_CHECKING:
    import httpcore


MAX_BYTES = 4_000_000
MAX_HEADERS = 100
MAX_HEADER_BYTES = 64_000
TIMEOUT_S = 30.0
KEEP_ALIVE_S = 4.0
"""Seconds for which an idle connection is kept. Many servers close one after five seconds."""
CRASHED = 500
OFTEN_LAST = (408, 413, 414, 431)
"""Statuses below 500 after which many servers close the connection without reading the rest of the
request.
"""
NO_CONTENT = 204
EXCESS_S = 0.2
"""Seconds to wait for the body that the headers of a 204 announce."""
STILL_THERE_S = 1.0
"""Seconds within which a server that is there takes a connection."""
AT_ONCE = 4
"""The number of connections for simultaneous calls. Calls in a row share one, which is kept alive."""


class Client:
    """A handler over kept-alive connections, one for each worker, that several threads may use at once.

    Use it as a context manager, or call `close`.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
        cacert: str | None = None,
        headers: Mapping[str, str] | None = None,
        timer: Callable[[], float] = time.monotonic,
        workers: int = 1,
        servers: Collection[str] = (),
        certificate: CertificateFiles | None = None,
        context: ssl.SSLContext | None = None,
        process: ServerProcess | None = None,
    ) -> None:
        """Create a client without opening a connection. `workers` is the number of threads that send
        continuously.

        `servers` are the base URLs of other servers, which a request may name. They get none of `headers`.
        `context` replaces the TLS settings of `cacert` and `certificate`. `process` is the server's, if this
        program started it.
        """
        import httpcore

        from pgagents.verify.wire.deadline import Deadline

        self._failures = list_failures()
        self.process = process
        like_this = partial(Client, timeout_s=timeout_s, max_bytes=max_bytes, timer=timer, workers=workers)
        over_tls = partial(like_this, cacert=cacert, certificate=certificate)
        self._others = {
            base: (over_tls if base.startswith("https:") else like_this)(base) for base in servers
        }
        base = url.rstrip("/")
        self.requests = RequestBuilder(base, headers or {}, timeout_s)
        self._timeout_s, self._max_bytes, self._timer = timeout_s, max_bytes, timer
        self._of_thread = threading.local()
        if context is None and (cacert or certificate or base.startswith("https:")):
            context = make_context(cacert, certificate)
        self._backend = httpcore.SyncBackend()
        self._deadline = Deadline(self._backend, timer)
        self._pool = httpcore.ConnectionPool(
            ssl_context=context,
            max_connections=max(AT_ONCE, workers),
            max_keepalive_connections=workers,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=self._deadline,
        )

    @property
    def most_s(self) -> float | None:
        """Seconds that this thread's next request may take, if that is less than the usual time-out."""
        value: float | None = getattr(self._of_thread, "most_s", None)
        return value

    @most_s.setter
    def most_s(self, value: float | None) -> None:
        self._of_thread.most_s = value

    @property
    def stream_s(self) -> float | None:
        """Seconds after which this thread leaves an event stream as it is; None if the stream must end."""
        value: float | None = getattr(self._of_thread, "stream_s", None)
        return value

    @stream_s.setter
    def stream_s(self, value: float | None) -> None:
        self._of_thread.stream_s = value

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for other in self._others.values():
            other.close()
        self._pool.close()

    def __call__(self, request: Request) -> Response | Silence:
        """Send a request, and read its whole answer within the limits.

        Raises nothing for a server's problems, which are returned as a Silence.
        """
        if request.server:
            return self._send_elsewhere(request)
        try:
            built = self.requests.build(request)
        except (UnicodeError, ValueError) as error:
            return Silence("protocol", f"the request cannot be sent: {error}")
        permit = Permit(self._timeout_s if self.most_s is None else min(self._timeout_s, self.most_s))
        if permit.refusal is not None:
            return permit.refusal
        began = self._timer()
        self._deadline.at = began + permit.most_s
        self._deadline.connected = False
        try:
            answer = self._pool.handle_request(built)
        except self._failures as error:
            silence = permit.explain(silence_of(error))
            return replace(silence, stale=silence.kind == "reset" and not self._deadline.connected)
        except UnicodeError:  # raised for a host's name that DNS cannot hold, such as `a..b`
            return Silence("refused", "the host's name does not resolve")
        try:
            came = self._read_answer(answer, began)
            if isinstance(came, Silence):
                came = permit.explain(came)
            if isinstance(came, Response) and came.status == NO_CONTENT:
                came = self._read_excess(answer, came)
        except self._failures as error:
            came = permit.explain(silence_of(error))
        except (ValueError, OSError) as error:  # raised for a broken gzip stream or chunk
            came = Silence("protocol", str(error)[:200])
        finally:
            answer.close()
        if isinstance(came, Silence):
            return replace(came, begun=True)
        if came.status >= CRASHED or came.status in OFTEN_LAST or (came.status == NO_CONTENT and came.body):
            self._let_go()
        return came

    def takes_connections(self, request: Request) -> bool:
        """Return whether the server of a request takes a new connection, without sending anything.

        Without a lease nothing is asked, and the answer is True: nobody can blame the server then.
        """
        if not may_send():
            return True
        if request.server:
            other = self._others.get(request.server)
            return other is not None and other.takes_connections(replace(request, server=""))
        try:
            host, port = self.requests.address
            self._backend.connect_tcp(host, port, STILL_THERE_S).close()
        except self._failures:
            return False
        except ValueError:  # raised for a host's name that DNS cannot hold
            return False
        return True

    def hang_up(self) -> None:
        """Close idle connections, so that the next request opens a new one."""
        for other in self._others.values():
            other.hang_up()
        self._let_go()

    def _send_elsewhere(self, request: Request) -> Response | Silence:
        """Send to the other server that a request names, if the API has it."""
        other = self._others.get(request.server)
        if other is None:
            return Silence("closed", f"{request.server} is not an address of this API")
        other.most_s, other.stream_s = self.most_s, self.stream_s
        return other(replace(request, server=""))

    def _let_go(self) -> None:
        """Close idle connections. After such an answer many servers close theirs without notice, or the rest
        of a body would pass for the next answer.
        """
        for connection in self._pool.connections:
            if connection.is_idle():
                connection.close()

    def _read_answer(self, answer: httpcore.Response, began: float) -> Response | Silence:
        headers = tuple([(k.decode("latin-1"), v.decode("latin-1")) for k, v in answer.headers])
        if len(headers) > MAX_HEADERS or sum([len(k) + len(v) for k, v in headers]) > MAX_HEADER_BYTES:
            return Silence(
                "too-large", f"{len(headers)} headers, or more than {MAX_HEADER_BYTES:,} bytes of them"
            )
        head = Response(answer.status, headers)
        chunks = answer.iter_stream()
        return self._read(
            head,
            chunks if head.header("content-encoding") is None else _decode_body(answer.headers, chunks),
            began,
        )

    def _read_excess(self, answer: httpcore.Response, head: Response) -> Response:
        """Return a 204 with the body that the server sent after it all the same.

        A 204 ends with its head (RFC 9112, 6.3), so the library leaves a body on the connection.
        """
        stream = answer.extensions["network_stream"]
        body: bytes = stream.after_head
        length = head.header("content-length") or ""
        announced = int(length[:20]) if length.isdecimal() else 0
        if head.header("transfer-encoding") is not None:
            announced = 1
        with suppress(*self._failures):
            while len(body) < min(announced, self._max_bytes):
                if not (piece := stream.read(MAX_HEADER_BYTES, EXCESS_S)):
                    break
                body += piece
        return replace(head, body=body[: self._max_bytes])

    def _read(self, head: Response, chunks: Iterable[bytes], began: float) -> Response | Silence:
        """Return the whole answer, or a Silence with the reason why it did not arrive."""
        leave_s = self.stream_s if is_event_stream(head) else None
        if leave_s is not None:
            return self._read_stream(head, chunks, leave_s)
        body = bytearray()
        for chunk in chunks:
            body += chunk
            if len(body) > self._max_bytes:
                return Silence("too-large", f"the body has more than {self._max_bytes:,} bytes")
            if (now := self._timer()) > self._deadline.at:
                return Silence("timeout", f"the answer did not end within {now - began:.3g} s")
        return Response(head.status, head.headers, bytes(body))

    def _read_stream(self, head: Response, chunks: Iterable[bytes], leave_s: float) -> Response:
        """Return an event stream with what came of it until it ended, or until it was left."""
        import httpcore

        body, ended = bytearray(), False
        self._deadline.at = min(self._deadline.at, self._timer() + leave_s)
        try:
            for chunk in chunks if leave_s else ():
                body += chunk
                if len(body) > self._max_bytes or self._timer() > self._deadline.at:
                    break
            else:
                ended = bool(leave_s)
        except httpcore.TimeoutException:
            pass  # a stream that waits for the next event is not a silent server
        return replace(head, body=bytes(body[: self._max_bytes]), unfinished=not ended)


def is_event_stream(head: Response) -> bool:
    """Return whether the answer's media type is that of an event stream."""
    return head.media_type == EVENT_STREAM


def client(
    url: str, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES, cacert: str | None = None
) -> Client:
    """Return a handler that sends to the server at `url`.

    Raises PgagentsError if the URL or the CA file is invalid.
    """
    if not url.startswith(("http://", "https://")):
        raise PgagentsError(
            f"{url} is not an http or https URL", "write it as https://host or http://127.0.0.1:8000"
        )
    return Client(url, timeout_s=timeout_s, max_bytes=max_bytes, cacert=cacert)


def _decode_body(headers: Iterable[tuple[bytes, bytes]], chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a body without its content encoding. Raises ValueError if it is not encoded as its header
    says.
    """
    inflater = Inflater(",".join(v.decode("latin-1") for k, v in headers if k.lower() == b"content-encoding"))
    for chunk in chunks:
        yield from inflater.feed(chunk)


# -- requests in the form of httpcore


CONNECT_S = 10.0
DEFAULT_PORTS = {"http": 80, "https": 443}


class RequestBuilder:
    """Builds the requests to one server. `base` is its URL, `headers` go with every request."""

    def __init__(self, base: str, headers: Mapping[str, str], timeout_s: float) -> None:
        self._base, self._headers = base, dict(headers)
        timeouts = dict.fromkeys(("read", "write", "pool"), timeout_s)
        self._extensions = {"timeout": {"connect": min(CONNECT_S, timeout_s), **timeouts}}

    @cached_property
    def _target(self) -> tuple[bytes, bytes, int | None, list[tuple[bytes, bytes]]]:
        """The base URL's scheme, host and port, and the headers of every request.

        Raises ValueError if the URL is invalid.
        """
        parts = urlsplit(self._base)
        host, port = _host(parts.hostname or ""), parts.port
        if port == DEFAULT_PORTS.get(parts.scheme):
            port = None
        named = (f"[{host}]" if ":" in host else host) + (f":{port}" if port is not None else "")
        headers = {"Host": named, "User-Agent": "pgagents", **self._headers}
        return (
            parts.scheme.encode("ascii"),
            host.encode("ascii"),
            port,
            [_header(*pair) for pair in headers.items()],
        )

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of the server. Raises ValueError if the URL is invalid."""
        scheme, host, port, _ = self._target
        return host.decode("ascii"), port or DEFAULT_PORTS[scheme.decode("ascii")]

    @cached_property
    def _prefix(self) -> str:
        """The path of the base URL."""
        return "".join(self._base.split("://", 1)[1].partition("/")[1:])

    def build(self, request: Request) -> httpcore.Request:
        """Return the request in httpcore's form. Raises ValueError if it cannot be sent."""
        import httpcore

        scheme, host, port, headers = self._target
        sent = [_header(*pair) for pair in request.headers]
        if request.header("User-Agent") is not None:  # send only one; the caller's own wins
            kept = {name.lower() for name in self._headers}
            headers = headers if "user-agent" in kept else [h for h in headers if h[0] != b"User-Agent"]
            sent = sent if "user-agent" not in kept else [h for h in sent if h[0].lower() != b"user-agent"]
        headers = headers + sent
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            headers.append((b"Content-Length", b"%d" % len(request.body)))
        url = httpcore.URL(
            scheme=scheme, host=host, port=port, target=self._raw(self._prefix + request.target)
        )
        built = httpcore.Request(request.method, url, content=request.body, extensions=self._extensions)
        built.headers = headers  # the constructor would validate each header again
        return built

    def _raw(self, target: str) -> bytes:
        """Return the path and query as bytes."""
        if PLAIN_TARGET.fullmatch(target):
            return target.encode("ascii")
        import httpx

        try:
            return (
                httpx.URL(self._base).copy_with(raw_path=target.encode("ascii", "backslashreplace")).raw_path
            )
        except httpx.InvalidURL as error:
            raise ValueError(str(error)) from None


def _host(name: str) -> str:
    """Return the host name in ASCII. Raises ValueError if it is invalid."""
    if not name:
        raise ValueError("the address has no host")
    if name.isascii():
        return name
    import httpx

    try:
        return httpx.URL(scheme="http", host=name).raw_host.decode("ascii")
    except httpx.InvalidURL as error:
        raise ValueError(str(error)) from None


def _header(name: str, value: str) -> tuple[bytes, bytes]:
    return name.encode("latin-1"), value.encode("utf-8")


# -- reasons why no answer came


def list_failures() -> tuple[type[Exception], ...]:
    """Return the library's errors which mean that no answer came."""
    import httpcore

    return (
        httpcore.TimeoutException,
        httpcore.NetworkError,
        httpcore.ProtocolError,
        httpcore.UnsupportedProtocol,
        httpcore.ConnectionNotAvailable,
    )


def silence_of(error: Exception) -> Silence:
    """Return the silence that an error of the library means."""
    import httpcore

    text = str(error)[:200]
    if isinstance(error, httpcore.TimeoutException):
        return Silence("timeout", text or "no answer in time")
    cause = str(error.__cause__ or error.__context__ or "")
    if isinstance(error, httpcore.ConnectError):
        return Silence(
            "tls" if "ssl" in (text + cause).lower() or "certificate" in text.lower() else "refused", text
        )
    if isinstance(error, httpcore.NetworkError):
        return Silence("reset", text or "the connection was cut")
    if isinstance(error, httpcore.RemoteProtocolError) and "without sending" in text:
        return Silence("reset", text)
    return Silence("protocol", text or type(error).__name__)
