"""`pgagents trace`: shows which line of the catalogue a member of a generated file comes from."""

from __future__ import annotations

from pathlib import Path

import click

from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.options import catalogue_argument, examples


@click.command(
    short_help="Show the catalogue's line behind a member of a generated file.",
    epilog=examples(
        (
            "why Gemini's first function has its name",
            "pgagents trace 'generated/gemini/functions.json#/functionDeclarations/0/name'",
        ),
        (
            "a path holds slashes: each is written ~1",
            "pgagents trace 'generated/openapi/openapi.yaml#/paths/~1api~1v1~1lots~1search/get'",
        ),
    ),
)
@click.argument("member", metavar="FILE#/POINTER")
@catalogue_argument
@click.option(
    "--templates",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    metavar="DIR",
    help="Templates that replace ours.",
)
def command(member: str, catalogue: Path | None, templates: Path | None) -> int:
    """Show the catalogue's line behind a member of a generated file.

    The pointer is a JSON Pointer, also for YAML files.
    """
    from pgagents.base.errors import Diagnostic, PgagentsError, show
    from pgagents.generate.build import document, origin, read_pointer

    file, slash, written = member.partition("#/")
    file, written = (file, f"/{written}") if slash else member.partition("#")[::2]
    model = load(catalogue)
    rendered = document(model, file, templates=templates)
    if rendered.data is None:
        raise PgagentsError(f"{file} is text, it has no members", "name a .json or .yaml file")
    pointer = read_pointer(written, rendered.data)
    found = origin(rendered, pointer, model)
    span = model.source.locate(found)
    place = ".".join(str(step) for step in found) or "the catalogue as a whole"
    click.echo(
        show(
            Diagnostic(span, rendered.made.id, "note", f"{written or 'the document'} comes from {place}"),
            model.source,
        )
    )
    return 0
