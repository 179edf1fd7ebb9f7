"""`pgagents import`: makes a short catalogue over a document, or a whole one of it or of another source."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from pgagents.cli.inputs.options import AUTH_HELP, BASE_PATH_HELP, examples, pass_env_option, serving_option

if TYPE_CHECKING:
    from pgagents.importer.catalogue import Choice, Imported

SHOWN = 40


@click.command(
    "import",
    short_help="Make a catalogue over an OpenAPI document, or of an MCP server.",
    epilog=examples(
        ("pgagents.yaml, a short catalogue over your own document", "pgagents import openapi.json"),
        (
            "over a part of a large one",
            "pgagents import openapi.json --tag orders --include 'GET /products*' --max 30",
        ),
        ("does it still fit the document?", "pgagents import"),
        ("fetch the copy of a document anew", "pgagents import --refresh"),
        ("what was concluded about a resource becomes your word", "pgagents import --settle note"),
        (
            "the whole catalogue in one file, independent of the document",
            "pgagents import openapi.json --full",
        ),
        (
            "over the document that an app serves",
            "pgagents import /openapi.json --start 'uvicorn app:app --port {port}'",
        ),
        ("the tools of a running MCP server", "pgagents import --mcp 'uvx mcp-server-time'"),
        ("look before anything is written", "pgagents import openapi.json --out -"),
    ),
)
@click.argument("document", metavar="[OPENAPI]", required=False)
@serving_option
@click.option(
    "--mcp",
    metavar="CMD|URL",
    help="Import the tools of an MCP server, which CMD starts, or at URL; its token: PGAGENTS_MCP_TOKEN.",
)
@pass_env_option
@click.option(
    "--out",
    metavar="FILE",
    help="The catalogue to write, - for stdout. Default: pgagents.yaml; of a whole one catalogue/ID.yaml.",
)
@click.option("--full", is_flag=True, help="Write a whole catalogue, which does not read OPENAPI again.")
@click.option(
    "--settle",
    multiple=True,
    metavar="RESOURCE",
    help="Write out the calls that were concluded about a resource, as your word. Repeatable.",
)
@click.option("--refresh", is_flag=True, help="Fetch the copy of the document anew; say what changed.")
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
    out: str | None,
    full: bool,
    settle: tuple[str, ...],
    refresh: bool,
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
    """Make a catalogue over OPENAPI: a file or a URL, OpenAPI 3.0 or 3.1 or Swagger 2.0, JSON or YAML.

    It is short: it names the document, which every command reads anew, and has only what the document lacks.
    Questions are comments with the lines that answer them. A document at a URL is copied beside it. Where the
    file is there already, nothing is written, and each line that no longer fits the document is named.

    With --full the whole document becomes a catalogue; losses and open decisions are comments `# TODO`. With
    --mcp the actions are the tools of a running MCP server; none of them is called. That makes a
    whole catalogue, too.
    """
    from pgagents.cli.inputs import short_file
    from pgagents.cli.running.app import starting
    from pgagents.importer.catalogue import Choice

    wish = _Wish(
        document, out, Choice(include, tags, most, auth, base_path, reads, acts), allow_remote, force
    )
    whole = full or mcp is not None
    if wish.path.is_dir():
        _stop(f"--out {out} is a folder", "name a file, catalogue/NAME.yaml")
    alone = [flag for flag, value in (("--settle", settle), ("--refresh", refresh)) if value]
    if len(alone) > 1 or (alone and (whole or wish.choice != Choice())):
        raise click.UsageError(f"{alone[0]} goes alone: leave out the options of a new import.")
    if settle:
        return short_file.settle(wish.path, settle)
    if start is not None and document is None:
        raise click.UsageError(
            "--start is for the OPENAPI document that the app serves, such as /openapi.json."
        )
    with starting(start, None, document) as app:
        if app is not None:
            wish = replace(wish, document=app.locate(document), is_started=True)
        if refresh:
            return short_file.refresh(wish.path, wish.document)
        return _import_whole(wish, mcp) if whole else _import_short(wish)


@dataclass(frozen=True, slots=True)
class _Wish:
    """A document, the parts of it to import, and the file to write, as the command line names them.

    `is_started` says that an app was started which serves the document.
    """

    document: str | None
    out: str | None
    choice: Choice
    allow_remote: bool
    force: bool
    is_started: bool = False

    @property
    def path(self) -> Path:
        """The short catalogue."""
        from pgagents.cli.inputs.short_file import DEFAULT

        return Path(self.out) if self.out not in (None, "-") else DEFAULT


def _import_short(wish: _Wish) -> int:
    """Write or print a short catalogue; say whether one that is there already fits its document."""
    from pgagents.cli.inputs import short_file
    from pgagents.importer.catalogue import Choice

    path, document = wish.path, wish.document
    stays = path.exists() and not wish.force
    if document is None and not (path.exists() and wish.choice == Choice()):
        raise click.UsageError("Give OPENAPI, or --mcp CMD|URL.")
    if wish.out == "-" and document is not None:
        return short_file.print_new(document, wish.choice, allow_remote=wish.allow_remote)
    if stays and wish.is_started:
        return short_file.refresh(path, document)
    if stays and wish.choice != Choice():
        _stop(f"{path} is there already", "write its options into the line `openapi:`, or use --force")
    if stays:
        return short_file.check(path, document)
    return short_file.write_new(
        path, str(document), wish.choice, allow_remote=wish.allow_remote, passing=wish.is_started
    )


def _import_whole(wish: _Wish, mcp: str | None) -> int:
    """Write or print a whole catalogue of the source that the command line names.

    Raises UsageError unless it names exactly one.
    """
    from pgagents.cli.inputs.document import import_document
    from pgagents.importer.catalogue import Choice

    if (wish.document is None) == (mcp is None):
        raise click.UsageError("Give OPENAPI, or --mcp CMD|URL.")
    if wish.out not in (None, "-"):
        _refuse_overwriting(Path(str(wish.out)), force=wish.force)  # before the import, which may take long
    if mcp is not None:
        from pgagents.cli.inputs.tools import import_server

        if wish.choice != Choice() or wish.allow_remote:
            raise click.UsageError(
                "--mcp imports all tools: leave out --include, --tag, --max, --reads, --acts, --auth."
            )
        made = import_server(mcp)
    else:
        made = import_document(str(wish.document), wish.choice, allow_remote=wish.allow_remote)
    return _write_whole(made, wish.out, force=wish.force)


def _stop(message: str, help: str) -> NoReturn:
    from pgagents.base.errors import PgagentsError

    raise PgagentsError(message, help)


def _refuse_overwriting(path: Path, *, force: bool) -> None:
    if path.exists() and not force:
        _stop(f"{path} is there already", "name another file with --out, or overwrite it with --force")


def _write_whole(made: Imported, out: str | None, *, force: bool) -> int:
    from pgagents.cli.inputs.files import write_both

    if out == "-":
        click.echo(made.text, nl=False)
        click.echo(_summary(made, "the catalogue"), err=True)
        return 0
    path = Path("catalogue") / f"{made.model.api.id}.yaml" if out is None else Path(out)
    _refuse_overwriting(path, force=force)
    write_both({path: made.text.encode()})
    click.echo(_summary(made, str(path)))
    return 0


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
