"""A sandbox on a socket of this machine."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgagents.errors import PgagentsError
from pgagents.sandbox.sandbox import Sandbox
from pgagents.sandbox.serving.background import Background
from pgagents.sandbox.serving.group_commit import Settling
from pgagents.sandbox.serving.plain import plain
from pgagents.sandbox.serving.tls import Tls

if TYPE_CHECKING:
    import ssl

    import uvicorn
    from uvicorn.server import ServerState

    from pgagents.sandbox.serving.app import App
    from pgagents.sandbox.serving.connection import Connection

HOST = "127.0.0.1"
STOP_S = 0.3
HANDSHAKE_S = 10.0
SHUTDOWN_S = 5.0
"""Seconds for the start and the end of TLS on a connection; asyncio's defaults are 60 and 30."""
KEEP_ALIVE_S = 15
"""Seconds that a connection is kept open for the next request."""
GRACE_S = 0
"""Seconds for open calls at shutdown.

None are needed, because a call has written when its task first waits.
"""


@dataclass(frozen=True, slots=True)
class Listening:
    """Bound sockets and their URL. `plain` is the second port, which refuses plaintext."""

    bound: socket.socket
    url: str
    tls: Tls | None = None
    plain: socket.socket | None = None

    @property
    def plain_url(self) -> str | None:
        """Return the URL that refuses plaintext; None without TLS."""
        return _url("http", self.plain) if self.plain else None


def listen(port: int, host: str = HOST, tls: Tls | None = None) -> Listening:
    """Bind a port, with TLS a second one for plaintext; 0 takes a free one. Raises PgagentsError where
    that fails.
    """
    bound = _bind(port, host)
    return Listening(bound, _url("https" if tls else "http", bound), tls, _bind(0, host) if tls else None)


def _url(scheme: str, bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"{scheme}://{host}:{port}"


def _bind(port: int, host: str) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )  # accepted sockets inherit it; asyncio sets it only where proto is named
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise PgagentsError(
                f"port {port} is in use", "give another --port, or --port 0 for a free one"
            ) from None
        raise PgagentsError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            "give another --port, or --port 0 for a free one",
        ) from None
    return found


def facts(sandbox: Sandbox, listening: Listening) -> dict[str, Any]:
    """Return the content of the `--ready` file: URLs, keys and secrets."""
    url = listening.url
    clock = sandbox.front.model.clock
    return {
        "url": url,
        "plain_url": listening.plain_url,
        "ca_file": str(listening.tls.ca_file) if listening.tls else None,
        "client_cert": str(listening.tls.client_file)
        if listening.tls and listening.tls.client_file
        else None,
        "clock_url": url + clock.path if clock else None,
        "stripe_secret": sandbox.stripe_secret,
        "keys": dict(sandbox.tokens),
        "oauth": {kind: dict(client) for kind, client in sandbox.oauth.items()},
    }


def write_ready(path: Path, told: dict[str, Any]) -> None:
    """Write the facts atomically, readable by this user only, because they contain keys."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(told, file, indent=2)
            file.write("\n")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def serve(
    sandbox: Sandbox,
    listening: Listening,
    ready: Callable[[dict[str, Any]], None],
    work: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called with the facts when connections are accepted.

    If `work` is given, it runs in its own thread, and the server stops when it ends.
    """
    import uvicorn

    from pgagents.sandbox.serving.app import app, at_once
    from pgagents.sandbox.serving.connection import protocol_of

    front = sandbox.front
    front.site.setting.address.url = listening.url
    settling = Settling(sandbox.handler, front.store, front.refuse_uncommitted, front.log)
    config = _config(
        app(settling, front.model.limits.max_body_bytes, front.log, malformed=front.refuse_malformed),
        protocol_of(front.refuse_malformed),
    )
    refusing = _config(app(at_once(plain(front)), 0, front.log), protocol_of(plain(front)))
    context = listening.tls.context if listening.tls else None

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            self.servers.append(await accept(config, self.server_state, listening.bound, context))
            if listening.plain is not None:
                self.servers.append(await accept(refusing, self.server_state, listening.plain))
            if self.started:
                ready(facts(sandbox, listening))
                if work is not None:
                    threading.Thread(target=self.finish, args=(work,), daemon=True).start()

        def finish(self, work: Callable[[], None]) -> None:
            try:
                work()
            finally:
                self.should_exit = True

    background = Background(sandbox.courier, sandbox.chore, sandbox.front.log)
    background.start()
    try:
        Server(config).run([])  # uvicorn would wait a minute for a TLS handshake
    except KeyboardInterrupt:  # uvicorn passes the signal on once it has stopped
        pass
    finally:
        background.stop(STOP_S)
        sandbox.front.store.close()


async def accept(
    config: uvicorn.Config, state: ServerState, bound: socket.socket, context: ssl.SSLContext | None = None
) -> asyncio.Server:
    """Accept connections at a bound socket, over TLS if a context is given.

    An incomplete handshake is cut off.
    """
    loop = asyncio.get_running_loop()

    def make_protocol() -> asyncio.Protocol:
        protocol: Any = config.http_protocol_class
        made: asyncio.Protocol = protocol(config=config, server_state=state, app_state={})
        return made

    if context is None:
        return await loop.create_server(make_protocol, sock=bound)
    return await loop.create_server(
        make_protocol,
        sock=bound,
        ssl=context,
        ssl_handshake_timeout=HANDSHAKE_S,
        ssl_shutdown_timeout=SHUTDOWN_S,
    )


def _config(app: App, protocol: type[Connection]) -> uvicorn.Config:
    """Return uvicorn's configuration for one port."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http=protocol,
        log_level="critical",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S,
        ws="none",
        server_header=False,
        date_header=True,
        # no proxy is in front of it, and clients must not choose the address that counts their calls
        proxy_headers=False,
    )
    config.load()
    return config
