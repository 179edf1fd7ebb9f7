"""Open a catalogue: a whole one, or a short one over an OpenAPI document, which is read each time.

Every command opens catalogues here, so that it never matters to a command which kind it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pgagents.base.errors import Diagnostic
    from pgagents.base.places import Source
    from pgagents.catalogue.model.model import Model


EXAMPLE = "park-graph"
"""The name of the shipped example catalogue, which is accepted in place of a file."""
NO_CATALOGUE = (
    f"name its file, go to its folder, or begin one with `pgagents init`; `{EXAMPLE}` names the example "
    "that comes with pgagents"
)


def load(catalogue: Path | None, *, else_example: bool = False) -> Model:
    """Load the given catalogue; else the only one in ./catalogue, else ./pgagents.yaml.

    A name such as `park-graph` means a shipped catalogue. If no file is found, `else_example` chooses Park
    Graph's.

    Raises PgagentsError if none is found, so that a wrong working directory is never mistaken for a good
    catalogue. Raises InputError for a catalogue with errors, such as a surface that nothing knows.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.catalogue.load import find_catalogue, find_example
    from pgagents.lint.run import check_surfaces

    if (own := find_catalogue(catalogue, load_path)) is not None:
        return check_surfaces(own)
    found = find_example(EXAMPLE) if else_example else None
    if found is None:
        raise PgagentsError(
            f"no catalogue here: {Path.cwd()} has neither catalogue/*.yaml nor pgagents.yaml", NO_CATALOGUE
        )
    click.echo(
        f"no catalogue here, so this is the example `{EXAMPLE}` (`pgagents init` makes your own)", err=True
    )
    return found


def refuse_unpinned(model: Model, command: str) -> None:
    """Raise PgagentsError if the catalogue lies over a document from a URL without its hash.

    The things that `command` gives away would change with the document, without anybody's look at the
    change.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.importer.overlay.source import OverlaySource

    source = model.source
    if isinstance(source, OverlaySource) and source.is_unpinned:
        raise PgagentsError(
            f"`{command}` takes a document from a URL only with its hash: else its tools change unseen",
            f"write `openapi: {{document: URL, sha256: {source.digest}}}` in {source.file}, or keep a copy",
        )


def find_left_out(model: Model) -> Mapping[str, str]:
    """Return the surfaces that a short catalogue has not although its author says nothing of them, each with
    the reason.
    """
    from pgagents.importer.overlay.source import OverlaySource

    return model.source.without if isinstance(model.source, OverlaySource) else {}


def load_path(path: Path, name: str | None = None) -> Model:
    """Load a catalogue's file, and the document that it lies over. `name` is its name in messages.

    Raises InputError with all diagnostics, or PgagentsError if a file cannot be read.
    """
    return load_opened(read_path(path, name))


def read_path(path: Path, name: str | None = None) -> Source:
    """Read a catalogue's file without its document. Raises PgagentsError if it cannot be read."""
    from pgagents.base.errors import PgagentsError
    from pgagents.base.reading import read

    try:
        return read(path, name=name)
    except OSError as error:
        raise PgagentsError(
            f"cannot read the catalogue {name or path}: {error.strerror}", "give the path of a YAML file"
        ) from None


def load_opened(
    source: Source,
    fetch: Callable[[str], bytes] | None = None,
    misfits: list[Diagnostic] | None = None,
) -> Model:
    """Load a catalogue that was read, and the document that it lies over.

    `fetch` returns the content of a path or URL; the default reads files and sends requests. With `misfits`,
    lines that fit nothing in the document are added there, and count as if they were not written. Raises
    InputError with all diagnostics, or PgagentsError if the document cannot be read or converted.
    """
    from pgagents.catalogue.load import load_source
    from pgagents.importer.overlay.options import is_overlay

    if not is_overlay(source.data):
        return load_source(source)
    from pgagents.cli.inputs.files import MAX_SECONDS, within
    from pgagents.cli.inputs.files import fetch as fetch_any
    from pgagents.importer.overlay.load import load_overlay

    message = f"{source.file} takes longer than {MAX_SECONDS:g} s to load; that is the most allowed"
    with within(MAX_SECONDS, message, "choose a part of its document: `openapi: {document: …, tags: […]}`"):
        return load_overlay(source, fetch or fetch_any, misfits)
