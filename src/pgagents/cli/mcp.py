"""`pgagents mcp`: serves the catalogue's actions as an MCP server."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli import _extras
from pgagents.cli.inputs.api import find_api
from pgagents.cli.inputs.options import (
    api_url_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    env_option,
    examples,
    load,
    server_option,
)

if TYPE_CHECKING:
    from pgagents.cli.inputs.api import Api
    from pgagents.mcp.http import SignIn
    from pgagents.model.model import Model

CLIENT = "PGAGENTS_MCP_CLIENT"
"""The variable with `id:secret`, our credentials at the authorization server for token introspection."""


@click.command(
    short_help="Serve the catalogue's actions to MCP clients.",
    epilog=examples(
        (
            "what an MCP client starts, in whatever folder; it talks over stdin and stdout",
            "pgagents mcp ~/shop/catalogue.yaml",
        ),
        ("the example that comes with pgagents", "pgagents mcp park-graph"),
        ("your own API, against staging", "pgagents mcp shop.yaml --url https://staging.example.com"),
        ("over Streamable HTTP, for this machine's clients", "pgagents mcp --http --port 8090"),
        (
            "for everyone, behind TLS, with sign-in",
            (
                "pgagents mcp --http --host 0.0.0.0 --public-url https://mcp.example.com/mcp --issuer "
                "https://auth.example.com"
            ),
        ),
    ),
)
@catalogue_argument
@api_url_option
@cacert_option
@click.option(
    "--http", "over_http", is_flag=True, help="Serve Streamable HTTP at /mcp instead of stdin and stdout."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="With --http; 0 takes a free port.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="With --http; a non-loopback address needs --issuer.",
)
@env_option
@server_option
@cert_options
@click.option(
    "--public-url",
    metavar="URL",
    help="With --issuer: this server's public URL; tokens must be issued for it.",
)
@click.option(
    "--issuer",
    metavar="URL",
    help=(
        f"URL of the authorization server that issues tokens. With {CLIENT}=id:secret it is asked about "
        "each token."
    ),
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="With --http: also accept calls from web pages of this origin. Repeatable.",
)
def command(
    catalogue: Path | None,
    url: str | None,
    cacert: Path | None,
    over_http: bool,
    port: int,
    host: str,
    description: Path | None,
    servers: tuple[str, ...],
    cert: Path | None,
    cert_key: Path | None,
    public_url: str | None,
    issuer: str | None,
    origins: tuple[str, ...],
) -> None:
    """Serve the actions of the CATALOGUE's `mcp` surface as tools, in both eras of the protocol.

    The API's key and URL come from the environment variables that `surfaces.mcp.env` names (PARKGRAPH_API_KEY
    and PARKGRAPH_API_URL for Park Graph). Without a key the tools are listed, and each call is refused with a
    message.

    With --http and without --issuer, callers must send the token in PGAGENTS_MCP_TOKEN as `Authorization:
    Bearer TOKEN`. If it is not set, a token is made and printed on stderr.
    """
    _extras.require("pgagents mcp", "mcp")
    gc.disable()
    try:
        _serve(
            catalogue,
            url,
            cacert,
            over_http,
            port,
            host,
            description,
            servers,
            (cert, cert_key),
            public_url,
            issuer,
            origins,
        )
    finally:
        gc.enable()


def _serve(
    catalogue: Path | None,
    url: str | None,
    cacert: Path | None,
    over_http: bool,
    port: int,
    host: str,
    description: Path | None,
    servers: tuple[str, ...],
    certificate: tuple[Path | None, Path | None],
    public_url: str | None,
    issuer: str | None,
    origins: tuple[str, ...],
) -> None:
    model = load(catalogue)
    if not over_http and (issuer or public_url or origins):
        raise click.UsageError("--issuer, --public-url and --allow-origin go with --http")
    api = find_api(model, url, cacert, description, servers=servers, certificate=certificate)
    if over_http:
        _serve_http(model, api, port, host, _sign_in(host, public_url, issuer, cacert), origins)
    else:
        _serve_stdio(model, api)


def _server(model: Model, api: Api, allowed: Any = None) -> Any:
    """Make the server, with garbage collection off until here: a client waits for it, and the SDK's many
    classes stay anyway.
    """
    from pgagents.client.client import Client
    from pgagents.mcp.server import make_server

    client = Client(
        model, api.sender, api.keys, reach=api.sender.make_other, commands=api.commands, servers=api.servers
    )
    server = make_server(model, client, close=api.sender.close, allowed=allowed)
    gc.freeze()
    gc.enable()
    return server


def _serve_stdio(model: Model, api: Api) -> None:
    import asyncio
    import signal

    from pgagents.mcp.stdio import serve

    if sys.stdin.isatty():
        click.echo(
            "an MCP client starts this and talks to it over stdin and stdout; --help says more, Ctrl-C stops",
            err=True,
        )
    # Ctrl-C ends it as SIGTERM does: a thread waits in read(0), and an exception would wait for it until the
    # client closes its end
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve(_server(model, api)))


def _serve_http(
    model: Model, api: Api, port: int, host: str, sign_in: SignIn | None, origins: tuple[str, ...]
) -> None:
    from pgagents.mcp.http import PATH, bind, make_app, serve
    from pgagents.mcp.scopes import scope_check

    server = _server(model, api, scope_check(model) if sign_in else None)
    bound = bind(port, host)
    port = bound.getsockname()[1]
    token = "" if sign_in else _token()
    app = make_app(server, model, port, sign_in=sign_in, token=token, origins=origins)
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
    known = f", known as {sign_in.resource}" if sign_in else ""
    serve(app, bound, lambda: click.echo(f"listening on {where}{known} (Ctrl-C stops)"))


def _token() -> str:
    """Return the token that callers must send: from the environment, else a new one, which is printed on
    stderr.
    """
    from pgagents.cli.inputs.api_keys import header_safe
    from pgagents.mcp.guard import TOKEN, new_token

    if given := os.environ.get(TOKEN):
        return header_safe(given, TOKEN)
    made = new_token()
    click.echo(
        f"callers send: Authorization: Bearer {made}\n  (made for this start; export {TOKEN}=… to choose it)",
        err=True,
    )
    return made


def _sign_in(host: str, public_url: str | None, issuer: str | None, cacert: Path | None) -> SignIn | None:
    """Return how callers sign in; None for a server on loopback without --issuer.

    Raises PgagentsError where the server would be open to others.
    """
    import asyncio

    from pgagents.cli.inputs.urls import base_url
    from pgagents.errors import PgagentsError
    from pgagents.http import LOOPBACK
    from pgagents.mcp.http import PATH, SignIn

    if issuer is None:
        if host not in LOOPBACK:
            raise PgagentsError(
                f"--host {host} lets others call with your key",
                "say who may with --issuer, or leave --host out",
            )
        if public_url is not None:
            raise PgagentsError("--public-url is what tokens are issued for", "give --issuer too")
        return None
    if public_url is None:
        raise PgagentsError(
            "--issuer needs --public-url",
            "give this server's URL as clients use it: https://mcp.example.com/mcp",
        )
    from pgagents.mcp.token import verifier_of

    resource = _secure(base_url(public_url, "--public-url"), "--public-url")
    if not resource.endswith(PATH):
        raise PgagentsError(
            f"--public-url {public_url} does not end in {PATH}", f"the server answers under {PATH}"
        )
    name, _, secret = os.environ.get(CLIENT, "").partition(":")
    checked = _secure(base_url(issuer, "--issuer"), "--issuer")
    pair = (name, secret) if name and secret else None
    verifier = asyncio.run(verifier_of(checked, resource, pair, cacert=str(cacert) if cacert else None))
    return SignIn(checked, resource, verifier)


def _secure(url: str, flag: str) -> str:
    """Return a URL that tokens may be sent to: over TLS, or on this machine. Raises PgagentsError for any
    other.
    """
    from pgagents.errors import PgagentsError
    from pgagents.http import is_exposed

    if is_exposed(url):
        raise PgagentsError(f"{flag} {url} has no TLS", "tokens travel over https only, but on this machine")
    return url
