"""Serve many clients over Streamable HTTP, at `/mcp`.

Without sign-in the server is for clients of this machine, which need a token (see `guard`). Only loopback
names are accepted as Host and Origin, which protects against DNS rebinding.

With an authorization server it is a protected resource (RFC 9728, RFC 8707). A token must be issued for this
server, and is not passed on; the API is called with the operator's own key.
"""

from __future__ import annotations

import errno
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pgagents.errors import PgagentsError
from pgagents.mcp.guard import Guard
from pgagents.mcp.message_size import find_largest_message
from pgagents.mcp.scopes import StepUp
from pgagents.mcp.tools import tools
from pgagents.model.model import Model

if TYPE_CHECKING:
    from mcp.server.auth.provider import TokenVerifier
    from mcp.server.lowlevel import Server
    from mcp.server.transport_security import TransportSecuritySettings
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
MOST_SESSIONS, IDLE_S = 1_000, 900.0
"""Limits for sessions of clients up to 2025-11-25.

Each session takes about 40 kB until it has been idle for `IDLE_S` seconds.
"""
MOST_AT_ONCE = 500
"""Most connections. Further ones get 503, before the process runs out of file descriptors."""


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
    """Serve until SIGINT or SIGTERM. `ready` is called when connections are accepted."""
    import logging

    import uvicorn

    from pgagents.mcp.request_timeouts import HttpWithTimeouts, NotOfTheEnd

    class Listening(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    config = uvicorn.Config(
        app,
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
