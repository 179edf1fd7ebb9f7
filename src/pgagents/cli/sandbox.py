"""`pgagents sandbox`: a running server made from a catalogue."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pgagents.cli.inputs import options
from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.options import catalogue_argument, examples

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.sandbox.sandbox import Sandbox


WIDTH = 100
"""Columns of the tables that --list-faults prints."""


@click.command(
    short_help="Serve an API made from a catalogue: Park Graph, or a mock of any other.",
    epilog=examples(
        ("Park Graph at http://127.0.0.1:8080", "pgagents sandbox"),
        (
            "in a script: a free port, and where it is and its keys in a file",
            "pgagents sandbox --port 0 --ready ready.json",
        ),
        (
            "only for one command, which has its address and keys in PGAGENTS_URL and PGAGENTS_TOKEN",
            "pgagents sandbox --exec 'pgagents verify --url \"$PGAGENTS_URL\"'",
        ),
        ("your own API, misbehaving", "pgagents sandbox shop.yaml --fault status-200-error"),
    ),
)
@catalogue_argument
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="0 takes a free port; so does --exec.",
)
@click.option(
    "--host",
    type=click.Choice(["127.0.0.1"]),
    default="127.0.0.1",
    show_default=True,
    help="The sandbox is for this machine only.",
)
@click.option(
    "--db",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite file to store everything in. Default: in memory.",
)
@click.option(
    "--seed", type=int, help="Seed of the synthetic data. Default: the database's own, 0 for a new one."
)
@click.option(
    "--clock", metavar="TIME", help="Start at this time (RFC 3339, 2026-04-18T16:00:00Z) instead of now."
)
@click.option(
    "--tls",
    is_flag=True,
    help="TLS 1.3 with a certificate made for this start, and a second port that refuses plaintext.",
)
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Switch this fault on. Repeatable.")
@click.option(
    "--variation",
    "variations",
    multiple=True,
    metavar="NAME",
    help="Switch this odd but legal behaviour on. Repeatable.",
)
@click.option(
    "--allow-loopback-webhooks",
    is_flag=True,
    help="Also deliver webhooks to https addresses of this machine; for tests.",
)
@click.option(
    "--oauth-client",
    "oauth_clients",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=(
        "JSON metadata (RFC 7591) of a further OAuth client, at least client_id and redirect_uris. "
        "Repeatable."
    ),
)
@click.option("--list-faults", is_flag=True, help="List all faults and variations and stop.")
@click.option(
    "--ready",
    type=click.Path(path_type=Path, dir_okay=False),
    help=(
        "Write url, keys and secrets as JSON to this file once the server listens. It is removed at the "
        "start and at the end."
    ),
)
@click.option(
    "--exec",
    "beside",
    metavar="CMD",
    help=(
        "Run CMD in a shell once the server listens, with PGAGENTS_URL and PGAGENTS_TOKEN in its "
        "environment, then stop and exit with its code."
    ),
)
def command(
    catalogue: Path | None,
    port: int,
    host: str,
    db: Path | None,
    seed: int | None,
    clock: str | None,
    tls: bool,
    faults: tuple[str, ...],
    variations: tuple[str, ...],
    allow_loopback_webhooks: bool,
    oauth_clients: tuple[Path, ...],
    list_faults: bool,
    ready: Path | None,
    beside: str | None,
) -> int:
    """Serve an API made from a catalogue: by its domain if it names one, else from its examples and schemas.

    Keys are made anew at every start and printed, except with --exec; Ctrl-C stops.
    """
    options.require_extras("pgagents sandbox", "sandbox")
    if list_faults:
        _list()
        return 0
    from pgagents.cli.running import run
    from pgagents.sandbox.serve import certificate, listen, serve

    _check_ready(ready)
    work = Beside(beside) if beside is not None else None
    given = click.get_current_context().get_parameter_source("port")
    port = 0 if work is not None and given is ParameterSource.DEFAULT else port

    with run.signals(hangup=True), _file(ready) as write:

        def tell(facts: dict[str, Any]) -> None:
            if tools := serve_tools(sandbox, facts):
                facts["mcp_url"] = tools
            write(facts)
            if work is None:
                _show(facts)
            else:
                work.environment = make_environment(sandbox.front.model, facts)

        sandbox = _open(
            catalogue, db, seed, clock, faults, variations, allow_loopback_webhooks, oauth_clients
        )
        with certificate() if tls else nullcontext() as made:
            try:
                serve(sandbox, listen(port, host, made), tell, work.run if work is not None else None)
            finally:
                code = work.stop() if work is not None else 0
    return code


@contextmanager
def _file(ready: Path | None) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Yield a function that writes the ready file. The file exists only while this sandbox listens."""
    from pgagents.sandbox.serve import write_ready

    if ready is None:
        yield lambda _: None
        return
    _remove(ready)
    written: list[bytes] = []

    def write(facts: dict[str, Any]) -> None:
        write_ready(ready, facts)
        written.append(ready.read_bytes())

    try:
        yield write
    finally:
        with suppress(OSError):  # the file may belong to another sandbox by now
            if written and ready.read_bytes() == written[0]:
                ready.unlink()


def _open(
    catalogue: Path | None,
    db: Path | None,
    seed: int | None,
    clock: str | None,
    faults: tuple[str, ...],
    variations: tuple[str, ...],
    allow_loopback: bool,
    clients: tuple[Path, ...],
) -> Sandbox:
    from pgagents.base.errors import PgagentsError
    from pgagents.sandbox import client_file
    from pgagents.sandbox.call import LATEST_S, epoch_of
    from pgagents.sandbox.sandbox import open_sandbox
    from pgagents.sandbox.targets_allowed import SystemResolver

    start = None
    if clock is not None:
        start = epoch_of(clock)
        if start is None:
            raise PgagentsError(
                f"--clock {clock} is not a time", "write it with an offset: 2026-04-18T16:00:00Z"
            )
        if not 0 <= start < LATEST_S:
            raise PgagentsError(
                f"--clock {clock} is outside 1970 to 9998",
                "write a time of these years, such as 2026-04-18T16:00:00Z",
            )
    model = load(catalogue, else_example=True)
    return open_sandbox(
        model,
        seed=seed,
        db=db,
        start=start,
        faults=faults,
        variations=variations,
        allow_loopback=allow_loopback,
        oauth_clients=client_file.read_all(clients, model),
        resolve=SystemResolver(),
        log=lambda text: click.echo(text, err=True),
    )


def _remove(ready: Path) -> None:
    from pgagents.base.errors import PgagentsError

    try:
        ready.unlink(missing_ok=True)
    except OSError as error:
        raise PgagentsError(
            f"--ready {ready}: the old file cannot be removed: {error.strerror}", "name another file"
        ) from None


def _check_ready(ready: Path | None) -> None:
    from pgagents.base.errors import PgagentsError

    if ready is None:
        return
    if not ready.parent.is_dir():
        raise PgagentsError(f"there is no folder {ready.parent} for --ready", "make it first")
    if ready.is_dir():
        raise PgagentsError(f"--ready {ready} is a folder", "give the path of a file")
    if not os.access(ready.absolute().parent, os.W_OK):
        raise PgagentsError(
            f"--ready {ready}: nothing can be written into {ready.absolute().parent}", "name another folder"
        )


def _list() -> None:
    """Print a table of the faults, and one of the variations. Long sentences go on below their beginning."""
    from textwrap import fill

    from pgagents.sandbox.fault_registry import describe_all

    for kind, found in describe_all().items():
        click.echo(f"{kind}:")
        width = max((len(name) for name in found), default=0)
        for name, sentence in found.items():
            head, rest = f"  {name:<{width}}  ", " " * (width + 4)
            click.echo(
                fill(sentence, WIDTH, initial_indent=head, subsequent_indent=rest, break_on_hyphens=False)
            )


def _show(facts: dict[str, Any]) -> None:
    click.echo(f"listening on {facts['url']} (Ctrl-C stops)")
    if facts["ca_file"]:
        click.echo(
            f"  its CA: {facts['ca_file']} (curl --cacert); plaintext is refused at {facts['plain_url']}"
        )
    if "mcp_url" in facts:
        click.echo(f"  its MCP server: {facts['mcp_url']}")
    for role, key in facts["keys"].items():
        click.echo(f"  {role:<9} {key}")
    for kind, client in facts["oauth"].items():
        secret = f", secret {client['client_secret']}" if "client_secret" in client else ""
        click.echo(f"  {kind} OAuth client {client['client_id']}{secret}")


# -- `--exec`: a command beside the server, with its address and keys


END_S = 5.0
"""Seconds in which a command must end after the server was stopped."""
MAIN = ("unlimited", "test", "main")
"""Sandbox keys that a command may use as the main one, the best first."""


class Beside:
    """A shell command that runs beside a server, and its exit code.

    Its environment is set once the server has an address.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self.environment: Mapping[str, str] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False

    def run(self) -> None:
        """Run the command to its end."""
        if self._stopped:
            return
        # the user typed this command after `--exec`
        self._process = subprocess.Popen(self._command, shell=True, env=self.environment)
        self._process.wait()

    def stop(self) -> int:
        """End the command if it is running. Return its exit code like a shell; 1 if it never began."""
        self._stopped = True
        process = self._process
        if process is None:
            return 1
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        return 128 - process.returncode if process.returncode < 0 else process.returncode


def make_environment(model: Model, facts: Mapping[str, Any]) -> dict[str, str]:
    """Return this process's environment with the server's address and keys in the variables of other
    commands. The keys of other servers that pgagents reads from it are left out.

    `facts` are the content of the file of `--ready`. The command is the caller's own, such as a test suite.
    """
    from pgagents.cli.inputs.companions import TOKEN as MCP_TOKEN
    from pgagents.cli.inputs.server import TOKEN, token_variable
    from pgagents.client.environment import variable

    keys: Mapping[str, str] = facts["keys"]
    main = next((keys[role] for role in MAIN if role in keys), "")
    found = {token_variable(role): key for role, key in keys.items() if role not in MAIN}
    found |= {"PGAGENTS_URL": facts["url"], variable(model, "url"): facts["url"]}
    if main:
        found |= {TOKEN: main, variable(model, "key"): main}
    if facts["ca_file"]:
        found |= {"PGAGENTS_CA_FILE": facts["ca_file"], "CURL_CA_BUNDLE": facts["ca_file"]}
    own = {name: value for name, value in os.environ.items() if not name.startswith((TOKEN, MCP_TOKEN))}
    return {**own, **found}


# -- the tools of the catalogue's hosted MCP server, on a port of their own


def serve_tools(sandbox: Sandbox, facts: dict[str, Any]) -> str:
    """Start the server in a thread that ends with the process, and return its URL.

    Return an empty text if the catalogue has no hosted server, or if the extra `mcp` is missing. Its tools
    call the sandbox with the key of the main identity, and callers need none.
    """
    from pgagents.cli.inputs.options import missing_modules

    model = sandbox.front.model
    server = model.mcp_server
    if server is None or not server.url or missing_modules("mcp"):
        return ""
    from pgagents.catalogue.model.identity import find_keys
    from pgagents.client.client import Client
    from pgagents.client.send import Sender
    from pgagents.mcp.http import PATH, bind, make_app, serve
    from pgagents.mcp.server import make_server

    sender = Sender(facts["url"], cacert=facts["ca_file"])
    keys = find_keys(model, facts["keys"], "test")
    client = Client(
        model, sender, keys, own_tools=sandbox.front.own_tools, servers=dict.fromkeys(model.servers, "")
    )
    bound = bind(0, "127.0.0.1")
    port = bound.getsockname()[1]
    app = make_app(make_server(model, client, close=sender.close), model, port)
    threading.Thread(target=serve, args=(app, bound, lambda: None), daemon=True).start()
    return f"http://127.0.0.1:{port}{PATH}"
