"""`pgagents verify`: proves every contract of a catalogue on a running server."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from pgagents.cli.inputs.options import (
    AUTH_HELP,
    BASE_PATH_HELP,
    allow_option,
    allow_writes_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    examples,
    identity_option,
    load,
    max_time_option,
    max_wait_option,
    only_option,
    reports_option,
    seed_option,
    server_option,
)
from pgagents.cli.running import choice, report_files

if TYPE_CHECKING:
    from pgagents.cli.inputs.target import Target
    from pgagents.model.model import Model
    from pgagents.verify.plan.options import Identities, Options

_ONCE = (
    "only",
    "skip",
    "seed",
    "reports",
    "shard",
    "last_failed",
    "failed_in",
    "baseline",
    "self_test",
    "verbose",
    "workers",
)
"""Options that are left out of the command that repeats one finding."""
MOST_WORKERS = 32
_ALONE = ("operator",)
"""Identities whose calls change other callers' answers: the operator's clock is global."""
_OF_SELF_TEST = ("self_test", "only", "reports")
"""Options that may be given with --self-test, which uses no server."""

_OF_TOOLS = (
    "mcp_url", "mcp_stdio", "max_requests", "max_time", "seed", "only", "skip", "allow", "strict", "cacert",
    "baseline", "reports", "verbose",
)  # fmt: skip
"""Options that may be given with an MCP server that is judged by its own list of tools."""


@click.command(
    short_help="Prove every contract on a running server.",
    epilog=examples(
        (
            "everything once; the key is asked for, or comes from PGAGENTS_TOKEN",
            "pgagents verify --url https://staging.example.com",
        ),
        (
            "an OpenAPI document, without a catalogue",
            "pgagents verify --openapi openapi.json --url http://127.0.0.1:8000",
        ),
        (
            "the same where the document does not say which key calls have",
            "pgagents verify --openapi openapi.json --url http://127.0.0.1:8000 --auth header:X-API-Key",
        ),
        ("what would be sent", "pgagents verify --url https://staging.example.com --plan"),
        ("in CI", "pgagents verify --env staging.yaml --report report.xml --report report.json"),
        (
            "the second of four machines; `pgagents report merge` joins them",
            "pgagents verify --env staging.yaml --shard 2/4 --report 2.json",
        ),
        (
            "the documents that anyone can fetch, without a key",
            "pgagents verify --url https://api.example.com --discovery",
        ),
        (
            "the MCP server too, compared with REST",
            "pgagents verify --env staging.yaml --mcp-stdio 'pgagents mcp'",
        ),
        (
            "anybody's MCP server, by the protocol and its own schemas; only tools that read are called",
            "pgagents verify --mcp-stdio 'uvx mcp-server-time'",
        ),
        ("one promise again", "pgagents verify --env staging.yaml --only law/payout --seed 7"),
    ),
)
@click.option("--url", metavar="URL", help="The server to verify, such as https://staging.example.com.")
@server_option
@cert_options
@click.option(
    "--openapi",
    metavar="FILE|URL",
    help="Verify this OpenAPI or Swagger document, without a catalogue. Only reads, or --allow-writes.",
)
@click.option("--auth", metavar="SCHEME", help=AUTH_HELP)
@click.option("--base-path", metavar="PATH", help=BASE_PATH_HELP)
@catalogue_argument
@click.option(
    "--env",
    "description",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help=(
        "YAML file that describes the server: url, plain_url, cacert, headers, identities, env. Options "
        "override it."
    ),
)
@click.option(
    "--profile",
    type=click.Choice(["smoke", "standard", "deep"]),
    default="standard",
    show_default=True,
    help="smoke: at most 60 requests; standard: every contract once; deep: until --max-time.",
)
@click.option(
    "--plan",
    "only_plan",
    is_flag=True,
    help="Print the planned requests and send nothing; --report writes it as .json or .txt.",
)
@click.option(
    "--max-requests",
    type=click.IntRange(min=1),
    metavar="N",
    help=(
        "Send at most N requests. Default: 25 per action and surface, up to 50 if the plan needs them, plus "
        "those for further identities (see --plan)."
    ),
)
@max_time_option
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    metavar="N",
    help=f"How many probes may run at the same time, 1 to {MOST_WORKERS}. Default: 8 for a server whose "
    "answers take 20 ms or longer, else 1.",
)
@max_wait_option
@click.option(
    "--limits",
    is_flag=True,
    help="Also exceed each rate limit once, at the end: a full bucket of requests each (see --plan).",
)
@click.option(
    "--exclusive",
    is_flag=True,
    help="Nobody else uses the server, so check counts and lists too. Implied for this machine.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Count what contradicts something inferred or recommended (`odd`) as broken.",
)
@seed_option
@only_option
@click.option(
    "--skip", multiple=True, metavar="ID", help="Leave out contracts whose id begins with this. Repeatable."
)
@identity_option
@click.option(
    "--require",
    multiple=True,
    metavar="ROLE",
    help="Count contracts of this identity as untested if it has no key.",
)
@cacert_option
@click.option(
    "--plain-url",
    metavar="URL",
    help="The same server without TLS (http://…), which must refuse calls. No key is ever sent to it.",
)
@allow_writes_option
@allow_option
@click.option(
    "--receiver",
    metavar="auto|auto-http|URL",
    help=(
        "Where the server sends events: auto listens on this machine (https), auto-http without TLS; URL "
        "must be forwarded to --receiver-port."
    ),
)
@click.option(
    "--receiver-port",
    type=click.IntRange(1, 65535),
    default=8099,
    show_default=True,
    metavar="N",
    help="Local port, without TLS, that --receiver URL is forwarded to.",
)
@click.option(
    "--mcp-url",
    metavar="URL",
    help=(
        "Also verify the MCP server there, such as https://mcp.example.com/mcp; without --url and a "
        "catalogue only that. Its token: PGAGENTS_MCP_TOKEN."
    ),
)
@click.option(
    "--mcp-stdio",
    metavar="CMD",
    help=(
        "Also verify the MCP server that CMD starts; its environment has the key and the URL. Without --url "
        "and a catalogue only that."
    ),
)
@click.option(
    "--discovery", is_flag=True, help="Verify only the hosted documents and the OAuth server; needs no key."
)
@click.option(
    "--last-failed",
    is_flag=True,
    help="Only contracts that failed in the last run against this server; all, if none did.",
)
@click.option(
    "--failed-in",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Only contracts that failed in a JSON report.",
)
@click.option(
    "--shard",
    metavar="I/N",
    callback=choice.shard,
    help="Only the I-th of N parts of the contracts, at one N-th of the pace: for CI.",
)
@click.option(
    "--baseline",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML file of accepted findings: contract, reason, until. An outdated line fails the run.",
)
@reports_option
@click.option(
    "-v", "--verbose", is_flag=True, help="Also print how many contracts each exchange was judged for."
)
@click.option(
    "--self-test",
    is_flag=True,
    help=(
        "Run the checks against their faults and variations, without a server; --only selects checks; "
        "--report as with --plan."
    ),
)
def command(
    url: str | None,
    servers: tuple[str, ...],
    cert: Path | None,
    cert_key: Path | None,
    openapi: str | None,
    auth: str | None,
    base_path: str | None,
    catalogue: Path | None,
    description: Path | None,
    profile: str,
    only_plan: bool,
    max_requests: int | None,
    max_time: float | None,
    workers: int | None,
    max_wait: float,
    limits: bool,
    exclusive: bool,
    strict: bool,
    seed: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    identity: tuple[str, ...],
    require: tuple[str, ...],
    cacert: Path | None,
    plain_url: str | None,
    allow_writes: bool,
    allow: tuple[str, ...],
    receiver: str | None,
    receiver_port: int,
    mcp_url: str | None,
    mcp_stdio: str | None,
    discovery: bool,
    last_failed: bool,
    failed_in: Path | None,
    shard: tuple[int, int] | None,
    baseline: Path | None,
    reports: tuple[Path, ...],
    verbose: bool,
    self_test: bool,
) -> int:
    """Prove every contract of the CATALOGUE on a running server.

    The key comes from PGAGENTS_TOKEN, or is asked for; it is never an argument. Exit code: 0 nothing found, 1
    something found, 2 wrong usage, 3 not everything selected could be tested, 4 an error of pgagents itself.
    """
    from pgagents.cli.inputs import api_keys, target
    from pgagents.cli.inputs.caches import keep_out_of_here
    from pgagents.cli.running import event_receiver, last, mcp_server, run, selftest
    from pgagents.report.baseline import read_baseline
    from pgagents.verify.plan.options import Identities, Options

    keep_out_of_here()
    if self_test:
        choice.only_given("--self-test", _OF_SELF_TEST)
        return selftest.run(only, reports)
    if (mcp_url, mcp_stdio) != (None, None) and not (url or openapi or catalogue or description):
        return _verify_tools(click.get_current_context().params)
    url = url or _find_url_of_tools(catalogue, description, mcp_url, mcp_stdio)
    target.check(url, plain_url, description)
    choice.alone(shard, {"--limits": limits, "--exclusive": exclusive})
    report_files.check(reports, report_files.DATA if only_plan else report_files.EVERY)
    lines = read_baseline(baseline) if baseline else None
    model = _load(catalogue, openapi, auth, base_path)
    there = target.target(model, url, plain_url, cacert, description, servers, (cert, cert_key))
    options = Options(
        profile=profile,  # type: ignore[arg-type]  # click's Choice lets nothing else through
        max_requests=max_requests,
        max_time_s=max_time,
        workers=workers,
        max_wait_s=max_wait,
        seed=seed,
        only=only,
        skip=skip,
        allow_writes=allow_writes,
        allow=choice.actions(there.model, allow),
        version=run.version(),
        require=require,
        shard=shard,
        limits=limits,
        exclusive=exclusive,
        strict=strict,
    )
    memory = last.place(there.model, there.url)
    options = choice.apply_selections(
        there.model, options, memory if last_failed else None, failed_in, discovery=discovery
    )
    mcp_server.check(there.model, mcp_url, mcp_stdio, discovery=discovery)
    secrets = api_keys.command_secrets(there.model, there.env.commands, identity)
    described = there.env.identities
    keys = (
        {}
        if discovery
        else api_keys.keys(there.model, identity, described, ask=not only_plan, secrets=secrets)
    )
    choice.alone(shard, {f"--identity {role}": role in keys for role in _ALONE})
    if only_plan:
        return _show_plan(
            there,
            options,
            Identities(keys, oauth=there.env.oauth, servers=there.servers),
            receiver,
            (mcp_url, mcp_stdio),
            reports,
        )
    with (
        event_receiver.receiving(receiver, receiver_port) as inbox,
        mcp_server.open_link(
            there.model, mcp_url, mcp_stdio, keys=keys, api=there.url, cacert=there.cacert
        ) as link,
    ):
        return run.run(
            there.model,
            there.url,
            keys,
            options,
            cacert=there.cacert,
            reports=reports,
            plain_url=there.plain_url,
            headers=there.env.headers,
            again=_again(),
            baseline=lines,
            memory=memory,
            oauth=there.env.oauth,
            commands=None if discovery else secrets,
            receiver=inbox,
            mcp=link,
            token=mcp_server.token(mcp_url),
            verbose=verbose,
            servers=there.servers,
            certificate=there.certificate,
        )


def _find_url_of_tools(
    catalogue: Path | None, description: Path | None, mcp_url: str | None, mcp_stdio: str | None
) -> str | None:
    """Return an address for a catalogue whose actions only an MCP server has, so that --url may be left out.

    Nothing is ever sent there. None for any other catalogue.
    """
    from pgagents.cli.inputs.document import is_document

    if catalogue is None or description is not None or (mcp_url, mcp_stdio) == (None, None):
        return None
    if is_document(catalogue):
        return None
    model = load(catalogue)
    return str(model.api.server) if all(model.is_only_tool(action) for action in model.actions) else None


def _verify_tools(given: dict[str, Any]) -> int:
    """Verify an MCP server by its own list of tools."""
    from pgagents.cli.running import run, tools
    from pgagents.report.baseline import read_baseline
    from pgagents.verify.plan.options import Options

    choice.only_given("--mcp-url or --mcp-stdio without a catalogue", _OF_TOOLS)
    report_files.check(given["reports"], report_files.EVERY)
    same = ("max_requests", "seed", "only", "skip", "allow", "strict")
    options = Options(
        **{name: given[name] for name in same},
        max_time_s=given["max_time"],
        version=run.version(),
    )
    baseline = read_baseline(given["baseline"]) if given["baseline"] else None
    return tools.run(
        given["mcp_url"],
        given["mcp_stdio"],
        options,
        cacert=given["cacert"],
        reports=given["reports"],
        baseline=baseline,
        again=_again(),
        verbose=given["verbose"],
    )


def _load(catalogue: Path | None, openapi: str | None, auth: str | None, base_path: str | None) -> Model:
    """Load the catalogue, or what an OpenAPI document says in its place."""
    from pgagents.cli.inputs.document import is_document, load_document

    if openapi is not None and catalogue is not None:
        raise click.UsageError(f"{catalogue} and --openapi say both what to verify: give one of them.")
    if openapi is None and catalogue is not None and is_document(catalogue):
        openapi = str(catalogue)
    if openapi is not None:
        return load_document(openapi, auth or "", base_path or "")
    if auth is not None:
        raise click.UsageError("--auth is for an OpenAPI document; a catalogue says it under `auth.schemes`.")
    if base_path is not None:
        raise click.UsageError("--base-path is for an OpenAPI document; a catalogue's paths have it.")
    return load(catalogue)


def _show_plan(
    there: Target,
    options: Options,
    identities: Identities,
    receiver: str | None,
    mcp: tuple[str | None, str | None],
    reports: tuple[Path, ...],
) -> int:
    """Print the plan, and write it into report files."""
    from pgagents.cli.running import event_receiver, mcp_server, plan

    around = event_receiver.make_plan_receiver(receiver), mcp_server.make_plan_link(*mcp)
    text, data = plan.render_plan(there.model, options, identities, there.url, there.plain_url, *around)
    try:
        report_files.write_data(reports, text, data)
    finally:
        click.echo(text)
    return 0


def _again() -> str:
    """Return this command line without the options that a report adds (contract, seed) or that write
    files.
    """
    context = click.get_current_context()
    words = ["pgagents verify"]
    for param in context.command.params:
        name = str(param.name)
        given = context.params.get(name)
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE or name in _ONCE:
            continue
        flag = [param.opts[0]] if isinstance(param, click.Option) else []
        values = [] if given is True else given if isinstance(given, tuple) else [given]
        words += flag if given is True else [word for value in values for word in (*flag, quote(str(value)))]
    return " ".join(words)
