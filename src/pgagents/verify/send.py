"""The live client: an httpx client as a `wire.Handler`, with every answer bounded in size, headers and time.

Whatever a server does comes back as a Response or a Silence. Redirects are never followed: a key must not travel to
where an answer points.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgagents.errors import PgagentsError
from pgagents.wire import Request, Response, Silence

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 4_000_000
MAX_HEADERS = 100
MAX_HEADER_BYTES = 64_000
TIMEOUT_S = 30.0
AT_ONCE = 4
"""Connections for calls that are to go out at the same time; calls in a row use one, kept alive."""


class Client:
    """A handler over one kept-alive connection, that a few threads may use at once. Use it as a context manager, or call `close`."""

    def __init__(
        self, url: str, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES, cacert: str | None = None,
        headers: Mapping[str, str] | None = None, timer: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        import httpx

        from pgagents.verify.deadline import Deadline

        self._base = url.rstrip("/")
        self._timeout_s, self._max_bytes, self._timer = timeout_s, max_bytes, timer
        self._headers = dict(headers or {})
        self._httpx = httpx
        transport = httpx.HTTPTransport(
            verify=_verify(cacert), trust_env=False, limits=httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=1)
        )
        pool: Any = transport._pool
        self._deadline = pool._network_backend = Deadline(pool._network_backend, timer)  # httpx offers no way in; test_verify_send holds it
        timeout = httpx.Timeout(timeout_s, connect=min(10.0, timeout_s))
        self._client = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=False, transport=transport)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def __call__(self, request: Request) -> Response | Silence:
        """Send a request and read its whole answer, within the bounds. Never raises for what a server does."""
        httpx = self._httpx
        try:
            built = self._built(request)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            return Silence("protocol", f"the request cannot be sent: {error}")
        began = self._timer()
        self._deadline.at = began + self._timeout_s
        try:
            answer = self._client.send(built, stream=True)
        except httpx.HTTPError as error:
            return _silence(error)
        try:
            came = self._read(answer, began)
        except httpx.HTTPError as error:
            came = _silence(error)
        except (ValueError, OSError) as error:  # what a decoder says of a broken gzip or a broken chunk
            came = Silence("protocol", str(error)[:200])
        finally:
            answer.close()
        return replace(came, begun=True) if isinstance(came, Silence) else came

    @cached_property
    def _target(self) -> tuple[httpx.URL, str]:
        """The base URL, and the Host header for it."""
        first = self._httpx.Request("GET", self._base)
        return first.url, first.headers["host"]

    def _built(self, request: Request) -> httpx.Request:
        base, host = self._target
        headers = [
            ("Host", host),
            ("User-Agent", "pgagents"),
            *self._headers.items(),
        ]
        headers += list(request.headers)
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(request.body))))
        raw = [(k.encode("latin-1"), v.encode("utf-8")) for k, v in headers]
        url = base.copy_with(raw_path=_raw_path(self._base, request.target))
        return self._httpx.Request(request.method, url, headers=raw, content=request.body or None)

    def _read(self, answer: httpx.Response, began: float) -> Response | Silence:
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in answer.headers.raw)
        if len(headers) > MAX_HEADERS or sum(len(k) + len(v) for k, v in headers) > MAX_HEADER_BYTES:
            return Silence("too-large", f"{len(headers)} headers, or more than {MAX_HEADER_BYTES:,} bytes of them")
        body = bytearray()
        for chunk in answer.iter_bytes():
            body += chunk
            if len(body) > self._max_bytes:
                return Silence("too-large", f"the body has more than {self._max_bytes:,} bytes")
            if self._timer() - began > self._timeout_s:
                return Silence("timeout", f"the answer did not end within {self._timeout_s:g} s")
        return Response(answer.status_code, headers, bytes(body))


def client(url: str, *, timeout_s: float = TIMEOUT_S, max_bytes: int = MAX_BYTES, cacert: str | None = None) -> Client:
    """A handler that sends to the server at `url`. Raises PgagentsError where the URL or the CA file is none."""
    if not url.startswith(("http://", "https://")):
        raise PgagentsError(f"{url} is no http or https URL", "write it as https://host or http://127.0.0.1:8000")
    return Client(url, timeout_s=timeout_s, max_bytes=max_bytes, cacert=cacert)


def _verify(cacert: str | None) -> ssl.SSLContext | bool:
    if cacert is None:
        return True
    try:
        return ssl.create_default_context(cafile=cacert)
    except (OSError, ssl.SSLError) as error:
        raise PgagentsError(f"cannot read the CA file {cacert}: {error}", "give a PEM file with --cacert") from None


def _raw_path(base: str, target: str) -> bytes:
    """The path as it goes on the wire, behind the path that the base URL may have."""
    rest = base.split("://", 1)[1]
    prefix = "/" + rest.split("/", 1)[1] if "/" in rest else ""
    return (prefix + target).encode("ascii", "backslashreplace")


def _silence(error: Exception) -> Silence:
    import httpx

    text = str(error)[:200]
    if isinstance(error, httpx.TimeoutException):
        return Silence("timeout", text or "no answer in time")
    cause = str(error.__cause__ or error.__context__ or "")
    if isinstance(error, httpx.ConnectError):
        return Silence("tls" if "ssl" in (text + cause).lower() or "certificate" in text.lower() else "refused", text)
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.CloseError):
        return Silence("reset", text or "the connection was cut")
    if isinstance(error, httpx.RemoteProtocolError) and "without sending" in text:
        return Silence("reset", text)
    return Silence("protocol", text or type(error).__name__)
