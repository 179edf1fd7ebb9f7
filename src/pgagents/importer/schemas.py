"""Convert JSON Schemas of any OpenAPI edition into the catalogue's schemas, with notes on what is lost."""

from __future__ import annotations

import json
import math
import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from pgagents.base.jsonschema.agreement import as_type, find_clashes, is_of, kinds_of
from pgagents.base.jsonschema.schema import TOO_MANY_TRIES, list_endless
from pgagents.base.places import Pointer
from pgagents.base.text import brief, nearest
from pgagents.importer.document import BASE, Found, References, say_dangling
from pgagents.importer.names import Extent, Notes, clean_value, cut, identifier, is_member, one_line, snake


class Schemas:
    """Convert schemas, and collect the named schemas they refer to.

    `modern` is true for OpenAPI 3.1, whose schemas are JSON Schema 2020-12.
    """

    def __init__(self, references: References, notes: Notes, *, modern: bool) -> None:
        self.references, self.notes, self.modern = references, notes, modern
        self.named: dict[str, dict[str, Any]] = {}
        self.by_place: dict[tuple[str, str], str] = {}
        self.taken: set[str] = set()
        self.pending: deque[tuple[str, Found]] = deque()
        self.widened: set[str] = set()
        self.given: dict[str, str] = {}
        self.found: dict[str, Found] = {}
        """The document's own schema for each name."""

    def convert(self, found: Found, at: Pointer) -> dict[str, Any]:
        """Convert one schema. `at` is its future pointer in the catalogue."""
        raw = found.value
        if isinstance(raw, bool):
            if not raw:
                self.widen(at, "a schema that takes nothing is not carried", found)
            return {}
        if not isinstance(raw, dict):
            self.widen(at, "no schema stands here; anything is taken", found)
            return {}
        if isinstance(raw.get("$ref"), str):
            return self._reference(found, at)
        return Conversion(self, found, at).make()

    def finish(self) -> None:
        """Convert every schema that was referred to, then relax `oneOf` if one of its branches was
        widened.
        """
        while self.pending:
            name, found = self.pending.popleft()
            self.named[name] = self.convert(found, ("schemas", name))
            self.found[name] = found
        self._widen_endless()
        users: dict[str, list[str]] = {}
        for name, schema in self.named.items():
            for other in _find_references(schema):
                users.setdefault(other, []).append(name)
        wanted = list(self.widened)
        while wanted:
            for user in users.get(wanted.pop(), ()):
                if user not in self.widened:
                    self.widened.add(user)
                    wanted.append(user)
        for schema in self.named.values():
            self.relax(schema)

    def _widen_endless(self) -> None:
        """Replace schemas to which no value can be held in bounded time by one that takes anything."""
        while endless := list_endless(self.named, ""):
            for name in endless:
                self.named[name] = {}
                message = (
                    f"a value is held to more than {TOO_MANY_TRIES:,} schemas here, the same ones "
                    "again and again; anything is taken"
                )
                if name in self.found:
                    self.widen(("schemas", name), message, self.found[name])

    def relax(self, schema: Any) -> None:
        """Replace `oneOf` by `anyOf` if a branch was widened, because several branches may match now."""
        for node in _list_objects(schema):
            branches = node.get("oneOf")
            if (
                isinstance(branches, list)
                and "anyOf" not in node
                and _find_references(branches) & self.widened
            ):
                node["anyOf"] = node.pop("oneOf")

    def _take_name(self, wish: str) -> str:
        """Return a name that no other schema has. Names must differ in more than case and underscores."""
        name = made = identifier(wish)
        number = 2
        while made.replace("_", "").lower() in self.taken:
            made, number = f"{name[:58]}_{number}", number + 1
        self.taken.add(made.replace("_", "").lower())
        return made

    def name_of(self, found: Found, wish: str) -> str:
        """Return the name of a schema of the document, assigned at its first use."""
        key = (found.document.location, found.pointer)
        if key not in self.by_place:
            name = self._take_name(wish)
            self.by_place[key] = name
            self.named[name] = {}
            self.pending.append((name, found))
        return self.by_place[key]

    def give(self, wish: str, schema: dict[str, Any]) -> str:
        """Name a generated schema. An equal schema that was named before has the same name."""
        written = json.dumps(schema, sort_keys=True)
        if written not in self.given:
            name = self._take_name(wish)
            self.named[name] = schema
            self.given[written] = name
        return self.given[written]

    def _reference(self, found: Found, at: Pointer) -> dict[str, Any]:
        target = self.references.target(found)
        if not isinstance(target.value, dict | bool):
            known = self.references.list_beside(target)
            meant = nearest(target.pointer.rpartition("/")[2], known)
            meaning = f" (did you mean `{brief(meant)}`?)" if meant else ""
            self.widen(at, f"{say_dangling(found)}{meaning}; anything is taken", found, extent="nowhere")
            return {}
        name = self.name_of(target, _wish(target.pointer))
        rest = {k: v for k, v in found.value.items() if k != "$ref" and (self.modern or k == "description")}
        made = Conversion(self, Found(rest, found.document, found.pointer), at).make() if rest else {}
        return {"$ref": name, **made}

    def widen(self, at: Pointer, message: str, found: Found, extent: Extent = "wider") -> None:
        """Record that the catalogue's schema accepts more here than the document's."""
        self.notes.add_lost(at, message, found.place, extent)
        if at[:1] == ("schemas",):
            self.widened.add(str(at[1]))


_FRAME = frozenset((
    "schema", "items", "content", "properties", "responses", "requestBody", "parameters",
    "additionalProperties", "allOf", "anyOf", "oneOf",
    "get", "put", "post", "delete", "patch", "default", "components", "schemas", "definitions", "headers",
    "requestBodies", "paths",
))  # fmt: skip


def _wish(pointer: str) -> str:
    """Return a name for the schema at a pointer: the last specific step (not `items`, `0` or a media
    type).
    """
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    if steps[-1:] == [BASE] and len(steps) > 1:
        return f"{steps[-2]}Base"
    if (len(steps) == 3 and steps[:2] == ["components", "schemas"]) or (
        len(steps) == 2 and steps[0] == "definitions"
    ):
        return steps[-1]
    named = [
        step
        for step in steps
        if step not in _FRAME and not step.isdecimal() and not re.fullmatch(r"[a-z*]+/[\w.*+-]+(;.*)?", step)
    ]
    return named[-1] if named else steps[-1] if steps else "Document"


def _find_references(schema: Any) -> set[str]:
    return {node["$ref"] for node in _list_objects(schema) if isinstance(node.get("$ref"), str)}


def _list_objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema, each before its members, so that the caller may change it first."""
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            yield node
            stack.extend(node.values())


# -- keywords of one schema


TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
ANNOTATIONS = frozenset(
    ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")
)
_SILENT = frozenset((
    "$schema", "$id", "$anchor", "$dynamicAnchor", "$comment", "$defs", "definitions", "id", "xml",
    "externalDocs", "example", "nullable",
    "exclusiveMinimum", "exclusiveMaximum", "collectionFormat", "contentEncoding", "contentMediaType",
    "contentSchema",
))  # fmt: skip
_LISTS = ("oneOf", "anyOf", "allOf")
_ONE = ("not", "contains", "propertyNames", "if", "then", "else")
_FLAGGED = ("unevaluatedProperties", "unevaluatedItems")
_NAMED = ("patternProperties", "dependentSchemas")
_IDLE = (
    (("prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems"), "array"),
    (("patternProperties", "propertyNames", "dependentRequired", "dependentSchemas"), "object"),
    (("unevaluatedProperties", "properties", "required", "additionalProperties"), "object"),
    (("items",), "array"),
)
"""Keywords without an effect on any value that is not a list, or not an object."""
_APPLYING = (*_ONE, *_FLAGGED, *_NAMED, "prefixItems", "dependentRequired", "minContains", "maxContains")
"""Keywords that apply other schemas. Only OpenAPI 3.1 has them, except `not`."""


_OUTCOMES = frozenset(("code", "status", "success", "ok", "error"))
"""Names of members that say how a call went, in APIs whose errors have the status of a success."""
_COUNTS = frozenset(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"))
_BOUNDS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minContains", "maxContains"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


_OF_NUMBERS = frozenset(
    (
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("enum", "const", "default", "examples"),
    )
)
"""Keywords with numbers."""
_EXACT = 2**53
"""Whole numbers above it are not exact as floats, so they stay as a document writes them."""


def _whole(value: Any) -> Any:
    """Return a float that is a whole number as an integer, and any other value as it is."""
    exact = isinstance(value, float) and value.is_integer() and abs(value) <= _EXACT
    return int(value) if exact else value


class Conversion:
    """One schema on its way into the catalogue. Its methods fill `made` from `found`.

    `at` is the schema's future pointer in the catalogue. The schemas inside it are converted by `schemas`.
    """

    def __init__(self, schemas: Schemas, found: Found, at: Pointer) -> None:
        self.schemas, self.found, self.at = schemas, found, at
        self.raw: dict[str, Any] = found.value
        self.made: dict[str, Any] = {}

    def make(self) -> dict[str, Any]:
        """Return the schema in the catalogue's form."""
        made, notes = self.made, self.schemas.notes.made
        before = len(notes)
        self._types()
        for key, value in self.raw.items():
            if key in ALLOWED_VALUES:
                self._keyword(key, value)
            elif key in _APPLYING and (self.schemas.modern or key == "not"):
                self._apply(key)
            elif (
                key in ("type", "properties", "required", "items", "additionalProperties", *_LISTS)
                or key in _SILENT
                or key[:2] == "x-"
            ):
                continue
            elif key == "discriminator":
                self._lose("`discriminator` is not carried: the document does not say its values")
            else:
                self._widen(f"`{brief(key)}` is not carried")
        self._outcome()
        self._exclusive()
        self._write_whole()
        self._members()
        self._items()
        self._alternatives()
        self._nullable()
        self._agree()
        self._sense()
        if "oneOf" in made and "anyOf" not in made and len(notes) > before:
            made["anyOf"] = made.pop("oneOf")
        return _collapse(made)

    def _outcome(self) -> None:
        """Keep the example of a number or flag that tells a success from an error, such as `code: 0`."""
        told, kind = self.raw.get("example"), self.raw.get("type")
        named = self.at[-2:-1] == ("properties",) and self.at[-1] in _OUTCOMES
        if named and "examples" not in self.made and isinstance(told, int) and kind in ("integer", "boolean"):
            self.made["examples"] = [told]

    def _widen(self, message: str) -> None:
        self.schemas.widen(self.at, message, self.found)

    def _lose(self, message: str) -> None:
        self.schemas.notes.add_lost(self.at, message, self.found.place)

    def _convert(self, *steps: str | int) -> dict[str, Any]:
        """Return the converted schema that stands at these steps of this one."""
        return self.schemas.convert(self.found.at(*steps), (*self.at, *steps))

    def _types(self) -> None:
        written = self.raw.get("type")
        kinds = [written] if isinstance(written, str) else written if isinstance(written, list) else []
        known = [kind for kind in dict.fromkeys(map(str, kinds)) if kind in TYPES]
        if written is not None and len(known) != len(kinds):
            if written == "file":
                self.made["type"] = "string"
                self._widen("a file is not a JSON value")
                return
            self._widen(f"`{brief(json.dumps(written))}` is not a JSON type")
            return
        if known:
            self.made["type"] = known[0] if len(known) == 1 else known
        elif written is not None:
            self._widen("`type` is empty")

    def _keyword(self, key: str, value: Any) -> None:
        made = self.made
        if not ALLOWED_VALUES[key](value):
            self._refuse_value(key, value)
        elif key == "format" and value == "binary" and not (len(self.at) == 4 and self.at[2] == "output"):
            self._lose("`format: binary` is not carried: JSON holds no bytes")
        elif key == "title":
            if not self._repeats_name(value):
                made[key] = one_line(value)
        elif key == "description":
            made[key] = cut(value)
        elif key == "deprecated":
            if value:
                made[key] = value
        elif key in ("enum", "examples", "const", "default"):
            cleaned = clean_value(value)
            made[key] = _list_once(cleaned) if key == "enum" else cleaned
        else:
            made[key] = int(value) if key in _COUNTS else value

    def _repeats_name(self, title: str) -> bool:
        """True for a title that only writes the name of its member otherwise, as FastAPI does: `Brand Id`."""
        if len(self.at) < 2 or self.at[-2] not in ("properties", "input"):
            return False
        return snake(title) == snake(str(self.at[-1]))

    def _refuse_value(self, key: str, value: Any) -> None:
        """Note that a keyword has a value that JSON Schema does not allow. An empty text is not a loss."""
        if key in ("title", "description", "format") and value in ("", None):
            return
        why = (
            "is not a regular expression (ECMA-262), or too large a one"
            if key == "pattern"
            else f"is not what `{key}` may be"
        )
        note = self._lose if key in ANNOTATIONS else self._widen
        note(f"`{key}: {brief(json.dumps(value), 60)}` {why}")

    def _exclusive(self) -> None:
        made = self.made
        for key, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            value = self.raw.get(key)
            if value is True and bound in made:  # in OpenAPI 3.0 the keyword is a flag beside the bound
                made[key] = made.pop(bound)
            elif is_number(value):
                made[key] = value
            elif value is not None and not isinstance(value, bool):
                self._widen(f"`{key}: {brief(json.dumps(value), 60)}` is not a number")

    def _write_whole(self) -> None:
        """Write the values and bounds of a whole number without a decimal point, as `1` for `1.0`."""
        types = self.made.get("type")
        if set(types if isinstance(types, list) else [types]) <= {"integer", "null"}:
            for key in _OF_NUMBERS & self.made.keys():
                value = self.made[key]
                several = isinstance(value, list)
                self.made[key] = [_whole(each) for each in value] if several else _whole(value)

    def _members(self) -> None:
        properties = self.found.at("properties")
        dropped = set()
        if isinstance(properties.value, dict):
            self.made["properties"] = {}
            for name in properties.value:
                if is_member(name):
                    self.made["properties"][name] = self._convert("properties", name)
                else:
                    dropped.add(name)
                    self.schemas.widen(
                        self.at,
                        f"member `{brief(name)}` is not carried: its name is empty, too long or unprintable",
                        properties.at(name),
                    )
        self._required(dropped)
        unnamed = "patternProperties" in self.raw and not self.made.get("patternProperties")
        self._rest(opened=bool(dropped) or unnamed)

    def _required(self, dropped: set[str]) -> None:
        required, made = self.raw.get("required"), self.made
        if isinstance(required, list):
            texts = [r for r in required if isinstance(r, str)]
            names = [n for n in dict.fromkeys(texts) if n not in dropped]
            unfit = [n for n in names if not is_member(n)]
            if unfit or len(texts) != len(required):
                self._widen("`required` names what cannot be a member here")
            if kept := [n for n in names if n not in unfit]:
                made["required"] = kept
                if "properties" in made:
                    made["properties"] |= {n: {} for n in kept if n not in made["properties"]}
        elif required is not None and not isinstance(required, bool):
            self._widen("`required` is not a list")

    def _apply(self, key: str) -> None:
        """Convert a keyword that applies other schemas. If its value has a wrong type, note the loss."""
        value, made = self.raw[key], self.made
        if key in _ONE and isinstance(value, dict) and not (key == "not" and not value):
            made[key] = self._convert(key)
        elif key in _FLAGGED and isinstance(value, dict | bool):
            made[key] = value if isinstance(value, bool) else self._convert(key)
        elif key in _NAMED and isinstance(value, dict) and value:
            fit = [n for n in value if key != "patternProperties" or is_pattern(n)]
            made[key] = {n: self._convert(key, n) for n in fit}
            if len(fit) < len(value):
                self._widen(f"`{key}` has a pattern that is not a regular expression (ECMA-262)")
        elif key == "prefixItems" and isinstance(value, list) and value:
            made[key] = [self._convert(key, n) for n in range(len(value))]
            if self.raw.get("items") is False:
                made["maxItems"] = min(len(value), made.get("maxItems", len(value)))
        elif key == "dependentRequired" and isinstance(value, dict) and value:
            made[key] = {
                n: [r for r in names if isinstance(r, str)]
                for n, names in value.items()
                if isinstance(names, list)
            }
        elif key in ("minContains", "maxContains") and is_count(value) and "contains" in self.raw:
            made[key] = int(value)
        elif key not in ("minContains", "maxContains"):
            self._widen(f"`{key}` is not what it may be")

    def _rest(self, *, opened: bool) -> None:
        rest, made = self.raw.get("additionalProperties"), self.made
        if isinstance(rest, bool):
            if not (opened and rest is False):
                made["additionalProperties"] = rest
        elif isinstance(rest, dict) and not opened:
            made["additionalProperties"] = self._convert("additionalProperties")
        elif rest is not None and not isinstance(rest, dict):
            self._widen("`additionalProperties` is neither true, false nor a schema")
        if (
            "type" not in made
            and "additionalProperties" in made
            and not any(k in made for k in ("properties", *_LISTS))
        ):
            made["type"] = "object"

    def _items(self) -> None:
        kinds = self.made.get("type")
        tuple_ = "prefixItems" in self.raw
        if isinstance(self.raw.get("items"), dict if tuple_ else dict | bool):
            self.made["items"] = self._convert("items")
        elif "items" in self.raw or kinds == "array" or (isinstance(kinds, list) and "array" in kinds):
            if "items" in self.raw and not tuple_:
                self._widen("`items` is not a schema; items may be anything")
            self.made["items"] = {}

    def _alternatives(self) -> None:
        for key in _LISTS:
            branches = self.raw.get(key)
            if isinstance(branches, list) and branches:
                self.made[key] = [self._convert(key, n) for n in range(len(branches))]
            elif branches is not None:
                self._widen(f"`{key}` is not a list of schemas")

    def _nullable(self) -> None:
        made = self.made
        if self.raw.get("nullable") is not True and self.raw.get("x-nullable") is not True:
            return
        kinds = made.get("type")
        if kinds is not None:
            made["type"] = list(dict.fromkeys([*([kinds] if isinstance(kinds, str) else kinds), "null"]))
            if "enum" in made and None not in made["enum"]:
                made["enum"] = [*made["enum"], None]
        elif any(key in made for key in _LISTS) and "anyOf" not in made:
            inner = {key: made.pop(key) for key in [k for k in made if k not in ANNOTATIONS]}
            made["anyOf"] = [inner, {"type": "null"}]
        elif "anyOf" in made:
            made["anyOf"] = [*made["anyOf"], {"type": "null"}]

    def _agree(self) -> None:
        """Write values as the type says, and leave out what no value of the type can be.

        A document in YAML often has numbers and flags for texts, such as the modes of files.
        """
        made, kinds = self.made, kinds_of(self.made)
        if not kinds:
            return
        if "enum" in made:
            fitting = [value for value in (as_type(v, kinds) for v in made["enum"]) if is_of(value, kinds)]
            if not fitting:
                self._widen(f"`enum: {brief(json.dumps(made['enum']), 60)}` {_FITS_NOT}")
                del made["enum"]
            elif fitting != made["enum"] or any(map(_is_flag_apart, fitting, made["enum"])):
                self._lose(f"`enum: {brief(json.dumps(made['enum']), 60)}` is written as its `type` says")
                made["enum"] = fitting
        if "const" in made:
            value = as_type(made["const"], kinds)
            if is_of(value, kinds):
                if not is_of(made["const"], kinds):
                    self._lose(
                        f"`const: {brief(json.dumps(made['const']), 60)}` is written as its `type` says"
                    )
                made["const"] = value
            else:
                self._widen(f"`const: {brief(json.dumps(value), 60)}` {_FITS_NOT}")
                del made["const"]
        if "default" in made and not is_of(made["default"], kinds):
            value = as_type(made["default"], kinds)
            self._lose(f"`default: {brief(json.dumps(made['default']), 60)}` {_FITS_NOT}")
            made["default"] = value
            if not is_of(value, kinds):
                del made["default"]
        if any(clash.keyword == "default" for clash in find_clashes(made)):
            self._lose(
                f"`default: {brief(json.dumps(made.pop('default')), 60)}` is refused by its own schema"
            )

    def _sense(self) -> None:
        """Remove bounds that exclude every value, and keywords without an effect."""
        made = self.made
        kinds = [made["type"]] if isinstance(made.get("type"), str) else made.get("type", ())
        idle = {word for words, kind in _IDLE for word in words if kinds and kind not in kinds}
        if "if" not in made or not {"then", "else"} & made.keys():
            idle |= {"if", "then", "else"}
        for word in [word for word in made if word in idle]:
            del made[word]
            self._lose(f"`{word}` has no effect here")
        for low, high in _BOUNDS:
            if low in made and high in made and made[low] > made[high]:
                del made[low], made[high]
                self._widen(f"no value is within `{low}` and `{high}`")


_FITS_NOT = "is not a value of its `type`"


def _list_once(values: list[Any]) -> list[Any]:
    """Return values without those that stand there before."""
    return list({json.dumps(value, sort_keys=True, default=str): value for value in values}.values())


def _is_flag_apart(one: Any, other: Any) -> bool:
    """True if one of two equal values is a flag and the other a number."""
    return isinstance(one, bool) != isinstance(other, bool)


def _collapse(made: dict[str, Any]) -> dict[str, Any]:
    """Simplify `{allOf: [{$ref: A}], description: …}`, which OpenAPI 3.0 needs, to `{$ref: A, description:
    …}`.
    """
    alone = made.get("allOf")
    if (
        isinstance(alone, list)
        and len(alone) == 1
        and set(alone[0]) == {"$ref"}
        and set(made) <= {"allOf", *ANNOTATIONS}
    ):
        return {"$ref": alone[0]["$ref"], **{k: v for k, v in made.items() if k != "allOf"}}
    return made


# -- values that a keyword allows


def is_number(value: Any) -> bool:
    """True for a finite number below 1e300."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        and abs(value) < 1e300
    )


def is_count(value: Any) -> bool:
    """True for a whole number of at least zero."""
    return is_number(value) and value == int(value) and value >= 0


def is_text(value: Any) -> bool:
    """True for a text that is more than blanks."""
    return isinstance(value, str) and bool(value.strip())


def is_pattern(value: Any) -> bool:
    """True for a regular expression that the validator accepts."""
    return isinstance(value, str) and compiles(value)


@lru_cache(maxsize=10_000)
def compiles(pattern: str) -> bool:
    """True if the validator accepts the pattern: valid ECMA-262, and not too large when compiled."""
    from pgagents.base.jsonschema.schema import list_problems, validator

    if list_problems({"pattern": pattern}):
        return False
    try:
        validator({"pattern": pattern}, {})
    except ValueError:
        return False
    return True


ALLOWED_VALUES: dict[str, Callable[[Any], bool]] = {
    "title": is_text, "description": is_text, "format": is_text, "pattern": is_pattern,
    "enum": lambda v: isinstance(v, list) and bool(v), "const": lambda _: True, "default": lambda _: True,
    "examples": lambda v: isinstance(v, list),
    "minimum": is_number, "maximum": is_number, "multipleOf": lambda v: is_number(v) and v > 0,
    "minLength": is_count, "maxLength": is_count, "minItems": is_count, "maxItems": is_count,
    "minProperties": is_count, "maxProperties": is_count, "uniqueItems": lambda v: isinstance(v, bool),
    "readOnly": lambda v: isinstance(v, bool), "writeOnly": lambda v: isinstance(v, bool),
    "deprecated": lambda v: isinstance(v, bool),
}  # fmt: skip
"""A function for each keyword; it returns True for an allowed value."""
