"""What `skills` and `listing` share: the options of a server, the run that calls it, and what is printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.errors import SetupError, printable
from pgagents.cli.inputs import options as shared
from pgagents.cli.inputs.options import ServerLine

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.server import Target
    from pgagents.report.report import Footer, Report
    from pgagents.verify.plan.options import Options
    from pgagents.verify.run.course import Companion
    from pgagents.verify.wire.mcp_link import Link

STOPPED_EARLY = "the run was interrupted"
NOTHING = ("nothing",)
"""The selection of a run's contracts where what a companion asks for is all that is tried."""


def server_options(command: Any) -> Any:
    """Add the options of a server: how it is reached, who calls, and what may be written."""
    reads = click.option(
        "--reads",
        multiple=True,
        metavar="OP",
        help="This tool, or GET or POST of a document, only reads, whatever its name says. Repeatable.",
    )
    acts = click.option(
        "--acts",
        multiple=True,
        metavar="OP",
        help="This tool or GET acts: it is not called. Repeatable.",
    )
    mcp_url = click.option(
        "--mcp-url",
        metavar="URL",
        help="The MCP server, such as https://mcp.example.com/mcp; alone, its own list of tools counts. "
        "Its token: PGAGENTS_MCP_TOKEN.",
    )
    mcp_stdio = click.option(
        "--mcp-stdio",
        metavar="CMD",
        help="The MCP server that CMD starts; its environment has the key and the URL of the API.",
    )
    url = click.option("--url", metavar="URL", help="The API's server, such as https://staging.example.com.")
    for option in (
        shared.max_time_option, shared.pass_env_option, shared.env_option, shared.cacert_option,
        shared.cert_options, shared.server_option, shared.identity_option, acts, reads, shared.allow_option,
        shared.allow_writes_option, mcp_stdio, mcp_url, shared.start_option, url,
    ):  # fmt: skip
        command = option(command)
    json = click.option("--json", "as_json", is_flag=True, help="Print all outcomes as JSON.")
    return shared.catalogue_argument(json(command))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(ServerLine):
    """A command line that names what is held to a server."""

    named: str
    as_json: bool

    def print_outcomes(
        self, make_json: Callable[[], object], make_text: Callable[[], str], left: Sequence[str]
    ) -> None:
        """Print a text, or data as JSON, on stdout without secrets, and what is left on the server on
        stderr.
        """
        from pgagents.base.writing import quoted_text
        from pgagents.cli.inputs.companions import mask

        if self.as_json:
            click.echo(quoted_text(mask(json.dumps(make_json(), ensure_ascii=False, indent=2))))
        else:
            click.echo(printable(mask(make_text())), nl=False)
        for what in left:
            click.echo(printable(f"left on the server: {what}"), err=True)


@dataclass(slots=True)
class Ended:
    """The report of a run, once it has ended, and whether it was interrupted."""

    report: Report | None = None
    stopped: bool = False

    def keep(self, report: Report, stopped: bool) -> int:
        """Keep the report; nothing of it is printed."""
        self.report, self.stopped = report, stopped
        return 0

    def get_report(self) -> Report:
        """Return the report of a run that has ended."""
        assert self.report is not None
        return self.report

    @property
    def footer(self) -> Footer:
        """The end of the report."""
        return self.get_report().footer

    @property
    def is_complete(self) -> bool:
        """True if nothing ended the run early."""
        return self.footer.complete and not self.stopped

    def list_notes(self) -> tuple[str, ...]:
        """Return why the run is not complete."""
        return (STOPPED_EARLY,) if self.stopped else () if self.footer.complete else self.footer.notes[:2]

    def list_left(self) -> tuple[str, ...]:
        """Return what the run could not remove."""
        return (*self.footer.left_behind, *self.footer.may_exist, *self.footer.lasting)


# -- a server that a run calls


@dataclass(frozen=True, slots=True)
class Reached:
    """A server with its open link, None without an MCP server. `call` runs the probes of a companion."""

    model: Model
    link: Link | None
    base: str
    call: Callable[[Companion, Options], Ended]


def find_target(line: ServerLine, model: Model) -> Target:
    """Return the API's server; the catalogue's own, where nothing is sent to it. Raises UsageError and
    PgagentsError.
    """
    from pgagents.cli.inputs import companions, server

    url = line.url
    if url is None and line.has_mcp and line.description is None:
        url = server.find_unsent_url(model)
    server.check(url, line.description)
    certificate = (line.cert, line.cert_key)
    there = server.target(model, url, line.cacert, line.description, line.servers, certificate)
    companions.check(there.model, line.mcp_url, line.mcp_stdio, discovery=False)
    return there


@contextmanager
def reach_api(line: ServerLine, there: Target) -> Iterator[Reached]:
    """Yield an API with its MCP server, if the command line names one."""
    from pgagents.cli.inputs import companions, report_files, server
    from pgagents.cli.running import run as running

    secrets = server.command_secrets(there.model, there.env.commands, line.identity)
    keys = server.keys(there.model, line.identity, there.env.identities, ask=True, secrets=secrets)
    with companions.open_link(there, line.mcp_url, line.mcp_stdio, keys) as link:

        def call(companion: Companion, options: Options) -> Ended:
            ended = Ended()
            aids = running.Aids(secrets, None, link, companions.token(line.mcp_url), companion=companion)
            running.run(there, keys, options, report_files.Output(), aids, show=ended.keep)
            return ended

        yield Reached(there.model, link, f"{there.url} and {link.base}" if link else there.url, call)


@contextmanager
def reach_tools(line: ServerLine, options: Options) -> Iterator[Reached]:
    """Yield an MCP server that no catalogue describes, with its list of tools read."""
    from pgagents.cli.inputs import companions
    from pgagents.cli.inputs.tools import make_model, open_server
    from pgagents.cli.running.run import signals
    from pgagents.cli.running.tools import verify_tools

    companions.check_one(line.mcp_url, line.mcp_stdio)
    companions.check_address(line.mcp_url, line.mcp_stdio)
    try:
        with (
            open_server(line.mcp_url, line.mcp_stdio, cacert=line.cacert, options=options) as link,
            signals() as stop,
        ):
            model = make_model(link)

            def call(companion: Companion, options: Options) -> Ended:
                stop.running = True
                report = verify_tools(model, link, options, companion=companion)
                stop.running = False
                return Ended(report, stop.asked)

            yield Reached(model, link, link.base, call)
    except KeyboardInterrupt:
        raise click.Abort from None


def make_options(line: ServerLine, allow: Sequence[str], only: Sequence[str], said: str) -> Options:
    """Return the options of a run; `said` names the command that selects its contracts."""
    from pgagents.verify.plan.options import Options

    return Options(
        max_time_s=line.max_time,
        workers=None,
        lanes_by_address=True,
        allow_writes=line.allow_writes,
        allow=tuple(allow),
        reads=line.reads,
        acts=line.acts,
        only=tuple(only),
        only_said=said,
    )


def read_tools_of(link: Link) -> dict[str, Mapping[str, object]]:
    """Return the tools that the server lists. Raises SetupError if it cannot be read."""
    from pgagents.submit.package import read_tools

    listing = read_tools(link)
    if listing.unread or link.problem:
        raise SetupError(
            f"the server's list of tools cannot be read: {printable(link.problem or listing.unread)}",
            "start it alone first; hosts and stores read the same list",
        )
    return {name: tool for _, name, tool in listing.named}
