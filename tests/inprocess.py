"""Run a sandbox, its MCP server and their verification in one process, without sockets."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from pgagents.base.http import Handler, Request, Response
    from pgagents.catalogue.model.model import Model
    from pgagents.report.report import Report
    from pgagents.sandbox.deliver import Parcel
    from pgagents.sandbox.sandbox import Sandbox
    from pgagents.verify.plan.options import Options, Progress
    from pgagents.verify.run.course import Companion
    from pgagents.verify.wire.mcp_link import Link
    from pgagents.verify.wire.oauth import OAuthClient
    from pgagents.verify.wire.receiver import Inbox


START = 1_776_000_000.0
URL, PLAIN_URL = "https://127.0.0.1:1", "http://127.0.0.1:1"
INBOX_HOST, INBOX_ADDRESS = "events.pgagents-test.net", "93.184.216.34"
"""The receiver's name and address in the sandbox. Nothing is sent there."""


@dataclass(slots=True)
class Inside:
    """An open sandbox.

    `now` is a list that holds its time in epoch seconds, and `inbox` receives its events. `slept` counts the
    seconds of `sleep`.
    """

    sandbox: Sandbox
    now: list[float]
    inbox: Inbox
    faults: tuple[str, ...]
    tool_faults: tuple[str, ...] = ()
    """The faults of the MCP server in front of it."""
    slept: float = field(default=0.0)

    def sleep(self, seconds: float) -> None:
        """Advance the sandbox's time, and deliver the events that are due then."""
        self.now[0] += seconds
        self.slept += seconds
        self.sandbox.courier.round()

    def timer(self) -> float:
        """Return seconds for measuring responses: real time plus the sandbox's sleeps, without the
        caller's.
        """
        return time.perf_counter() + self.now[0] - START - self.slept

    @property
    def limited(self) -> bool:
        """Return whether one of the faults appears only when a rate limit is exceeded."""
        from pgagents.sandbox import fault_registry

        return any("limits" in fault_registry.find("faults", name).needs for name in self.faults)

    @property
    def keys(self) -> dict[str, str]:
        """Return the key of every identity; empty if the API has no keys.

        The main identity's key is unlimited, unless a fault is about rate limits.
        """
        tokens = self.sandbox.tokens
        if not tokens:
            return {}
        chosen = "test" if self.limited else "unlimited"
        main = {
            f"main{holder.removeprefix(chosen)}": token
            for holder, token in tokens.items()
            if holder.partition(".")[0] == chosen
        }
        return {
            **tokens,
            **main,
            **dict.fromkeys(self._list_signers(), self.sandbox.stripe_secret),
        }

    def _list_signers(self) -> list[str]:
        """Return the roles that sign calls. The sandbox has one secret for all of them."""
        model = self.sandbox.front.model
        return ["stripe", *(str(a.signed.role) for a in model.actions if a.signed is not None)]

    @property
    def client(self) -> OAuthClient | None:
        """Return the sandbox's public OAuth client, whose user always consents."""
        from pgagents.cli.demo import client_of

        return client_of(self.sandbox.oauth)


def inside(
    model: Model,
    *,
    seed: int = 0,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    world: int = 1,
    start: float = START,
) -> Inside:
    """Open a sandbox.

    `seed` determines its ids, `world` its synthetic data, and `start` its time at the beginning in epoch
    seconds.
    """
    from pgagents.sandbox.sandbox import open_sandbox
    from pgagents.verify.wire.receiver import Inbox

    now, inbox = [start], Inbox(f"https://{INBOX_HOST}/pgv")

    def post(parcel: Parcel) -> str:
        status = inbox.take(parcel.target.path, parcel.headers, parcel.body, now[0])
        return "" if status < 300 else f"answered {status}"

    opened = open_sandbox(
        model,
        seed=world,
        time_source=lambda: now[0],
        rng=random.Random(seed),
        faults=faults,
        variations=variations,
        post=post,
        resolve=lambda host: [INBOX_ADDRESS] if host == INBOX_HOST else [],
        sleep=lambda s: now.__setitem__(0, now[0] + s),
    )
    return Inside(opened, now, inbox, tuple(faults))


def over_tls(handler: Handler) -> Handler:
    """Return the handler as if it were reached over TLS."""
    from pgagents.sandbox.front import SCHEME

    return lambda request: handler(request.with_header(SCHEME, "https"))


def verify_sandbox(
    model: Model,
    opened: Inside,
    options: Options,
    *,
    keys: Mapping[str, str] | None = None,
    handler: Handler | None = None,
    mcp: Link | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    companion: Companion | None = None,
) -> Report:
    """Verify a sandbox and return the report.

    `keys` and `handler` replace the sandbox's own. `mcp` is a link to an MCP server in front of it.
    `on_progress` is called before each probe; `companion` receives every exchange.
    """
    from pgagents.sandbox.serve import plain
    from pgagents.verify.plan.options import Identities
    from pgagents.verify.run.run import verify

    others = {name: f"https://127.0.0.1:{port}" for port, name in enumerate(model.servers, 2)}
    given = keys if keys is not None else opened.keys
    identities = Identities(given, oauth=opened.client, servers=others)
    options = replace(
        options,
        live=False,
        limits=options.limits or opened.limited,
    )
    return verify(
        model,
        handler or over_tls(opened.sandbox.handler),
        identities,
        options,
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=URL,
        timer=opened.timer,
        plain=plain(opened.sandbox.front),
        plain_url=PLAIN_URL,
        receiver=opened.inbox,
        mcp=mcp,
        on_progress=on_progress,
        companion=companion,
    )


# -- the MCP server in front of it


PORT = 8090
HOST = f"http://127.0.0.1:{PORT}"
"""The base URL of requests; nothing listens there, because the application is called directly."""
ENOUGH = 380
"""Number of requests that is enough for the contracts of the tools alone."""


@contextmanager
def mcp_inside(
    model: Model, opened: Inside, *, faults: Sequence[str] = (), variations: Sequence[str] = ()
) -> Iterator[Link]:
    """Yield a link to an MCP server that offers the catalogue's tools.

    It calls this sandbox with the key of the main identity.
    """
    from faults.of_mcp import wrap_mcp
    from pgagents.sandbox.fault_declaration import Context
    from pgagents.verify.wire.mcp_link import Link

    opened.tool_faults = tuple(faults)
    with _serve_mcp(model, opened) as handler:
        sandbox = opened.sandbox
        context = Context(model, sandbox.front, random.Random(0), sandbox.courier, opened.sleep)
        yield Link(wrap_mcp(handler, context, faults, variations), url=HOST, path="/mcp")


def verify_mcp(
    model: Model,
    *,
    seed: int = 0,
    faults: Sequence[str] = (),
    variations: Sequence[str] = (),
    **more: Any,
) -> Report:
    """Verify a sandbox without faults through an MCP server in front of it.

    Only the contracts of the tools are tested. `more` are further options of the run.
    """
    from pgagents.verify.plan.options import Options

    opened = inside(model, seed=seed)
    with mcp_inside(model, opened, faults=faults, variations=variations) as link:
        given = {"only": tool_contracts(model), "max_requests": ENOUGH, **more}
        return verify_sandbox(model, opened, Options(seed=seed, **given), mcp=link)


def tool_contracts(model: Model) -> tuple[str, ...]:
    """Return the ids of the contracts that only an MCP server can keep; those of the last model are kept."""
    from pgagents.verify.check_registry import collect
    from pgagents.verify.run.run import contracts
    from pgagents.verify.wire.endpoint import MCP

    if not _last_listed or _last_listed[0][0] is not model:
        checks, every = collect(), contracts(model)
        listed = tuple(c.id for c in every if c.surface == MCP and checks[c.check].tools)
        _last_listed[:] = [(model, listed)]
    return _last_listed[0][1]


_last_listed: list[tuple[Model, tuple[str, ...]]] = []


@contextmanager
def _serve_mcp(model: Model, opened: Inside) -> Iterator[Handler]:
    """Yield the MCP server's HTTP application as a handler. Its waits advance the sandbox's clock."""
    from starlette.testclient import TestClient

    from pgagents.catalogue.model.identity import find_keys
    from pgagents.client.client import Client
    from pgagents.client.send import sending
    from pgagents.mcp.http import make_app
    from pgagents.mcp.server import make_server

    async def sleep(seconds: float) -> None:
        opened.sleep(seconds)

    clock = opened.sandbox.front.clock.now
    client = Client(
        model,
        sending(over_tls(opened.sandbox.handler)),
        find_keys(model, opened.keys, "main"),
        sleep=sleep,
        clock=clock,
        rng=random.Random(1),
        own_tools=opened.sandbox.front.own_tools,
        servers=dict.fromkeys(model.servers, ""),
    )
    log = logging.getLogger("mcp")
    level = log.level
    log.setLevel(logging.CRITICAL)  # the library logs every refused origin
    try:
        app = make_app(make_server(model, client), model, PORT)
        with TestClient(app, base_url=HOST) as running:
            assert running.portal is not None
            call = running.portal.call
            yield lambda request: call(_ask, app, request)
    finally:
        log.setLevel(level)


async def _ask(app: ASGIApp, request: Request) -> Response:
    """Return an application's whole answer. Starlette's client asks for it in eight turns of threads."""
    from anyio import Event

    from pgagents.base.http import Response

    path, _, query = request.target.partition("?")
    named = [(k.lower(), v) for k, v in request.headers]
    if not any(k == "host" for k, _ in named):
        named.append(("host", HOST.partition("//")[2]))
    scope = {
        "type": "http", "http_version": "1.1", "method": request.method, "scheme": "http",
        "path": unquote(path), "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(k.encode(), v.encode()) for k, v in named],
        "client": ("testclient", 50_000), "server": ("127.0.0.1", PORT), "state": {},
    }  # fmt: skip
    unread, told, done = [{"type": "http.request", "body": request.body or b""}], [], Event()

    async def receive() -> Any:
        if unread:
            return unread.pop()
        await done.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        told.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            done.set()

    await app(scope, receive, send)
    headers = tuple((k.decode(), v.decode()) for k, v in told[0]["headers"])
    return Response(told[0]["status"], headers, b"".join(each.get("body", b"") for each in told))
