"""Load OpenAPI documents in bounded time, for an import or as a run's catalogue."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.text import brief, hide_secrets, show_path
from pgagents.cli.inputs.catalogue import load
from pgagents.cli.inputs.files import MAX_SECONDS, within
from pgagents.cli.inputs.server import TOKEN

if TYPE_CHECKING:
    from pgagents.catalogue.model.credential import Credential
    from pgagents.catalogue.model.model import Model
    from pgagents.importer.catalogue import Choice, Imported
    from pgagents.importer.names import Note

MOST_REASONS = 3
"""Reasons for which operations of a document are left out that a report names."""


def import_document(
    document: str, choice: Choice, *, allow_remote: bool, raw: bytes | None = None
) -> Imported:
    """Return the catalogue made from a document, whose bytes may be given. Raises InputError and
    PgagentsError.
    """
    from pgagents.cli.inputs.files import fetch
    from pgagents.importer.catalogue import catalogue
    from pgagents.importer.document import References, is_url, read

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


def load_document(
    document: str, choice: Choice, url: str = "", *, named: Sequence[str] | None = None
) -> Model:
    """Return the model of a document, whose places are lines of the document.

    `choice` has what the caller says of the document. The key goes to the document's address too if that is
    at the origin of `url`. `named` are the words of a command line that name the document, if it has no
    address that lasts. Raises InputError and PgagentsError.
    """
    from pgagents.importer.document import is_url
    from pgagents.importer.names import say_nowhere
    from pgagents.importer.places import open_source
    from pgagents.importer.questions.asking import list_told
    from pgagents.importer.questions.question import View

    raw, fetched = fetch_document(document, choice, url)
    made = import_document(document, choice, allow_remote=False, raw=raw)
    source = open_source(
        made.document, name_of(document), made.model.source.data, made.places, made.schemes, made.bases
    )
    source.gains = (
        *list_told(View(made.data, lambda _: False, lambda _: False)),
        _show_import(named or (show_path(hide_secrets(document)),), choice),
    )
    source.names = made.names
    source.fetched = fetched
    source.dangling = say_nowhere(made.notes)
    source.left_out = _say_left_out(made.notes)
    source.path = "" if is_url(document) else document
    return replace(made.model, source=source, withheld=made.withheld)


def _say_left_out(notes: Sequence[Note]) -> str:
    """Return a sentence on the operations that are not in the catalogue; empty if it has all."""
    from pgagents.importer.names import group_losses
    from pgagents.report.verdicts import format_count

    groups = group_losses(note for note in notes if note.kind == "left out")
    said = [f"{g[0].message}{f' (as {len(g) - 1} more)' if g[1:] else ''}" for g in groups[:MOST_REASONS]]
    left = len(groups) - len(said)
    more = f"; {format_count(left, 'more reason')}" if left else ""
    return f"never called: {'; '.join(said)}{more}; `pgagents import` names each" if said else ""


def load_api(
    catalogue: Path | None,
    openapi: str | None,
    auth: str | None = None,
    base_path: str | None = None,
    *,
    reads: tuple[str, ...] = (),
    acts: tuple[str, ...] = (),
    url: str | None = None,
    named: Sequence[str] | None = None,
    second: bool = False,
) -> Model:
    """Return the model of a catalogue's file, or of an OpenAPI document. Either argument may name the
    document.

    `auth`, `base_path`, `reads` and `acts` are options for a document, and `url` is the server's address.
    `named` has the words of a command line that name the document, if it has no address that lasts. `second`
    says that the caller has the key of another customer too; a catalogue says so itself. Raises UsageError
    if the options contradict each other, InputError and PgagentsError for a file that cannot be read.
    """
    if openapi is not None and catalogue is not None:
        raise click.UsageError(f"{catalogue} and --openapi both say what the API is: give one of them.")
    if openapi is None and catalogue is not None and is_document(catalogue):
        openapi = str(catalogue)
    if openapi is not None:
        from pgagents.importer.catalogue import Choice

        choice = Choice(auth=auth or "", base=base_path or "", reads=reads, acts=acts, second=second)
        if not is_served(openapi):
            return load_document(openapi, choice, url or "", named=named)
        if url is None:
            raise PgagentsError(f"there is no file {openapi}", OF_SERVER)
        try:
            return load_document(locate_at(url, openapi), choice, url, named=named)
        except InputError:
            raise
        except PgagentsError as error:
            error.help = f"there is no file {openapi}, so the server was asked; {error.help}"
            raise
    if auth is not None:
        raise click.UsageError("--auth is for an OpenAPI document; a catalogue says it under `auth.schemes`.")
    if base_path is not None:
        raise click.UsageError("--base-path is for an OpenAPI document; a catalogue's paths have it.")
    for flag, given, effect in (("--reads", reads, "read"), ("--acts", acts, "write")):
        if given:
            says = f"a catalogue says it at the action: `effect: {effect}`"
            raise click.UsageError(f"{flag} is for an OpenAPI document; {says}.")
    return load(catalogue)


OF_SERVER = "give a file; a path of the server goes with --url, or with --start CMD"


def is_served(document: str | None) -> bool:
    """True for a document that names a path of the server: it begins with `/`, and no file is there."""
    return document is not None and document.startswith("/") and not Path(document).exists()


def locate_at(url: str, path: str) -> str:
    """Return the address of a path at the origin of a server's URL."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{path}"


def _show_import(named: Sequence[str], choice: Choice) -> str:
    """Return the command that writes the catalogue of a document, which these words name."""
    given = [("--auth", choice.auth), ("--base-path", choice.base)]
    given += [("--reads", one) for one in choice.reads] + [("--acts", one) for one in choice.acts]
    more = [word for flag, value in given if value for word in (flag, value)]
    return shlex.join(["pgagents", "import", *named, *more])


def is_document(path: Path) -> bool:
    """True if a file begins like an OpenAPI or Swagger document, and not like a catalogue."""
    import re

    from pgagents.base.reading import read_bytes

    try:
        head = read_bytes(path, 20_000)
    except OSError:
        return False
    return bool(re.search(rb"""(?m)^\s*\{?\s*["']?(?:openapi|swagger)["']?\s*:""", head)) and not re.search(
        rb"(?m)^pgagents:", head
    )


# -- a document that is fetched with the run's key.
#
# The key goes only to the origin of the server under test. A server may show only a part of its document
# to a caller without a key.


_PORTS = {"http": 80, "https": 443}


def fetch_document(document: str, choice: Choice, url: str) -> tuple[bytes, str]:
    """Return the bytes of a document, and a sentence on whether it was fetched with the key.

    The sentence is empty for a file. `url` is the server under test; the key is that of PGAGENTS_TOKEN.
    Raises PgagentsError if the document can be had neither with the key nor without.
    """
    from pgagents.cli.inputs.files import fetch
    from pgagents.importer.document import is_url

    if not is_url(document):
        return fetch(document), ""
    name, secret = brief(name_of(document)), os.environ.get(TOKEN, "").strip()
    may_differ = "a server may show only a part of it so"
    if not secret:
        return fetch(document), f"{name} was fetched without a key; {may_differ}"
    if not url or _find_origin(document) != _find_origin(url):
        return fetch(document), f"{name} was fetched without the key, which goes only to the origin of --url"
    open_to_all: bytes | None = None
    try:
        open_to_all = fetch(document)
    except PgagentsError:
        if not choice.auth:
            raise
    credential = _find_credential(document, choice, open_to_all)
    if credential is not None:
        with_key = _fetch_with(document, credential, secret)
        if with_key is not None:
            return with_key, f"{name} was fetched with the key, {credential.how}"
    if open_to_all is None:
        return fetch(document), ""  # it says why it cannot be had
    why = "where it was refused" if credential is not None else "as nothing says how it is sent (--auth)"
    return open_to_all, f"{name} was fetched without the key, {why}; {may_differ}"


def _find_origin(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of a URL; none equals that of a URL that cannot be read."""
    try:
        parts = urlsplit(url)
        return parts.scheme.lower(), (parts.hostname or "").lower(), parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", url, None


def _find_credential(document: str, choice: Choice, raw: bytes | None) -> Credential | None:
    """Return how the key is sent: as the caller says, or as the document does; None if neither does.

    A key that is first exchanged for a token is none.
    """
    from pgagents.catalogue.model.credential import kinds
    from pgagents.importer.security import parse_scheme

    if choice.auth:
        scheme = {**parse_scheme(choice.auth).scheme, "key": "own"}
        for kind in ("http_bearer", "http_basic", "api_key"):
            members = kinds()[kind].read_openapi(scheme)
            if members is not None:
                return kinds()[kind].make("own", {"type": kind, **members})
    if raw is None:
        return None
    found = import_document(document, choice, allow_remote=False, raw=raw).model.credential
    return found if found is not None and found.exchange is None else None


def _fetch_with(document: str, credential: Credential, secret: str) -> bytes | None:
    """Return the document's bytes as the server shows them with the key; None if it refuses it.

    Raises PgagentsError, without the key, for one that cannot be sent so.
    """
    from pgagents.base.http import Request
    from pgagents.cli.inputs.files import fetch
    from pgagents.client.environment import header_safe
    from pgagents.verify.wire.encode import present

    safe, parts = header_safe(secret, TOKEN, credential), urlsplit(document)
    target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    request = present(credential, safe).add_to(Request("GET", target))
    try:
        address = f"{parts.scheme}://{parts.netloc}{request.target}"
        return fetch(address, dict(request.headers), called=document)
    except PgagentsError:
        return None
