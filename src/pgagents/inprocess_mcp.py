"""Run our own MCP server in front of a sandbox, in one process and without sockets.

Faults and variations of the MCP server can be added around it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pgagents.http import Handler
    from pgagents.inprocess import Inside
    from pgagents.model.model import Model
    from pgagents.report.report import Report
    from pgagents.verify.wire.mcp_link import Link

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
    from pgagents.sandbox.injection.fault_declaration import Context
    from pgagents.sandbox.injection.fault_registry import wrap_mcp
    from pgagents.verify.wire.mcp_link import Link

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
    from pgagents.inprocess import inside, verify_sandbox
    from pgagents.verify.plan.options import Options

    opened = inside(model, seed=seed)
    with mcp_inside(model, opened, faults=faults, variations=variations) as link:
        given = {"only": tool_contracts(model), "max_requests": ENOUGH, **more}
        return verify_sandbox(model, opened, Options(seed=seed, **given), mcp=link)


def tool_contracts(model: Model) -> tuple[str, ...]:
    """Return the ids of the contracts that only an MCP server can keep."""
    from pgagents.verify.promise import collect
    from pgagents.verify.run.run import contracts
    from pgagents.verify.wire.endpoint import MCP

    checks = collect()
    return tuple(c.id for c in contracts(model) if c.surface == MCP and checks[c.check].tools)


@contextmanager
def _serve_mcp(model: Model, opened: Inside) -> Iterator[Handler]:
    """Yield the MCP server's HTTP application as a handler. Its waits advance the sandbox's clock."""
    from starlette.testclient import TestClient

    from pgagents.client.client import Client
    from pgagents.client.send import sending
    from pgagents.http import Request, Response
    from pgagents.inprocess import over_tls
    from pgagents.mcp.http import make_app
    from pgagents.mcp.server import make_server
    from pgagents.model.identity import find_keys

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
        with TestClient(make_app(make_server(model, client), model, PORT), base_url=HOST) as app:

            def handler(request: Request) -> Response:
                came = app.request(
                    request.method, request.target, headers=list(request.headers), content=request.body
                )
                return Response(came.status_code, tuple(came.headers.items()), came.content)

            yield handler
    finally:
        log.setLevel(level)
