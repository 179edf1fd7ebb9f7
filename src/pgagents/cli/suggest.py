"""`pgagents suggest`: proposes laws that a running server keeps, after trying to break them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs import verification
from pgagents.cli.inputs.document import load_api
from pgagents.cli.inputs.options import (
    allow_option,
    allow_writes_option,
    cacert_option,
    catalogue_argument,
    env_option,
    examples,
    identity_option,
    max_time_option,
    max_wait_option,
    seed_option,
    start_option,
)

if TYPE_CHECKING:
    from pgagents.report.report import Report
    from pgagents.suggest.session import Suggesting

NOTHING, CUT_OFF = 3, 3


@click.command(
    short_help="Propose laws that a running server keeps.",
    epilog=examples(
        ("laws of the catalogue's API, to paste", "pgagents suggest --url https://staging.example.com"),
        ("into a file", "pgagents suggest --env staging.yaml --out laws.yaml"),
        (
            "of an OpenAPI document, without a catalogue",
            "pgagents suggest --openapi openapi.json --url http://127.0.0.1:8000",
        ),
        (
            "the same, and start the app for it",
            "pgagents suggest --openapi /openapi.json --start 'uvicorn app:app --port {port}'",
        ),
        ("test cases of a plugin", "pgagents suggest --cases openai"),
    ),
)
@click.option("--url", metavar="URL", help="The server, such as https://staging.example.com.")
@start_option
@click.option(
    "--cases",
    "store",
    metavar="STORE",
    help="Propose test cases for this store instead, such as openai, and send nothing.",
)
@click.option(
    "--openapi",
    metavar="FILE|URL",
    help="Use this OpenAPI or Swagger document, without a catalogue.",
)
@catalogue_argument
@env_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the laws there. Of files that are there already, only earlier suggestions are replaced.",
)
@click.option(
    "--no-calls",
    is_flag=True,
    help="Send only what verify sends: no calls that try to break what was found.",
)
@max_time_option
@max_wait_option
@seed_option
@identity_option
@cacert_option
@allow_writes_option
@allow_option
def command(
    url: str | None,
    start: str | None,
    store: str | None,
    openapi: str | None,
    catalogue: Path | None,
    description: Path | None,
    out: Path | None,
    no_calls: bool,
    max_time: float | None,
    max_wait: float,
    seed: int,
    identity: tuple[str, ...],
    cacert: Path | None,
    allow_writes: bool,
    allow: tuple[str, ...],
) -> int:
    """Propose laws for the CATALOGUE: what held in every answer of a run of verify, and could not be broken.

    Prints YAML to paste, each law with its evidence. The key comes from PGAGENTS_TOKEN, or is asked for. Exit
    code: 0 laws were proposed, 2 wrong usage, 3 nothing was found or the run was cut off.
    """
    from pgagents.cli.inputs import report_files

    if out is not None:
        report_files.check_place("--out", out)
        _check_former(out)
    if store is not None:
        return _propose_cases(catalogue, store, out)
    from pgagents.cli.inputs import server
    from pgagents.cli.inputs.files import keep_out_of_here
    from pgagents.cli.running import run
    from pgagents.cli.running.app import starting
    from pgagents.suggest.session import Suggesting
    from pgagents.verify.plan.options import Options

    keep_out_of_here()
    hidden = server.list_named(identity)
    with starting(start, url, openapi, cacert=cacert, hidden=hidden) as app:
        if app is not None:
            url, openapi = app.url, app.locate(openapi)
        server.check(url, None, description)
        there = server.target(load_api(catalogue, openapi, url=url), url, None, cacert, description)
        options = Options(
            max_time_s=max_time,
            workers=None,
            max_wait_s=max_wait,
            seed=seed,
            allow_writes=allow_writes,
            allow=verification.actions(there.model, allow),
        )
        secrets = server.command_secrets(there.model, there.env.commands, identity)
        keys = server.keys(there.model, identity, there.env.identities, ask=True, secrets=secrets)
        companion = Suggesting.of(there.model, seed=seed, seek=not no_calls)
        return run.run(
            there,
            keys,
            options,
            report_files.Output(),
            run.Aids(secrets, companion=companion, app=app),
            show=lambda report, stopped: _show(companion, report, out, stopped=stopped),
        )


def _check_former(out: Path) -> None:
    """Raise PgagentsError for a file that no suggestion wrote, such as the catalogue, a document or keys."""
    from pgagents.base.errors import PgagentsError
    from pgagents.suggest.writing import is_suggestion

    if out.exists() and not (out.is_file() and is_suggestion(out.read_bytes()[:100])):
        raise PgagentsError(
            f"--out {out}: the file is there already, and `pgagents suggest` did not write it",
            "name another file",
        )


def _propose_cases(catalogue: Path | None, store: str, out: Path | None) -> int:
    """Print proposed test cases, or write them into a file; return the exit code."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.registry import collect
    from pgagents.base.text import did_you_mean
    from pgagents.base.writing import to_yaml
    from pgagents.catalogue.checks.listings import STORES
    from pgagents.cli.inputs.files import write_both
    from pgagents.suggest.cases import propose_cases
    from pgagents.suggest.writing import CASES

    stores = sorted(collect(STORES))
    if store not in stores:
        help = did_you_mean(store, stores) or f"it is one of {', '.join(stores)}"
        raise PgagentsError(f"`{store}` is no store that takes plugins", help)
    model = load_api(catalogue, None)
    if "mcp" not in model.surfaces:
        raise PgagentsError("test cases call the tools of an MCP server", "add `surfaces.mcp`")
    found = propose_cases(model)
    count = len(found["positive"]) + len(found["negative"])
    head = f"# {count} {CASES}; write each prompt in your own words, then remove `draft`\n"
    text = head + to_yaml({"surfaces": {store: {"cases": found}}}).decode()
    if out is not None and not count:
        click.echo(f"{out} is not written: no test case is proposed", err=True)
    elif out is not None:
        write_both({out: text.encode()})
        click.echo(f"{out}: {count} test cases", err=True)
    else:
        click.echo(text, nl=False)
    return 0 if count else NOTHING


def _show(companion: Suggesting, report: Report, out: Path | None, *, stopped: bool) -> int:
    """Print the laws or write them into a file, and describe the run. Return the exit code."""
    from pgagents.cli.inputs.files import write_both

    text = companion.write()
    if out is not None and not companion.readings:
        click.echo(f"{out} is not written: no law was found", err=True)
    elif out is not None:
        write_both({out: text.encode()})
        click.echo(f"{out}: {text.partition(chr(10))[0].removeprefix('# ')}", err=True)
    else:
        click.echo(text, nl=False)
    if broken := len(report.findings):
        click.echo(
            f"verify found {broken} wrong on the way: `pgagents verify` shows what. "
            "A law that a bug breaks is not proposed.",
            err=True,
        )
    footer = report.footer
    for behind in (*footer.left_behind, *footer.may_exist, *footer.lasting):
        click.echo(f"left on the server: {behind}", err=True)
    if stopped or not footer.complete:
        click.echo(f"the run was cut off: {' '.join(footer.notes[:1]) or 'interrupted'}", err=True)
        return CUT_OFF
    if not companion.samples.count:
        click.echo("no answer could be used: `pgagents verify` shows why", err=True)
        return NOTHING
    if not companion.readings:
        click.echo(f"nothing was found: {_find_next_step(companion)}", err=True)
        return NOTHING
    return 0


def _find_next_step(companion: Suggesting) -> str:
    """Return advice for a further run that would show more, the most promising first."""
    called = companion.samples.by_action.keys()
    writes = [str(a.name) for a in companion.model.actions if a.effect == "write"]
    answers = companion.samples.count
    if writes and not called & {*writes}:
        return (
            f"no write was sent or none succeeded, so {answers} answers hardly vary; "
            "give a test key or --allow-writes"
        )
    if unseen := [str(a.name) for a in companion.model.actions if str(a.name) not in called]:
        return (
            f"{len(unseen)} of {len(companion.model.actions)} actions had no success, such as {unseen[0]}; "
            f"give their examples valid arguments, and look at `pgagents verify --only valid_calls/`"
        )
    return (
        f"{answers} answers hardly vary; put objects that differ on the server, or declare enums and the "
        "resources that actions make and read"
    )
