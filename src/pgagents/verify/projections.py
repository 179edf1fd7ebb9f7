"""Read what `pgagents build` makes for vendors, so that calls and answers can be compared with it.

A vendor's schema is converted to JSON Schema 2020-12, so that it can validate calls and answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import read_json
from pgagents.base.jsonschema.combine import list_parts
from pgagents.base.jsonschema.schema import REF, closure, resolve
from pgagents.base.jsonschema.walk import rewrite
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.verify.setting import Setting

SILENT = frozenset(
    (
        "title",
        "description",
        "default",
        "example",
        "examples",
        "deprecated",
        "readOnly",
        "writeOnly",
        "propertyOrdering",
    )
)
"""Keywords that never make a value invalid."""
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
MAX_DEPTH = 40
MOST_NODES = 5_000
"""Most schemas inside one schema in which references are replaced."""


def schema_of_parameter(parameter: Mapping[str, Any]) -> Any:
    """Return the schema of an OpenAPI parameter: its own, or that of the media type in its `content`."""
    held = next(iter(parameter.get("content", {}).values()), parameter)
    return held.get("schema", {})


def read_as_2020(schema: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema in JSON Schema 2020-12, without keywords that no value can break.

    Upper-case types (Gemini), `nullable`, and exclusive bounds given as booleans (OpenAPI 3.0) are converted.
    `named` holds the schemas that references name, and they replace the references. A recursive reference
    becomes a schema that accepts anything. A schema with more than MOST_NODES inside keeps its references.
    Each schema inside it then brings the named ones that it needs.
    """
    reader = _Reader(named)
    try:
        return reader.read(schema, ())
    except _TooLarge:
        return _Keeper(named).read(schema)


class _TooLarge(Exception):
    """A schema would have more than MOST_NODES schemas inside it."""


class _Reader:
    """Converts a schema and replaces its references."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self.named, self.nodes = named, 0

    def read(self, schema: Mapping[str, Any], inside: tuple[str, ...]) -> dict[str, Any]:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise _TooLarge
        reference = schema.get("$ref")
        if isinstance(reference, str):
            name = reference[len(REF) :]
            if name in inside or name not in self.named or len(inside) > MAX_DEPTH:
                return {}
            behind = self.read(self.named[name], (*inside, name))
            beside = {k: v for k, v in schema.items() if k != "$ref" and k not in SILENT}
            return {"allOf": [behind, self.read(beside, inside)]} if beside else behind
        return _convert(schema, lambda part: self.read(part, inside))


class _Keeper:
    """Converts a schema and keeps its references; each distinct named schema is converted once."""

    def __init__(self, named: Mapping[str, Any]) -> None:
        self.named = named
        self.converted: dict[str, dict[str, Any]] = {}

    def read(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return the schema with the keywords of what it refers to; those inside it refer to the others."""
        reference = str(schema.get("$ref", ""))[len(REF) :]
        beside = {k: v for k, v in schema.items() if k != "$ref" and k not in SILENT}
        if reference in self.named and not beside:
            return _convert(resolve(schema, self.named), self._carry)
        return self._carry(schema) if reference else _convert(schema, self._carry)

    def _carry(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        """Return a schema that brings the named ones with it, so that it may stand anywhere."""
        names = closure(schema, self.named)
        kept = self._keep(schema)
        if not names:
            return kept
        for name in names:
            if name not in self.converted:
                self.converted[name] = self._keep(self.named[name])
        whole = {"allOf": [kept], "components": {"schemas": {name: self.converted[name] for name in names}}}
        digest = hashlib.sha256(same(whole).encode()).hexdigest()
        return {"$id": f"urn:pgagents:{digest}", **whole}

    def _keep(self, schema: Mapping[str, Any]) -> dict[str, Any]:
        made = _convert(schema, self._keep)
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference[len(REF) :] not in self.named:
            del made["$ref"]  # it accepts anything
        return made


def _convert(
    schema: Mapping[str, Any], read: Callable[[Mapping[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Return one schema's keywords in 2020-12; `read` converts the schemas inside it."""
    found: dict[str, Any] = {}
    inside = rewrite(schema, lambda c: c.schema if isinstance(c.schema, bool) else read(c.schema))
    for word, value in inside.items():
        if word in SILENT or word == "nullable" or (word in _BOUNDS and isinstance(value, bool)):
            continue
        if word == "type":
            found[word] = [t.lower() for t in value] if isinstance(value, list) else value.lower()
        else:
            found[word] = value
    return (
        _with_null(_exclusive(found, schema)) if schema.get("nullable") is True else _exclusive(found, schema)
    )


def _exclusive(found: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    for word, plain in _BOUNDS.items():
        if schema.get(word) is True and plain in found:
            found[word] = found.pop(plain)
    return found


def _with_null(schema: dict[str, Any]) -> dict[str, Any]:
    kind = schema.get("type")
    if kind is None:
        return {"anyOf": [schema, {"type": "null"}]}
    kinds = kind if isinstance(kind, list) else [kind]
    found = {**schema, "type": kinds if "null" in kinds else [*kinds, "null"]}
    if "enum" in found and None not in found["enum"]:
        found["enum"] = [*found["enum"], None]
    return found


def same(schema: Mapping[str, Any]) -> str:
    """Return a text that is the same for equal schemas."""
    return json.dumps(schema, sort_keys=True, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Members that one schema requires and another does not. A model with the first schema sends them as
    null.
    """

    names: tuple[str, ...] = ()
    members: tuple[tuple[str, Gaps], ...] = ()
    items: Gaps | None = None


def gaps(
    strict: Mapping[str, Any], own: Mapping[str, Any], schemas: Mapping[str, Any] = MappingProxyType({})
) -> Gaps | None:
    """Return the members that the strict schema requires and `own` does not; None if there are none.

    The strict schema is a result of `read_as_2020`; `own` refers to the named `schemas`.
    """
    needed, members, items = _object(own, schemas)
    names = tuple(str(n) for n in strict.get("required", ()) if n not in needed)
    inside = tuple(
        (str(n), found)
        for n, s in strict.get("properties", {}).items()
        if n in members and (found := gaps(s, members[n], schemas))
    )
    each = gaps(strict["items"], items, schemas) if isinstance(strict.get("items"), Mapping) else None
    return Gaps(names, inside, each) if names or inside or each else None


def _object(
    schema: Mapping[str, Any], schemas: Mapping[str, Any]
) -> tuple[set[str], dict[str, Mapping[str, Any]], Mapping[str, Any]]:
    """Return an object's required names, its members and a list's items, including those under `allOf`."""
    needed: set[str] = set()
    members: dict[str, Mapping[str, Any]] = {}
    items: Mapping[str, Any] = {}
    for part in list_parts(schema, schemas):
        required = part.get("required", ())
        needed |= set(required) if isinstance(required, list | tuple) else set()
        members |= part.get("properties", {})
        items = items or part.get("items", {})
    return needed, members, items if isinstance(items, Mapping) else {}


def fill_gaps(value: Any, missing: Gaps | None) -> Any:
    """Return the value with null for every missing member."""
    if missing is None:
        return value
    if isinstance(value, Mapping):
        found = {**dict.fromkeys(missing.names), **value}
        for name, inside in missing.members:
            if name in value:
                found[name] = fill_gaps(value[name], inside)
        return found
    return [fill_gaps(v, missing.items) for v in value] if isinstance(value, list) else value


# -- the documents that `pgagents build` writes


MAX_YAML = 4_000_000
CHARSETS = frozenset(("utf-8", "us-ascii", "iso-8859-1", "windows-1252", "utf-16"))


@dataclass(frozen=True, slots=True)
class Built:
    """A generated file: its data (text if it is neither JSON nor YAML), and the bytes that `build` writes."""

    data: Any
    body: bytes


def build_file(setting: Setting, file: str) -> Built | None:
    """Return a generated file, computed once a run; None if no target makes it."""
    return setting.compute_once(("built", file), lambda: _build_file(setting.model, file))


def _build_file(model: Model, file: str) -> Built | None:
    from pgagents.generate.build import document  # imports jinja2, which takes time

    try:
        rendered = document(model, file, traced=False)
    except PgagentsError:
        return None
    output = next((path for path in rendered.made.paths if Path(file).match(path)), None)
    if output is None:
        return None
    data = rendered.text if rendered.data is None else rendered.data
    body = rendered.body(output)
    return Built(body.decode() if output in rendered.several else data, body)


def parse_document(file: str, body: bytes, charset: str) -> tuple[Any, str]:
    """Return a document's data, and an error message for its syntax (empty if it is right).

    `charset` is the charset of a text that is neither JSON nor YAML. Such a text may have either kind of line
    breaks.
    """
    if file.endswith(".json"):
        read = read_json(body)
        return read.value, read.problem
    if not file.endswith((".yaml", ".yml")):
        return _read_text(body, charset)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        return None, f"byte {error.start} is not UTF-8"
    if len(text) > MAX_YAML:
        return None, f"the document has more than {MAX_YAML:,} characters"
    source = parse(text, file, foreign=True)  # PyYAML writes an alias for what stands twice
    if source.problems:
        return None, f"line {source.problems[0].span.line}: {source.problems[0].message}"
    return _plain(source.data), ""


def _read_text(body: bytes, charset: str) -> tuple[Any, str]:
    if charset.lower() not in CHARSETS:
        return None, f"its charset {charset[:40]} is none that agents read"
    try:
        return body.decode(charset).replace("\r\n", "\n"), ""
    except UnicodeDecodeError as error:
        return None, f"byte {error.start} is not {charset[:40]}"


def _plain(value: Any) -> Any:
    """Return the value with member names as text, as in JSON."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, list) else value
