"""Build a server for many callers: sign-in, the key of each caller, limits, probes."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from pgagents.base.errors import PgagentsError
from pgagents.catalogue.model.model import Model
from pgagents.client.answer import Answer, Problem
from pgagents.client.client import Client
from pgagents.client.send import Sender
from pgagents.mcp.callers import (
    Allowance,
    ApiTokens,
    Caller,
    CallerClients,
    SharedClient,
    find_caller,
    find_linked_keys,
    find_token_scheme,
    knows_users,
)
from pgagents.mcp.http import SignIn, make_app
from pgagents.mcp.server import Allowed, RequestHandler, make_server
from pgagents.mcp.settings import PREFIX, Settings, note
from pgagents.mcp.token import Issuer, scope_check
from pgagents.mcp.tools import Tool

if TYPE_CHECKING:
    from mcp.server.context import ServerRequestContext
    from mcp_types import CallToolRequestParams
    from starlette.types import ASGIApp, Receive, Scope, Send


def make_hosted_app(
    model: Model,
    client: Client,
    sender: Sender,
    settings: Settings,
    *,
    port: int | None = None,
    stateless: bool = True,
) -> Probes:
    """Return the ASGI application of a catalogue's MCP server. `client` calls as the operator.

    Raises PgagentsError if callers cannot have their own keys although the API distinguishes users.
    """
    issuer = (
        Issuer(settings.issuer, settings.public_url, settings.client, cacert=settings.cacert)
        if settings.issuer
        else None
    )
    clients = _make_clients(model, client, sender, settings, issuer)
    allowed = scope_check(model) if issuer is not None else None
    allowance = Allowance(settings.per_minute, settings.at_once)
    searching = settings.searches(model)
    handler = HostedHandler(model, client, allowed, clients, allowance, searching=searching)
    server = make_server(model, client, close=sender.close, handler=handler)
    sign_in = SignIn(settings.issuer, settings.public_url, issuer) if issuer is not None else None
    app = make_app(
        server,
        model,
        port,
        sign_in=sign_in,
        token=settings.token,
        public_url=settings.public_url,
        origins=settings.origins,
        stateless=stateless,
    )

    async def find_lack() -> str:
        try:
            if issuer is not None:
                await issuer.read()
        except PgagentsError as error:
            return error.message
        return ""

    return Probes(app, find_lack)


def _make_clients(
    model: Model, client: Client, sender: Sender, settings: Settings, issuer: Issuer | None
) -> SharedClient:
    """Return the clients by token exchange or by linked keys, or the operator's own for all callers.

    Raises PgagentsError if the API tells its users apart, and all callers would act as one of them.
    """
    if settings.audience and settings.client is not None and issuer is not None:
        scheme = find_token_scheme(model).name
        tokens = ApiTokens(issuer, settings.client, settings.audience, scheme, sender.make_other)
        return CallerClients(client.with_tokens(), tokens.find_keys, tokens.forget)
    if settings.linked_keys:
        return CallerClients(client, find_linked_keys(model, settings.linked_keys))
    if issuer is not None and knows_users(model):
        raise PgagentsError(
            "the API tells its users apart, and all callers would act as one of them",
            f"give each caller a key of its own: {PREFIX}EXCHANGE or {PREFIX}LINKED_KEYS "
            "(--exchange or --linked-keys)",
        )
    return SharedClient(client)


# -- calls of many callers


OPERATOR = "operator"
"""The caller's name in the log if the server has no sign-in.

Everybody with the token calls as the operator.
"""


class HostedHandler(RequestHandler):
    """Answer requests of callers who signed in. The operator uses a token instead, and has no limits."""

    def __init__(
        self,
        model: Model,
        client: Client,
        allowed: Allowed | None,
        clients: SharedClient,
        allowance: Allowance,
        *,
        searching: bool = False,
    ) -> None:
        super().__init__(model, client, allowed, searching=searching)
        self._clients, self._allowance = clients, allowance

    async def find_client(self, context: ServerRequestContext[Any, Any]) -> Client | Problem:
        """Return the client that calls with the caller's key, or why there is none."""
        return await self._clients.find(find_caller(context))

    def name_caller(self, context: ServerRequestContext[Any, Any]) -> str:
        """Return the id of who signed in; empty where nobody did."""
        caller = find_caller(context)
        return str(caller.id) if caller else ""

    async def answer(
        self, context: ServerRequestContext[Any, Any], tool: Tool, params: CallToolRequestParams
    ) -> Answer:
        """Call a tool within the caller's limits, and log the outcome."""
        caller, began = find_caller(context), time.monotonic()
        outcome: Answer | str = "given_up"
        try:
            with self._allowance.enter(caller.id) if caller else nullcontext() as refused:
                if refused is not None:
                    outcome = Answer(tool.action.name, None, None, refused)
                else:
                    outcome = await super().answer(context, tool, params)
            self._clients.hear(caller, outcome)
            return outcome
        except Exception:
            outcome = "failed"
            raise
        finally:  # calls that the client cancelled are logged too
            _log(tool, caller, outcome, time.monotonic() - began)


def _log(tool: Tool, caller: Caller | None, outcome: Answer | str, took_s: float) -> None:
    answer = None if isinstance(outcome, str) else outcome
    problem = answer.problem if answer is not None else None
    note(
        "call",
        {
            "tool": tool.listed["name"],
            "caller": caller.pseudonym if caller else OPERATOR,
            "outcome": outcome if isinstance(outcome, str) else problem.code if problem else "ok",
            "status": answer.status if answer is not None else None,
            "sent": problem.sent if problem is not None else None,
            "request_id": answer.request_id if answer is not None else None,
            "ms": round(took_s * 1000, 1),
        },
    )


# -- probes of a container host


HEALTH, READY = "/health", "/ready"
AGAIN_S = 5
Readiness = Callable[[], Awaitable[str]]
"""A function that returns why the server cannot serve; empty if it can."""


class Probes:
    """Answer probes, and refuse all other requests with 503 until the server is ready."""

    def __init__(self, app: ASGIApp, readiness: Readiness) -> None:
        self._app, self._readiness = app, readiness
        self._ready = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or answer a probe."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["path"] == HEALTH:
            await _answer(send, 200, {"status": "ok"})
            return
        why = await self._lack()
        if scope["path"] == READY:
            await _answer(send, 503 if why else 200, {"status": why or "ready"})
        elif why:
            await _answer(send, 503, {"error": why})
        else:
            await self._app(scope, receive, send)

    async def _lack(self) -> str:
        if self._ready:
            return ""
        why = await self._readiness()
        self._ready = not why
        return why


async def _answer(send: Send, status: int, data: dict[str, str]) -> None:
    body = json.dumps(data).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    if status == 503:
        headers += [(b"retry-after", str(AGAIN_S).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
