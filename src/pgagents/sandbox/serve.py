"""A sandbox on a socket of this machine, with TLS, a thread for events, and writes that share a commit."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import sqlite3
import ssl
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.sandbox.deliver import Courier
from pgagents.sandbox.front import PEER, Front
from pgagents.sandbox.sandbox import Sandbox
from pgagents.sandbox.store import Store

if TYPE_CHECKING:
    import uvicorn
    from uvicorn.server import ServerState

    from pgagents.sandbox.asgi import App, Connection


# -- the thread for events


LONGEST_NAP_S = 1.0


class Background:
    """A thread that works until it is stopped.

    Each round calls `chore`. Errors are logged, and work goes on.
    """

    def __init__(self, courier: Courier, chore: Callable[[], None], log: Callable[[str], None]) -> None:
        self._courier = courier
        self._chore = chore
        self._log = log
        self._wake = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="background", daemon=True)

    def start(self) -> None:
        """Start the thread. It also delivers the events that an earlier process left behind."""
        self._courier.outbox.notice = self._wake.set
        self._thread.start()

    def stop(self, most_s: float) -> None:
        """Stop after the current delivery, but within `most_s` seconds; an aborted delivery is sent again
        at the next start.
        """
        self._stopped = True
        self._wake.set()
        self._thread.join(most_s)

    def _work(self) -> None:
        while not self._stopped:
            self._wake.clear()
            try:
                self._chore()
                sent = self._courier.round()
                with self._courier.outbox.store.lock:
                    soon = self._courier.outbox.next_due_in_s()
            except Exception:
                if self._stopped:
                    return
                self._log(traceback.format_exc())
                sent, soon = 0, None
            if not sent and not self._stopped:
                self._wake.wait(LONGEST_NAP_S if soon is None else min(LONGEST_NAP_S, max(0.05, soon)))


# -- shared commits


SOON_S = 0.02
"""Seconds that writes without need for durability (such as a search's) may wait for others."""


class Settling:
    """A handler whose answers wait for the commit.

    `unkept` makes the answer for writes that cannot be committed.
    """

    def __init__(
        self,
        handler: Handler,
        store: Store,
        unkept: Callable[[Request], Response],
        log: Callable[[str], None],
    ) -> None:
        self._handler = handler
        self._store = store
        self._unkept = unkept
        self._log = log
        self._waiting: list[asyncio.Future[None]] = []
        self._later: asyncio.TimerHandle | None = None

    async def __call__(self, request: Request) -> Response | Silence:
        """Return the answer after its writes are committed."""
        with self._store.sharing():
            found = self._handler(request)
            wrote = self._store.open
        if wrote is None:
            return found
        if not wrote.owed:
            self._settle_later()
            return found
        await self._wait_for_commit()
        return found if wrote.kept else self._unkept(request)

    async def _wait_for_commit(self) -> None:
        """Wait for the commit of all calls in this round of the event loop."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            loop.call_soon(self._settle)
        mine = loop.create_future()
        self._waiting.append(mine)
        await mine

    def _settle_later(self) -> None:
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(SOON_S, self._settle)

    def _settle(self) -> None:
        waiting, self._waiting = self._waiting, []
        later, self._later = self._later, None
        if later is not None:
            later.cancel()
        try:
            self._store.settle()
        except sqlite3.Error:  # each call finds the error in `kept`
            self._log(traceback.format_exc())
        for one in waiting:
            if not one.done():
                one.set_result(None)


# -- the plaintext port


PROTOCOL = "TLS/1.3"


def plain(front: Front) -> Callable[[Request], Response]:
    """Return a handler that refuses every request without reading it.

    A key that was sent in plaintext must not be tried.
    """

    def answer(request: Request) -> Response:
        refused = front.plaintext(Request("GET", "/", ((PEER, request.header(PEER) or ""),)))
        if refused.header("Upgrade") is None:
            refused = refused.with_header("Upgrade", PROTOCOL)
        return refused.with_header(
            "Connection", "Upgrade, close"
        )  # RFC 9110, 7.8: who sends Upgrade names it in Connection

    return answer


# -- certificates of the sandbox


NAMES = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True)
class Tls:
    """A server's TLS context, and the PEM file of the CA that signed its certificate."""

    context: ssl.SSLContext
    ca_file: Path


@contextmanager
def certificate() -> Iterator[Tls]:
    """Yield a certificate for this machine's names, TLS 1.3 only; its CA file is removed at the end.

    The CA's key is never written, so nobody can sign with it after the process has ended.
    """
    import trustme

    ca = trustme.CA(organization_name="pgagents sandbox", organization_unit_name="for this start only")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    ca.issue_cert(*NAMES).configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="pgagents-sandbox-") as folder:
        ca_file = Path(folder) / "ca.pem"
        ca.cert_pem.write_to_path(ca_file)
        yield Tls(context, ca_file)


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

    from pgagents.sandbox.asgi import app, at_once, protocol_of

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
