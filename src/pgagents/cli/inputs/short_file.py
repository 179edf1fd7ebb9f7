"""Write a short catalogue for `pgagents import`, say what does not fit, and renew its document."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.text import hide_secrets, show_path
from pgagents.cli.inputs.catalogue import load_opened
from pgagents.cli.inputs.document import name_of
from pgagents.cli.inputs.files import MAX_SECONDS, fetch, within, write_both

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pgagents.base.errors import Diagnostic
    from pgagents.base.places import Source
    from pgagents.catalogue.model.model import Model
    from pgagents.importer.catalogue import Choice, Converted
    from pgagents.importer.overlay.short import Short

DEFAULT = Path("pgagents.yaml")
SHOWN = 12
"""Number of operations and guesses that the command's output names."""
SETTLED = "resources"
KEY_DEPTH = 4
"""How deep the keys of the language stand in its schema."""
ONE_FILE = "save all of them into one folder, and name the first file; or `--full`"
"""Advice on a document of several files, because a copy has one."""


def write_new(path: Path, document: str, choice: Choice, *, allow_remote: bool, passing: bool) -> int:
    """Write the short catalogue of a document to `path`, and its copy beside it if the document is a URL.

    The file does not say from where the copy comes if the URL is of a `passing` server. Raises PgagentsError
    if another file stands where the copy belongs.
    """
    from pgagents.catalogue.language.catalogue import render
    from pgagents.importer.document import is_url
    from pgagents.importer.overlay.short import SCHEMA

    remote = is_url(document)
    raw = fetch(document)
    local = path.parent / _name_copy(document) if remote else Path(document)
    if remote and local.exists() and local.read_bytes() != raw:
        raise PgagentsError(
            f"{local} is there already, and differs from what {hide_secrets(document)} answers",
            f"`pgagents import --refresh` renews the copy of a catalogue; else remove {local}",
        )
    short, converted = _write(raw, document, local, path, choice, allow_remote=allow_remote, passing=passing)
    files = {local: raw} if remote else {}
    source = _parse(short.text, path)
    here = str(local.absolute())
    load_opened(source, lambda location: raw if location == here else fetch(location))
    schema = path.parent / SCHEMA
    write_both({**files, path: short.text.encode(), schema: _pack(render())})
    click.echo(f"{path}: {_count(len(short.text.splitlines()), 'line')} over {show_path(str(local))}")
    for line in _describe(short, converted, path):
        click.echo(line)
    return 0


def print_new(document: str, choice: Choice, *, allow_remote: bool) -> int:
    """Print the short catalogue of a document, and write nothing."""

    short, converted = _write(
        fetch(document), document, Path(document), DEFAULT, choice, allow_remote=allow_remote
    )
    click.echo(short.text, nl=False)
    for line in _describe(short, converted, DEFAULT):
        click.echo(line, err=True)
    return 0


def _write(
    raw: bytes,
    document: str,
    local: Path,
    path: Path,
    choice: Choice,
    *,
    allow_remote: bool,
    passing: bool = False,
) -> tuple[Short, Converted]:
    from pgagents.importer.catalogue import convert, without_collector
    from pgagents.importer.document import References, is_url, read
    from pgagents.importer.overlay.short import write_short

    remote = is_url(document)
    name = name_of(document)
    location = document if remote else str(local.resolve())
    message = f"{name} takes longer than {MAX_SECONDS:g} s to import; that is the most allowed"
    with within(MAX_SECONDS, message, "import a part of it: --tag, --include, --max"), without_collector():
        references = References(read(raw, location, name), fetch, allowed=allow_remote)
        converted = convert(references, choice)
    others = len(converted.references.documents) - 1
    if remote and others:
        raise PgagentsError(
            f"{name} refers to {_count(others, 'other file')}, which a copy of it would not find",
            ONE_FILE,
        )
    written = document if remote and local == Path(document) else _relate(local, path)
    stays = remote and written != document and not passing
    origin = document if stays and document == hide_secrets(document) and "?" not in document else ""
    return write_short(written, converted, choice, origin=origin), converted


def _name_copy(url: str) -> str:
    """Return the name of the file that keeps the document of a URL."""
    last = hide_secrets(url).partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]
    safe = "".join(c if c.isalnum() or c in "._-" else "-" for c in last).lstrip(".-")
    return safe if safe.endswith((".json", ".yaml", ".yml")) else "openapi.json"


def _relate(local: Path, path: Path) -> str:
    """Return the document's path as the catalogue names it, which is YAML and therefore UTF-8."""
    relative = os.path.relpath(local.absolute(), path.absolute().parent)
    if not relative.isprintable():
        raise PgagentsError(
            f"the catalogue cannot name {show_path(local)}: it is not UTF-8, or has a control character",
            "rename it; or `--full`, which copies what it says",
        )
    return (
        relative.replace(os.sep, "/") if relative.startswith("..") else f"./{relative.replace(os.sep, '/')}"
    )


def _pack(schema: bytes) -> bytes:
    """Return a JSON Schema with a key of the language on each line, so that it can be searched, and without
    other spaces, because it is committed beside the catalogue.
    """
    import json

    def write(value: Any, depth: int) -> str:
        if not depth or not isinstance(value, dict):
            return json.dumps(value, separators=(",", ":"))
        members = (f"{json.dumps(key)}:{write(member, depth - 1)}" for key, member in value.items())
        return "{\n" + ",\n".join(members) + "\n}"

    return write(json.loads(schema), KEY_DEPTH).encode() + b"\n"


def _describe(short: Short, converted: Converted, path: Path) -> Iterator[str]:
    """Yield what was made of the document, what was left out, what is asked, and what comes next."""
    from pgagents.catalogue.load import list_catalogues

    actions = len(converted.data["actions"])
    yield f"  {_count(actions, 'action')} of {_count(converted.operations, 'operation')}"
    if short.chosen:
        yield f"  agents are offered {short.chosen}: change `groups.agents`"
    left_out = [note for note in converted.notes.made if note.kind == "left out"]
    for note in left_out[:SHOWN]:
        yield f"  left out: {note}"
    if len(left_out) > SHOWN:
        yield f"  … and {len(left_out) - SHOWN} more left out"
    repaired = [note for note in converted.notes.made if note.kind == "repaired"]
    for note in repaired[:SHOWN]:
        yield f"  repaired: {note}"
    if len(repaired) > SHOWN:
        yield f"  … and {len(repaired) - SHOWN} more repaired"
    if lost := sum(note.kind == "lost" for note in converted.notes.made):
        yield f"  {_count(lost, 'part')} of the document not carried: `pgagents lint` groups them"
    if short.questions:
        yield f"  {_count(len(short.questions), 'question')}, each a comment with the lines that answer it"
    is_read = path == DEFAULT and not list_catalogues(Path("catalogue"))  # which come first
    named = "" if is_read else f" {path}"
    yield (
        f"next: pgagents questions{named}; pgagents lint{named}; pgagents verify{named} --url URL --plan; "
        f"pgagents build{named}"
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun if number == 1 else noun + 's'}"


# -- a file that is there already


def check(path: Path, document: str | None) -> int:
    """Say whether a short catalogue fits its document. Raises InputError with each line that does not."""

    source = read_short(path)
    if document is not None:
        _check_document(path, source, document)
    model = load_opened(source)
    shown = _find_name(source)
    click.echo(f"{path} fits {shown}: {_count(len(model.actions), 'action')}. Nothing is written")
    return 0


def read_short(path: Path) -> Source:
    """Read a short catalogue. Raises PgagentsError for a whole one, and InputError for one with problems."""
    from pgagents.base.reading import read
    from pgagents.catalogue.load import load
    from pgagents.importer.overlay.options import is_overlay

    try:
        source = read(path)
    except OSError as error:
        raise PgagentsError(
            f"cannot read {path}: {error.strerror}", "write it first: pgagents import openapi.json"
        ) from None
    if source.problems:
        raise InputError(load(source)[1], source)
    if not is_overlay(source.data):
        raise PgagentsError(
            f"{path} is a whole catalogue, and lies over no document",
            "name another file with --out",
        )
    return source


def _find_name(source: Source) -> str:
    from pgagents.importer.overlay.options import read_options

    return read_options(source).name(source)


def _check_document(path: Path, source: Source, document: str) -> None:
    """Refuse another document than that which the short catalogue lies over."""
    from pgagents.importer.document import is_url
    from pgagents.importer.overlay.options import read_options

    options = read_options(source)
    same = (
        document in (options.document, options.origin)
        if is_url(document)
        else os.path.abspath(document) == options.locate(source)  # noqa: PTH100  # links stay links
    )
    if not same:
        shown = options.origin or options.name(source)
        raise PgagentsError(
            f"{path} lies over {hide_secrets(shown)}, not over {hide_secrets(document)}",
            "name another file with --out, or edit the line `openapi:`",
        )


def refresh(path: Path, url: str | None) -> int:
    """Fetch the copy of a short catalogue's document anew. Say what changed, and what no longer fits.

    The former copy need not fit, nor be there. Raises PgagentsError if nobody says from where the document
    comes, or if what comes is not a document; the former copy stays. Raises InputError with each line that
    does not fit the new one, which is written all the same.
    """
    from pgagents.importer.overlay.options import read_options

    source = read_short(path)
    options = read_options(source)
    origin = url or options.origin
    if options.is_remote:
        raise PgagentsError(
            f"{path} reads its document at {hide_secrets(options.document)} each time, and has no copy of it",
            f"leave out --refresh; `pgagents import --out {path}` says whether it fits",
        )
    if not origin:
        raise PgagentsError(
            f"{path} says of no copy from where it comes",
            "give the document's address too: pgagents import URL --refresh",
        )
    location, name = options.locate(source), options.name(source)
    raw = fetch(origin)
    _check_is_document(raw, location, name_of(origin))
    former = fetch(location) if Path(location).exists() else None
    if raw == former:
        click.echo(f"{name} is what {hide_secrets(origin)} answers. Nothing is written")
        load_opened(source)
        return 0
    after = _open_edition(source, location, raw)
    if after.missing:
        raise PgagentsError(
            f"{name_of(origin)} refers to {show_path(after.missing[0])}, which is not beside the copy",
            ONE_FILE,
        )
    before = _open_edition(source, location, former).model if former is not None else None
    write_both({Path(location): raw})
    click.echo(f"{name} is {'renewed' if former is not None else 'written'}")
    if former is not None:
        _show_changes(before, after.model)
    if after.model is None or after.misfits:
        click.echo(f"{path} does not fit {name}:", err=True)
    load_opened(source)
    return 0


def _check_is_document(raw: bytes, location: str, name: str) -> None:
    """Refuse an answer that is not a document with operations. Raises PgagentsError and InputError."""
    from pgagents.importer.document import References, read
    from pgagents.importer.names import Notes
    from pgagents.importer.operations import operations, version

    message = f"{name} takes longer than {MAX_SECONDS:g} s to read; that is the most allowed"
    with within(MAX_SECONDS, message, "serve a part of it"):
        references = References(read(raw, location, name), fetch)
        version(references.root())
        if not any(operations(references, Notes())):
            raise PgagentsError(
                f"{name} has no operation, so the former copy stays", "is this the document's address?"
            )


@dataclass(frozen=True, slots=True)
class _Edition:
    """A short catalogue over one content of its document, whatever hash it pins.

    `model` is None if it cannot be loaded. `misfits` are its lines that fit nothing, and count as if they
    were not written. `missing` are files to which the document refers, and that cannot be read.
    """

    model: Model | None
    misfits: list[Diagnostic]
    missing: list[str]


def _open_edition(source: Source, location: str, raw: bytes) -> _Edition:
    from pgagents.importer.overlay.options import KEY

    misfits: list[Diagnostic] = []
    missing: list[str] = []
    data = dict(source.data)
    if isinstance(data[KEY], dict):
        data[KEY] = {key: value for key, value in data[KEY].items() if key != "sha256"}

    def read(wanted: str) -> bytes:
        try:
            return raw if wanted == location else fetch(wanted)
        except PgagentsError:
            missing.append(wanted)
            raise

    try:
        model = load_opened(replace(source, data=data), read, misfits)
    except PgagentsError:
        model = None
    return _Edition(model, misfits, missing)


def _show_changes(before: Model | None, after: Model | None) -> None:
    """Print what the new document changes for callers."""
    from pgagents.diff.compare import compare, compare_guesses
    from pgagents.diff.formats import Comparison, side, text

    if before is None or after is None:
        click.echo("what changed is not known: the catalogue cannot be loaded over both editions")
        return
    changes, guesses = compare(before, after), compare_guesses(before, after)
    click.echo(text(Comparison(side(before), side(after), tuple(changes), guesses=tuple(guesses))))


def settle(path: Path, names: tuple[str, ...]) -> int:
    """Write out what was concluded about resources, so that it is the author's word. Raises PgagentsError."""
    from pgagents.base.text import did_you_mean
    from pgagents.importer.patch import Edit, patch_text

    source = read_short(path)
    model = load_opened(source)
    merged = model.source.data.get(SETTLED) or {}
    written = source.data.get(SETTLED) or {}
    settled = dict(written)
    for name in names:
        if name not in merged:
            raise PgagentsError(f"--settle {name}: there is no resource `{name}`", did_you_mean(name, merged))
        settled[name] = _without_mark(merged[name])
        if moves := settled[name].get("moves"):
            settled[name]["moves"] = {action: _without_mark(move) for action, move in moves.items()}
    edits = [Edit((SETTLED,), settled)]
    text = patch_text(source, edits)
    load_opened(replace(source, text=text, data={**source.data, SETTLED: settled}))
    write_both({path: text.encode()})
    click.echo(f"{path}: {', '.join(names)} stands under `resources` now, as your word")
    return 0


def _without_mark(part: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key != "inferred"}


def _parse(text: str, path: Path) -> Source:
    from pgagents.base.reading import parse

    return parse(text, str(path), folder=path.absolute().parent)
