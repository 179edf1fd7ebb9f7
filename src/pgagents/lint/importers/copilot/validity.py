"""Validate a document as OpenAPI 3.0 like m365-spec-parser: with its edition of the schema and references
replaced.

The parser replaces all references before it validates. Here a reference stays where the schema allows one,
and its target is validated once for each kind of place. So the time is proportional to the document's size.
"""

from __future__ import annotations

import copy
import operator
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any

from pgagents.lint.importers.copilot.references import Link, References, is_reference, pointer
from pgagents.source.source import Pointer

MOST = 50
MOST_VALUES = 3_000_000
"""Most values that are checked, counting targets at each replacement. Further values count as valid."""
_REFERENCE = "#/definitions/Reference"
_PREFIX = "#/definitions/"


def invalid(references: References) -> Iterator[tuple[Pointer, str]]:
    """Yield the first `MOST` schema errors, each with its place."""
    yield from islice(_Walk(references).errors(), MOST)


class _Walk:
    """Walk along the schema, and record every reference with the kind of value that its target must be."""

    def __init__(self, references: References) -> None:
        self.references = references
        self.seen: set[tuple[int, str]] = set()
        self.waiting: list[tuple[Link, Any, str]] = []
        self.twice: list[Link] = []
        self.left = MOST_VALUES

    def errors(self) -> Iterator[tuple[Pointer, str]]:
        whole = self._laid(self.references.data, _schema(), None)
        yield from _errors("", whole, ())
        while self.waiting:
            link, written, kind = self.waiting.pop()
            yield from self._behind(link, written, kind)
        yield from ((pointer(link), "two of the parameters are the same") for link in self.twice)

    def _behind(self, link: Link, written: dict[str, Any], kind: str) -> Iterator[tuple[Pointer, str]]:
        """Yield the errors of a reference's target for the kind of object expected at the reference."""
        target = self.references.target(written["$ref"])
        if not isinstance(target, dict | list):
            yield from _errors(kind, target, pointer(link))
            return
        if len(written) > 1:
            beside = {key: value for key, value in written.items() if key != "$ref"}
            alone = kind == "Schema" and isinstance(target, dict)  # no rule for schemas combines two keywords
            laid = beside if alone else self.references.follow(written)
            yield from _errors(kind, self._laid(laid, _definitions()[kind], link), pointer(link))
            if not alone:
                return
        if is_reference(target):
            self.waiting.append((link, target, kind))
        elif (id(target), kind) not in self.seen:
            laid = self._laid(target, _definitions()[kind], None)
            yield from (
                (pointer(link), f"{message}, where `{written['$ref'][:120]}` leads")
                for _, message in _errors(kind, laid, ())
            )

    def _laid(self, value: Any, schema: dict[str, Any], link: Link) -> Any:
        """Return the value with references replaced where the schema allows none.

        Allowed references are recorded and stay.
        """
        self.left -= 1
        if not schema or self.left < 0:
            return value
        kind, schema, takes = _kind(schema)
        if "$ref" in value and is_reference(value):
            if takes:
                self.waiting.append((link, value, kind))
                return value
            value = self.references.follow(value)
        if isinstance(value, dict):
            self.seen.add((id(value), kind))
            parts = {
                key: (part, _of_member(schema, key))
                for key, part in value.items()
                if isinstance(part, dict | list)
            }
            return self._with(
                value, {key: self._laid(part, of, (link, key)) for key, (part, of) in parts.items()}
            )
        if isinstance(value, list) and "items" in schema:
            if schema.get("uniqueItems") and any(map(is_reference, value)):
                self._alike(value, link)
            of = schema["items"]
            items = [
                self._laid(part, of, (link, n)) if isinstance(part, dict | list) else part
                for n, part in enumerate(value)
            ]
            return value if all(map(operator.is_, items, value)) else items
        return value

    @staticmethod
    def _with(value: dict[str, Any], laid: dict[str, Any]) -> dict[str, Any]:
        return value if all(value[key] is part for key, part in laid.items()) else {**value, **laid}

    def _alike(self, value: list[Any], link: Link) -> None:
        """Record a list whose references lead to equal values, because its items are not unique."""
        behind = [self.references.follow(part) for part in value]
        if any(part in behind[:n] for n, part in enumerate(behind)):
            self.twice.append(link)


def _kind(schema: dict[str, Any]) -> tuple[str, dict[str, Any], bool]:
    """Return the name of the definition that a place requires, the definition, and if a reference is
    allowed.
    """
    if id(schema) not in _KINDS:
        _KINDS[id(schema)] = _kind_of(schema)
    return _KINDS[id(schema)]


_KINDS: dict[int, tuple[str, dict[str, Any], bool]] = {}
"""Cache by `id()` of a part of the schema, which is never freed."""


def _kind_of(schema: dict[str, Any]) -> tuple[str, dict[str, Any], bool]:
    takes, name = False, ""
    while True:
        choices = [one["$ref"] for one in schema.get("oneOf", ()) if "$ref" in one]
        if _REFERENCE in choices:
            takes, schema = True, {"$ref": next(ref for ref in choices if ref != _REFERENCE)}
        if "$ref" not in schema:
            return name, schema, takes
        name = schema["$ref"].removeprefix(_PREFIX)
        schema = _definitions()[name]


def _of_member(schema: dict[str, Any], key: str) -> dict[str, Any]:
    member = schema.get("properties", {}).get(key)
    if member is None:
        member = next(
            (one for form, one in schema.get("patternProperties", {}).items() if re.search(form, key)), None
        )
    if member is None:
        member = schema.get("additionalProperties")
    return member if isinstance(member, dict) else {}


def _errors(kind: str, value: Any, place: Pointer) -> Iterator[tuple[Pointer, str]]:
    for error in _validator(kind).iter_errors(value):
        message = " ".join(error.message.split())
        yield (*place, *error.instance_path), message if len(message) <= 200 else f"…{message[-199:]}"


@cache
def _validator(kind: str) -> Any:
    import jsonschema_rs

    schema = {"$ref": f"{_PREFIX}{kind}", "definitions": _definitions()} if kind else _schema()
    return jsonschema_rs.Draft4Validator(schema, validate_formats=False)


def _definitions() -> Any:
    return _schema()["definitions"]


@cache
def _schema() -> dict[str, Any]:
    """Return the schema edition of 2019-04-02, which the parser uses, by reverting the changes of the
    later one.
    """
    from openapi_spec_validator.schemas import schema_v30

    schema = copy.deepcopy(dict(schema_v30))
    schema.pop("id", None)
    definitions = schema["definitions"]
    for name in ("AuthorizationCodeOAuthFlow", "ClientCredentialsFlow", "PasswordOAuthFlow"):
        definitions[name]["required"] = [key for key in definitions[name]["required"] if key != "scopes"]
    definitions["Encoding"].pop("patternProperties", None)
    definitions["Encoding"]["properties"]["headers"]["additionalProperties"] = {
        "$ref": "#/definitions/Header"
    }
    bearer, other = definitions["HTTPSecurityScheme"]["oneOf"]
    bearer["properties"]["scheme"] = {"enum": ["bearer"]}
    other["properties"]["scheme"] = {"not": {"enum": ["bearer"]}}
    return schema
