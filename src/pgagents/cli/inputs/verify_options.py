"""The options of `pgagents verify`, and their values from the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.cli.inputs import choice
from pgagents.cli.inputs.options import (
    AUTH_HELP,
    BASE_PATH_HELP,
    allow_option,
    allow_writes_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    env_option,
    identity_option,
    max_time_option,
    max_wait_option,
    only_option,
    pass_env_option,
    reports_option,
    seed_option,
    server_option,
)

if TYPE_CHECKING:
    from pgagents.cli.running.report_output import Output
    from pgagents.model.model import Model
    from pgagents.verify.plan.options import Options, Profile

MOST_WORKERS = 32
NOT_TRIED = "not-tried"
FAILINGS = ("found", NOT_TRIED)
"""The values of --fail-on."""

_SUBJECT: tuple[Callable[[Any], Any], ...] = (
    click.option("--url", metavar="URL", help="The server to verify, such as https://staging.example.com."),
    server_option,
    cert_options,
    click.option(
        "--openapi",
        metavar="FILE|URL",
        help="Verify this OpenAPI or Swagger document, without a catalogue. Only reads, or --allow-writes.",
    ),
    click.option("--auth", metavar="SCHEME", help=AUTH_HELP),
    click.option("--base-path", metavar="PATH", help=BASE_PATH_HELP),
    catalogue_argument,
    env_option,
)
"""The server, and the catalogue or document to verify it by."""

_EXTENT: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--profile",
        type=click.Choice(["smoke", "standard", "deep"]),
        default="standard",
        show_default=True,
        help="smoke: at most 60 requests; standard: every contract once; deep: until --max-time.",
    ),
    click.option(
        "--plan",
        "only_plan",
        is_flag=True,
        help="Print the planned requests and send nothing; --report writes it as .json or .txt.",
    ),
    click.option(
        "--max-requests",
        type=click.IntRange(min=1),
        metavar="N",
        help=(
            "Send at most N requests. Default: 25 per action and surface, up to 50 if the plan needs them, "
            "plus those for further identities (see --plan)."
        ),
    ),
    max_time_option,
    click.option(
        "--workers",
        type=click.IntRange(1, MOST_WORKERS),
        metavar="N",
        help=f"How many probes may run at the same time, 1 to {MOST_WORKERS}. Default: 8 for a server whose "
        "answers take 20 ms or longer, else 1.",
    ),
    max_wait_option,
    click.option(
        "--limits",
        is_flag=True,
        help="Also exceed each rate limit once, at the end: a full bucket of requests each (see --plan).",
    ),
    click.option(
        "--exclusive",
        is_flag=True,
        help="Nobody else uses the server, so check counts and lists too. Implied for this machine.",
    ),
    click.option(
        "--strict",
        is_flag=True,
        help="Count what contradicts something inferred or recommended (`odd`) as broken.",
    ),
    click.option(
        "--fail-on",
        type=click.Choice(FAILINGS),
        default="found",
        show_default=True,
        help="not-tried: exit with 3 also for contracts that were not tried for want of a value in a "
        "document or an inferred part, or because the server holds nothing that shows them.",
    ),
    seed_option,
    only_option,
    click.option(
        "--skip",
        multiple=True,
        metavar="ID",
        help="Leave out contracts whose id begins with this. Repeatable.",
    ),
)
"""Limits on the requests."""

_CALLER: tuple[Callable[[Any], Any], ...] = (
    identity_option,
    click.option(
        "--require",
        multiple=True,
        metavar="ROLE",
        help="Count contracts of this identity as untested if it has no key.",
    ),
    cacert_option,
    click.option(
        "--plain-url",
        metavar="URL",
        help="The same server without TLS (http://…), which must refuse calls. No key is ever sent to it.",
    ),
    allow_writes_option,
    allow_option,
    click.option(
        "--reads",
        multiple=True,
        metavar="OP",
        help="This GET or POST of the document only reads, whatever its name says: operationId, path, or "
        "'GET /library/refresh'; * is anything. Also the name of an MCP server's tool. Repeatable.",
    ),
    click.option(
        "--acts",
        multiple=True,
        metavar="OP",
        help="This GET of the document acts: no request is sent to it. The same form as --reads. Repeatable.",
    ),
)
"""The identities, their connections, and what they may change."""

_BESIDE: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--receiver",
        metavar="auto|auto-http|URL",
        help=(
            "Where the server sends events: auto listens on this machine (https), auto-http without TLS; URL "
            "must be forwarded to --receiver-port."
        ),
    ),
    click.option(
        "--receiver-port",
        type=click.IntRange(1, 65535),
        default=8099,
        show_default=True,
        metavar="N",
        help="Local port, without TLS, that --receiver URL is forwarded to.",
    ),
    click.option(
        "--mcp-url",
        metavar="URL",
        help=(
            "Also verify the MCP server there, such as https://mcp.example.com/mcp; without --url and a "
            "catalogue only that. Its token: PGAGENTS_MCP_TOKEN."
        ),
    ),
    click.option(
        "--mcp-stdio",
        metavar="CMD",
        help=(
            "Also verify the MCP server that CMD starts; its environment has the key and the URL. Without "
            "--url and a catalogue only that."
        ),
    ),
    pass_env_option,
)
"""A receiver of events, and an MCP server."""

_SELECTION: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--discovery",
        is_flag=True,
        help="Verify only what anyone finds: hosted documents, the links to them, OAuth. It needs no key.",
    ),
    click.option(
        "--last-failed",
        is_flag=True,
        help="Only contracts broken or untested in the last run against this server; all, if none was.",
    ),
    click.option(
        "--failed-in",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Only contracts broken or untested in a JSON report.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        callback=choice.shard,
        help="Only the I-th of N parts of the contracts, at one N-th of the pace: for CI.",
    ),
)
"""Other ways to select contracts."""

_OUTPUT: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--baseline",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="YAML file of accepted findings: contract, reason, until. An outdated line fails the run.",
    ),
    reports_option,
    click.option(
        "-v",
        "--verbose",
        is_flag=True,
        help="Also print how many contracts each exchange was judged for, and what kept hints left unseen.",
    ),
    click.option(
        "--self-test",
        is_flag=True,
        help=(
            "Run the checks against their faults and variations, without a server; --only selects checks; "
            "--report as with --plan. It ends after 15 minutes or --max-time; --seed varies what is tried."
        ),
    ),
    click.option(
        "--all",
        "everything",
        is_flag=True,
        help="With --self-test: try every fault and variation, which may take hours.",
    ),
)
"""The report, and the self-test."""


def verify_options(command: Any) -> Any:
    """Add all options of `pgagents verify` to a command, in the order of its help."""
    for option in reversed((*_SUBJECT, *_EXTENT, *_CALLER, *_BESIDE, *_SELECTION, *_OUTPUT)):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """The values of all options, each under its parameter's name. Times are in seconds."""

    url: str | None
    servers: tuple[str, ...]
    cert: Path | None
    cert_key: Path | None
    openapi: str | None
    auth: str | None
    base_path: str | None
    catalogue: Path | None
    description: Path | None
    profile: Profile
    only_plan: bool
    max_requests: int | None
    max_time: float | None
    workers: int | None
    max_wait: float
    limits: bool
    exclusive: bool
    strict: bool
    fail_on: str
    seed: int
    only: tuple[str, ...]
    skip: tuple[str, ...]
    identity: tuple[str, ...]
    require: tuple[str, ...]
    cacert: Path | None
    plain_url: str | None
    allow_writes: bool
    allow: tuple[str, ...]
    reads: tuple[str, ...]
    acts: tuple[str, ...]
    receiver: str | None
    receiver_port: int
    mcp_url: str | None
    mcp_stdio: str | None
    discovery: bool
    last_failed: bool
    failed_in: Path | None
    shard: tuple[int, int] | None
    baseline: Path | None
    reports: tuple[Path, ...]
    verbose: bool
    self_test: bool
    everything: bool

    @property
    def has_mcp(self) -> bool:
        """True if the run tests an MCP server."""
        return (self.mcp_url, self.mcp_stdio) != (None, None)

    @property
    def has_api(self) -> bool:
        """True if an option names an API, so that more than an MCP server is tested."""
        return bool(self.url or self.openapi or self.catalogue or self.description)

    @property
    def max_self_test_s(self) -> float | None:
        """The seconds after which a self-test begins no further step; None for no bound.

        Raises UsageError if the options contradict each other.
        """
        from pgagents.cli.running.selftest import MAX_TIME_S

        if self.everything and self.max_time is not None:
            raise click.UsageError("--all and --max-time contradict each other: leave one of them out.")
        return None if self.everything else self.max_time or MAX_TIME_S

    def make_options(self, model: Model) -> Options:
        """Return the options of a run against an API. Raises PgagentsError for an unknown action."""
        from pgagents.verify.plan.options import Options

        return Options(
            profile=self.profile,
            max_requests=self.max_requests,
            max_time_s=self.max_time,
            workers=self.workers,
            max_wait_s=self.max_wait,
            seed=self.seed,
            only=self.only,
            skip=self.skip,
            allow_writes=self.allow_writes,
            allow=choice.actions(model, self.allow),
            require=self.require,
            shard=self.shard,
            limits=self.limits,
            exclusive=self.exclusive,
            strict=self.strict,
            counts_untried=self.fail_on == NOT_TRIED,
        )

    def make_tool_options(self) -> Options:
        """Return the options of a run against an MCP server alone."""
        from pgagents.verify.plan.options import Options

        return Options(
            max_requests=self.max_requests,
            max_time_s=self.max_time,
            seed=self.seed,
            only=self.only,
            skip=self.skip,
            allow=self.allow,
            reads=self.reads,
            acts=self.acts,
            strict=self.strict,
            counts_untried=self.fail_on == NOT_TRIED,
        )

    def make_output(self) -> Output:
        """Return the destinations of the report. Raises InputError and PgagentsError for a wrong baseline."""
        from pgagents.cli.running.report_output import Output
        from pgagents.report.baseline import read_baseline

        lines = read_baseline(self.baseline) if self.baseline else None
        return Output(self.reports, baseline=lines, verbose=self.verbose)
