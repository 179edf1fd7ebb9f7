"""`pgagents mcp`: serves the catalogue's actions as an MCP server."""

from __future__ import annotations

import gc
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs import options
from pgagents.cli.inputs.catalogue import load, refuse_unpinned
from pgagents.cli.inputs.options import (
    api_url_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    client_env_option,
    examples,
    server_option,
)
from pgagents.cli.inputs.server import find_api

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.server import Api
    from pgagents.client.client import Client
    from pgagents.mcp.settings import Settings

CLIENT = "PGAGENTS_MCP_CLIENT"
"""The variable with `id:secret`: our own credentials for token introspection at the authorization server."""
CONFIGURED = {
    "claude": "claude_desktop_config.json",
    "cursor": ".cursor/mcp.json",
    "vscode": ".vscode/mcp.json",
}
"""By client, the name of its configuration file in mcp/clients.json."""


@click.command(
    short_help="Serve the catalogue's actions to MCP clients.",
    epilog=examples(
        (
            "what an MCP client starts, in whatever folder; it talks over stdin and stdout",
            "pgagents mcp ~/shop/catalogue.yaml",
        ),
        ("the entry for Claude Desktop on this machine", "pgagents mcp --print-config claude"),
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
@client_env_option
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
    "--exchange",
    "audience",
    metavar="AUDIENCE",
    help=(
        "With --issuer: exchange each caller's token for one of the API, by its name at the issuer "
        "(RFC 8693)."
    ),
)
@click.option(
    "--linked-keys",
    metavar="FILE|MODULE:FUNCTION",
    help="With --issuer: the key of the API to which each caller is linked, by the token's subject.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="With --http: also accept calls from web pages of this origin. Repeatable.",
)
@click.option(
    "--tools",
    type=click.Choice(["listed", "search"]),
    help=(
        "listed: the surface's tools alone. search: also three tools that find and call the others; the "
        "default where the API has more than some sixty operations."
    ),
)
@click.option(
    "--print-config",
    "client",
    type=click.Choice(sorted(CONFIGURED)),
    help="Print the entry for this client on this machine, with absolute paths, and serve nothing.",
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
    audience: str | None,
    linked_keys: str | None,
    origins: tuple[str, ...],
    tools: str | None,
    client: str | None,
) -> None:
    """Serve the actions of the CATALOGUE's `mcp` surface as tools, in both eras of the protocol.

    The API's key and URL come from the environment variables that `surfaces.mcp.env` names (PARKGRAPH_API_KEY
    and PARKGRAPH_API_URL for Park Graph). Without a key the tools are listed, and each call is refused with a
    message.

    With --http and without --issuer, callers must send the token in PGAGENTS_MCP_TOKEN as `Authorization:
    Bearer TOKEN`. If it is not set, a token is made and printed on stderr.
    """
    options.require_extras("pgagents mcp", "mcp")
    given = _Given(host, port, public_url, issuer, audience, linked_keys, origins, cacert, tools or "")
    gc.disable()
    try:
        model = load(catalogue)
        refuse_unpinned(model, "pgagents mcp")
        if client is not None:
            click.echo(_write_config(model, CONFIGURED[client]))
            return
        if not over_http and (issuer or public_url or audience or linked_keys or origins):
            raise click.UsageError("--issuer and the options with it, and --allow-origin, go with --http")
        api = find_api(model, url, cacert, description, servers=servers, certificate=(cert, cert_key))
        if over_http:
            _serve_http(model, api, given)
        else:
            _serve_stdio(model, api, given)
    finally:
        gc.enable()


def _write_config(model: Model, file: str) -> str:
    """Return a client's entry as JSON. One that starts `pgagents` has its path and the catalogue's.

    Keys are placeholders, as in the generated file.
    """
    import json

    from pgagents.generate.build import document

    clients = "mcp/clients.json"
    entry = json.loads(document(model, clients, traced=False).body(clients))[file]
    catalogue, program = Path(model.source.file).resolve(), Path(sys.executable).with_name("pgagents")
    if "archive-v0" in program.parts:
        said = "this copy of pgagents is uvx's, and goes when its cache is cleaned"
        click.echo(f"{said}: `uv tool install` makes one that stays", err=True)
    for server in entry.get("mcpServers", entry.get("servers", {})).values():
        if server.get("command") == "pgagents":
            server["command"] = str(program) if program.exists() else "pgagents"
            server["args"][-1] = str(catalogue) if catalogue.is_file() else server["args"][-1]
    return json.dumps(entry, indent=2, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Given:
    """The options of `--http`."""

    host: str
    port: int
    public_url: str | None
    issuer: str | None
    audience: str | None
    linked_keys: str | None
    origins: tuple[str, ...]
    cacert: Path | None
    tools: str


def _client(model: Model, api: Api) -> Client:
    from pgagents.client.client import Client

    return Client(
        model, api.sender, api.keys, reach=api.sender.make_other, commands=api.commands, servers=api.servers
    )


def _collect_garbage() -> None:
    """Turn garbage collection on.

    It is off until now, because a client waits for the server, and the SDK's many classes are never freed.
    """
    gc.freeze()
    gc.enable()


def _say_search(model: Model, *, searching: bool) -> None:
    """Say on stderr how many tools are listed, and how many a model finds."""
    from pgagents.mcp.search import widen
    from pgagents.mcp.tools import surface

    if searching:
        listed, every = len(surface(model).actions), len(surface(widen(model)).actions)
        click.echo(
            f"{listed} tools are listed, and a model finds all {every} with search_tools; --tools listed "
            "leaves it out",
            err=True,
        )


def _serve_stdio(model: Model, api: Api, given: _Given) -> None:
    import asyncio
    import signal

    from pgagents.client.environment import variable
    from pgagents.mcp.server import find_largest_message, make_server
    from pgagents.mcp.settings import Settings
    from pgagents.mcp.stdio import serve

    if model.credentials and not api.keys:
        click.echo(
            f"no key: set {variable(model, 'key')} where the MCP client starts this; each call that "
            "needs one is refused without it",
            err=True,
        )
    if sys.stdin.isatty():
        click.echo(
            "an MCP client starts this and talks to it over stdin and stdout; --help says more, Ctrl-C stops",
            err=True,
        )
    # Ctrl-C ends the server like SIGTERM. An exception would wait for the thread in read(0) until the client
    # closes its end.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        searching = Settings(tools=given.tools).searches(model)
        _say_search(model, searching=searching)
        server = make_server(model, _client(model, api), close=api.sender.close, searching=searching)
        _collect_garbage()
        asyncio.run(serve(server, find_largest_message(model)))
    finally:
        signal.signal(signal.SIGINT, before)


def _serve_http(model: Model, api: Api, given: _Given) -> None:
    from pgagents.mcp.hosting import make_hosted_app
    from pgagents.mcp.http import PATH, bind, serve
    from pgagents.mcp.settings import write_json_lines

    settings = _settings(given)
    _say_search(model, searching=settings.searches(model))
    bound = bind(given.port, given.host)
    host, port = given.host, bound.getsockname()[1]
    app = make_hosted_app(model, _client(model, api), api.sender, settings, port=port, stateless=False)
    write_json_lines()
    _collect_garbage()
    where = f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"
    known = f", known as {settings.public_url}" if settings.public_url else ""
    serve(app, bound, lambda: click.echo(f"listening on {where}{known} (Ctrl-C stops)"))


def _token() -> str:
    """Return the token that callers must send: from the environment, or a new one, which is printed on
    stderr.
    """
    from pgagents.client.environment import header_safe
    from pgagents.mcp.http import TOKEN, new_token

    if given := os.environ.get(TOKEN):
        return header_safe(given, TOKEN)
    made = new_token()
    click.echo(
        f"callers send: Authorization: Bearer {made}\n  (made for this start; export {TOKEN}=… to choose it)",
        err=True,
    )
    return made


def _require_no_sign_in(given: _Given) -> None:
    """Raise PgagentsError for options that make sense only for callers who sign in."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.http import LOOPBACK

    if given.host not in LOOPBACK:
        raise PgagentsError(
            f"--host {given.host} lets others call with your key",
            "say who may with --issuer, or leave --host out",
        )
    if given.public_url is not None:
        raise PgagentsError("--public-url is what tokens are issued for", "give --issuer too")
    if given.audience or given.linked_keys:
        raise PgagentsError("--exchange and --linked-keys are for callers who sign in", "give --issuer too")


def _settings(given: _Given) -> Settings:
    """Return the settings of a hosted server. Raises PgagentsError if others could use it without a token."""
    import asyncio

    from pgagents.base.errors import PgagentsError
    from pgagents.client.environment import base_url
    from pgagents.mcp.settings import PATH, Settings, read_pair
    from pgagents.mcp.token import Issuer

    cacert = str(given.cacert) if given.cacert else None
    if given.issuer is None:
        _require_no_sign_in(given)
        return Settings(token=_token(), origins=given.origins, cacert=cacert, tools=given.tools)
    if given.public_url is None:
        raise PgagentsError(
            "--issuer needs --public-url",
            "give this server's URL as clients use it: https://mcp.example.com/mcp",
        )
    resource = _secure(base_url(given.public_url, "--public-url"), "--public-url")
    if not resource.endswith(PATH):
        raise PgagentsError(
            f"--public-url {given.public_url} does not end in {PATH}", f"the server answers under {PATH}"
        )
    issuer = _secure(base_url(given.issuer, "--issuer"), "--issuer")
    settings = Settings(
        public_url=resource,
        issuer=issuer,
        client=read_pair(os.environ.get(CLIENT, "")),
        audience=given.audience or "",
        linked_keys=given.linked_keys or "",
        origins=given.origins,
        cacert=cacert,
        tools=given.tools,
    )
    settings.check()
    # fail now, not at the first call
    asyncio.run(Issuer(issuer, resource, settings.client, cacert=cacert).read())
    return settings


def _secure(url: str, flag: str) -> str:
    """Return a URL to which tokens may be sent: over TLS, or on this machine.

    Raises PgagentsError for any other.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.base.http import is_exposed

    if is_exposed(url):
        raise PgagentsError(f"{flag} {url} has no TLS", "tokens travel over https only, but on this machine")
    return url
