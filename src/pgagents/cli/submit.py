"""`pgagents submit`: proves the package of a store on a running server, and packs it with its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.errors import PgagentsError
from pgagents.base.writing import quoted_text
from pgagents.cli.inputs.options import (
    NamedFolder,
    allow_option,
    allow_writes_option,
    cacert_option,
    catalogue_argument,
    cert_options,
    env_option,
    examples,
    identity_option,
    max_time_option,
    max_wait_option,
    pass_env_option,
    seed_option,
    server_option,
)

if TYPE_CHECKING:
    from pgagents.base.errors import Diagnostic
    from pgagents.catalogue.model.listing import Listing
    from pgagents.catalogue.model.model import Model
    from pgagents.cli.inputs.server import Target
    from pgagents.report.report import Report
    from pgagents.submit.evidence import Evidence
    from pgagents.submit.package import Package
    from pgagents.submit.store import Lack, Store
    from pgagents.verify.plan.options import Options


@click.command(
    short_help="Prove a store's package on a running server, and pack it.",
    epilog=examples(
        (
            "ChatGPT's directory; the hosted MCP server's token comes from PGAGENTS_MCP_TOKEN",
            "pgagents submit openai --url https://staging.example.com --mcp-url https://mcp.example.com/mcp",
        ),
        (
            "what the public sees too: pages, sign-in, domain",
            "pgagents submit openai --url https://api.example.com --public",
        ),
        (
            "Claude's directory, with a server that a command starts",
            "pgagents submit claude --url https://staging.example.com --mcp-stdio 'pgagents mcp'",
        ),
        (
            "in a pipeline: write nothing, fail where the package could not be submitted",
            "pgagents submit openai --url https://staging.example.com --check --json",
        ),
    ),
)
@click.argument("store")
@catalogue_argument
@click.option("--url", metavar="URL", help="The API's server, such as https://staging.example.com.")
@click.option(
    "--out",
    type=NamedFolder(),
    default=Path("submission"),
    show_default=True,
    metavar="DIR",
    help="Folder to write the package and evidence.html into.",
)
@click.option(
    "--mcp-url",
    metavar="URL",
    help=(
        "The hosted MCP server. Default: the catalogue's, at the host of --url where both share a host. Its "
        "token: PGAGENTS_MCP_TOKEN."
    ),
)
@click.option(
    "--mcp-stdio", metavar="CMD", help="The MCP server that CMD starts, for a store that takes packages."
)
@pass_env_option
@click.option(
    "--public",
    is_flag=True,
    help="Also look at the public host: https, pages, sign-in, domain challenge, discovery links.",
)
@click.option(
    "--challenge", metavar="TOKEN", help="With --public: the token that the store gave for the domain."
)
@click.option("--check", is_flag=True, help="Write nothing; the exit code says if it could be packed.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON on stdout.")
@env_option
@click.option(
    "--receiver",
    metavar="auto|auto-http|URL",
    help="Where calls that leave a closed world would arrive, as for verify.",
)
@click.option(
    "--receiver-port",
    type=click.IntRange(1, 65535),
    default=8099,
    show_default=True,
    metavar="N",
    help="Local port that --receiver URL is forwarded to.",
)
@seed_option
@max_time_option
@max_wait_option
@identity_option
@cacert_option
@cert_options
@server_option
@allow_writes_option
@allow_option
def command(**given: Any) -> int:
    """Build the package of STORE (openai, claude or gemini), prove its hints and test cases on a running
    server, and pack it with evidence.html.

    Nothing is packed if anything falls short; each lack has the store's code and the catalogue's line. Exit
    code: 0 packed, 1 something falls short, 2 wrong usage.
    """
    from pgagents.cli.inputs.files import keep_out_of_here

    keep_out_of_here()
    return submit(Given(**given))


# -- one submission: package, public host, run, evidence, files


NOT_SENT = "no request was sent"
MOST_REQUESTS = 20_000
"""Most requests of one submission. Hints and cases take a few for each tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The values of all options, each under its parameter's name. Times are in seconds."""

    store: str
    catalogue: Path | None
    url: str | None
    out: Path
    mcp_url: str | None
    mcp_stdio: str | None
    public: bool
    challenge: str | None
    check: bool
    as_json: bool
    description: Path | None
    receiver: str | None
    receiver_port: int
    seed: int
    max_time: float | None
    max_wait: float
    identity: tuple[str, ...]
    cacert: Path | None
    cert: Path | None
    cert_key: Path | None
    servers: tuple[str, ...]
    allow_writes: bool
    allow: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Job:
    """A package with its store, its server and the options."""

    given: Given
    surface: str
    store: Store
    listing: Listing
    there: Target
    mcp_url: str | None
    package: Package

    @property
    def model(self) -> Model:
        """Return the catalogue."""
        return self.there.model

    @property
    def mcp(self) -> str:
        """Return the MCP server's address or command, for people."""
        return self.mcp_url or f"stdio:{self.given.mcp_stdio}"


def submit(given: Given) -> int:
    """Prove and pack; return the exit code. Raises UsageError, PgagentsError and InputError."""
    job = _prepare(given)
    lacks = [*_find_static_lacks(job)]
    errors = [d for d in job.package.found if d.severity == "error"]
    if lacks or errors:
        return _refuse(job, lacks, (), NOT_SENT)
    if given.public and (lacks := [*_find_public_lacks(job)]):
        return _refuse(job, lacks, (), "the server was not tried")
    return _prove(job)


def _prepare(given: Given) -> _Job:
    from pgagents.cli.inputs import companions, server
    from pgagents.cli.inputs.catalogue import load, refuse_unpinned
    from pgagents.submit.package import build_package, find_listing
    from pgagents.submit.store import find_store

    if given.out.exists() and not given.out.is_dir():
        raise PgagentsError(f"--out {given.out} is a file", "name a folder")
    if given.challenge is not None and not given.public:
        raise click.UsageError("--challenge is what --public looks for: add --public.")
    surface, store = find_store(given.store)
    model = load(given.catalogue)
    refuse_unpinned(model, "pgagents submit")
    listing = find_listing(model, surface, store)
    url = given.url if given.url is not None else server.find_unsent_url(model)
    server.check(url, given.description)
    there = server.target(
        model, url, given.cacert, given.description, given.servers, (given.cert, given.cert_key)
    )
    companions.check_one(given.mcp_url, given.mcp_stdio)
    found = server.find_mcp_url(model, there.url, given.mcp_url, given.mcp_stdio)
    companions.check_address(found, given.mcp_stdio)
    return _Job(given, surface, store, listing, there, found, build_package(model, surface, store))


def _find_static_lacks(job: _Job) -> Iterable[Lack]:
    from pgagents.submit.evidence import find_drafts
    from pgagents.submit.public import check_kind

    yield from check_kind(job.model, job.store)
    yield from find_drafts(job.model, job.surface)


def _find_public_lacks(job: _Job) -> Iterable[Lack]:
    """Yield the requirements that the public host does not meet. No key is sent."""
    from pgagents.submit.public import (
        Visitor,
        check_addresses,
        check_challenge,
        check_pages,
        check_sign_in,
        is_public,
        reach,
    )

    visitor = Visitor(reach, is_public)
    mcp = job.mcp_url or ""
    yield from check_addresses(job.model, visitor, job.there.url, mcp)
    yield from check_pages(job.listing, job.store, visitor)
    if mcp:
        yield from check_sign_in(job.model, job.store, visitor, mcp)
        yield from check_challenge(job.model, job.store, visitor, mcp, job.given.challenge or "")


def _prove(job: _Job) -> int:
    """Compare the server's tools, run the verification, compare again, and pack."""
    from pgagents.cli.inputs import companions, report_files, server
    from pgagents.cli.running import run
    from pgagents.report.formats.text import STOPPED
    from pgagents.submit.evidence import find_run_lacks, make_evidence
    from pgagents.submit.package import compare_with_catalogue, find_changes, judge_tools, read_tools

    given, there = job.given, job.there
    secrets = server.command_secrets(there.model, there.env.commands, given.identity)
    keys = server.keys(there.model, given.identity, there.env.identities, ask=True, secrets=secrets)
    ended: list[tuple[Report, bool]] = []

    def keep(report: Report, stopped: bool) -> int:
        ended.append((report, stopped))
        return 0

    with (
        companions.receiving(given.receiver, given.receiver_port) as inbox,
        _open_link(job, keys) as link,
    ):
        before = read_tools(link)
        lacks = [*compare_with_catalogue(job.model, before)]
        found = tuple(judge_tools(before.tools, job.model, job.store))
        if lacks or any(d.severity == "error" for d in found):
            return _refuse(job, lacks, found, "only the list of tools was read")
        aids = run.Aids(secrets, inbox, link, companions.token(job.mcp_url))
        run.run(there, keys, _make_options(job), report_files.Output(), aids, show=keep)
        report, stopped = ended[0]
        if not stopped:
            lacks = [*find_changes(job.model, before, read_tools(link))]
    if stopped:
        click.echo("interrupted: nothing is packed", err=True)
        return STOPPED
    evidence = make_evidence(
        job.model, job.surface, job.store, job.listing, report, job.package.files,
        mcp=job.mcp, public=given.public,
    )  # fmt: skip
    lacks += find_run_lacks(evidence)
    if lacks:
        return _refuse(job, lacks, found, "", evidence)
    return _publish(job, evidence, found)


def _open_link(job: _Job, keys: Mapping[str, str]) -> Any:
    """Return the context of a link to the MCP server."""
    from pgagents.cli.inputs import companions

    return companions.open_link(job.there, job.mcp_url, job.given.mcp_stdio, keys)


def _make_options(job: _Job) -> Options:
    from pgagents.catalogue.model.listing import cases_of
    from pgagents.cli.inputs import verification
    from pgagents.submit.evidence import CHECKS, list_example_contracts
    from pgagents.verify.plan.options import DISCOVERY, Options

    given = job.given
    hints = tuple(f"{check}/" for check in CHECKS.values())
    cases = tuple(case.contract for case in cases_of(job.model, job.surface))
    return Options(
        max_requests=MOST_REQUESTS,
        max_time_s=given.max_time,
        max_wait_s=given.max_wait,
        seed=given.seed,
        only=(*hints, *cases, *list_example_contracts(job.model), *(DISCOVERY if given.public else ())),
        only_said="a submission",
        allow_writes=given.allow_writes,
        allow=verification.actions(job.model, given.allow),
        tools_lead=True,
    )


def _refuse(
    job: _Job,
    lacks: Iterable[Lack],
    found: tuple[Diagnostic, ...],
    sent: str,
    evidence: Evidence | None = None,
) -> int:
    """Print the missing requirements, and return the exit code.

    `sent` describes the progress of the submission.
    """
    from pgagents.base.errors import in_order
    from pgagents.submit.store import describe

    source = job.model.source
    told = [*job.package.found, *found, *(describe(lack, job.store, source) for lack in lacks)]
    told = in_order(told)
    errors = [d for d in told if d.severity == "error"]
    _tell(job, told, evidence, ())
    count = f"{len(errors)} thing{'s fall' if len(errors) != 1 else ' falls'} short"
    click.echo(f"nothing is packed: {count}" + (f"; {sent}" if sent else ""), err=True)
    return 1


def _tell(job: _Job, told: Iterable[Diagnostic], evidence: Evidence | None, packed: tuple[str, ...]) -> None:
    """Print findings on stderr, and with --json all on stdout."""
    import json

    from pgagents.base.errors import show
    from pgagents.submit.evidence import make_data

    told = list(told)
    for diagnostic in told:
        click.echo(show(diagnostic, job.model.source) + "\n", err=True)
    if job.given.as_json:
        data = make_data(job.surface, told, evidence, packed)
        click.echo(quoted_text(json.dumps(data, ensure_ascii=False, indent=2)))


def _publish(job: _Job, evidence: Evidence, found: tuple[Diagnostic, ...]) -> int:
    """Write the package and its evidence together, or nothing. Return the exit code."""
    from pgagents.base.errors import in_order
    from pgagents.generate.files import write
    from pgagents.generate.render import Artifact
    from pgagents.submit.evidence import FILE, conclude, render_evidence

    files = {**job.package.files, FILE: render_evidence(evidence)}
    out = job.given.out
    if not job.given.check:
        write(out, [Artifact("submit", name, data) for name, data in files.items()])
    packed = () if job.given.check else tuple(str(out / name) for name in files)
    _tell(job, in_order([*job.package.found, *found]), evidence, packed)
    what = "could be packed" if job.given.check else f"packed into {out}"
    click.echo(f"{evidence.rung}: {conclude(evidence)}; {what}", err=True)
    if not job.given.as_json:
        for name in files:
            click.echo(str(out / name) if not job.given.check else name)
    for left in (*evidence.report.footer.left_behind, *evidence.report.footer.may_exist):
        click.echo(f"left on the server: {left}", err=True)
    return 0
