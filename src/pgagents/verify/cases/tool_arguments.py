"""Make arguments for a tool from its input schema: valid ones, and some that each break one keyword.

A value comes from the schema's `examples`, `default`, `const` and `enum`, or from an example quoted in the
description. Otherwise it is the least that the schema allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.jsonschema.schema import foreign_validator
from pgagents.verify.values.invalid_values import MISSING, violations
from pgagents.verify.values.schema_values import low, types_of

MOST_NODES, MOST_WRONG, MOST_CHOSEN = 3_000, 10, 200
UNKNOWN = "pgv_unknown"
_QUOTED = re.compile(r"(?:e\.g\.|for example|such as|examples?:)[^'\"`]{0,20}(['\"`])(.{1,80}?)\1", re.I)
_KEYWORDS = ("required", "type", "enum", "const", "minimum", "maximum", "exclusiveMinimum",
             "exclusiveMaximum",
             "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems")  # fmt: skip
_WRONG: Mapping[str, Any] = {
    "string": {"pgv": 1}, "number": {"pgv": 1}, "integer": {"pgv": 1}, "boolean": {"pgv": 1},
    "array": {"pgv": 1}, "object": "pgv",
}  # fmt: skip
"""A value for each type that has another type, and that no lenient reader can convert."""


@dataclass(frozen=True, slots=True)
class BrokenArguments:
    """Arguments that break one keyword of the schema, and a description of the problem."""

    arguments: Mapping[str, Any]
    says: str
    keyword: str


class ToolArguments:
    """Makes the arguments of one tool. Raises ValueError for a schema by which no value can be judged."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._test = foreign_validator(schema)
        self._flat = inline_references(schema)
        members = self._flat.get("properties")
        self._members: Mapping[str, Any] = members if isinstance(members, Mapping) else {}
        wanted = self._flat.get("required")
        self._required = [n for n in wanted if isinstance(n, str)] if isinstance(wanted, list) else []

    def make_ordinary(self) -> Mapping[str, Any] | None:
        """Return valid arguments, required ones only; None if no valid values were found."""
        made = {name: self._value(name) for name in self._required}
        if self._test.is_valid(made):
            return made
        try:
            made = {**low(self._flat, {}), **made}
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return None
        return made if self._test.is_valid(made) else None

    def make_whole(self) -> Mapping[str, Any] | None:
        """Return valid arguments with every member of the schema; None if these are the ordinary ones."""
        made = {name: self._value(name) for name in self._members}
        return made if made != self.make_ordinary() and self._test.is_valid(made) else None

    def list_chosen(self) -> list[Mapping[str, Any]]:
        """Return the ordinary arguments, varied by each value of each enum."""
        base = self.make_ordinary() or {}
        members = ((name, part) for name, part in self._members.items() if isinstance(part, Mapping))
        made: list[Mapping[str, Any]] = []
        for name, part in members:
            made += [{**base, name: value} for value in _listed(part.get("enum"))]
        return made[:MOST_CHOSEN]

    def list_wrong(self) -> list[BrokenArguments]:
        """Return arguments that each break one keyword. Unknown members are not among them."""
        base = self.make_ordinary()
        if base is None:
            return []
        found: dict[tuple[str, str], BrokenArguments] = {}
        for wrong in self._violations(base):
            key = wrong.keyword, wrong.says.split("`")[1] if "`" in wrong.says else ""
            if key not in found and not self._test.is_valid(wrong.arguments):
                found[key] = wrong
        ordered = sorted(found.values(), key=lambda w: _KEYWORDS.index(w.keyword))
        return ordered[:MOST_WRONG]

    def make_unknown(self) -> Mapping[str, Any] | None:
        """Return arguments with a member that the schema refuses; None if the schema accepts any member."""
        base = self.make_ordinary()
        made = None if base is None else {**base, UNKNOWN: "1"}
        return made if made is not None and not self._test.is_valid(made) else None

    def find_example(self) -> Mapping[str, Any] | None:
        """Return the required arguments with values that the schema itself gives; None if a value must be
        invented.
        """
        made = {name: self._find_given(name) for name in self._required}
        sound = all(value is not None for value in made.values()) and self._test.is_valid(made)
        return made if sound else None

    def _find_given(self, name: str) -> Any:
        """Return a value that the schema gives for an argument; None if it gives none."""
        schema = self._members.get(name)
        if not isinstance(schema, Mapping):
            return None
        candidates = _listed(schema.get("examples")) + [
            schema[k] for k in ("const", "default") if k in schema
        ]
        candidates += [*_listed(schema.get("enum"))[:1], *_quotes(schema.get("description"))]
        return next((v for v in candidates if v is not None and _fits(schema, v)), None)

    def _value(self, name: str) -> Any:
        schema = self._members.get(name)
        if not isinstance(schema, Mapping):
            return "1"
        if (told := self._find_given(name)) is not None:
            return told
        if schema.get("format") in ("uri", "url"):
            return "https://example.com/"
        try:
            return low(schema, {})
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
            return "1"

    def _violations(self, base: Mapping[str, Any]) -> Iterator[BrokenArguments]:
        for name, schema in self._members.items():
            if not isinstance(schema, Mapping):
                continue
            if name in self._required:
                rest = {k: v for k, v in base.items() if k != name}
                yield BrokenArguments(rest, f"without the required `{name}`", "required")
            kinds = types_of(schema)
            if len(kinds) == 1 and kinds[0] in _WRONG:
                yield BrokenArguments(
                    {**base, name: _WRONG[kinds[0]]}, f"with `{name}` of another type", "type"
                )
            try:
                broken = [
                    v for v in violations(schema, {}, required=False) if v.priority == 1 and not v.unmade
                ]
            except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
                continue
            for one in broken:
                if one.keyword in _KEYWORDS[2:] and not one.path and one.value is not MISSING:
                    yield BrokenArguments(
                        {**base, name: one.value}, f"with a `{name}` that {one.says}", one.keyword
                    )


def _fits(schema: Mapping[str, Any], value: Any) -> bool:
    try:
        return bool(foreign_validator(schema).is_valid(value))
    except ValueError:
        return False


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else []


def _quotes(description: Any) -> list[str]:
    """Return the examples that a description quotes."""
    return (
        [found[2] for found in _QUOTED.finditer(description[:4_000])] if isinstance(description, str) else []
    )


def inline_references(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema with its own references replaced by their schemas; recursive ones are left open."""
    left = MOST_NODES

    def copy(node: Any, above: frozenset[str]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            return {}
        if isinstance(node, list):
            return [copy(item, above) for item in node]
        if not isinstance(node, Mapping):
            return node
        ref = node.get("$ref")
        if isinstance(ref, str):
            if ref in above or not ref.startswith("#"):
                return {}
            found = _follow(schema, ref)
            rest = {k: v for k, v in node.items() if k != "$ref"}
            return copy({**found, **rest} if isinstance(found, Mapping) else rest, above | {ref})
        return {k: copy(v, above) for k, v in node.items() if k not in ("$defs", "definitions")}

    made: dict[str, Any] = copy(schema, frozenset())
    return made


def _follow(schema: Any, ref: str) -> Any:
    for step in ref[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        schema = schema.get(name) if isinstance(schema, Mapping) else None
    return schema
