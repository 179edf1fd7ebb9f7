"""Load a catalogue: a Source becomes a Model, or all diagnostics of the file at once."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from pgagents.catalogue.checks import (
    conditional,
    deprecation,
    either,
    examples,
    idle,
    laws,
    pages,
    parts,
    paths,
    security,
    sending,
)
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.listings import cases, listing
from pgagents.catalogue.checks.refusals import jobs
from pgagents.catalogue.checks.shapes import answers, keywords
from pgagents.catalogue.checks.signing import envelopes, signatures
from pgagents.catalogue.checks.surfaces import carried, mcp_server, narrowing, servers
from pgagents.catalogue.checks.unsaid import as_bearer, find_unsupported_key
from pgagents.catalogue.language import messages
from pgagents.catalogue.language.catalogue import Catalogue
from pgagents.catalogue.prune import first_members, prune
from pgagents.catalogue.resolve import resolve
from pgagents.errors import InputError, PgagentsError
from pgagents.jsonschema.schema import Validators
from pgagents.model.model import Model
from pgagents.source.diagnostics import Diagnostic, in_order
from pgagents.source.read import parse, read
from pgagents.source.source import Source, Span
from pgagents.source.yaml_text import MAX_PROBLEMS

MAX_ERRORS = 10_000
EMPTY = "begin with `pgagents: 1`; schemas/catalogue.schema.json says the rest"
IMPORT = "make one of it: `pgagents import FILE --out catalogue.yaml`"


def load(
    source: Source, *, any_key: bool = False, known: Validators | None = None
) -> tuple[Model | None, list[Diagnostic]]:
    """Return the resolved catalogue, or None, and the diagnostics in the order of the file.

    One run finds all problems: values that pydantic refuses are removed, and the rest is checked. With
    `any_key`, a key that the language cannot express is treated as a bearer key. No manifest may be made from
    such a model. `known` are validators compiled before for the same schemas.
    """
    unsayable = [] if any_key else find_unsupported_key(source)
    model, found = _load(as_bearer(source), known)
    return (None, _deduplicate([*found, *unsayable])) if unsayable else (model, found)


def _load(source: Source, known: Validators | None) -> tuple[Model | None, list[Diagnostic]]:
    found = [Diagnostic(f.span, f"catalogue/{f.id}", "error", f.message, f.help) for f in source.problems]
    if source.data is None:
        return None, found or [
            Diagnostic(source.locate(()), "catalogue/empty", "error", "the file holds nothing", EMPTY)
        ]
    if key := _find_other_format(source):
        what = f"this is a document with `{key}`, not a catalogue"
        return None, [Diagnostic(source.locate((key,)), "catalogue/other-format", "error", what, IMPORT)]
    try:
        checker = Checker(Catalogue.model_validate(source.data), source)
    except ValidationError as error:
        if error.error_count() > MAX_ERRORS:
            return None, _deduplicate([*found, *_first_of(source, error.error_count())])
        found += messages.diagnostics(error.errors(include_url=False), source)
        rest = prune(source.data, error)
        if rest is None:
            return None, _deduplicate(found)
        checker = Checker(rest[0], source, *rest[1:])
    _run_checks(checker)
    examples.run(checker, known)
    if found := _deduplicate([*found, *checker.found]):
        return None, found
    return resolve(checker.written, source, checker), []


def _run_checks(checker: Checker) -> None:
    """Run all checks that need no compiled schema. They record what they find in the checker."""
    checker.run()
    paths.run(checker)
    parts.run(checker)
    answers.run(checker)
    keywords.run(checker)
    security.run(checker)
    carried.run(checker)
    mcp_server.run(checker)
    servers.run(checker)
    signatures.run(checker)
    envelopes.run(checker)
    narrowing.run(checker)
    listing.run(checker)
    cases.run(checker)
    idle.run(checker)
    sending.run(checker)
    laws.run(checker)
    pages.run(checker)
    conditional.run(checker)
    either.run(checker)
    deprecation.run(checker)
    jobs.run(checker)


def _find_other_format(source: Source) -> str:
    """Return the key that identifies the file as an OpenAPI or Swagger document; empty for other files."""
    data = source.data
    if not isinstance(data, dict) or "pgagents" in data:
        return ""
    return next((key for key in ("openapi", "swagger") if key in data), "")


def _first_of(source: Source, count: int) -> list[Diagnostic]:
    """Return the problems among the first members of each collection.

    Pydantic's list of all would take gigabytes.
    """
    for most in (100, 20, 4):
        try:
            Catalogue.model_validate(first_members(source.data, most))
        except ValidationError as error:
            if error.error_count() <= MAX_ERRORS:
                return messages.diagnostics(error.errors(include_url=False), source)
    return [
        Diagnostic(
            source.locate(()),
            "catalogue/value",
            "error",
            f"the file has {count:,} values that may not stand where they stand",
        )
    ]


def _deduplicate(found: list[Diagnostic]) -> list[Diagnostic]:
    """Keep the first message of each place, and every missing key; at most MAX_PROBLEMS in all."""
    by_place: dict[Span, list[Diagnostic]] = {}
    for one in found:
        told = by_place.setdefault(one.span, [])
        if not told or (one.id == "catalogue/missing-key" == told[0].id):
            told.append(one)
    every = in_order(d for told in by_place.values() for d in told)
    if len(every) < MAX_PROBLEMS:
        return every
    last = every[MAX_PROBLEMS - 1]
    return [
        *every[: MAX_PROBLEMS - 1],
        Diagnostic(
            last.span,
            last.id,
            "error",
            last.message,
            f"more than {MAX_PROBLEMS - 1} errors: the rest is not shown",
        ),
    ]


def load_file(path: Path | str, *, name: str | None = None) -> Model:
    """Load a catalogue file. Raises InputError with all diagnostics, or PgagentsError if the file cannot
    be read.
    """
    try:
        source = read(path, name=name)
    except OSError as error:
        raise PgagentsError(
            f"cannot read the catalogue {name or path}: {error.strerror}", "give the path of a YAML file"
        ) from None
    return load_source(source)


def load_text(text: str, name: str = "<catalogue>") -> Model:
    """Load a catalogue from text. Raises InputError with all diagnostics."""
    return load_source(parse(text, name))


def load_source(source: Source) -> Model:
    """Load a catalogue from a text that was read. Raises InputError with all diagnostics."""
    model, found = load(source)
    if model is None:
        raise InputError(found, source)
    return model
