"""The options of `pgagents verify`, their values, and the contracts that they select."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pgagents.base.errors import PgagentsError
from pgagents.base.text import brief, did_you_mean, fits
from pgagents.cli.inputs.options import (
    AUTH_HELP,
    BASE_PATH_HELP,
    FOR_TOOLS,
    ServerLine,
    allow_option,
    allow_writes_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    day_option,
    detail_options,
    env_option,
    identity_option,
    max_time_option,
    max_wait_option,
    only_option,
    pass_env_option,
    reports_option,
    seed_option,
    server_option,
    start_option,
)

if TYPE_CHECKING:
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.report_files import Output
    from pgagents.report.contract import Rank
    from pgagents.verify.plan.options import Options, Profile
    from pgagents.verify.wire.mcp_link import Link


# -- the contracts of a run


MAX_SHARDS = 1_000
IDS_OF_PLAN = "`--plan --report plan.json` writes all ids"
ALL_IDS = f"see `pgagents contracts`; for a document, {IDS_OF_PLAN}"


def shard(_context: click.Context, _param: click.Parameter, value: str | None) -> tuple[int, int] | None:
    """Parse `2/4` as (2, 4). Raises BadParameter for a text that is not such a fraction."""
    if value is None:
        return None
    number, slash, count = value.partition("/")
    if not (
        slash
        and number.isdecimal()
        and count.isdecimal()
        and 1 <= int(number[:9]) <= int(count[:9]) <= MAX_SHARDS
    ):
        raise click.BadParameter(
            f"{value[:40]!r} is not a part of a whole: write 2/4 for the second of four "
            f"(at most {MAX_SHARDS:,})"
        )
    return int(number), int(count)


def actions(model: Model, patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of the actions that the patterns name: by action, operationId, path or `GET /path`.

    Raises PgagentsError for a pattern that names none.
    """
    document: Mapping[str, Sequence[str]] = getattr(model.source, "names", {})
    known: dict[str, list[str]] = {}
    for action in model.actions:
        label = [str(action.path), f"{action.method} {action.path}"] if action.on_rest else []
        names = [str(action.name), str(action.operation_id), *label, *document.get(str(action.name), ())]
        known[str(action.name)] = [name for name in names if name]
    chosen: dict[str, None] = {}
    for pattern in patterns:
        found = [pattern] if pattern in known else [n for n, names in known.items() if fits(pattern, names)]
        if not found and (split := _split_argument(pattern, known)):
            found = [_find_argument(model, *split, pattern)]
        if not found:
            wants_path = " " in pattern
            near = {
                next((s for s in names[::-1] if wants_path and " " in s), n) for n, names in known.items()
            }
            raise PgagentsError(
                f"--allow {brief(pattern, 80)}: there is no such action", did_you_mean(pattern, near)
            )
        chosen |= dict.fromkeys(found)
    return tuple(chosen)


def _split_argument(pattern: str, known: Mapping[str, Sequence[str]]) -> tuple[str, str] | None:
    """Return the action and the argument that a pattern such as `createNote.tag` names; None if it names no
    single action. An operationId and a path may have dots, and so may the label of an argument.
    """
    for dot in [n for n, letter in enumerate(pattern) if letter == "."][::-1]:
        fitting = [name for name, names in known.items() if fits(pattern[:dot], names)]
        if len(fitting) == 1 and pattern[dot + 1 :]:
            return fitting[0], pattern[dot + 1 :]
    return None


def _find_argument(model: Model, name: str, argument: str, pattern: str) -> str:
    """Return an action's argument as `action.argument`. Raises PgagentsError if it has none of this name."""
    from pgagents.catalogue.harmless.arguments import Harmless

    action = next(action for action in model.actions if str(action.name) == name)
    known = {str(param.name) for param in action.params}
    known |= {one.label for one in Harmless(model).list_withheld(action)}
    if argument not in known:
        raise PgagentsError(
            f"--allow {brief(pattern, 80)}: {name} has no such argument",
            did_you_mean(argument, known),
        )
    return f"{name}.{argument}"


def refuse_without_catalogue() -> None:
    """Raise UsageError if the command line has an option that a run by a server's own tools does not read."""
    context = click.get_current_context()
    unread = {one.name for group in GROUPS for one in fields(group) if one.metadata != FOR_TOOLS}
    for param in context.command.params:
        name = str(param.name)
        if name in unread and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            other = param.opts[0] if isinstance(param, click.Option) else name.upper()
            tools = "--mcp-url or --mcp-stdio without a catalogue"
            raise click.UsageError(f"{tools} has no use for {other}: leave one of them out.")


def check_selection(model: Model, options: Options, mcp: Link | None = None) -> None:
    """Raise PgagentsError for a selection without contracts, because a misspelt id must not count as
    success. Name on stderr what is gone of a selection that has others.

    `mcp` is a server that is judged by its own tools.
    """
    from pgagents.verify.run.run import contracts

    selects = options.only or options.skip
    every = contracts(model, mcp) if selects else ()
    ids = [c.id for c in every]
    where = ALL_IDS if mcp is None else IDS_OF_PLAN
    for flag, wanted in (("--only", options.only), ("--skip", options.skip)):
        if "" in wanted:
            raise PgagentsError(f"{flag} is empty", where)
        gone = [one for one in wanted if not any(id.startswith(one) for id in ids)]
        said = f"{flag} {', '.join(gone)}: no contract's id is this or begins so"
        help = " ".join(dict.fromkeys(filter(None, (_find_near(one, ids) for one in gone)))) or where
        if gone and (flag == "--skip" or len(gone) == len(wanted)):
            raise PgagentsError(said, help)
        if gone:
            click.echo(f"note: {said} ({help}); the others are tried", err=True)
    if ids and not any(id.startswith(options.only or "") and not id.startswith(options.skip) for id in ids):
        raise PgagentsError("--only and --skip together leave no contract", "leave one of them out")


def _find_near(wanted: str, ids: Sequence[str]) -> str:
    """Return a help text that names the nearest id, or beginning of one with as many parts."""
    parts = wanted.rstrip("/").split("/")
    same = [id for id in ids if id.startswith(f"{parts[0]}/")] or ids
    known = dict.fromkeys("/".join(id.split("/")[: len(parts)]) for id in same)
    return did_you_mean("/".join(parts), known)


def select_failed(model: Model, options: Options, memory: Path, *, mcp: Link | None = None) -> Options:
    """Return the options restricted to the contracts that failed in the last run, which `memory` has.

    `mcp` is a server that is judged by its own tools. If nothing failed, the options are unchanged, and
    stderr gets a note. Raises PgagentsError if no earlier run is known.
    """
    from pgagents.cli.inputs import report_files
    from pgagents.verify.run.run import contracts

    ids = report_files.read_failed(memory)
    if ids is None:
        raise PgagentsError(
            "--last-failed: no earlier run against this server is remembered", "run it once without the flag"
        )
    there = {c.id for c in contracts(model, mcp)}
    chosen = tuple(id for id in ids if id in there and (not options.only or id.startswith(options.only)))
    if not chosen:
        click.echo(
            "--last-failed: nothing failed there that is still promised, so everything is verified", err=True
        )
        return options
    return replace(options, only=chosen, only_said="--last-failed")


def discovery_only(options: Options) -> Options:
    """Return the options narrowed to contracts that need no key.

    Raises PgagentsError if no such contract is selected.
    """
    from pgagents.verify.plan.options import DISCOVERY, DISCOVERY_FLAG

    both = [one for one in options.only for open_to_all in DISCOVERY if one.startswith(open_to_all)]
    both += [
        open_to_all for open_to_all in DISCOVERY if options.only and open_to_all.startswith(options.only)
    ]
    if options.only and not both:
        raise PgagentsError(
            f"--discovery tries nothing of {options.only_said} {options.only[0]}", "leave one of them out"
        )
    return replace(
        options, only=tuple(dict.fromkeys(both)) or DISCOVERY, only_said=DISCOVERY_FLAG, keyless=True
    )


MOST_WORKERS = 8
NOT_TRIED = "not-tried"
FAIL_ON = "lax"
"""The rank from which on a finding makes the exit code 1, without --fail-on."""


class FailingChoice(click.Choice[str]):
    """The values of --fail-on: the ranks of findings, and `not-tried`."""

    def __init__(self) -> None:
        from pgagents.report.contract import Rank

        super().__init__([*(rank.value for rank in Rank), NOT_TRIED])


_SUBJECT: tuple[Callable[[Any], Any], ...] = (
    click.option("--url", metavar="URL", help="The server to verify, such as https://staging.example.com."),
    start_option,
    server_option,
    cert_options,
    click.option(
        "--openapi",
        metavar="FILE|URL",
        help="Verify this OpenAPI or Swagger document, without a catalogue. Only reads, or --allow-writes. "
        "With --url or --start also a path of the server, such as /openapi.json.",
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
        help="smoke: --max-requests 60; standard: every contract once; deep: until --max-time.",
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
            "Send at most N requests; up to two looks at what a removal changed may come on top, and those "
            "that wait until one that was only accepted (202) has happened. Default: 25 per action and "
            "surface, up to 50 if the plan needs them, plus those for further identities (see --plan)."
        ),
    ),
    max_time_option,
    click.option(
        "--workers",
        type=click.IntRange(1, MOST_WORKERS),
        metavar="N",
        help=f"How many requests may be on their way at the same time, 1 to {MOST_WORKERS}; a server of this "
        f"machine gets one at a time. It changes no verdict. Default: {MOST_WORKERS}.",
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
        "--discovery",
        is_flag=True,
        help="Verify only what anyone finds: hosted documents, the links to them, OAuth. It needs no key.",
    ),
    click.option(
        "--fail-on",
        type=FailingChoice(),
        multiple=True,
        default=(FAIL_ON,),
        show_default=True,
        help="Exit with 1 for findings of this rank or a worse one. not-tried: exit with 3 also for "
        "contracts that were not tried for want of a value in a document or an inferred part, or because the "
        "server holds nothing that shows them. Repeatable.",
    ),
)
"""Limits on the requests."""

_CALLER: tuple[Callable[[Any], Any], ...] = (
    identity_option,
    cacert_option,
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
    only_option,
    click.option(
        "--skip",
        multiple=True,
        metavar="ID",
        help="Leave out contracts whose id begins with this. Repeatable.",
    ),
    click.option(
        "--last-failed",
        is_flag=True,
        help="Only contracts broken or untested in the last run against this server; all, if none was.",
    ),
    click.option(
        "--shard",
        metavar="I/N",
        callback=shard,
        help="Only the I-th of N parts of the contracts, at one N-th of the pace: for CI.",
    ),
    seed_option,
    day_option,
)
"""What this run tries of all promises."""

_SAFETY: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--journal",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Write what could be made on the server into this file before it is sent. A later run with the "
        "same file first removes what is still there. The file holds no key.",
    ),
    click.option(
        "--log",
        type=click.Path(path_type=Path, dir_okay=False),
        metavar="FILE",
        help="Also write each request with its answer into FILE, a JSON object a line, with keys masked.",
    ),
    click.option(
        "--lease",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help='Send only while the lease in this JSON file lasts: {"expires": UNIX SECONDS}. It is read '
        "before each request; without it the run ends with 3.",
    ),
)
"""The files of a run that may be killed, or that another run may replace."""

_OUTPUT: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--baseline",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="YAML file of accepted findings: contract, reason, until. An outdated line fails the run.",
    ),
    reports_option,
    detail_options,
)
"""The report."""


_GROUPS: Mapping[str, tuple[Callable[[Any], Any], ...]] = {
    "The server, and what it is held to": _SUBJECT,
    "What is sent": _EXTENT,
    "Who calls, and what may be written": _CALLER,
    "Events, and an MCP server": _BESIDE,
    "Which contracts, and with which values": _SELECTION,
    "Files of the run": _SAFETY,
    "The report": _OUTPUT,
}
"""The options in the order of --help-all, under the titles there."""
_FIRST = {
    "url": "The running server",
    "start": "Start the app with CMD, and end it",
    "openapi": "Verify this document, without a catalogue",
    "allow_writes": "Write even if the key is not a test key",
    "allow": "Also call an action that may change others",
    "identity": "A further key, from an environment variable",
    "only_plan": "Print the requests, and send nothing",
    "why": "List what was not tried",
    "reports": "Write it: .json .xml .sarif .md .html .txt",
    "help_all": "All options, in groups, with examples",
}
"""What a newcomer needs, in the order of --help, each in one line: the whole is a screen of 24 lines."""
_EXAMPLE = "pgagents verify --openapi /openapi.json --start CMD --allow-writes"
_INSTEAD = {
    "--skills": "`pgagents skills DIR` holds skills to a server",
    "--listing": "`pgagents listing DIR|REV|FILE` holds approved listings to a server",
    "--strict": "`--fail-on odd` counts what is odd too",
    "--require": "`--fail-on not-tried` counts what had no key",
    "--plain-url": "`--env FILE` names it: `plain_url`",
    "--held-passes": "`pgagents listing` has it",
    "--json": "`--report FILE.json` writes the report as JSON",
}
"""What does the job of an option that there is not."""
HELP_ALL = "pgagents.help_all"
"""The place in the context's `meta` that is true while all options are printed."""


def verify_options(command: Any) -> Any:
    """Add all options of `pgagents verify` to a command."""
    for option in reversed([option for group in _GROUPS.values() for option in group]):
        command = option(command)
    return command


class VerifyCommand(click.Command):
    """A command whose --help is one screen. Its --help-all prints each option, and `more` examples."""

    def __init__(self, *words: Any, more: str, **settings: Any) -> None:
        super().__init__(*words, **settings)
        self.more = more
        self.params.append(
            click.Option(
                ["--help-all"],
                is_flag=True,
                is_eager=True,
                expose_value=False,
                callback=_print_all,
                help="Show all options, in groups, with more examples.",
            )
        )

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words. Raises NoSuchOption, with what does the same if something does."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            instead = _INSTEAD.get(error.option_name)
            if instead is None:
                raise
            raise click.NoSuchOption(error.option_name, f"{error.message} {instead}.", ctx=ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options that a newcomer needs, or all in groups."""
        options = {str(param.name): param for param in self.get_params(ctx)}
        whole = bool(ctx.meta.get(HELP_ALL))
        groups: dict[str, Iterable[str]] = {"Options": _FIRST}
        if whole:
            groups = {title: _list_names(group) for title, group in _GROUPS.items()}
            groups["This list"] = ("help_all",)
        for title, names in groups.items():
            records = [record for name in names if (record := options[name].get_help_record(ctx))]
            if not whole:
                records = [(flag, text) for (flag, _), text in zip(records, _FIRST.values(), strict=True)]
            with formatter.section(title):
                formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write one example, or all."""
        if not ctx.meta.get(HELP_ALL):
            formatter.write(f"\nExample: {_EXAMPLE}\n")
            return
        super().format_epilog(ctx, formatter)
        with formatter.indentation():
            formatter.write_text(self.more)


def _list_names(group: Sequence[Callable[[Any], Any]]) -> tuple[str, ...]:
    def nothing() -> None: ...

    command: Any = nothing
    for option in reversed(group):
        command = option(command)
    return tuple(str(param.name) for param in click.command()(command).params)


def _print_all(context: click.Context, _param: click.Parameter, given: bool) -> None:
    if given and not context.resilient_parsing:
        context.meta[HELP_ALL] = True
        click.echo(context.get_help(), color=context.color)
        context.exit()


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How much is sent, and which findings fail the run. Times are in seconds."""

    profile: Profile
    only_plan: bool = field(metadata=FOR_TOOLS)
    max_requests: int | None = field(metadata=FOR_TOOLS)
    workers: int | None
    max_wait: float
    limits: bool
    exclusive: bool
    discovery: bool
    fail_on: tuple[str, ...] = field(metadata=FOR_TOOLS)

    @property
    def counts_untried(self) -> bool:
        """True if the run fails for what was not tried, too."""
        return NOT_TRIED in self.fail_on

    def find_mildest(self) -> Rank:
        """Return the mildest rank that makes the exit code 1; lax where --fail-on names none."""
        from pgagents.report.contract import Rank

        ranks = [Rank(word) for word in self.fail_on if word != NOT_TRIED] or [Rank(FAIL_ON)]
        return max(ranks, key=lambda rank: rank.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The receiver of events."""

    receiver: str | None
    receiver_port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What this run tries of all promises."""

    only: tuple[str, ...] = field(metadata=FOR_TOOLS)
    skip: tuple[str, ...] = field(metadata=FOR_TOOLS)
    last_failed: bool = field(metadata=FOR_TOOLS)
    shard: tuple[int, int] | None
    seed: int = field(metadata=FOR_TOOLS)
    day: datetime | None

    def refuse_beside_shards(self, flags: Mapping[str, bool]) -> None:
        """Raise UsageError for a shard with a flag that needs the server to itself."""
        for flag, given in flags.items():
            if self.shard is not None and given:
                raise click.UsageError(
                    f"{flag} cannot go with --shard, as the other shards use the server too: give it in a "
                    "run of its own."
                )

    def apply(self, model: Model, options: Options, memory: Path, *, discovery: bool) -> Options:
        """Return the options with all selections applied: see `check_selection`, `select_failed` and
        `discovery_only`. `memory` has what failed in the last run.
        """
        check_selection(model, options)
        if self.last_failed:
            options = select_failed(model, options, memory)
        return discovery_only(options) if discovery else options


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFiles:
    """The files of a run that may be killed, or that another run may replace."""

    journal: Path | None
    log: Path | None
    lease: Path | None = field(metadata=FOR_TOOLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """What the report shows, and where it goes."""

    baseline: Path | None = field(metadata=FOR_TOOLS)
    reports: tuple[Path, ...] = field(metadata=FOR_TOOLS)
    verbose: bool = field(metadata=FOR_TOOLS)
    odd: bool = field(metadata=FOR_TOOLS)
    why: bool = field(metadata=FOR_TOOLS)

    def check(self, *, only_plan: bool) -> None:
        """Raise PgagentsError or UsageError for a report file that cannot be written."""
        from pgagents.cli.inputs import report_files

        report_files.check(self.reports, report_files.DATA if only_plan else report_files.EVERY)

    def make_output(self, mildest: Rank) -> Output:
        """Return the destinations of the report. Raises InputError and PgagentsError for a wrong baseline."""
        from pgagents.cli.inputs.report_files import Detail, Output
        from pgagents.report.baseline import read_baseline
        from pgagents.report.contract import Rank

        lines = read_baseline(self.baseline) if self.baseline else None
        detail = Detail(self.verbose, self.odd or mildest is Rank.ODD, self.why)
        return Output(self.reports, baseline=lines, detail=detail, fail_on=mildest)


GROUPS = (ServerLine, Extent, Beside, Selection, RunFiles, Reporting)
OF_ONE_RUN = (Selection, RunFiles, Reporting)
"""Groups whose options the command for repeating one finding leaves out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine(ServerLine):
    """The values of all options, each in its group under its parameter's name."""

    extent: Extent
    beside: Beside
    selection: Selection
    files: RunFiles
    reporting: Reporting

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> CommandLine:
        """Return the command line with these values of parameters."""

        def take(group: type[Any]) -> dict[str, Any]:
            return {one.name: given[one.name] for one in fields(group)}

        return cls(
            **take(ServerLine),
            extent=Extent(**take(Extent)),
            beside=Beside(**take(Beside)),
            selection=Selection(**take(Selection)),
            files=RunFiles(**take(RunFiles)),
            reporting=Reporting(**take(Reporting)),
        )

    def make_options(self, model: Model) -> Options:
        """Return the options of a run against an API. Raises PgagentsError for an unknown action."""
        extent, selection = self.extent, self.selection
        return replace(
            self.make_tool_options(),
            profile=extent.profile,
            workers=extent.workers,
            lanes_by_address=True,
            max_wait_s=extent.max_wait,
            day=selection.day.date() if selection.day is not None else None,
            allow_writes=self.allow_writes,
            allow=actions(model, self.allow),
            reads=(),
            acts=(),
            shard=selection.shard,
            limits=extent.limits,
            exclusive=extent.exclusive,
        )

    def make_tool_options(self) -> Options:
        """Return the options of a run against an MCP server alone."""
        from pgagents.verify.plan.options import Options

        return Options(
            max_requests=self.extent.max_requests,
            max_time_s=self.max_time,
            seed=self.selection.seed,
            only=self.selection.only,
            skip=self.selection.skip,
            allow=self.allow,
            reads=self.reads,
            acts=self.acts,
            counts_untried=self.extent.counts_untried,
        )

    def make_output(self) -> Output:
        """Return the destinations of the report. Raises InputError and PgagentsError for a wrong baseline."""
        return self.reporting.make_output(self.extent.find_mildest())
