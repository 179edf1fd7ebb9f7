"""A sandbox on a socket of this machine."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgagents.errors import PgagentsError
from pgagents.sandbox.background import Background
from pgagents.sandbox.plain import plain
from pgagents.sandbox.sandbox import Sandbox
from pgagents.sandbox.tls import Tls

if TYPE_CHECKING:
    import uvicorn

    from pgagents.sandbox.app import App
    from pgagents.sandbox.patience import Patience

HOST = "127.0.0.1"
STOP_S = 0.3
GRACE_S = 0
"""Seconds for calls that are under way when it ends: none, for what a call writes is written while its task first runs."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Bound sockets and what a client needs to know of them; `plain` is the port beside TLS that refuses plaintext."""

    bound: socket.socket
    url: str
    tls: Tls | None = None
    plain: socket.socket | None = None

    @property
    def plain_url(self) -> str | None:
        """Where plaintext is refused."""
        return _url("http", self.plain) if self.plain else None


def listen(port: int, host: str = HOST, tls: Tls | None = None) -> Listening:
    """Bind a port, with TLS a second one for plaintext too; 0 takes a free one. Raises PgagentsError where it is taken."""
    bound = _bind(port, host)
    return Listening(bound, _url("https" if tls else "http", bound), tls, _bind(0, host) if tls else None)


def _url(scheme: str, bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"{scheme}://{host}:{port}"


def _bind(port: int, host: str) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it; asyncio sets it only where proto is named
    try:
        found.bind((host, port))
        found.listen(128)
    except OSError as error:
        found.close()
        if error.errno == errno.EADDRINUSE:
            raise PgagentsError(f"port {port} is in use", "give another --port, or --port 0 for a free one") from None
        raise PgagentsError(
            f"cannot listen on {host}:{port}: {error.strerror}", "give another --port, or --port 0 for a free one"
        ) from None
    return found


def facts(sandbox: Sandbox, listening: Listening) -> dict[str, Any]:
    """What `--ready` tells scripts."""
    url = listening.url
    clock = sandbox.front.model.clock
    return {
        "url": url,
        "plain_url": listening.plain_url,
        "ca_file": str(listening.tls.ca_file) if listening.tls else None,
        "clock_url": url + clock.path if clock else None,
        "stripe_secret": sandbox.stripe_secret,
        "keys": dict(sandbox.tokens),
        "oauth": {kind: dict(client) for kind, client in sandbox.oauth.items()},
    }


def write_ready(path: Path, told: dict[str, Any]) -> None:
    """Write the facts whole or not at all, readable by this user only: they hold keys."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(told, file, indent=2)
            file.write("\n")
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def serve(sandbox: Sandbox, listening: Listening, ready: Callable[[dict[str, Any]], None]) -> None:
    """Answer until SIGINT or SIGTERM; `ready` is called with the facts once connections are accepted."""
    import uvicorn

    from pgagents.sandbox.app import app
    from pgagents.sandbox.patience import port

    front = sandbox.front
    front.site.setting.address.url = listening.url
    config = _config(app(sandbox.handler, front.model.limits.max_body_bytes, front.log), port(front.malformed))
    config.ssl = listening.tls.context if listening.tls else None
    twin = port(plain(front))
    refusing = _config(app(plain(front), 0, front.log), twin)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if listening.plain is not None:
                loop = asyncio.get_running_loop()
                self.servers.append(await loop.create_server(lambda: twin(refusing, self.server_state, {}), sock=listening.plain))
            if self.started:
                ready(facts(sandbox, listening))

    background = Background(sandbox.courier, sandbox.chore, sandbox.front.log)
    background.start()
    try:
        Server(config).run([listening.bound])
    except KeyboardInterrupt:  # uvicorn passes the signal on once it has stopped
        pass
    finally:
        background.stop(STOP_S)
        sandbox.front.store.close()


def _config(app: App, protocol: type[Patience]) -> uvicorn.Config:
    """How one port is served."""
    import uvicorn

    from pgagents.sandbox.patience import KEEP_ALIVE_S

    config = uvicorn.Config(
        app, http=protocol,
        log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=KEEP_ALIVE_S, ws="none", server_header=False, date_header=True,
        proxy_headers=False,  # nothing stands before it, and a client must not choose the address by which its calls are counted
    )  # fmt: skip
    config.load()
    return config
