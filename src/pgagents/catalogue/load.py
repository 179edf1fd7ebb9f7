"""Source -> Model, or every diagnostic of the file in one go."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from pgagents.catalogue import check_examples, check_parts, check_paths, messages
from pgagents.catalogue.check import Checker
from pgagents.catalogue.resolve import resolve
from pgagents.catalogue.surface import Catalogue
from pgagents.diagnostics import Diagnostic, in_order
from pgagents.errors import InputError, PgagentsError
from pgagents.model import Model
from pgagents.source import Source, parse, read


def load(source: Source) -> tuple[Model | None, list[Diagnostic]]:
    """The resolved catalogue, or None and what is wrong with it, in the order of the file."""
    found = [Diagnostic(f.span, f"catalogue/{f.id}", "error", f.message, f.help) for f in source.faults]
    if source.data is None:
        return None, found or [Diagnostic(source.locate(()), "catalogue/empty", "error", "the file holds nothing", "see `pgagents init`")]
    try:
        written = Catalogue.model_validate(source.data)
    except ValidationError as error:
        found += messages.diagnostics(error.errors(include_url=False), source)
        return None, in_order(found)
    checker = Checker(written, source)
    checker.run()
    check_paths.run(checker)
    check_parts.run(checker)
    if not checker.found and not found:
        check_examples.run(checker)
    found += checker.found
    if found:
        return None, in_order(found)
    return resolve(written, source, checker), []


def load_file(path: Path, *, name: str | None = None) -> Model:
    """Load a catalogue file. Raises InputError with all diagnostics, PgagentsError where it cannot be read."""
    try:
        source = read(path, name=name)
    except OSError as error:
        raise PgagentsError(f"cannot read the catalogue {name or path}: {error.strerror}", "give the path of a YAML file") from None
    return _or_raise(source)


def load_text(text: str, name: str = "<catalogue>") -> Model:
    """Load a catalogue from text; raises as `load_file`."""
    return _or_raise(parse(text, name))


def _or_raise(source: Source) -> Model:
    model, found = load(source)
    if model is None:
        raise InputError(found, source)
    return model
