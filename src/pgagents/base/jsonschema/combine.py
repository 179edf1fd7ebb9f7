"""Make one JSON Schema of several: accept what both accept, join an `allOf`, accept null too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pgagents.base.jsonschema.schema import REF, resolve
from pgagents.base.places import Node, Pointer

_GREATER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_LESSER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
APPLICATORS = (
    "prefixItems", "contains", "minContains", "maxContains", "patternProperties", "propertyNames",
    "dependentRequired", "dependentSchemas", "not", "if", "then", "else", "unevaluatedProperties",
    "unevaluatedItems",
)  # fmt: skip
"""Keywords of 2020-12 that cannot be joined in one schema, and that few vendors support."""
_ONE_ONLY = ("pattern", "format", "multipleOf", "anyOf", "oneOf", "discriminator", *APPLICATORS)


class Flat(dict[str, Any]):
    """A schema without `$ref` and `allOf` at its top level. `places` maps each keyword to its pointer in
    the catalogue.
    """

    __slots__ = ("origin", "places")

    def __init__(
        self, members: Mapping[str, Any], origin: Pointer, places: Mapping[str, Pointer] | None = None
    ) -> None:
        super().__init__(members)
        self.origin = origin
        self.places = dict(places) if places is not None else {k: (*origin, k) for k in members}

    def place(self, keyword: str) -> Pointer:
        """Return the keyword's pointer in the catalogue."""
        return self.places.get(keyword, (*self.origin, keyword))


def intersect(a: Flat, b: Flat) -> tuple[Flat, list[tuple[str, Pointer, Any]]]:
    """Return a schema for the values that both `a` and `b` accept, and each lost keyword with its place and
    value.

    `b` is the outer schema: if both have a text, its text wins.
    """
    both = Flat(a, a.origin, a.places)
    lost: list[tuple[str, Pointer, Any]] = []
    for key, value in b.items():
        if key in ("properties", "additionalProperties"):
            continue
        if key not in a or a[key] == value:
            both[key], both.places[key] = value, b.place(key) if key not in a else a.place(key)
        elif key in _ONE_ONLY or (key in ("type", "enum") and not _meet(key, a[key], value)):
            lost.append((key, b.place(key), value))
        else:
            both[key] = _intersect_keyword(key, a[key], value)
            if both[key] == value:
                both.places[key] = b.place(key)
    _members(a, b, both)
    return both, lost


def add_null(flat: Flat) -> bool:
    """Extend a schema in place so that it accepts null as well. Return False, unchanged, if it has no type
    or alternatives.
    """
    if "type" not in flat and "anyOf" not in flat and "oneOf" not in flat:
        return False
    if "oneOf" in flat:  # one alternative may accept null already, and then two would match
        alternatives = flat.pop("oneOf")
        if "anyOf" not in flat:
            flat["anyOf"], flat.places["anyOf"] = alternatives, flat.place("oneOf")
    if "anyOf" in flat:
        flat["anyOf"] = [*flat["anyOf"], Node({"type": "null"}, origin=flat.place("anyOf"))]
    if "type" in flat:
        kinds = [flat["type"]] if isinstance(flat["type"], str) else list(flat["type"])
        flat["type"] = kinds if "null" in kinds else [*kinds, "null"]
    if "enum" in flat and None not in flat["enum"]:
        flat["enum"] = [*flat["enum"], None]
    if "const" in flat:
        flat["enum"] = [flat.pop("const"), None]
    return True


def _intersect_keyword(key: str, one: Any, other: Any) -> Any:
    if key in _GREATER:
        return max(one, other)
    if key in _LESSER:
        return min(one, other)
    if key == "type":
        return _types(one, other)
    if key == "required":
        return [*one, *(name for name in other if name not in one)]
    if key == "enum":
        return [v for v in one if any(_same(v, w) for w in other)]
    if key == "items":
        return Node({"allOf": [one, other]}, origin=getattr(one, "origin", ()))
    if key == "uniqueItems":
        return one or other
    return other


def _meet(key: str, one: Any, other: Any) -> bool:
    """True if two types or two enums have a common value. An empty intersection cannot be expressed here."""
    return bool(_intersect_keyword(key, one, other))


def _same(a: Any, b: Any) -> bool:
    return a == b and isinstance(a, bool) == isinstance(b, bool)


def _types(one: Any, other: Any) -> Any:
    first = [one] if isinstance(one, str) else list(one)
    second = [other] if isinstance(other, str) else list(other)
    met = [t for t in first if t in second or (t == "integer" and "number" in second)]
    met += [t for t in second if t == "integer" and "number" in first and t not in met]
    return met[0] if len(met) == 1 else met


def _members(a: Flat, b: Flat, both: Flat) -> None:
    """Intersect `properties` and `additionalProperties` into `both`.

    A member is kept if both schemas accept it, as a property or as an additional one.
    """
    if "properties" not in b and "additionalProperties" not in b:
        return
    first, second = a.get("properties") or {}, b.get("properties") or {}
    rest_a, rest_b = _rest(a), _rest(b)
    members = Node(origin=a.place("properties") if first else b.place("properties"))
    for name in [*second, *(n for n in first if n not in second)]:
        one, other = first.get(name, rest_a), second.get(name, rest_b)
        if one is not False and other is not False:
            members[name] = _intersect_schemas(one, other)
    if first or second:
        both["properties"] = members
        both.places.setdefault("properties", b.place("properties"))
    if rest_a is not True or rest_b is not True:
        both["additionalProperties"] = _intersect_schemas(rest_a, rest_b)
        both.places.setdefault("additionalProperties", b.place("additionalProperties"))


def _rest(flat: Flat) -> Any:
    """Return the schema of members without a name of their own.

    Names that match a pattern are not among them.
    """
    return True if "patternProperties" in flat else flat.get("additionalProperties", True)


def _intersect_schemas(one: Any, other: Any) -> Any:
    if one is False or other is False:
        return False
    if one is True or one == other:
        return other
    if other is True:
        return one
    return Node({"allOf": [one, other]}, origin=getattr(one, "origin", ()))


# -- references and `allOf` as one schema


TEXTS = frozenset(("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"))
"""Keywords that exclude no value."""
_MIXED = frozenset((
    "prefixItems", "contains", "minContains", "maxContains", "if", "then", "else", "patternProperties",
    "unevaluatedProperties", "unevaluatedItems",
))  # fmt: skip
"""Keywords whose effect depends on other keywords of the same part."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A schema without `$ref` and `allOf` at its top level. Its members may have them.

    `is_exact` is false if it may accept more values than the written one. `names` are the named schemas that
    are in it.
    """

    schema: Mapping[str, Any]
    is_exact: bool
    names: frozenset[str]


def join(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Joined:
    """Return one schema for a schema, the one behind its reference, and the parts of its `allOf`."""
    names: set[str] = set()
    end = resolve(schema, schemas)
    while schema is not end:
        names.add(str(schema["$ref"])[len(REF) :])
        schema = schemas[str(schema["$ref"])[len(REF) :]]
    if "allOf" not in end:
        return Joined(end, is_exact=True, names=frozenset(names))
    parts = list_parts(end, schemas, names)
    made, is_exact = Flat({}, ()), True
    for part in reversed(parts):
        own = {key: value for key, value in part.items() if key not in ("$ref", "allOf")}
        made, lost = intersect(made, Flat(own, ()))
        is_exact = is_exact and not lost
    limiting = [part for part in parts if part.keys() - TEXTS - {"$ref", "allOf"}]
    mixes = len(limiting) > 1 and not _MIXED.isdisjoint(made)
    return Joined(made, is_exact and not mixes, frozenset(names))


def list_parts(
    schema: Mapping[str, Any],
    schemas: Mapping[str, Any],
    names: set[str] | None = None,
    keys: Collection[str] = ("allOf",),
) -> list[Mapping[str, Any]]:
    """Return a schema and all that apply with it: the targets of references, and the parts of `allOf`.

    With `anyOf` and `oneOf` among the `keys` they are those that may apply, too. Each named schema is one
    part, however often it is referred to. The names are added to `names`.
    """
    met = names if names is not None else set()
    found, waiting = [], [schema]
    while waiting:
        part = waiting.pop()
        found.append(part)
        waiting += [inner for key in keys for inner in part.get(key) or () if isinstance(inner, Mapping)]
        name = str(part.get("$ref", "")).removeprefix(REF)
        if name in schemas and name not in met:
            met.add(name)
            waiting.append(schemas[name])
    return found


# -- null in a vendor's dialect


_TEXTS = ("title", "description", "default", "examples")


def takes_null(schema: Node) -> bool:
    """True if null is one of the schema's types or alternatives."""
    kinds = schema.get("type")
    return (
        kinds == "null"
        or (isinstance(kinds, list) and "null" in kinds)
        or any(takes_null(b) for b in schema.get("anyOf", ()))
    )


def with_null(schema: Node) -> Node:
    """Return the schema extended by null: one more type if it has types, otherwise one more alternative."""
    kinds = schema.get("type")
    if kinds is None and "anyOf" in schema and "enum" not in schema:
        return Node({**schema, "anyOf": [*schema["anyOf"], _null(schema)]}, origin=schema.origin)
    if kinds is None or "anyOf" in schema:
        return null_beside(schema)
    out = Node(schema, origin=schema.origin)
    out["type"] = [*kinds, "null"] if isinstance(kinds, list) else [kinds, "null"]
    if "enum" in out:
        out["enum"] = [*out["enum"], None]
    return out


def null_beside(schema: Node) -> Node:
    """Return `anyOf` of the schema and null. Title, description, default and examples stay outside."""
    inside = Node({k: v for k, v in schema.items() if k not in _TEXTS}, origin=schema.origin)
    texts: dict[str, Any] = {k: schema[k] for k in _TEXTS if k in schema}
    if "enum" in inside:
        inside["enum"] = [value for value in inside["enum"] if value is not None]
        if not inside["enum"]:
            return Node({"type": "null", **texts}, origin=schema.origin)
    return Node({"anyOf": [inside, _null(schema)], **texts}, origin=schema.origin)


def _null(schema: Node) -> Node:
    return Node({"type": "null"}, origin=schema.origin)


_SCALARS = ("string", "integer", "number", "boolean")
_TEXTUAL = TEXTS | {"example"}


def join_null(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return a union of one scalar with null as one schema, which allows the same; None for any other.

    FastAPI writes each optional argument so: `anyOf: [{type: string, maxLength: 9}, {type: "null"}]`.
    """
    keyword = next((key for key in ("anyOf", "oneOf") if key in schema), "")
    parts = [resolve(part, schemas) for part in schema[keyword]] if keyword else []
    others = [part for part in parts if part.get("type") != "null" or part.keys() - _TEXTUAL - {"type"}]
    if len(parts) != 2 or len(others) != 1 or schema.keys() - _TEXTUAL != {keyword}:
        return None
    (other,) = others
    if other.get("type") not in _SCALARS or other.keys() & {"anyOf", "oneOf", "allOf", "not", "if"}:
        return None
    either = {**other, **{key: value for key, value in schema.items() if key != keyword}}
    either["type"] = [other["type"], "null"]
    if "const" in either:
        either["enum"] = [either.pop("const")]
    if "enum" in either:
        either["enum"] = [*either["enum"], *(() if None in either["enum"] else (None,))]
    return either
