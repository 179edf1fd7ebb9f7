"""Build a hosted server: sign-in, the key of each caller, limits, probes."""

from __future__ import annotations

from pgagents.client.client import Client
from pgagents.client.send import Sender
from pgagents.errors import PgagentsError
from pgagents.mcp.hosting.allowance import Allowance
from pgagents.mcp.hosting.clients import CallerClients, SharedClient, knows_users
from pgagents.mcp.hosting.exchange import ApiTokens, find_token_scheme
from pgagents.mcp.hosting.handler import HostedHandler
from pgagents.mcp.hosting.issuer import Issuer
from pgagents.mcp.hosting.linked_keys import find_linked_keys
from pgagents.mcp.hosting.probes import Probes
from pgagents.mcp.hosting.settings import PREFIX, Settings
from pgagents.mcp.http import SignIn, make_app
from pgagents.mcp.scopes import scope_check
from pgagents.mcp.server import make_server
from pgagents.model.model import Model


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
    handler = HostedHandler(model, client, allowed, clients, Allowance(settings.per_minute, settings.at_once))
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
