"""Find, read and load a catalogue: a Source becomes a Model, or all diagnostics of the file at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pgagents.base.errors import Diagnostic, InputError, PgagentsError, in_order
from pgagents.base.jsonschema.schema import Validators
from pgagents.base.places import Pointer, Source, Span, value_at
from pgagents.base.reading import MAX_PROBLEMS, parse, read
from pgagents.base.registry import folder
from pgagents.catalogue.checks import (
    actions,
    laws,
    listings,
    parts,
    refusals,
    security,
    sending,
    shapes,
    surfaces,
)
from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.security import as_bearer, find_unsupported_key
from pgagents.catalogue.language.catalogue import OVER, Catalogue
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.refused import diagnostics, find_meant, pointer_of
from pgagents.catalogue.resolve.catalogue import resolve

MAX_ERRORS = 10_000
EMPTY = "begin with `pgagents: 1`; schemas/catalogue.schema.json says the rest"
SHOW = "`pgagents show FILE` prints the whole catalogue: keep that in a file, and name it"
IMPORT = "make one of it: `pgagents import FILE`"


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
    if isinstance(source.data, dict) and OVER in source.data:
        what = "this catalogue lies over a document, and only whole catalogues are read here"
        over = Diagnostic(source.locate((OVER,)), "catalogue/over-document", "error", what, SHOW)
        return None, found or [over]
    try:
        checker = Checker(Catalogue.model_validate(source.data), source)
    except ValidationError as error:
        if error.error_count() > MAX_ERRORS:
            return None, _deduplicate([*found, *_first_of(source, error.error_count())])
        found += diagnostics(error.errors(include_url=False), source)
        rest = prune(source.data, error)
        if rest is None:
            return None, _deduplicate(found)
        checker = Checker(rest[0], source, *rest[1:])
    _run_checks(checker)
    laws.check_examples(checker, known)
    if found := _deduplicate([*found, *checker.found]):
        return None, found
    return resolve(checker.written, source, checker), []


def _run_checks(checker: Checker) -> None:
    """Run all checks that need no compiled schema. They record what they find in the checker."""
    checker.run()
    sending.check_paths(checker)
    parts.check_parts(checker)
    shapes.check_answers(checker)
    shapes.check_keywords(checker)
    security.check_security(checker)
    surfaces.check_carried(checker)
    surfaces.check_mcp_servers(checker)
    surfaces.check_servers(checker)
    security.check_signatures(checker)
    security.check_envelopes(checker)
    surfaces.check_narrowing(checker)
    listings.check_listings(checker)
    listings.check_cases(checker)
    actions.check_idle(checker)
    sending.check_sending(checker)
    laws.check_laws(checker)
    actions.check_pages(checker)
    actions.check_lists(checker)
    actions.check_conditional(checker)
    actions.check_groups(checker)
    actions.check_confirm(checker)
    actions.check_deprecation(checker)
    refusals.check_jobs(checker)


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
                return diagnostics(error.errors(include_url=False), source)
    return [
        Diagnostic(
            source.locate(()),
            "catalogue/value",
            "error",
            f"the file has {count:,} values that may not stand where they stand",
            "begin with a part of it; docs/reference/catalogue.md lists the keys",
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


# -- which file a command means


SINGLE = ("pgagents.yaml", "pgagents.yml")
"""Names of a catalogue that is the only one of its folder."""


def find_catalogue(given: Path | None, open_file: Callable[[Path], Model] = load_file) -> Model | None:
    """Return the model of the given catalogue; else of the only one in ./catalogue, else of
    ./pgagents.yaml. A name may end in `.yml` too. `open_file` loads the file.

    Return None if there is no catalogue. A name such as `park-graph` means a shipped catalogue. Raises
    PgagentsError if ./catalogue has several.
    """
    if given is not None:
        return find_example(str(given)) or open_file(given)
    here = list_catalogues(Path("catalogue"))
    if len(here) > 1:
        raise PgagentsError(
            f"there are {len(here)} catalogues in ./catalogue",
            "name one: pgagents COMMAND catalogue/NAME.yaml",
        )
    if here:
        return open_file(here[0])
    return next((open_file(path) for path in map(Path, SINGLE) if path.exists()), None)


def list_catalogues(folder: Path) -> list[Path]:
    """Return the YAML files of a folder, sorted."""
    return sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])


def find_example(name: str) -> Model | None:
    """Return the shipped catalogue of this name; None if there is none, or if a file has that name."""
    path = find_example_file(name)
    if path is None or Path(name).exists():
        return None
    return load_file(path, name=f"catalogue/{path.name}")


def find_example_file(name: str) -> Path | None:
    """Return the file of the shipped catalogue of this name; None if there is none."""
    path = folder("catalogue") / f"{name.replace('-', '_')}.yaml"
    return path if name.replace("-", "").isalnum() and path.is_file() else None


# -- the rest of refused data


MAX_ROUNDS = 30
_STAND_IN: dict[str, Callable[[], Any]] = {
    "pgagents": lambda: 1,
    "api": lambda: {
        "id": "x",
        "title": "x",
        "version": "0.0.0",
        "server": "https://x.invalid",
        "contact": "x@x.invalid",
        "for_people": "x",
        "for_models": "x",
    },
    "errors": lambda: {"envelope": "x", "codes": {"x": 400}, "framework": {"invalid": "x", "no_key": "x"}},
    "actions": lambda: {
        "x": {"title": "x", "description": "x", "http": "GET /x", "effect": "read", "output": {200: None}}
    },
}
_LINE: dict[str, Callable[[str], str]] = {
    "title": lambda _: "x",
    "description": lambda _: "x",
    "effect": lambda _: "read",
    "http": lambda name: f"GET /-/{name}",
}


def prune(data: Any, error: ValidationError) -> tuple[Catalogue, Any, set[Pointer]] | None:
    """Remove every refused value. Return the remaining catalogue, its data, and the pointers of removed
    values.

    A misspelt key becomes the key that it means, and nothing inside it is reported. None if nothing is left
    to check, as when the root is not a mapping.
    """
    if not isinstance(data, dict):
        return None
    rest, dropped = _copy(data), set[Pointer]()
    for _ in range(MAX_ROUNDS):
        refused = error.errors(include_url=False, include_input=False, include_context=False)
        if not _correct_keys(rest, refused, dropped):
            _remove_refused(rest, refused, dropped)
        try:
            return Catalogue.model_validate(rest), rest, dropped
        except ValidationError as again:
            error = again
    return None


def _remove_refused(rest: dict[str, Any], refused: Iterable[Any], dropped: set[Pointer]) -> None:
    """Remove the refused values, and give the sections that are missing a stand-in."""
    pointers = {pointer_of(e, rest) for e in refused if not _keep_action(rest, e, dropped)}
    parents = {
        p[:n] for p in pointers for n in range(1, len(p))
    }  # errors at parents belong to other branches of a union
    for pointer in sorted(pointers - parents, key=lambda p: (-len(p), str(p))):
        if pointer:
            dropped.add(_remove(rest, pointer))
        else:
            for section in _STAND_IN.keys() - rest.keys():
                dropped.add((section,))
                rest[section] = _STAND_IN[section]()


def _correct_keys(rest: dict[str, Any], refused: Iterable[Any], dropped: set[Pointer]) -> bool:
    """Give each misspelt key the name that it means, if the mapping does not have that.

    Return True if one was misspelt.
    """
    count = len(dropped)
    for error in refused:
        pointer = pointer_of(error, rest)
        if error["type"] != "extra_forbidden" or not pointer or pointer[-1] != error["loc"][-1]:
            continue
        mapping: Any = value_at(rest, pointer[:-1])
        meant = find_meant(pointer, mapping)
        if meant is not None:
            mapping[meant] = mapping.pop(pointer[-1])
            dropped |= {pointer, (*pointer[:-1], meant)}
    return len(dropped) > count


def _keep_action(rest: dict[str, Any], error: Any, dropped: set[Pointer]) -> bool:
    """Insert a placeholder for a line that an action lacks, so that its other problems are reported too.

    Return True if the error was such a missing line.
    """
    pointer, key = pointer_of(error, rest), error["loc"][-1]
    if (
        error["type"] != "missing"
        or len(pointer) != 2
        or pointer[0] not in ("actions", "operator")
        or key not in _LINE
    ):
        return False
    rest[str(pointer[0])][pointer[1]][key] = _LINE[key](str(pointer[1]))
    dropped.add((*pointer, key))
    return True


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list) else value


def first_members(value: Any, most: int) -> Any:
    """Return a copy in which each collection below the root has at most `most` members; the root
    keeps 1,000.
    """
    if not isinstance(value, dict):
        return value
    return {key: _first(member, most) for key, member in islice(value.items(), 1_000)}


def _first(value: Any, most: int) -> Any:
    if isinstance(value, dict):
        return {key: _first(member, most) for key, member in islice(value.items(), most)}
    return [_first(member, most) for member in value[:most]] if isinstance(value, list) else value


def _remove(data: Any, pointer: Pointer) -> Pointer:
    """Remove the value at a pointer and return the pointer of the removed value.

    An item of a list is overwritten by a neighbour. If it is the only item, the whole list is removed.
    """
    *path, last = pointer
    parent: Any = data
    for step in path:
        within = isinstance(parent, list) or step in parent
        parent = parent[step] if within else {}
    if isinstance(parent, list) and isinstance(last, int):
        others = [item for index, item in enumerate(parent) if index != last]
        if not others:
            return _remove(data, tuple(path))
        parent[last] = others[0]
    elif isinstance(parent, dict):
        parent.pop(last, None)
    return pointer
