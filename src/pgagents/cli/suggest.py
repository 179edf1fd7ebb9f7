"""`pgagents suggest`: proposes laws that a running server keeps, and prints or writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from pgagents.catalogue.model.model import Model
    from pgagents.report.report import Report
    from pgagents.suggest.session import Suggesting

NOTHING, CUT_OFF = 3, 3


@click.command(
    short_help="Propose laws that a running server keeps.",
    epilog=examples(
        ("laws of the catalogue's API, to paste", "pgagents suggest --url https://staging.example.com"),
        ("into a file", "pgagents suggest --env staging.yaml --out laws.yaml"),
        ("into the catalogue itself", "pgagents suggest --url https://staging.example.com --write"),
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
    "--write",
    is_flag=True,
    help="Write the proposals into the catalogue's file; its other lines and comments stay.",
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
    write: bool,
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

    Prints YAML to paste, each law with its evidence; --write puts it into the catalogue's file. The key comes
    from PGAGENTS_TOKEN, or is asked for. Exit code: 0 laws were proposed, 2 wrong usage, 3 nothing was found
    or the run was cut off.
    """
    if write and out is not None:
        raise click.UsageError("--write and --out both say where the proposals go: give one of them.")
    if store is not None:
        return _propose_cases(catalogue, store, _Destination(out, write=write))
    asked = Asked(openapi, catalogue, description, identity, cacert, seek=not no_calls)
    limits = {"max_time_s": max_time, "max_wait_s": max_wait, "seed": seed, "allow_writes": allow_writes}
    return _propose_laws(asked, _Destination(out, write=write), url, start, allow, limits)


class _Destination:
    """The place of proposals: stdout, a file of their own, or the catalogue's file."""

    def __init__(self, out: Path | None, *, write: bool) -> None:
        """Check `out`. Raises PgagentsError for a file that no suggestion wrote."""
        from pgagents.cli.inputs import report_files

        if out is not None:
            report_files.check_place("--out", out)
            _check_former(out)
        self.out, self.writes = out, write

    def check(self, model: Model) -> None:
        """Raise PgagentsError if the catalogue shall be written and cannot."""
        from pgagents.base.errors import PgagentsError
        from pgagents.base.text import show_path
        from pgagents.cli.inputs import report_files

        if not self.writes:
            return
        file = model.source.file
        if model.source.is_document:
            raise PgagentsError(
                "--write changes a catalogue, and here is only a document",
                f"make a short one over it first: pgagents import {show_path(file)}",
            )
        if not Path(file).is_file():
            raise PgagentsError(f"--write: {file} is not a file here", "name your own catalogue's file")
        report_files.check_place("--write", Path(file))

    def put(self, text: str, model: Model, summary: str, nothing: str) -> None:
        """Print or write the proposals, and describe them as `summary`. `nothing` says why there is none, if
        there is none.
        """
        from pgagents.cli.inputs.files import write_both

        name = model.source.file if self.writes else self.out
        if name is None:
            click.echo(text, nl=False)
        elif nothing:
            click.echo(f"{name} is not written: {nothing}", err=True)
        elif self.out is not None:
            write_both({self.out: text.encode()})
            click.echo(f"{name}: {summary}", err=True)
        else:
            _write_into(Path(name), text)


def _write_into(path: Path, proposals: str) -> None:
    """Write proposals into a catalogue's file, which may have changed since it was loaded.

    Prints each new entry with its line. Raises PgagentsError, after it has printed the proposals, if the file
    would not load with them, or does not load any more.
    """
    from dataclasses import replace

    from pgagents.base.errors import InputError, PgagentsError
    from pgagents.base.reading import parse
    from pgagents.cli.inputs.catalogue import load_opened, load_path
    from pgagents.cli.inputs.files import write_both
    from pgagents.suggest.insertion import PASTE, insert

    try:
        source = load_path(path).source
        inserted = insert(source, proposals)
        try:
            load_opened(replace(parse(inserted.text, source.file), folder=source.folder))
        except InputError as error:
            why = f"{path} would not load with the proposals: {error.diagnostics[0].message}"
            raise PgagentsError(why, PASTE) from None
        write_both({path: inserted.text.encode()})
    except PgagentsError:
        click.echo(proposals, nl=False)
        click.echo(f"{path} is not written; the proposals are printed instead", err=True)
        raise
    for entry in inserted.added:
        click.echo(entry)
    if inserted.known:
        click.echo(f"{path} says {inserted.known} of the proposals already", err=True)


@dataclass(frozen=True, slots=True)
class Asked:
    """The server under test as the command line names it. With `seek`, chosen calls try to break laws."""

    openapi: str | None
    catalogue: Path | None
    description: Path | None
    identity: tuple[str, ...]
    cacert: Path | None
    seek: bool


def _propose_laws(
    asked: Asked,
    destination: _Destination,
    url: str | None,
    start: str | None,
    allow: tuple[str, ...],
    limits: Mapping[str, Any],
) -> int:
    """Mine laws, and print or write them; return the exit code. `limits` are options of the run."""

    def show(companion: Suggesting, report: Report, stopped: bool) -> int:
        return _show(companion, report, destination, stopped=stopped)

    return accompany(asked, url, start, allow, limits, destination.check, show)


def accompany(
    asked: Asked,
    url: str | None,
    start: str | None,
    allow: tuple[str, ...],
    limits: Mapping[str, Any],
    check: Callable[[Model], None],
    show: Callable[[Suggesting, Report, bool], int],
) -> int:
    """Run verify with a companion that mines laws; return the exit code that `show` gives.

    `check` may refuse the catalogue before anything is sent. `show` gets the companion, the report, and True
    if the run was stopped.
    """
    from pgagents.cli.inputs import report_files, server
    from pgagents.cli.inputs.files import keep_out_of_here
    from pgagents.cli.running import run
    from pgagents.cli.running.app import starting
    from pgagents.suggest.session import Suggesting
    from pgagents.verify.plan.options import Options

    keep_out_of_here()
    openapi = asked.openapi
    hidden = server.list_named(asked.identity)
    with starting(start, url, openapi, cacert=asked.cacert, hidden=hidden) as app:
        if app is not None:
            url, openapi = app.url, app.locate(openapi)
        server.check(url, asked.description)
        model = load_api(asked.catalogue, openapi, url=url)
        check(model)
        there = server.target(model, url, asked.cacert, asked.description)
        options = Options(
            workers=None, lanes_by_address=True, allow=verification.actions(there.model, allow), **limits
        )
        secrets = server.command_secrets(there.model, there.env.commands, asked.identity)
        keys = server.keys(there.model, asked.identity, there.env.identities, ask=True, secrets=secrets)
        companion = Suggesting.of(there.model, seed=options.seed, seek=asked.seek)
        return run.run(
            there,
            keys,
            options,
            report_files.Output(),
            run.Aids(secrets, companion=companion, app=app),
            show=lambda report, stopped: show(companion, report, stopped),
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


def _propose_cases(catalogue: Path | None, store: str, destination: _Destination) -> int:
    from pgagents.base.errors import PgagentsError
    from pgagents.base.registry import collect
    from pgagents.base.text import did_you_mean
    from pgagents.base.writing import to_yaml
    from pgagents.catalogue.checks.listings import STORES
    from pgagents.suggest.cases import propose_cases
    from pgagents.suggest.writing import CASES

    stores = sorted(collect(STORES))
    if store not in stores:
        help = did_you_mean(store, stores) or f"it is one of {', '.join(stores)}"
        raise PgagentsError(f"`{store}` is not a store that takes plugins", help)
    model = load_api(catalogue, None)
    destination.check(model)
    if "mcp" not in model.surfaces:
        raise PgagentsError("test cases call the tools of an MCP server", "add `surfaces.mcp`")
    found = propose_cases(model)
    count = len(found["positive"]) + len(found["negative"])
    head = f"# {count} {CASES}; write each prompt in your own words, then remove `draft`\n"
    text = head + to_yaml({"surfaces": {store: {"cases": found}}}).decode()
    nothing = "" if count else "no test case is proposed"
    destination.put(text, model, f"{count} test cases", nothing)
    return 0 if count else NOTHING


def _show(companion: Suggesting, report: Report, destination: _Destination, *, stopped: bool) -> int:
    """Print or write the laws, and describe the run. Return the exit code."""
    text = companion.write()
    summary = text.partition("\n")[0].removeprefix("# ")
    nothing = "" if companion.readings else "no law was found"
    destination.put(text, companion.model, summary, nothing)
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
