"""Options and arguments that several commands share, and the packages that some commands need."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs.report_files import describe_suffixes

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model

AUTH_HELP = (
    "The key of calls where the document declares none, or how a declared one is sent: bearer, basic, "
    "header:NAME, query:NAME, cookie:NAME, or header:Authorization:WORD."
)
BASE_PATH_HELP = "The path before all others, / for none. Default: that of the document's first server."

GENERATED = Path("generated")
"""The folder into which `build` writes by default."""


class NamedFolder(click.Path):
    """A folder to write into. Its name is not empty, as `--out "$UNSET"` would mean the caller's folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Raises BadParameter for an empty name."""
        if value == "":
            self.fail("the name is empty; write . for this folder", param, ctx)
        return super().convert(value, param, ctx)


class Seconds(click.FloatRange):
    """A number of seconds. `nan` and `inf` are none: a limit of that length would never end anything."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Raises BadParameter for one that is not finite."""
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds):
            self.fail(f"{value} is not a number of seconds; leave the option out for its default", param, ctx)
        return seconds


catalogue_argument: Callable[[Any], Any] = click.argument(
    "catalogue", required=False, type=click.Path(path_type=Path, dir_okay=False)
)


def _env(reads: str) -> Callable[[Any], Any]:
    return click.option(
        "--env",
        "description",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        metavar="FILE",
        help=f"YAML file that describes the server: {reads}. Options override it.",
    )


PASSED = "pgagents.pass_env"
"""The place of --pass-env in the context's `meta`: the variables that the process of an MCP server gets."""


def _keep_passed(context: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in os.environ:
            raise click.BadParameter(f"the environment has no variable {name!r}", context, param)
    context.meta[PASSED] = names
    return names


pass_env_option: Callable[[Any], Any] = click.option(
    "--pass-env",
    metavar="NAME",
    multiple=True,
    expose_value=False,
    callback=_keep_passed,
    help=(
        "A variable of the environment that the MCP server's process gets too, such as HTTPS_PROXY; "
        "repeatable. By itself it gets PATH, HOME and the like, and what the catalogue gives it."
    ),
)
"""The option of commands that start an MCP server."""

env_option = _env("url, plain_url, cacert, headers, identities, env")
"""The option for commands that send calls under several identities."""

client_env_option = _env("url, cacert, headers, identities of `main`")
"""The option for commands that call the API as one client."""

api_url_option: Callable[[Any], Any] = click.option(
    "--url",
    metavar="URL",
    help="URL of the API. Default: the catalogue's environment variable, else its server.",
)
"""For commands that call the API as one client."""

_START = (
    "Start the app with CMD, without a shell, and end it afterwards. {port} in CMD is a free port, as is "
    "PORT in the app's environment"
)
start_option: Callable[[Any], Any] = click.option(
    "--start", metavar="CMD", help=f"{_START}; --url, of this machine, names another one."
)
"""For commands that call a server which the user has on this machine."""

serving_option: Callable[[Any], Any] = click.option(
    "--start", metavar="CMD", help=f"{_START}. OPENAPI is a path of the app then, such as /openapi.json."
)
"""For a command that only reads the document of such a server."""

server_option: Callable[[Any], Any] = click.option(
    "--server",
    "servers",
    multiple=True,
    metavar="NAME=URL",
    help=(
        "The address of another server of the API (under `api.servers`). Without it, its actions are not "
        "called, unless the API's URL is the catalogue's own. Repeatable."
    ),
)

cacert_option: Callable[[Any], Any] = click.option(
    "--cacert",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="CA certificates to trust (PEM).",
)

seed_option: Callable[[Any], Any] = click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="The same seed sends the same requests.",
)

day_option: Callable[[Any], Any] = click.option(
    "--day",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The day by which times are made up that the document does not show; the default is today.",
)

only_option: Callable[[Any], Any] = click.option(
    "--only", multiple=True, metavar="ID", help="Only contracts whose id begins with this. Repeatable."
)

identity_option: Callable[[Any], Any] = click.option(
    "--identity",
    multiple=True,
    metavar="ROLE[=ENVVAR]",
    help="A further key, from an environment variable. Default: PGAGENTS_TOKEN_ROLE. "
    "With a document, `second` is another customer's.",
)

max_time_option: Callable[[Any], Any] = click.option(
    "--max-time", type=Seconds(min=1), metavar="S", help="Stop after S seconds."
)

max_wait_option: Callable[[Any], Any] = click.option(
    "--max-wait",
    type=Seconds(min=0),
    default=60.0,
    show_default=True,
    metavar="S",
    help="Longest wait for a rate limit, in seconds.",
)

allow_writes_option: Callable[[Any], Any] = click.option(
    "--allow-writes",
    is_flag=True,
    help="Write even if the key is not a test key. Only instances that the run made are changed or removed.",
)

allow_option: Callable[[Any], Any] = click.option(
    "--allow",
    multiple=True,
    metavar="ACTION[.ARGUMENT]",
    help="Also call this action, which may change existing instances, or make more than five that nothing "
    "removes; of a document also 'GET /path' or an operationId. With an argument, only its values are sent. "
    "Repeatable.",
)

reports_option: Callable[[Any], Any] = click.option(
    "--report",
    "reports",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"Also write FILE, in the format of its suffix: {describe_suffixes()}. Repeatable.",
)


def detail_options(command: Any) -> Any:
    """Add the options that choose what the terminal shows beside the findings."""
    odd = click.option(
        "--odd",
        is_flag=True,
        help="Show odd findings too: what only an inferred part or a recommendation says.",
    )
    why = click.option("--why", is_flag=True, help="List what was not tried, by its reason and with ids.")
    verbose = click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Also print the tables of all promises, every exchange of a finding, and what the run cost.",
    )
    return odd(why(verbose(command)))


def cert_options(command: Any) -> Any:
    """Add the options for a client certificate."""
    file = click.Path(path_type=Path, exists=True, dir_okay=False)
    key = click.option(
        "--cert-key",
        type=file,
        metavar="FILE",
        help="The key of --cert (PEM), if that file does not have it.",
    )
    cert = click.option(
        "--cert", type=file, metavar="FILE", help="The client certificate (PEM) to present, for mutual TLS."
    )
    return cert(key(command))


FOR_TOOLS = {"for_tools": True}
"""Marks a field whose option is also for an MCP server without a catalogue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLine:
    """What a command line says of the server that is called, each value under its parameter's name.

    Times are in seconds. A command without one of the last three options leaves it None.
    """

    catalogue: Path | None
    url: str | None
    start: str | None
    servers: tuple[str, ...]
    description: Path | None
    cert: Path | None
    cert_key: Path | None
    cacert: Path | None = field(metadata=FOR_TOOLS)
    identity: tuple[str, ...]
    allow_writes: bool
    allow: tuple[str, ...] = field(metadata=FOR_TOOLS)
    reads: tuple[str, ...] = field(metadata=FOR_TOOLS)
    acts: tuple[str, ...] = field(metadata=FOR_TOOLS)
    mcp_url: str | None = field(metadata=FOR_TOOLS)
    mcp_stdio: str | None = field(metadata=FOR_TOOLS)
    max_time: float | None = field(metadata=FOR_TOOLS)
    openapi: str | None = None
    auth: str | None = None
    base_path: str | None = None

    @property
    def has_mcp(self) -> bool:
        """True if an MCP server is named."""
        return (self.mcp_url, self.mcp_stdio) != (None, None)

    @property
    def has_api(self) -> bool:
        """True if an option names an API, so that there is more than an MCP server."""
        return bool(self.url or self.start is not None or self.openapi or self.catalogue or self.description)

    def load_model(self, named: Sequence[str] | None = None) -> Model:
        """Return the model of the catalogue or the document that is named; see `load_api`."""
        from pgagents.cli.inputs.document import load_api

        return load_api(
            self.catalogue,
            self.openapi,
            self.auth,
            self.base_path,
            reads=self.reads,
            acts=self.acts,
            url=self.url,
            named=named,
            second=any(role.partition("=")[0] == "second" for role in self.identity),
        )


def examples(*lines: tuple[str, str], title: str = "Examples") -> str:
    """Return the last part of a command's help: example calls, each with its purpose."""
    return f"\b\n{title}:\n" + "\n".join(f"  {what}\n      {call}" for what, call in lines)


# -- optional packages: the extras `sandbox`, `mcp` and `fleet` of `pyproject.toml`


EXTRAS = {
    "sandbox": ("authlib", "segno", "starlette", "uvicorn"),
    "mcp": ("jwt", "mcp", "starlette", "uvicorn"),
    "fleet": ("distributed",),
}
"""Each extra with the top-level modules of its packages."""


def require_extras(command: str, *extras: str) -> None:
    """Raise PgagentsError with the install command if a module of these extras is missing.

    `command` is the typed command, such as `pgagents demo`.
    """
    lacking = [extra for extra in extras if missing_modules(extra)]
    if lacking:
        from pgagents.base.errors import PgagentsError

        noun = "extra" if len(lacking) == 1 else "extras"
        names = " and ".join(f"`{extra}`" for extra in lacking)
        of_uv = f"uv tool install 'PATH[{','.join(lacking)}]', with the folder of your clone for PATH"
        help = f"{of_uv}; or where pgagents is installed: {install_command(*lacking)}"
        raise PgagentsError(f"`{command}` needs the {noun} {names}", help)


def missing_modules(extra: str) -> list[str]:
    """Return the modules of an extra that cannot be imported."""
    from importlib.util import find_spec

    return [name for name in EXTRAS[extra] if find_spec(name) is None]


def install_command(*extras: str) -> str:
    """Return the command line that installs the packages of these extras.

    It names them one by one. pgagents is on no registry, so a stranger could publish something under its
    name.
    """
    wanted = dict.fromkeys(line for extra in extras for line in requirements(extra))
    return f"pip install {' '.join(repr(line) for line in wanted)}"


def requirements(extra: str) -> list[str]:
    """Return the packages of an extra with their ranges, as pip takes them: `mcp<3,>=2.3`."""
    from importlib import metadata

    return [
        line.partition(";")[0].strip()
        for line in metadata.requires("pgagents") or ()
        if line.endswith((f"extra == '{extra}'", f'extra == "{extra}"'))
    ]
