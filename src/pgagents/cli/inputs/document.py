"""Load OpenAPI documents from a path or URL, in bounded time: for an import, or as the catalogue of a run."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.cli.inputs.options import load
from pgagents.text.brief import show_path
from pgagents.text.web_address import hide_secrets

if TYPE_CHECKING:
    from pgagents.importer.catalogue import Choice, Imported
    from pgagents.model.model import Model

MAX_SECONDS = 60.0


def import_document(
    document: str, choice: Choice, *, allow_remote: bool, raw: bytes | None = None
) -> Imported:
    """Return the catalogue made from a document, whose bytes may be given. Raises InputError and
    PgagentsError.
    """
    from pgagents.cli.inputs.fetch import fetch
    from pgagents.cli.inputs.time_limit import within
    from pgagents.importer.catalogue import catalogue
    from pgagents.importer.reading.document import read
    from pgagents.importer.reading.references import References, is_url

    name = name_of(document)
    raw = fetch(document) if raw is None else raw
    location = document if is_url(document) else str(Path(document).resolve())
    message = f"{name} takes longer than {MAX_SECONDS:g} s to import; that is the most allowed"
    with within(MAX_SECONDS, message, "import a part of it: --tag, --include, --max"):
        first = read(raw, location, name)
        return catalogue(References(first, fetch, allowed=allow_remote), choice)


def name_of(document: str) -> str:
    """Return the last part of a path or URL, which messages use as the document's name.

    The catalogue and reports repeat it, so it has no secrets of the URL.
    """
    shown = show_path(hide_secrets(document))
    return shown.rstrip("/").rpartition("/")[2] or shown


def load_document(document: str, choice: Choice, url: str = "") -> Model:
    """Return the model of a document, whose places are lines of the document.

    `choice` has what the caller says of the document. The key goes to the document's address too if that is
    at the origin of `url`. Raises InputError and PgagentsError.
    """
    from pgagents.cli.inputs.keyed_document import fetch_document
    from pgagents.importer.inference.gains import list_gains
    from pgagents.importer.places import open_source

    raw, fetched = fetch_document(document, choice, url)
    made = import_document(document, choice, allow_remote=False, raw=raw)
    source = open_source(
        made.document, name_of(document), made.model.source.data, made.places, made.schemes, made.bases
    )
    source.gains = (*list_gains(made.data), _show_import(document, choice))
    source.names = made.names
    source.fetched = fetched
    return replace(made.model, source=source, withheld=made.withheld)


def load_api(
    catalogue: Path | None,
    openapi: str | None,
    auth: str | None = None,
    base_path: str | None = None,
    *,
    reads: tuple[str, ...] = (),
    acts: tuple[str, ...] = (),
    url: str | None = None,
) -> Model:
    """Return the model of a catalogue's file, or of an OpenAPI document. Either argument may name the
    document.

    `auth`, `base_path`, `reads` and `acts` are options for a document, `url` is the server's address. Raises
    UsageError if the options contradict each other, InputError and PgagentsError for a file that cannot be
    read.
    """
    if openapi is not None and catalogue is not None:
        raise click.UsageError(f"{catalogue} and --openapi both say what the API is: give one of them.")
    if openapi is None and catalogue is not None and is_document(catalogue):
        openapi = str(catalogue)
    if openapi is not None:
        from pgagents.importer.catalogue import Choice

        choice = Choice(auth=auth or "", base=base_path or "", reads=reads, acts=acts)
        return load_document(openapi, choice, url or "")
    if auth is not None:
        raise click.UsageError("--auth is for an OpenAPI document; a catalogue says it under `auth.schemes`.")
    if base_path is not None:
        raise click.UsageError("--base-path is for an OpenAPI document; a catalogue's paths have it.")
    for flag, given, effect in (("--reads", reads, "read"), ("--acts", acts, "write")):
        if given:
            says = f"a catalogue says it at the action: `effect: {effect}`"
            raise click.UsageError(f"{flag} is for an OpenAPI document; {says}.")
    return load(catalogue)


def _show_import(document: str, choice: Choice) -> str:
    """Return the command that writes the catalogue of a document."""
    given = [("--auth", choice.auth), ("--base-path", choice.base)]
    given += [("--reads", one) for one in choice.reads] + [("--acts", one) for one in choice.acts]
    more = [word for flag, value in given if value for word in (flag, value)]
    return shlex.join(
        ["pgagents", "import", show_path(hide_secrets(document)), *more, "--out", "catalogue.yaml"]
    )


def is_document(path: Path) -> bool:
    """True if a file begins like an OpenAPI or Swagger document, and not like a catalogue."""
    import re

    from pgagents.source.read import read_bytes

    try:
        head = read_bytes(path, 20_000)
    except OSError:
        return False
    return bool(re.search(rb"""(?m)^\s*\{?\s*["']?(?:openapi|swagger)["']?\s*:""", head)) and not re.search(
        rb"(?m)^pgagents:", head
    )
