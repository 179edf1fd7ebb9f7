"""Convert a model's arguments to the action's, and validate them against the catalogue.

Models see translated schemas, so their arguments may look different: strict modes send null for a missing
argument, and some vendors send 5.0 for 5. Both are converted before validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from pgagents.base.http import Json, json_bytes, read_json
from pgagents.base.jsonschema import schema as schemas
from pgagents.base.jsonschema.combine import list_parts
from pgagents.base.places import plain
from pgagents.base.text import brief, did_you_mean
from pgagents.catalogue.encoding.medium import find_problem
from pgagents.catalogue.encoding.paths import find_misreading
from pgagents.catalogue.encoding.request import unsendable
from pgagents.catalogue.model.action import PLACES, Action, Param
from pgagents.catalogue.model.model import Model

MOST_PROBLEMS = 5
MAX_DEPTH = 50


class Arguments:
    """The arguments that one action accepts; `params` are those that a caller may set."""

    def __init__(self, model: Model, action: Action, params: tuple[Param, ...]) -> None:
        self._model, self._params = model, {str(p.name): p for p in params}
        self.schema = action.input_schema(places=PLACES, params=params)

    @cached_property
    def _validator(self) -> Any:
        return schemas.validator(self.schema, self._model.schemas)

    def normalize(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments without nulls that mean "not given", and with whole doubles of integers as
        ints.
        """
        found = _normalize(dict(given), self.schema, self._model.schemas, 0)
        return found if isinstance(found, dict) else dict(given)

    def list_problems(self, given: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return the problems of arguments, each as the argument's path (`a.0.b`) and a message."""
        try:
            written = read_json(json_bytes(dict(given)), paired=True)
        except (ValueError, TypeError, RecursionError):  # no number, or an object of another Python type
            written = Json(problem="none")
        if written.problem:  # half of a surrogate pair has a problem too
            return [("", "the arguments are not JSON")]
        unknown = [name for name in given if name not in self._params]
        found = [(_short(name), self._describe_unknown(name)) for name in unknown]
        missing = [name for name, param in self._params.items() if param.required and name not in given]
        found += [(name, "it is missing") for name in missing]
        for error in self._validator.iter_errors(plain({k: v for k, v in given.items() if k not in unknown})):
            if missing and not error.instance_path and list(error.schema_path) == ["required"]:
                continue
            for inner in _list_meant(error):
                found.append((".".join(str(step) for step in inner.instance_path), _short(inner.message)))
            if len(found) >= MOST_PROBLEMS:
                break
        found += [
            (name, why)
            for name, param in self._params.items()
            if name in given and (why := _unsendable(param, given[name]))
        ]
        return found[:MOST_PROBLEMS]

    def _describe_unknown(self, name: str) -> str:
        if not self._params:
            return "there is no such argument; it takes none"
        help = did_you_mean(name, self._params)
        return f"there is no such argument; {help}" if help else "there is no such argument"


def _list_meant(error: Any) -> Iterator[Any]:
    """Yield what is wrong in the alternative whose type and constants a value has; without one, the error."""
    alternatives: list[list[Any]] = getattr(error.kind, "context", [])
    at = list(error.instance_path)
    meant = [
        problems
        for problems in alternatives
        if not any(
            p.kind.name == "const" or (p.kind.name == "type" and list(p.instance_path) == at)
            for p in problems
        )
    ]
    if len(meant) != 1 or not meant[0]:
        yield error
        return
    for problem in meant[0]:
        yield from _list_meant(problem)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 200 else line[:199] + "…"


def _find_unfit(param: Param, value: Any) -> str:
    """Return why a value cannot be sent in the argument's style or as its file; empty if it can."""
    if param.file is not None and isinstance(value, str):
        return find_problem(param.file, value)
    return unsendable(param, value) if param.as_text else ""


def _unsendable(param: Param, value: Any) -> str:
    """Return why a value that the schema allows cannot be sent in its place of the request; empty if it
    can.
    """
    if param.place == "path" and (why := find_misreading(value, given=True, reserved=param.reserved)):
        return f"{brief(repr(value))} cannot stand in a path: it {why}"
    if param.place == "header" and not (
        (isinstance(value, str) and value.isascii() and value.isprintable()) or isinstance(value, int | float)
    ):
        return "it must be one line of ASCII text"
    return _find_unfit(param, value)


def _normalize(value: Any, schema: Mapping[str, Any], named: Mapping[str, Any], depth: int) -> Any:
    schema = schemas.resolve(schema, named)
    if depth > MAX_DEPTH:
        return value
    if (
        isinstance(value, float)
        and value.is_integer()
        and abs(value) < 2**53
        and "integer" in _kinds(schema, named)
    ):
        return int(value)
    if isinstance(value, list):
        items = schema.get("items")
        return (
            [_normalize(v, items, named, depth + 1) for v in value] if isinstance(items, Mapping) else value
        )
    if isinstance(value, Mapping):
        parts = _list_parts(schema, named)
        members = {name: inner for part in parts for name, inner in (part.get("properties") or {}).items()}
        needed = {name for part in parts for name in part.get("required") or ()}
        found = {}
        for name, inner in value.items():
            if name not in members:
                found[name] = inner
            elif inner is not None or name in needed or _takes_null(members[name], named):
                found[name] = _normalize(inner, members[name], named, depth + 1)
        return found
    return value


def _types(schema: Mapping[str, Any]) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _kinds(schema: Mapping[str, Any], named: Mapping[str, Any]) -> list[str]:
    """Return the types of a schema and of its alternatives."""
    return [*_types(schema), *(kind for b in _branches(schema, named) for kind in _types(b))]


def _branches(schema: Mapping[str, Any], named: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        schemas.resolve(b, named)
        for k in ("allOf", "anyOf", "oneOf")
        for b in schema.get(k) or ()
        if isinstance(b, Mapping)
    ]


def _list_parts(schema: Mapping[str, Any], named: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the parts and alternatives of a schema, those inside others first, and itself last."""
    return list_parts(schema, named, keys=("allOf", "anyOf", "oneOf"))[::-1]


def _takes_null(schema: Mapping[str, Any], named: Mapping[str, Any]) -> bool:
    """Return whether null is a valid value. Otherwise null means that the argument is not given."""
    waiting, met = [schema], set()
    while waiting:
        written = waiting.pop()
        part, reference = schemas.resolve(written, named), written.get("$ref")
        if reference in met:
            continue
        met |= {reference} if reference else set()
        if (
            "null" in _types(part)
            or ("const" in part and part["const"] is None)
            or None in (part.get("enum") or ())
        ):
            return True
        branches = [b for k in ("anyOf", "oneOf") for b in part.get(k) or () if isinstance(b, Mapping)]
        if not branches and not (_types(part) or {"const", "enum", "allOf"} & part.keys()):
            return True
        waiting += branches
    return False
