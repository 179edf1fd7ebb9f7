"""Make the HTTP request of an action, and send it, with limits on the size, headers and time of answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pgagents.base.http import (
    PLAIN_TARGET,
    CertificateFiles,
    Handler,
    Request,
    Response,
    Silence,
    json_bytes,
    make_context,
)
from pgagents.catalogue.decoding.medium import accept_of
from pgagents.catalogue.encoding.request import encode_call
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.surface import Dispatcher

if TYPE_CHECKING:
    import httpcore
    import httpx


Send = Callable[[Request], Awaitable[Response | Silence]]

MAX_BYTES = 4_000_000
MAX_HEADERS = 100
MAX_HEADER_BYTES = 64_000
TIMEOUT_S = 30.0
CONNECT_S = 10.0
KEEP_ALIVE_S = 4.0
CONNECTIONS = 20
NO_CONTENT = 204


class Sender:
    """Send to the server at `url` over connections that stay open.

    Close it in the event loop that first used it. Raises PgagentsError for an invalid CA file.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float = TIMEOUT_S,
        max_bytes: int = MAX_BYTES,
        cacert: str | None = None,
        headers: Mapping[str, str] | None = None,
        certificate: CertificateFiles | None = None,
    ) -> None:
        """Take additional `headers` for every request, such as a gateway's. No other server gets them."""
        self._headers = dict(headers or {})
        self._base, self._cacert = url.rstrip("/"), cacert
        self._timeout_s, self._max_bytes = timeout_s, max_bytes
        self._certificate = certificate
        own = cacert is not None or certificate is not None
        self._trust = make_context(cacert, certificate) if own else None
        self._made: httpcore.AsyncConnectionPool | None = None

    async def __call__(self, request: Request) -> Response | Silence:
        """Send a request and read its whole answer, within the limits."""
        import httpcore
        import httpx

        try:
            built = self._build_request(request)
        except (httpx.InvalidURL, UnicodeError, ValueError) as error:
            return Silence("protocol", f"the request cannot be sent: {error}")
        try:
            async with asyncio.timeout(self._timeout_s):
                answer = await self._pool().handle_async_request(built)
                try:
                    return await self._read(answer)
                finally:
                    await answer.aclose()
        except TimeoutError:
            return Silence("timeout", f"no whole answer within {self._timeout_s:g} s")
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            httpcore.ConnectionNotAvailable,
        ) as error:
            return _silence(error)
        except (
            ValueError,
            OSError,
        ) as error:  # httpcore does not always raise its own errors for invalid HTTP
            return Silence("protocol", str(error)[:200])

    def make_other(self, url: str) -> Sender:
        """Return a sender to another server, with the same trust and client certificate."""
        return Sender(
            url,
            timeout_s=self._timeout_s,
            max_bytes=self._max_bytes,
            cacert=self._cacert,
            certificate=self._certificate,
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._made is not None:
            await self._made.aclose()
            self._made = None

    def _pool(self) -> httpcore.AsyncConnectionPool:
        """Return the connections, which are made at first use.

        httpcore takes long to import, and a tool may never be called.
        """
        import httpcore

        if self._made is None:
            trust = self._trust
            if trust is None and self._base.startswith("https://"):
                trust = make_context(None)
            self._made = httpcore.AsyncConnectionPool(
                ssl_context=trust,
                max_connections=CONNECTIONS,
                max_keepalive_connections=CONNECTIONS,
                keepalive_expiry=KEEP_ALIVE_S,
            )
        return self._made

    @cached_property
    def _address(self) -> httpx.URL:
        """Return the base URL. Raises httpx.InvalidURL."""
        import httpx

        return httpx.URL(self._base)

    def _build_request(self, request: Request) -> httpcore.Request:
        import httpcore

        base = self._address
        # no compression is requested, so a small answer cannot grow without limit
        headers = [
            ("Host", base.netloc.decode()),
            ("User-Agent", "pgagents"),
            ("Accept-Encoding", "identity"),
            *self._headers.items(),
            *request.headers,
        ]
        if request.body or request.method in ("POST", "PUT", "PATCH"):
            headers.append(("Content-Length", str(len(request.body))))
        raw = [(k.encode("ascii"), v.encode("utf-8")) for k, v in headers]
        path = base.raw_path.rstrip(b"/") + request.target.encode("ascii")
        if not PLAIN_TARGET.fullmatch(request.target):
            path = base.copy_with(raw_path=path).raw_path
        url = httpcore.URL(scheme=base.raw_scheme, host=base.raw_host, port=base.port, target=path)
        wait_s = self._timeout_s
        timeouts = {"connect": min(CONNECT_S, wait_s), "read": wait_s, "write": wait_s, "pool": wait_s}
        return httpcore.Request(
            request.method, url, headers=raw, content=request.body, extensions={"timeout": timeouts}
        )

    async def _read(self, answer: httpcore.Response) -> Response | Silence:
        headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in answer.headers)
        if len(headers) > MAX_HEADERS or sum(len(k) + len(v) for k, v in headers) > MAX_HEADER_BYTES:
            return Silence(
                "too-large", f"{len(headers)} headers, or more than {MAX_HEADER_BYTES:,} bytes of them"
            )
        encodings = [value.strip().lower() for name, value in headers if name.lower() == "content-encoding"]
        if any(one not in ("", "identity") for one in encodings):
            return Silence("protocol", "the body is encoded, which was not asked for")
        if answer.status == NO_CONTENT:
            # an unread answer closes its connection, so bytes that wrongly follow are not the next answer's
            return Response(answer.status, headers, b"")
        body = bytearray()
        async for chunk in answer.aiter_stream():
            body += chunk
            if len(body) > self._max_bytes:
                return Silence("too-large", f"the body has more than {self._max_bytes:,} bytes")
        return Response(answer.status, headers, bytes(body))


def sending(handler: Handler) -> Send:
    """Return an in-process server, such as a sandbox, as a `Send` function."""

    async def send(request: Request) -> Response | Silence:
        return handler(request)

    return send


def _silence(error: Exception) -> Silence:
    import httpcore

    text = str(error)[:200]
    if isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout | httpcore.PoolTimeout):
        cause = str(error.__cause__ or error.__context__ or "")
        return Silence(
            "tls" if "ssl" in (text + cause).lower() or "certificate" in text.lower() else "refused", text
        )
    if isinstance(error, httpcore.TimeoutException):
        return Silence("timeout", text or "no answer in time")
    if isinstance(error, httpcore.NetworkError):
        return Silence("reset", text or "the connection was cut")
    if isinstance(error, httpcore.RemoteProtocolError) and "without sending" in text:
        return Silence("reset", text)
    return Silence("protocol", text or type(error).__name__)


# -- requests of actions


JSON = "application/json"


def request_of(
    action: Action,
    arguments: Mapping[str, Any],
    *,
    dispatcher: Dispatcher | None = None,
    proof: Iterable[tuple[Credential, str]] = (),
    headers: Mapping[str, str] | None = None,
) -> Request:
    """Return the request of a call with valid arguments.

    The body is an object even if it has no members. `headers` follow our own. `proof` are the secrets of the
    call, each with its credential. The call uses `dispatcher` if one is given.
    """
    if dispatcher is not None:
        asked = [("Accept", JSON), *action.headers, *(headers or {}).items(), ("Content-Type", JSON)]
        message = dispatcher.make_message(action, arguments)
        whole = Request(dispatcher.method, str(dispatcher.path), tuple(asked), json_bytes(message))
        return _with_proof(whole, proof)
    ordered = {str(p.name): arguments[p.name] for p in action.params if p.name in arguments}
    parts = encode_call(action, ordered)
    sent = [("Accept", accept_of(action)), *parts.headers, *(headers or {}).items()]
    if parts.body is not None:
        sent.append(("Content-Type", parts.body.content_type))
    request = Request(
        str(action.method), parts.target, tuple(sent), parts.body.data if parts.body is not None else b""
    )
    return _with_proof(request, proof)


def _with_proof(request: Request, proof: Iterable[tuple[Credential, str]]) -> Request:
    for credential, secret in proof:
        request = credential.add_to(request, secret)
    return request
