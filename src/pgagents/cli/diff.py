"""`pgagents diff`: reports what a change to a catalogue or an OpenAPI document breaks, and for whom."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pgagents.base.text import decode
from pgagents.cli.inputs.options import examples

if TYPE_CHECKING:
    from pgagents.base.errors import Diagnostic
    from pgagents.catalogue.model.model import Model
    from pgagents.diff.change import Change
    from pgagents.diff.formats import Comparison
    from pgagents.importer.document import References

_IN_NO_CATALOGUE = (
    "operationIds that are gone, variables of servers but the first, links, examples, `allowEmptyValue`, "
    "OpenID Connect addresses and extensions: no catalogue has them"
)
LEVELS = ("breaking", "may-break", "addition", "wording", "never")


@click.command(
    short_help="Report what a change breaks, and for whom.",
    epilog=examples(
        (
            "the catalogue as it stands, against the last commit",
            "pgagents diff --git HEAD catalogue/shop.yaml",
        ),
        ("two revisions", "pgagents diff v1.4.0:catalogue/shop.yaml HEAD:catalogue/shop.yaml"),
        (
            "two OpenAPI documents, for a pull request",
            "pgagents diff old/openapi.yaml new/openapi.yaml --format markdown",
        ),
        (
            "before a deployment: which plugins that stores accepted would break",
            "pgagents diff --store --git v1.4.0 catalogue/shop.yaml",
        ),
    ),
)
@click.argument("old")
@click.argument("new", required=False)
@click.option(
    "--git", "revision", metavar="REV", help="Compare one file with its version at this git revision."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json"]),
    default="text",
    show_default=True,
    help="What to print.",
)
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    default="may-break",
    show_default=True,
    help="The mildest change that makes the exit code 1.",
)
@click.option(
    "--allow-remote", is_flag=True, help="Follow an OpenAPI document's references to other hosts and folders."
)
@click.option(
    "--store",
    "of_stores",
    is_flag=True,
    help="Compare what stores have accepted: which listing of the catalogue a change breaks.",
)
def command(
    old: str,
    new: str | None,
    revision: str | None,
    form: str,
    fail_on: str,
    allow_remote: bool,
    of_stores: bool,
) -> int:
    """Compare OLD and NEW: two catalogues or OpenAPI documents, each a file, a URL, or a file of a git
    revision (REV:PATH).

    The result names each change that callers, readers or agents will notice, its surfaces, and the next
    semantic version. A change that is not proved harmless is reported as "may break". Documents are imported
    and compared as catalogues; the result names what an import leaves out, which is not compared.
    """
    from pgagents.base.errors import PgagentsError
    from pgagents.diff.change import ORDER
    from pgagents.diff.formats import as_json, markdown, text

    if (new is None) == (revision is None):
        raise PgagentsError("two editions are needed", "give OLD and NEW, or --git REV and one file")
    if revision is not None:
        old, new = f"{revision}:{old}", old
    assert new is not None
    compare = _compare_listings if of_stores else _compare
    found = compare(_Input(old), _Input(new), allow_remote=allow_remote)
    click.echo({"text": text, "markdown": markdown, "json": as_json}[form](found))
    if fail_on == "never":
        return 0
    worst = ORDER[: ORDER.index(fail_on.replace("-", " ")) + 1]
    return 1 if any(c.severity in worst for c in found.changes) else 0


class _Input:
    """One side of the comparison: its bytes, and those of the documents that it refers to."""

    def __init__(self, named: str) -> None:
        from pgagents.base.text import hide_secrets, show_path
        from pgagents.catalogue.load import find_example
        from pgagents.importer.document import is_url

        self.named = show_path(hide_secrets(named))
        self.shipped = find_example(named) is not None
        """True if the name is that of a shipped catalogue."""
        self.texts: dict[str, bytes] = {}
        self.misfits: list[Diagnostic] = []
        """Lines of a short catalogue that fit nothing in its document."""
        self.uncompared: tuple[str, ...] = ()
        """What an import left out of a document, so that nothing compares it, each with its place."""
        self.raw, self.location, self.revision = b"", named, ""
        if self.shipped:
            return
        of_revision = not is_url(named) and not Path(named).exists() and ":" in named
        self.revision = named.partition(":")[0] if of_revision else ""
        self.raw = self._read_revision(named) if of_revision else self._fetch(named)
        self.location = (
            named if is_url(named) else str(Path(named.partition(":")[2] if of_revision else named).resolve())
        )
        self.texts = {self.location: self.raw}

    @staticmethod
    def _fetch(location: str) -> bytes:
        from pgagents.cli.inputs.files import fetch

        return fetch(location)

    @staticmethod
    def _read_revision(named: str) -> bytes:
        from pgagents.cli.inputs.revisions import read_file

        return read_file(named)

    def fetch(self, location: str) -> bytes:
        """Return the bytes of a referenced document, and keep them to look up lines later."""
        self.texts[location] = self._fetch(location)
        return self.texts[location]

    def fetch_beside(self, location: str) -> bytes:
        """Return the document that a catalogue lies over: of the same revision, if the catalogue has one."""
        import os

        from pgagents.importer.document import is_url

        if not self.revision or is_url(location):
            return self._fetch(location)
        return self._read_revision(f"{self.revision}:{os.path.relpath(location)}")

    def references(self, *, allow_remote: bool) -> References:
        """Return the document with all documents that it refers to."""
        from pgagents.importer.document import References, read

        return References(read(self.raw, self.location, self.named), self.fetch, allowed=allow_remote)


def _compare(old: _Input, new: _Input, *, allow_remote: bool) -> Comparison:
    """Compare two editions as catalogues; OpenAPI documents are imported first."""
    from pgagents.diff.change import in_order
    from pgagents.diff.compare import compare, compare_guesses
    from pgagents.diff.formats import Comparison, side

    documents = _is_openapi(old.raw), _is_openapi(new.raw)
    mixed = documents[0] != documents[1]
    before, after = (_model(given, allow_remote=allow_remote, mixed=mixed) for given in (old, new))
    changes = in_order([*(_describe_misfit(misfit) for misfit in new.misfits), *compare(before, after)])
    uncompared = dict.fromkeys((_IN_NO_CATALOGUE, *old.uncompared, *new.uncompared)) if all(documents) else ()
    return Comparison(
        side(before),
        side(after),
        tuple(changes),
        guesses=tuple(compare_guesses(before, after)),
        uncompared=tuple(uncompared),
    )


def _describe_misfit(misfit: Diagnostic) -> Change:
    """Return a line of a short catalogue that its new document does not fit as a change."""
    from pgagents.diff.change import Change

    said = f"{misfit.message}: {misfit.help}" if misfit.help else misfit.message
    return Change("breaking", misfit.id, misfit.span.file, said, line=str(misfit.span))


def _compare_listings(old: _Input, new: _Input, *, allow_remote: bool) -> Comparison:
    """Compare the listings of two catalogues. Raises PgagentsError for OpenAPI documents, which have none."""
    from pgagents.base.errors import PgagentsError
    from pgagents.diff.formats import Comparison, side
    from pgagents.diff.listings import compare_listings, describe_listings

    for given in (old, new):
        if _is_openapi(given.raw):
            raise PgagentsError(f"{given.named} has no listings", "--store compares two catalogues")
    before, after = _model(old, allow_remote=allow_remote), _model(new, allow_remote=allow_remote)
    changes = compare_listings(before, after)
    return Comparison(side(before), side(after), tuple(changes), describe_listings(before, changes))


def _model(given: _Input, *, allow_remote: bool, mixed: bool = False) -> Model:
    """Return the catalogue. An OpenAPI document is imported first.

    If the other side is a catalogue (`mixed`), it is imported as `pgagents import` does. Else what an import
    adds, such as the question to a person, would seem to be lost. Its places are lines of the document.
    """
    from dataclasses import replace

    from pgagents.base.reading import parse
    from pgagents.catalogue.load import find_example
    from pgagents.cli.inputs.catalogue import load_opened
    from pgagents.importer.catalogue import catalogue
    from pgagents.importer.document import is_url
    from pgagents.importer.overlay.options import is_overlay
    from pgagents.importer.places import open_source

    if given.shipped and (shipped := find_example(given.named)):
        return shipped
    if _is_openapi(given.raw):
        references = given.references(allow_remote=allow_remote)
        made = catalogue(references, offering=mixed, comparing=not mixed)
        given.uncompared = tuple(str(note) for note in made.notes if note.kind in ("lost", "left out"))
        source = open_source(
            made.document, given.named, made.model.source.data, made.places, made.schemes, made.bases
        )
        return replace(made.model, source=source)
    written = parse(_decode(given.raw, given.named), given.named)
    if is_overlay(written.data) and not is_url(
        given.location
    ):  # the files of a listing count for nothing here
        written.folder = Path(given.location).parent
    return load_opened(written, given.fetch_beside, given.misfits)


def _decode(raw: bytes, named: str) -> str:
    from pgagents.base.errors import PgagentsError

    try:
        return decode(raw)
    except UnicodeDecodeError as error:
        raise PgagentsError(
            f"{named}: byte 0x{raw[error.start]:02x} is not UTF-8", "save the file as UTF-8"
        ) from None


def _is_openapi(raw: bytes) -> bool:
    """Return whether the file is an OpenAPI document, by a top-level key.

    Any other file is read as a catalogue.
    """
    import re

    if raw.lstrip()[:1] == b"{":
        return bool(re.search(rb"\"(openapi|swagger)\"\s*:\s*\"[0-9]", raw))
    return bool(re.search(rb"^[\"']?(openapi|swagger)[\"']?\s*:", raw, re.M)) and not re.search(
        rb"^pgagents\s*:", raw, re.M
    )
