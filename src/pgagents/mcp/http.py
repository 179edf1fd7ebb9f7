"""Serve many clients over Streamable HTTP, at `/mcp`.

Without sign-in the server is for clients of this machine, which need a token (see `Guard`). Only loopback
names are accepted as Host and Origin, which protects against DNS rebinding.

With an authorization server it is a protected resource (RFC 9728, RFC 8707). A token must be issued for
this server, and is not passed on; the API is called with the operator's own key.
"""

from __future__ import annotations

import asyncio
import errno
import hmac
import json
import secrets
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pgagents.base.errors import PgagentsError
from pgagents.catalogue.model.model import Model
from pgagents.mcp.server import find_largest_message
from pgagents.mcp.token import IssuerError, StepUp
from pgagents.mcp.tools import tools

if TYPE_CHECKING:
    from anyio import CancelScope
    from mcp.server.auth.provider import TokenVerifier
    from mcp.server.lowlevel import Server
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MOST_SESSIONS, IDLE_S = 1_000, 900.0
"""Limits for sessions of clients up to 2025-11-25.

Each session takes about 40 kB until it has been idle for `IDLE_S` seconds.
"""
MOST_EACH = 50
"""Most sessions of one caller who signed in."""
MOST_AT_ONCE = 500
"""Most connections. Further ones get 503, before the process runs out of file descriptors."""

GRACE_S = 30.0
"""Most seconds for which calls may go on after the server was told to end."""
_TICK_S = 0.05


@dataclass(frozen=True, slots=True)
class SignIn:
    """The issuer of tokens, this server's public URL as their resource, and their verifier."""

    issuer: str
    resource: str
    verifier: TokenVerifier


def make_app(
    server: Server[Any],
    model: Model,
    port: int | None,
    *,
    sign_in: SignIn | None = None,
    token: str = "",
    public_url: str = "",
    origins: tuple[str, ...] = (),
    stateless: bool = False,
) -> Starlette:
    """Return the ASGI application. `origins` are additional origins whose web pages may call.

    Callers sign in, or send the `token`; with an empty token anyone who reaches the port may call. A `port`
    of None means any. `public_url` is this server's URL for clients; by default, the resource of the sign-in.
    A `stateless` application keeps no session, so that any process may answer any request.
    """
    from starlette.routing import Route

    bounds: dict[str, Any] = {
        "transport_security": _make_security(port, sign_in.resource if sign_in else public_url, origins),
        "stateless_http": stateless,
        "max_request_body_size": find_largest_message(model),
        "max_sessions": MOST_SESSIONS,
        "session_idle_timeout": IDLE_S,
    }
    if sign_in is not None:
        app = _make_protected(server, model, sign_in, bounds)
    else:
        app = server.streamable_http_app(streamable_http_path=PATH, **bounds)
    if stateless:
        app.add_middleware(PostOnly)
    else:
        for route in app.router.routes:
            if isinstance(route, Route) and route.path == PATH:
                route.app = Sessions(route.app, MOST_SESSIONS, MOST_EACH, signed_in=sign_in is not None)
    if sign_in is not None:
        app.add_middleware(IssuerOutage)
    if token and sign_in is None:
        app.add_middleware(Guard, token=token)
    return app


def _make_security(port: int | None, public_url: str, origins: tuple[str, ...]) -> TransportSecuritySettings:
    """Return the accepted values of Host and Origin: those of this machine and of the public URL."""
    from mcp.server.transport_security import TransportSecuritySettings

    hosts = [f"{name}:{'*' if port is None else port}" for name in LOOPBACK]
    public = urlsplit(public_url)
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*hosts, *([public.netloc] if public_url else [])],
        allowed_origins=[
            *(f"http://{host}" for host in hosts),
            *([f"{public.scheme}://{public.netloc}"] if public_url else []),
            *origins,
        ],
    )


def _make_protected(server: Server[Any], model: Model, sign_in: SignIn, bounds: dict[str, Any]) -> Starlette:
    """Return the application for callers who sign in, with the metadata of a protected resource."""
    from mcp.server.auth.routes import build_resource_metadata_url, create_protected_resource_routes
    from mcp.server.auth.settings import AuthSettings
    from pydantic import AnyHttpUrl
    from starlette.routing import Route

    resource, issuer = AnyHttpUrl(sign_in.resource), AnyHttpUrl(sign_in.issuer)
    settings = AuthSettings(issuer_url=issuer, resource_server_url=resource, validate_token_resource=True)
    app = server.streamable_http_app(
        streamable_http_path=PATH, auth=settings, token_verifier=sign_in.verifier, **bounds
    )
    scopes = list(model.code_flow.scopes) if model.code_flow else None
    named = {name: tool.action for name, tool in tools(model).items()}
    for route in app.router.routes:
        if isinstance(route, Route) and route.path == PATH:
            route.app = StepUp(route.app, model, named, str(build_resource_metadata_url(resource)))
    # placed before the SDK's own route of this path, which lists only scopes that every call needs
    app.router.routes[0:0] = create_protected_resource_routes(
        resource, [issuer], scopes, str(model.api.title)
    )
    return app


class IssuerOutage:
    """Answer 503 if the authorization server could not be asked about a token: the token may be good."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 503."""
        try:
            await self._app(scope, receive, send)
        except IssuerError as error:
            await answer_unavailable(send, str(error))


class PostOnly:
    """Refuse every method except POST at `/mcp`: without sessions there is no stream to open or end.

    An open stream would also delay the server's stop until a time limit.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer 405."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] in ("POST", "OPTIONS"):
            await self._app(scope, receive, send)
            return
        headers = [(b"allow", b"POST"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 405, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def bind(port: int, host: str) -> socket.socket:
    """Return a listening socket; 0 takes a free port. Raises PgagentsError if the port is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        bound.bind((host, port))
        bound.listen(128)
    except OSError as error:
        bound.close()
        why = (
            "is in use"
            if error.errno == errno.EADDRINUSE
            else f"of {host} cannot be listened on: {error.strerror}"
        )
        raise PgagentsError(f"port {port} {why}", "give another --port, or --port 0 for a free one") from None
    return bound


def serve(app: ASGIApp, bound: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called when connections are accepted.

    Calls that are being made then get their answers, within `GRACE_S` seconds; a second signal ends at once.
    """
    import logging

    import uvicorn

    from pgagents.mcp.request_timeouts import HttpWithTimeouts, NotOfTheEnd

    class Listening(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            await drain.finish(lambda: self.force_exit)
            await super().shutdown(sockets)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            self.force_exit = self.should_exit  # the second signal ends at once
            super().handle_exit(sig, frame)

    drain = Drain(app)
    let_streams_end()
    config = uvicorn.Config(
        drain,
        log_level="warning",
        access_log=False,
        ws="none",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=2,
        http=HttpWithTimeouts,
        limit_concurrency=MOST_AT_ONCE,
    )
    logging.getLogger("uvicorn.error").addFilter(NotOfTheEnd())
    with suppress(KeyboardInterrupt):  # uvicorn passes the signal on once it has stopped
        Listening(config).run([bound])


class Drain:
    """Serve requests until the server ends, then only those that have begun.

    A call may have bought something by now, and its caller must learn so. Further requests get 503. Streams
    that only wait for news are ended at once, as they have no end of their own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._calls, self._ends = 0, False
        self._streams: set[CancelScope] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it with 503."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._ends:
            await answer_unavailable(send, "the server ends")
        elif scope["method"] == "GET":
            await self._stream(scope, receive, send)
        else:
            await self._call(scope, receive, send)

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, which counts as a call once all of it has come."""
        whole = False

        async def watch() -> Message:
            nonlocal whole
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False) and not whole:
                whole = True
                self._calls += 1
            return message

        try:
            await self._app(scope, watch, send)
        finally:
            self._calls -= whole

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that may be a stream of news, until it or the server ends."""
        import anyio

        begun = ended = False

        async def watch(message: Message) -> None:
            nonlocal begun, ended
            begun = True
            ended = message["type"] == "http.response.body" and not message.get("more_body", False)
            await send(message)

        with anyio.CancelScope() as cancelled:
            self._streams.add(cancelled)
            try:
                await self._app(scope, receive, watch)
            finally:
                self._streams.discard(cancelled)
        if begun and not ended:
            with suppress(Exception):  # the client may be gone
                await send({"type": "http.response.body", "body": b""})

    async def finish(self, is_forced: Callable[[], bool]) -> None:
        """Wait until all calls have their answers, the time is over, or the end is forced."""
        self._ends = True
        for stream in tuple(self._streams):
            stream.cancel()
        until = time.monotonic() + GRACE_S
        while self._calls and not is_forced() and time.monotonic() < until:
            await asyncio.sleep(_TICK_S)


async def answer_unavailable(send: Send, why: str) -> None:
    """Answer 503 with the reason, and the seconds after which to try again."""
    body = json.dumps({"error": why}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"retry-after", b"5"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def let_streams_end() -> None:
    """Finish answers that are being streamed when the server is stopped.

    By default sse_starlette 3.7 (read 2026-11-22) cuts every stream half a second after the signal.
    """
    from sse_starlette.sse import AppStatus

    status: Any = AppStatus
    status.enable_automatic_graceful_drain = False


# -- the token of a local server


TOKEN = "PGAGENTS_MCP_TOKEN"
"""The environment variable with the token. If it is not set, each start makes a new token."""
REALM = "pgagents mcp"


def new_token() -> str:
    """Return a random token."""
    return secrets.token_urlsafe(32)


class Guard:
    """Refuse a request without the token before anything else is read, so that it uses no session."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or (scope["type"] == "http" and self._may(scope)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._refuse(scope, send)

    def _may(self, scope: Scope) -> bool:
        scheme, _, given = _authorization(scope).partition(b" ")
        return hmac.compare_digest(given.strip(), self._token) and scheme.lower() == b"bearer"

    async def _refuse(self, scope: Scope, send: Send) -> None:
        why = b', error="invalid_token"' if _authorization(scope) else b""
        body = json.dumps({"error": f"send the server's token: Authorization: Bearer (its {TOKEN})"}).encode()
        headers = [
            (b"www-authenticate", f'Bearer realm="{REALM}"'.encode() + why),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _authorization(scope: Scope) -> bytes:
    """Return the header's value; empty if there is none, or several of which any could count."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return bytes(found[0]) if len(found) == 1 else b""


# -- sessions


HEADER = b"mcp-session-id"


@dataclass(slots=True)
class _Session:
    """One open session: its caller, the request that opened it, and how many of its requests are served."""

    caller: str
    opened_by: Scope
    served: int = 0


class Sessions:
    """Pass requests on, and end idle sessions so that there are never more than `most`.

    `most_each` bounds the sessions of one caller who signed in; `signed_in` is true if all callers must.
    """

    def __init__(self, app: ASGIApp, most: int, most_each: int, *, signed_in: bool) -> None:
        self._app, self._most, self._most_each, self._signed_in = app, most, most_each, signed_in
        self._open: OrderedDict[bytes, _Session] = OrderedDict()
        """The open sessions by their id; the one that was idle longest comes first."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        headers = dict(scope.get("headers", ()))
        if HEADER in headers:
            await self._use(headers[HEADER], scope, receive, send)
        elif scope["type"] == "http" and self._may_open(scope, headers):
            await self._make_room(_find_caller(scope))
            await self._app(scope, receive, self._note_opened(scope, send))
        else:
            await self._app(scope, receive, send)

    def _may_open(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """True if a request may open a session. Later clients have none, and strangers get none."""
        from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

        version = headers.get(b"mcp-protocol-version", b"").decode("latin-1")
        known = not version or version in HANDSHAKE_PROTOCOL_VERSIONS
        return scope["method"] == "POST" and known and (not self._signed_in or bool(_find_caller(scope)))

    async def _use(self, id: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        session = self._open.get(id)
        if session is None:
            await self._app(scope, receive, send)
            return
        session.served += 1
        try:
            await self._app(scope, receive, self._note_ended(id, scope, send))
        finally:
            session.served -= 1
            if id in self._open:
                self._open.move_to_end(id)

    def _note_opened(self, scope: Scope, send: Send) -> Send:
        """Return a `send` that remembers the session that an answer opens."""

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                id = dict(message.get("headers", ())).get(HEADER)
                if id is not None:
                    self._open[id] = _Session(_find_caller(scope), scope)
            await send(message)

        return note

    def _note_ended(self, id: bytes, scope: Scope, send: Send) -> Send:
        """Return a `send` that forgets a session which is over."""

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and (
                message["status"] == 404 or (scope["method"] == "DELETE" and message["status"] < 300)
            ):
                self._open.pop(id, None)
            await send(message)

        return note

    async def _make_room(self, caller: str) -> None:
        """End the session that was idle longest if there are too many: of this caller, or of all."""
        own = [id for id, session in self._open.items() if session.caller == caller]
        if caller and len(own) >= self._most_each:
            await self._end_idle(own)
        if len(self._open) >= self._most:
            await self._end_idle(list(self._open))

    async def _end_idle(self, ids: list[bytes]) -> None:
        idle = next((id for id in ids if not self._open[id].served), None)
        if idle is None:
            return  # all of them are being used; the SDK refuses one more with 503
        session = self._open.pop(idle)
        kept = [pair for pair in session.opened_by["headers"] if pair[0] in (b"host", b"authorization")]
        ending = {**session.opened_by, "method": "DELETE", "headers": [*kept, (HEADER, idle)]}
        ending["headers"].append((b"accept", b"application/json, text/event-stream"))
        await self._app(ending, _receive_nothing, _drop)


def _find_caller(scope: Scope) -> str:
    """Return who signed in; empty if nobody did."""
    token: Any = getattr(scope.get("user"), "access_token", None)
    return f"{token.client_id} {token.subject}" if token is not None else ""


async def _receive_nothing() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _drop(_message: Message) -> None:
    """Take an answer that nobody waits for."""
