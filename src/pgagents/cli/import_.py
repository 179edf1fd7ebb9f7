"""`pgagents import`: makes a catalogue from an OpenAPI or Swagger document, and merges later editions into
it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pgagents.cli.inputs.options import AUTH_HELP, BASE_PATH_HELP, examples, pass_env_option, start_option

if TYPE_CHECKING:
    from pgagents.base.places import Source
    from pgagents.importer.catalogue import Choice, Imported
    from pgagents.importer.merge import Update

SHOWN = 40


@dataclass(frozen=True, slots=True)
class Origin:
    """The document or server that a catalogue is made from. `name` is stored beside the catalogue."""

    name: str
    make: Callable[[Choice], Imported]


@click.command(
    "import",
    short_help="Make a catalogue from an OpenAPI document, an MCP server or recorded traffic.",
    epilog=examples(
        ("a catalogue of a whole document", "pgagents import openapi.json"),
        (
            "a part of a large one",
            "pgagents import openapi.json --tag orders --include 'GET /products*' --max 30",
        ),
        (
            "the document's next edition: your edits stay",
            "pgagents import openapi.json --out catalogue/shop.yaml",
        ),
        (
            "the document that an app serves",
            "pgagents import /openapi.json --start 'uvicorn app:app --port {port}'",
        ),
        ("the tools of a running MCP server", "pgagents import --mcp 'uvx mcp-server-time'"),
        ("the API that recorded traffic shows", "pgagents import --har traffic.har"),
        ("look before anything is written", "pgagents import openapi.json --out -"),
    ),
)
@click.argument("document", metavar="[OPENAPI]", required=False)
@start_option
@click.option(
    "--mcp",
    metavar="CMD|URL",
    help="Import the tools of an MCP server, which CMD starts, or at URL; its token: PGAGENTS_MCP_TOKEN.",
)
@pass_env_option
@click.option(
    "--har",
    metavar="FILE",
    help="Import the API that recorded traffic shows: a HAR, as browsers and proxies save it.",
)
@click.option(
    "--out", metavar="FILE", help="The catalogue to write, - for stdout. Default: catalogue/ID.yaml."
)
@click.option(
    "--include",
    multiple=True,
    metavar="OP",
    help="Only this operation: its operationId, path, or 'GET /path'; * is anything. Repeatable.",
)
@click.option(
    "--tag", "tags", multiple=True, metavar="TAG", help="Only operations with this tag. Repeatable."
)
@click.option(
    "--max", "most", type=click.IntRange(min=1), metavar="N", help="At most the first N operations."
)
@click.option(
    "--reads",
    multiple=True,
    metavar="OP",
    help="This POST or GET only reads: operationId, path, or 'POST /*/filter'; * is anything. Repeatable.",
)
@click.option(
    "--acts",
    multiple=True,
    metavar="OP",
    help="This GET acts, so it is a write: operationId, path, or 'GET /*/start'; * is anything. Repeatable.",
)
@click.option("--auth", default="", metavar="SCHEME", help=AUTH_HELP)
@click.option("--base-path", default="", metavar="PATH", help=BASE_PATH_HELP)
@click.option("--allow-remote", is_flag=True, help="Follow references to other hosts and folders.")
@click.option("--force", is_flag=True, help="Overwrite the file; manual edits are lost.")
def command(
    document: str | None,
    start: str | None,
    mcp: str | None,
    har: str | None,
    out: str | None,
    include: tuple[str, ...],
    tags: tuple[str, ...],
    most: int | None,
    reads: tuple[str, ...],
    acts: tuple[str, ...],
    auth: str,
    base_path: str,
    allow_remote: bool,
    force: bool,
) -> int:
    """Make a catalogue from OPENAPI: a file or a URL, OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML.

    Losses and open decisions are comments `# TODO` at their lines. A kind of key that a catalogue cannot
    express yet is copied from the document; build, lint and verify stop there.

    With --mcp the actions are the tools of a running MCP server; none of them is called. With --har they are
    the calls of a recording; no value of it is taken over.

    An existing catalogue is merged into: changes of the document are applied, your own edits stay.
    """
    from pgagents.cli.running.app import starting
    from pgagents.importer.catalogue import Choice

    chosen = Choice(include, tags, most, auth, base_path, reads, acts)
    _check_one(document, mcp, har, start)
    with starting(start, None, document) as app:
        located = app.locate(document) if app is not None else document
        origin = _find_origin(located, mcp, har, chosen, allow_remote=allow_remote)
        if app is not None and app.served:
            origin = replace(origin, name=app.served)
        return _import(origin, chosen, out, force=force)


def _import(origin: Origin, chosen: Choice, out: str | None, *, force: bool) -> int:
    """Write the catalogue, or merge into the one that is there. Return the exit code."""
    if out == "-":
        made = origin.make(chosen)
        click.echo(made.text, nl=False)
        click.echo(_summary(made, "the catalogue"), err=True)
        return 0
    if out is None:
        made = origin.make(chosen)
        path = Path("catalogue") / f"{made.model.api.id}.yaml"
        if not path.exists() or force:
            return _write_new(path, made, chosen, origin.name)
    else:
        path = Path(out)
        if path.is_dir():
            _stop(f"--out {out} is a folder", "name a file, catalogue/NAME.yaml")
        if not path.exists() or force:
            return _write_new(path, origin.make(chosen), chosen, origin.name)
    return _merge(path, origin, chosen)


def _check_one(document: str | None, mcp: str | None, har: str | None, start: str | None) -> None:
    """Raise UsageError unless the command line names exactly one source."""
    if [document, mcp, har].count(None) != 2:
        raise click.UsageError("Give one of OPENAPI, --mcp CMD|URL and --har FILE.")
    if start is not None and document is None:
        raise click.UsageError(
            "--start is for the OPENAPI document that the app serves, such as /openapi.json."
        )


def _find_origin(
    document: str | None, mcp: str | None, har: str | None, choice: Choice, *, allow_remote: bool
) -> Origin:
    """Return the source that the command line names. Raises UsageError for options that it has no use for."""
    from pgagents.importer.catalogue import Choice

    if mcp is not None:
        from pgagents.cli.inputs.tools import import_server

        if choice != Choice() or allow_remote:
            raise click.UsageError(
                "--mcp imports all tools: leave out --include, --tag, --max, --reads, --acts, --auth."
            )
        return Origin("an MCP server", lambda _: import_server(mcp))
    if har is not None:
        from pgagents.cli.inputs.document import import_recording

        return Origin(har, lambda chosen: import_recording(har, chosen))
    from pgagents.cli.inputs.document import import_document

    named = str(document)
    return Origin(named, lambda chosen: import_document(named, chosen, allow_remote=allow_remote))


def _stop(message: str, help: str) -> NoReturn:
    from pgagents.base.errors import PgagentsError

    raise PgagentsError(message, help)


def _write_new(path: Path, made: Imported, choice: Choice, document: str) -> int:
    from pgagents.cli.inputs.files import write_both
    from pgagents.importer import merge

    kept = merge.path_of(path)
    write_both({path: made.text.encode(), kept: merge.encode_record(made.data, choice, document)})
    click.echo(_summary(made, str(path)))
    click.echo(
        f"{kept}: what this import gave; keep it beside the catalogue, and a later import merges instead "
        "of overwriting"
    )
    return 0


def _merge(path: Path, origin: Origin, choice: Choice) -> int:
    """Merge into the existing file. Nothing is written if the result does not load."""
    from pgagents.base.errors import InputError
    from pgagents.base.reading import parse, read
    from pgagents.catalogue.load import load
    from pgagents.cli.inputs.files import write_both
    from pgagents.importer import merge
    from pgagents.importer.catalogue import Choice
    from pgagents.importer.merge import update

    kept = merge.path_of(path)
    if not kept.is_file():
        _stop(
            f"{path} is there already, and no import made it ({kept.name} is not beside it)",
            "name another file with --out, or overwrite it with --force",
        )
    base, before = merge.read(kept.read_bytes(), str(kept))
    source = read(path)
    if source.problems or not isinstance(source.data, dict):
        raise InputError(load(source)[1], source)
    choice = before if choice == Choice() else choice
    made = origin.make(choice)
    done = update(source, base, made)
    merged = parse(done.text, str(path))
    model, found = load(merged, any_key=True)
    if model is None:
        click.echo(f"nothing is written: with the document's changes {path} would not load", err=True)
        raise InputError(found, merged)
    write_both({path: done.text.encode(), kept: merge.encode_record(made.data, choice, origin.name)})
    _report_merge(path, merged, done, made)
    return 0


def _report_merge(path: Path, merged: Source, done: Update, made: Imported) -> None:
    """Print the edits that a merge took over, its conflicts, and what of the document it lacks."""
    from pgagents.catalogue.checks.security import find_unsupported_key

    edits, conflicts = done.edits, done.conflicts
    for edit in edits[:SHOWN]:
        click.echo(f"  taken over  {'.'.join(map(str, edit.at))}")
    if len(edits) > SHOWN:
        click.echo(f"  … and {len(edits) - SHOWN} more")
    for conflict in conflicts:
        click.echo(f"  conflict    {'.'.join(map(str, conflict.at))}: {conflict.message}")
    for stop in find_unsupported_key(merged):
        click.echo(f"  blocked     {stop.span}: {stop.message}: build, lint and verify stop there")
    taken = f"{_count(len(edits), 'change')} taken over, {_count(len(conflicts), 'conflict')}"
    click.echo(
        f"{path}: {taken if edits or conflicts else 'nothing to take over'}; of the document "
        f"{_describe_notes(made)}"
    )


def _summary(made: Imported, name: str) -> str:
    """Describe an import: how much was imported, the first notes with their lines, and counts by kind."""
    places = [
        (number, line.strip()[7:])
        for number, line in enumerate(made.text.splitlines(), 1)
        if line.lstrip().startswith("# TODO ")
    ]
    places.sort(
        key=lambda place: not place[1].startswith("blocked")
    )  # notes that stop every build come first
    lines = [f"  {name}:{number}: {said}" for number, said in places[:SHOWN]]
    if len(places) > SHOWN:
        lines.append(f"  … and {len(places) - SHOWN} more: each is a comment `# TODO` at its line")
    return "\n".join([f"{name}: {_describe_contents(made)}", *lines, *_surfaces(made), _describe_notes(made)])


def _surfaces(made: Imported) -> list[str]:
    """Describe the catalogue's surfaces, and those that were left out, with the reasons."""
    offered = ", ".join(made.data["surfaces"])
    return [
        f"  surfaces: {offered}",
        *([f"  agents are offered {made.chosen}"] if made.chosen else []),
        *(f"  not on `{surface}`: {why}" for surface, why in made.without.items()),
    ]


def _describe_contents(made: Imported) -> str:
    actions = _count(len(made.data["actions"]), "action")
    return (
        f"{actions} of {_count(made.operations, 'operation')}, {_count(len(made.data['schemas']), 'schema')}"
    )


def _describe_notes(made: Imported) -> str:
    number = Counter(note.kind for note in made.notes)
    said = [
        f"{_count(made.left_out, 'operation')} left out",
        f"{_count(number['lost'], 'constraint')} lost",
        f"{number['decide']} to decide",
    ]
    if number["blocked"]:
        said.append(
            f"{number['blocked']} {'stops' if number['blocked'] == 1 else 'stop'} build, lint and verify "
            "until it is changed"
        )
    return ", ".join(said)


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
