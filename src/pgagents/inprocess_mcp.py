"""Our MCP server in front of a sandbox, in one process and without sockets, with faults and variations of its own."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pgagents.http import Handler
    from pgagents.inprocess import Inside
    from pgagents.model.model import Model
    from pgagents.report.report import Report
    from pgagents.verify.wire.mcp.link import Link

PORT = 8090
HOST = f"http://127.0.0.1:{PORT}"
"""The server's URL; nothing listens there, because the application is called directly."""
ENOUGH = 380
"""Most requests for the contracts of the tools alone; with more, checks of other contracts would run too."""


@contextmanager
def mcp_inside(model: Model, opened: Inside, *, faults: Sequence[str] = (), variations: Sequence[str] = ()) -> Iterator[Link]:
    """Yield a link to an MCP server of the catalogue's tools that calls this sandbox with the main key."""
    from pgagents.sandbox.injection.fault_registry import Context, wrap_mcp
    from pgagents.verify.wire.mcp.link import Link

    with _served(model, opened) as handler:
        sandbox = opened.sandbox
        context = Context(model, sandbox.front, random.Random(0), sandbox.courier, opened.sleep)
        yield Link(wrap_mcp(handler, context, faults, variations), url=HOST, path="/mcp")


def verified_mcp(model: Model, *, seed: int = 0, faults: Sequence[str] = (), variations: Sequence[str] = ()) -> Report:
    """Verify such a server in front of a plain sandbox: only the contracts of its tools."""
    from pgagents.inprocess import inside, verified
    from pgagents.verify.plan.options import Options

    opened = inside(model, seed=seed)
    with mcp_inside(model, opened, faults=faults, variations=variations) as link:
        return verified(model, opened, Options(seed=seed, only=tool_contracts(model), max_requests=ENOUGH), mcp=link)


def tool_contracts(model: Model) -> tuple[str, ...]:
    """Return the ids of contracts that only an MCP server can keep."""
    from pgagents.verify.check.check import collect, of_tools
    from pgagents.verify.run.run import contracts
    from pgagents.verify.wire.endpoint import MCP

    checks = collect()
    return tuple(c.id for c in contracts(model) if c.surface == MCP and of_tools(checks[c.check]))


@contextmanager
def _served(model: Model, opened: Inside) -> Iterator[Handler]:
    """Yield the server's HTTP application as a handler; its waits advance the sandbox's time."""
    from starlette.testclient import TestClient

    from pgagents.client.client import Client
    from pgagents.client.send import sending
    from pgagents.http import Request, Response
    from pgagents.inprocess import over_tls
    from pgagents.mcp.http import make_app
    from pgagents.mcp.server import make_server

    async def sleep(seconds: float) -> None:
        opened.sleep(seconds)

    clock = opened.sandbox.front.clock.now
    client = Client(model, sending(over_tls(opened.sandbox.handler)), opened.keys["main"], sleep=sleep, clock=clock, rng=random.Random(1))
    log = logging.getLogger("mcp")
    level = log.level
    log.setLevel(logging.CRITICAL)  # it logs every refused page
    try:
        with TestClient(make_app(make_server(model, client), model, PORT), base_url=HOST) as app:

            def handler(request: Request) -> Response:
                came = app.request(request.method, request.target, headers=list(request.headers), content=request.body)
                return Response(came.status_code, tuple(came.headers.items()), came.content)

            yield handler
    finally:
        log.setLevel(level)
