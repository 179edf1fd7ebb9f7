"""Convert JSON Schemas of any OpenAPI edition into the catalogue's schemas, with notes on what is lost."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from pgagents.importer.reading.keywords import ALLOWED_VALUES, is_count, is_number, is_pattern
from pgagents.importer.reading.names import clean, cut, identifier, is_member, one_line
from pgagents.importer.reading.note import Notes
from pgagents.importer.reading.references import Found, References
from pgagents.source.source import Pointer
from pgagents.text.brief import brief

TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
ANNOTATIONS = frozenset(
    ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")
)
_SILENT = frozenset((
    "$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "id", "xml", "externalDocs", "example",
    "nullable",
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
    (("unevaluatedProperties",), "object"),
)
"""Keywords without an effect on any value that is not a list, or not an object."""
_APPLYING = (*_ONE, *_FLAGGED, *_NAMED, "prefixItems", "dependentRequired", "minContains", "maxContains")
"""Keywords that apply other schemas. Only OpenAPI 3.1 has them, except `not`."""


_COUNTS = frozenset(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"))
_BOUNDS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minContains", "maxContains"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)


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

    def convert(self, found: Found, at: Pointer) -> dict[str, Any]:
        """Convert one schema. `at` is its future pointer in the catalogue."""
        raw = found.value
        if isinstance(raw, bool):
            if not raw:
                self._wider(at, "a schema that takes nothing is not carried", found)
            return {}
        if not isinstance(raw, dict):
            self._wider(at, "no schema stands here; anything is taken", found)
            return {}
        if isinstance(raw.get("$ref"), str):
            return self._reference(found, at)
        return self._plain(found, at)

    def finish(self) -> None:
        """Convert every schema that was referred to, then relax `oneOf` if one of its branches was
        widened.
        """
        while self.pending:
            name, found = self.pending.popleft()
            self.named[name] = self.convert(found, ("schemas", name))
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

    def relax(self, schema: Any) -> None:
        """Replace `oneOf` by `anyOf` if a branch was widened, because several branches may match now."""
        stack = [schema]
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack.extend(node)
            elif isinstance(node, dict):
                if (
                    isinstance(node.get("oneOf"), list)
                    and "anyOf" not in node
                    and _find_references(node["oneOf"]) & self.widened
                ):
                    node["anyOf"] = node.pop("oneOf")
                stack.extend(node.values())

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
            self._wider(
                at, f"`$ref: {brief(found.value['$ref'], 80)}` leads nowhere; anything is taken", found
            )
            return {}
        name = self.name_of(target, _wish(target.pointer))
        rest = {k: v for k, v in found.value.items() if k != "$ref" and (self.modern or k == "description")}
        made = self._plain(Found(rest, found.document, found.pointer), at) if rest else {}
        return {"$ref": name, **made}

    def _wider(self, at: Pointer, message: str, found: Found) -> None:
        """Record that the catalogue's schema accepts more here than the document's."""
        self.notes.add_lost(at, message, found.place)
        if at[:1] == ("schemas",):
            self.widened.add(str(at[1]))

    def _plain(self, found: Found, at: Pointer) -> dict[str, Any]:
        raw: dict[str, Any] = found.value
        made: dict[str, Any] = {}
        before = len(self.notes.made)
        self._types(found, made, at)
        for key, value in raw.items():
            if key in ALLOWED_VALUES:
                self._keyword(key, value, made, found, at)
            elif key in _APPLYING and (self.modern or key == "not"):
                self._apply(key, made, found, at)
            elif (
                key in ("type", "properties", "required", "items", "additionalProperties", *_LISTS)
                or key in _SILENT
                or key[:2] == "x-"
            ):
                continue
            elif key == "discriminator":
                self.notes.add_lost(
                    at,
                    "`discriminator` is not carried; the alternatives are distinguished by their members",
                    found.place,
                )
            else:
                self._wider(at, f"`{brief(key)}` is not carried", found)
        self._exclusive(found, made, at)
        self._members(found, made, at)
        self._items(found, made, at)
        self._alternatives(found, made, at)
        self._nullable(raw, made)
        self._sense(made, found, at)
        if "oneOf" in made and "anyOf" not in made and len(self.notes.made) > before:
            made["anyOf"] = made.pop("oneOf")
        return _collapse(made)

    def _types(self, found: Found, made: dict[str, Any], at: Pointer) -> None:
        written = found.value.get("type")
        kinds = [written] if isinstance(written, str) else written if isinstance(written, list) else []
        known = [kind for kind in dict.fromkeys(map(str, kinds)) if kind in TYPES]
        if written is not None and len(known) != len(kinds):
            if written == "file":
                made["type"] = "string"
                self._wider(at, "a file is no JSON value", found)
                return
            self._wider(at, f"`{brief(json.dumps(written))}` is no JSON type", found)
            return
        if known:
            made["type"] = known[0] if len(known) == 1 else known
        elif written is not None:
            self._wider(at, "`type` is empty", found)

    def _keyword(self, key: str, value: Any, made: dict[str, Any], found: Found, at: Pointer) -> None:
        if not ALLOWED_VALUES[key](value):
            if key in ("title", "description", "format") and value in ("", None):
                return
            why = (
                "is no regular expression (ECMA-262), or too large a one"
                if key == "pattern"
                else f"is not what `{key}` may be"
            )
            if key in ANNOTATIONS:
                self.notes.add_lost(at, f"`{key}: {brief(json.dumps(value), 60)}` {why}", found.place)
            else:
                self._wider(at, f"`{key}: {brief(json.dumps(value), 60)}` {why}", found)
        elif key == "format" and value == "binary" and not (len(at) == 4 and at[2] == "output"):
            self.notes.add_lost(at, "`format: binary` is not carried: JSON holds no bytes", found.place)
        elif key == "title":
            made[key] = one_line(value)
        elif key == "description":
            made[key] = cut(value)
        elif key == "deprecated":
            if value:
                made[key] = value
        elif key in ("enum", "examples", "const", "default"):
            made[key] = clean_value(value)
        else:
            made[key] = int(value) if key in _COUNTS else value

    def _exclusive(self, found: Found, made: dict[str, Any], at: Pointer) -> None:
        raw = found.value
        for key, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
            value = raw.get(key)
            if value is True and bound in made:  # in OpenAPI 3.0 the keyword is a flag beside the bound
                made[key] = made.pop(bound)
            elif is_number(value):
                made[key] = value
            elif value is not None and not isinstance(value, bool):
                self._wider(at, f"`{key}: {brief(json.dumps(value), 60)}` is no number", found)

    def _members(self, found: Found, made: dict[str, Any], at: Pointer) -> None:
        raw = found.value
        properties = found.at("properties")
        dropped = set()
        if isinstance(properties.value, dict):
            made["properties"] = {}
            for name in properties.value:
                if is_member(name):
                    made["properties"][name] = self.convert(properties.at(name), (*at, "properties", name))
                else:
                    dropped.add(name)
                    self._wider(
                        at,
                        f"member `{brief(name)}` is not carried: its name is empty, too long or unprintable",
                        properties.at(name),
                    )
        required = raw.get("required")
        if isinstance(required, list):
            names = [n for n in dict.fromkeys(r for r in required if isinstance(r, str)) if n not in dropped]
            unfit = [n for n in names if not is_member(n)]
            if unfit or len([r for r in required if isinstance(r, str)]) != len(required):
                self._wider(at, "`required` names what can be no member here", found)
            members = made.get("properties", {})
            hidden = {n for n in names if isinstance(members.get(n), dict) and members[n].get("writeOnly")}
            if kept := [n for n in names if n not in unfit and n not in hidden]:
                made["required"] = kept
                if "properties" in made:
                    made["properties"] |= {n: {} for n in kept if n not in made["properties"]}
        elif required is not None and not isinstance(required, bool):
            self._wider(at, "`required` is no list", found)
        self._rest(
            found,
            made,
            at,
            opened=bool(dropped) or ("patternProperties" in raw and not made.get("patternProperties")),
        )

    def _apply(self, key: str, made: dict[str, Any], found: Found, at: Pointer) -> None:
        """Convert a keyword that applies other schemas. If its value has a wrong type, note the loss."""
        value, inner = found.value[key], found.at(key)
        if key in _ONE and isinstance(value, dict) and not (key == "not" and not value):
            made[key] = self.convert(inner, (*at, key))
        elif key in _FLAGGED and isinstance(value, dict | bool):
            made[key] = value if isinstance(value, bool) else self.convert(inner, (*at, key))
        elif key in _NAMED and isinstance(value, dict) and value:
            fit = {n: inner.at(n) for n in value if key != "patternProperties" or is_pattern(n)}
            made[key] = {n: self.convert(part, (*at, key, n)) for n, part in fit.items()}
            if len(fit) < len(value):
                self._wider(at, f"`{key}` has a pattern that is no regular expression (ECMA-262)", found)
        elif key == "prefixItems" and isinstance(value, list) and value:
            made[key] = [self.convert(part, (*at, key, n)) for n, part in enumerate(inner.items())]
            if found.value.get("items") is False:
                made["maxItems"] = min(len(value), made.get("maxItems", len(value)))
        elif key == "dependentRequired" and isinstance(value, dict) and value:
            made[key] = {
                n: [r for r in names if isinstance(r, str)]
                for n, names in value.items()
                if isinstance(names, list)
            }
        elif key in ("minContains", "maxContains") and is_count(value) and "contains" in found.value:
            made[key] = int(value)
        elif key not in ("minContains", "maxContains"):
            self._wider(at, f"`{key}` is not what it may be", found)

    def _rest(self, found: Found, made: dict[str, Any], at: Pointer, *, opened: bool) -> None:
        rest = found.value.get("additionalProperties")
        if isinstance(rest, bool):
            if not (opened and rest is False):
                made["additionalProperties"] = rest
        elif isinstance(rest, dict) and not opened:
            made["additionalProperties"] = self.convert(
                found.at("additionalProperties"), (*at, "additionalProperties")
            )
        elif rest is not None and not isinstance(rest, dict):
            self._wider(at, "`additionalProperties` is neither true, false nor a schema", found)
        if (
            "type" not in made
            and "additionalProperties" in made
            and not any(k in made for k in ("properties", *_LISTS))
        ):
            made["type"] = "object"

    def _items(self, found: Found, made: dict[str, Any], at: Pointer) -> None:
        kinds = made.get("type")
        tuple_ = "prefixItems" in found.value
        if isinstance(found.value.get("items"), dict if tuple_ else dict | bool):
            made["items"] = self.convert(found.at("items"), (*at, "items"))
        elif "items" in found.value or kinds == "array" or (isinstance(kinds, list) and "array" in kinds):
            if "items" in found.value and "prefixItems" not in found.value:
                self._wider(at, "`items` is no schema; items may be anything", found)
            made["items"] = {}

    def _alternatives(self, found: Found, made: dict[str, Any], at: Pointer) -> None:
        for key in _LISTS:
            branches = found.at(key)
            if isinstance(branches.value, list) and branches.value:
                made[key] = [self.convert(branch, (*at, key, n)) for n, branch in enumerate(branches.items())]
            elif branches.value is not None:
                self._wider(at, f"`{key}` is no list of schemas", found)

    def _nullable(self, raw: Mapping[str, Any], made: dict[str, Any]) -> None:
        if raw.get("nullable") is not True and raw.get("x-nullable") is not True:
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

    def _sense(self, made: dict[str, Any], found: Found, at: Pointer) -> None:
        """Remove bounds that exclude every value, and keywords without an effect."""
        kinds = [made["type"]] if isinstance(made.get("type"), str) else made.get("type", ())
        idle = {word for words, kind in _IDLE for word in words if kinds and kind not in kinds}
        if "if" not in made or not {"then", "else"} & made.keys():
            idle |= {"if", "then", "else"}
        for word in [word for word in made if word in idle]:
            del made[word]
            self.notes.add_lost(at, f"`{word}` has no effect here", found.place)
        for low, high in _BOUNDS:
            if low in made and high in made and made[low] > made[high]:
                del made[low], made[high]
                self._wider(at, f"no value is within `{low}` and `{high}`", found)


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
    """Return the names of all schemas that a schema refers to directly."""
    found: set[str] = set()
    stack = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, list):
            stack.extend(node)
        elif isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                found.add(node["$ref"])
            stack.extend(node.values())
    return found


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


def clean_value(value: Any) -> Any:
    """Return a JSON value whose texts can be encoded as UTF-8."""
    if isinstance(value, str):
        return (
            value if value.isascii() else value.encode("utf-8", "replace").decode() if _lone(value) else value
        )
    if isinstance(value, dict):
        return {clean(k) or "_": clean_value(v) for k, v in value.items()}
    return [clean_value(v) for v in value] if isinstance(value, list) else value


def _lone(text: str) -> bool:
    return any("\ud800" <= c <= "\udfff" for c in text)
