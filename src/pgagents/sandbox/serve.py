"""A sandbox on a socket of this machine."""

from __future__ import annotations

import errno
import json
import os
import socket
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgagents.errors import PgagentsError
from pgagents.sandbox.sandbox import Sandbox

HOST = "127.0.0.1"
GRACE_S = 1


@dataclass(frozen=True, slots=True)
class Listening:
    """A bound socket and what a client needs to know of it."""

    socket: socket.socket
    url: str


def listen(port: int, host: str = HOST) -> Listening:
    """Bind a port; 0 takes a free one. Raises PgagentsError where it is taken."""
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
    return Listening(found, f"http://{host}:{found.getsockname()[1]}")


def facts(sandbox: Sandbox, url: str) -> dict[str, Any]:
    """What `--ready` tells scripts."""
    clock = sandbox.front.model.clock
    return {
        "url": url,
        "plain_url": None,
        "ca_file": None,
        "clock_url": url + clock.path if clock else None,
        "stripe_secret": sandbox.stripe_secret,
        "keys": dict(sandbox.tokens),
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

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready(facts(sandbox, listening.url))

    config = uvicorn.Config(
        app(sandbox.handler, sandbox.front.model.limits.max_body_bytes, sandbox.front.log),
        log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=GRACE_S, timeout_keep_alive=15, ws="none",
        server_header=False, date_header=True,
    )  # fmt: skip
    try:
        Server(config).run([listening.socket])
    except KeyboardInterrupt:  # uvicorn passes the signal on once it has stopped
        pass
    finally:
        sandbox.front.store.close()
