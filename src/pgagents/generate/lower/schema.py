"""Translate a catalogue schema into another dialect, and list what that dialect cannot express.

The translated schema accepts every value that the original accepts, unless a loss says `narrowed`. A
constraint that cannot be expressed exactly is widened, and listed as a loss at the catalogue's keyword. A
bound is also described in words. Alternatives are widened without words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pgagents.generate.lower.dialect import Dialect
from pgagents.generate.lower.extent import MAX_STEPS, depth_that_fits
from pgagents.generate.lower.flatten import Flattening, Stack
from pgagents.generate.lower.keywords import Keywords, describe
from pgagents.generate.lower.losses import Losses
from pgagents.generate.lower.objects import Objects
from pgagents.generate.target import Loss
from pgagents.jsonschema.direction import find_written_name
from pgagents.jsonschema.intersect import APPLICATORS, Flat, add_null
from pgagents.jsonschema.nullable import null_beside
from pgagents.jsonschema.schema import REF
from pgagents.source.origin import Node, origin_of
from pgagents.source.source import Pointer
from pgagents.text.wording import WORDS, short

_ONE = ("contains", "propertyNames", "not", "if", "then", "else", "unevaluatedProperties", "unevaluatedItems")
_ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")


def lower(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], dialect: Dialect, *, sent: bool = False
) -> tuple[Node, tuple[Loss, ...]]:
    """Translate the schema; return it and the losses. The result is empty if the dialect cannot express it at
    all.

    `schemas` are the named schemas that `#/components/schemas/NAME` refers to. `sent` is true for arguments.
    """
    if dialect.whole:
        return schema if isinstance(schema, Node) else Node(schema), ()
    depth = depth_that_fits(schema, schemas, dialect.unroll) if dialect.refs == "inline" else None
    lowering = _Lowering(schemas, dialect, depth, sent=sent)
    lowered = lowering.schema(schema, origin_of(schema) or (), ())
    return lowered if lowered is not None else Node(origin=origin_of(schema) or ()), tuple(
        lowering.losses.told
    )


class _Lowering:
    """Translate one schema into one dialect.

    `schema` returns None if the dialect cannot express a value at all.
    """

    def __init__(
        self, schemas: Mapping[str, Any], dialect: Dialect, depth: int | None, *, sent: bool
    ) -> None:
        self.dialect = dialect
        self.losses = Losses()
        self.flattening = Flattening(schemas, dialect, self.losses, depth)
        self.keywords = Keywords(dialect, self.losses, sent=sent)
        self.objects = Objects(dialect, self.losses, self.schema, sent=sent)
        self.steps = 0

    def schema(self, raw: Mapping[str, Any], origin: Pointer, stack: Stack) -> Node | None:
        origin = origin_of(raw) or origin
        self.steps += 1
        if self.steps > MAX_STEPS:
            self.losses.add(
                origin, "schema", "", "dropped", f"written out, the whole takes more than {MAX_STEPS:,} steps"
            )
            return None
        if "$ref" in raw and self.dialect.refs == "keep":
            return self._keep_reference(raw, origin, stack)
        found = self.flattening.flat(raw, origin, stack)
        if found is None:
            return None
        flat, stack = found
        self._const(flat)
        folded = self._alternatives(flat, stack)
        return (
            folded if isinstance(folded, Node) else None if folded == "cut" else self._keywords(flat, stack)
        )

    def _keep_reference(self, raw: Mapping[str, Any], origin: Pointer, stack: Stack) -> Node | None:
        """Keep a reference.

        Its sibling keywords move into an `allOf`, because readers ignore them beside `$ref`.
        """
        name = str(raw["$ref"])[len(REF) :]
        reference = Node({"$ref": str(raw["$ref"])}, origin=("schemas", name))
        beside = {k: v for k, v in raw.items() if k != "$ref"}
        if not beside:
            return Node(reference, origin=origin)
        outer = self.schema(Node(beside, origin=origin), origin, stack) or Node(origin=origin)
        outer["allOf"] = [reference, *outer.get("allOf", ())]
        return outer

    # alternatives

    def _const(self, flat: Flat) -> None:
        if "const" not in flat:
            return
        if flat["const"] is None:
            del flat["const"]
            flat["type"] = "null"
        elif not self.dialect.const:
            if flat["const"] not in flat.get("enum", [flat["const"]]):
                beside = f"const {short(flat['const'])}"
                self.losses.add(
                    flat.place("enum"),
                    "enum",
                    flat["enum"],
                    "widened",
                    f"beside {beside} nothing would be taken",
                )
            flat["enum"], flat.places["enum"] = [flat.pop("const")], flat.place("const")

    def _alternatives(self, flat: Flat, stack: Stack) -> Node | str | None:
        """Translate `anyOf`, `oneOf` and lists of types.

        Return the finished schema, "cut" if it cannot be expressed, or None to continue with `flat`.
        """
        self._types_to_alternatives(flat)
        for settle in (
            self._only,
            self._several,
        ):  # single alternatives come first, while the keywords around them are not translated yet
            for keyword in ("anyOf", "oneOf"):
                if keyword in flat and not isinstance(flat[keyword], _Lowered):
                    settled = settle(flat, keyword, stack)
                    if settled is not None:
                        return settled
        return None

    def _types_to_alternatives(self, flat: Flat) -> None:
        kinds = flat.get("type")
        if not isinstance(kinds, list) or self.dialect.type_arrays:
            return
        real = [k for k in kinds if k != "null" and not (k == "integer" and "number" in kinds)]
        if len(real) < 2:
            return
        if self.dialect.any_of == "none" or "anyOf" in flat:
            self.losses.add(flat.place("type"), "type", kinds, "widened", "any type is taken")
            del flat["type"]
            return
        place = flat.place("type")
        flat["anyOf"] = [
            Node({"type": k}, origin=place) for k in (*real, *(["null"] if "null" in kinds else []))
        ]
        flat.places["anyOf"] = place
        del flat["type"]

    def _several(self, flat: Flat, keyword: str, stack: Stack) -> Node | str | None:
        """Translate several alternatives, or drop them if the dialect has none."""
        branches = list(flat[keyword])
        if self.dialect.any_of == "none":
            self.losses.add(flat.place(keyword), keyword, branches, "widened", "any value is taken")
            del flat[keyword]
            return None
        if self.dialect.any_of == "alone":
            return self._alone(flat, keyword, branches, stack)
        self._beside(flat, keyword, stack)
        return None

    def _beside(self, flat: Flat, keyword: str, stack: Stack) -> None:
        """Translate the alternatives in place, and keep the keywords beside them."""
        branches, place = list(flat.pop(keyword)), flat.place(keyword)
        before = self.losses.met
        lowered = [self.schema(b, (*place, i), stack) for i, b in enumerate(branches)]
        if any(b is None for b in lowered):
            self.losses.add(place, keyword, branches, "widened", "one of them cannot be said")
            return
        exact = self.dialect.one_of and self.losses.met == before  # a widened branch may overlap another one
        said = keyword if keyword == "anyOf" or exact else "anyOf"
        if said != keyword:
            self.losses.add(place, keyword, branches, "widened", "more than one may hold")
        if said in flat:
            self.losses.add(place, keyword, branches, "widened", "one schema cannot say both")
        else:
            flat[said], flat.places[said] = _Lowered(lowered), place

    def _only(self, flat: Flat, keyword: str, stack: Stack) -> Node | str | None:
        """Replace a single alternative, or one and null, by the alternative itself."""
        d, place = self.dialect, flat.place(keyword)
        nulls = [b for b in flat[keyword] if b.get("type") == "null" or ("const" in b and b["const"] is None)]
        rest = [b for b in flat[keyword] if b not in nulls]
        if len(rest) != 1 or not (d.null == "nullable" or not nulls or d.any_of == "none"):
            return None
        takes_null = bool(nulls) and "null" in flat.get("type", ["null"]) and None in flat.get("enum", [None])
        found = self.flattening.flat(rest[0], origin_of(rest[0]) or (*place, 0), stack)
        if found is None:
            del flat[keyword]
            self.losses.add(place, keyword, [], "widened", "it cannot be said")
            return None
        base = Flat({k: v for k, v in flat.items() if k != keyword}, flat.origin, flat.places)
        if takes_null and ("allOf" in found[0] or any(isinstance(v, _Lowered) for v in base.values())):
            return None
        both, stack = self.flattening.both(found[0], base), found[1]
        self._const(both)
        if takes_null and "oneOf" in both:
            self.losses.add(both.place("oneOf"), "oneOf", both["oneOf"], "widened", "more than one may hold")
        if takes_null and not add_null(both):
            self.losses.add(place, keyword, [], "widened", "any value is taken")
            both = Flat({k: v for k, v in base.items() if k in _ANNOTATIONS}, flat.origin, flat.places)
        settled = self._alternatives(both, stack)
        if settled is None:
            settled = self._keywords(both, stack)
        return "cut" if settled is None else settled

    def _alone(self, flat: Flat, keyword: str, branches: list[Any], stack: Stack) -> Node | None:
        """Write `anyOf` by itself: its sibling keywords go into each branch."""
        place = flat.place(keyword)
        base = {k: v for k, v in flat.items() if k != keyword and k not in _ANNOTATIONS}
        lowered = []
        for index, branch in enumerate(branches):
            part = (
                Node({"allOf": [branch, _Placed(base, flat)]}, origin=origin_of(branch) or (*place, index))
                if base
                else branch
            )
            lowered.append(self.schema(part, (*place, index), stack))
        if any(b is None for b in lowered):
            self.losses.add(place, keyword, branches, "widened", "one of them cannot be said")
            del flat[keyword]
            return None
        if keyword == "oneOf" and not self.dialect.one_of:
            self.losses.add(place, keyword, branches, "widened", "more than one may hold")
        out = Node({"anyOf": lowered}, origin=flat.origin)
        describe(out, flat, [WORDS["deprecated"](flat.get("deprecated"))])
        return out

    # keywords

    def _keywords(self, flat: Flat, stack: Stack) -> Node | None:
        d = self.dialect
        out = Node(origin=flat.origin)
        hints: list[str] = []
        self._tuple(flat)
        kinds = self.keywords.types(flat, out)
        for keyword, value in list(flat.items()):
            if keyword in ("anyOf", "oneOf"):
                out[keyword] = list(value)
            elif keyword == "allOf":
                parts = [self.schema(part, (*flat.place(keyword), i), stack) for i, part in enumerate(value)]
                if said := [part for part in parts if part is not None]:
                    out[keyword] = said
            elif keyword in APPLICATORS:
                self._apply(keyword, flat, out, hints, stack)
            elif keyword == "items":
                items = self.schema(value, flat.place(keyword), stack)
                if items is None:
                    return None
                out["items"] = items
            else:
                self.keywords.write(keyword, flat, kinds, out, hints)
        if "discriminator" in flat:
            self.losses.add(flat.place("discriminator"), "discriminator", {}, "dropped", "its members say it")
        if not self.objects.write(flat, kinds, out, stack, hints):
            return None
        if d.named:
            for kind, keyword in (("object", "properties"), ("array", "items")):
                if kind in kinds:
                    out.setdefault(keyword, Node(origin=flat.origin))
        if not d.untyped and "type" not in out and "anyOf" not in out:
            self.losses.add(
                flat.origin, "any", "value", "dropped", "the vendor takes no value without a type"
            )
            return None
        describe(out, flat, hints)
        return null_beside(out) if d.null == "branch" and out.pop("nullable", False) else out

    def _apply(self, keyword: str, flat: Flat, out: Node, hints: list[str], stack: Stack) -> None:
        """Write a keyword that contains schemas, or describe it in words if the dialect cannot express it
        whole.
        """
        value, place = flat[keyword], flat.place(keyword)
        before = self.losses.met
        if keyword in self.dialect.applicators:
            lowered = self._inside(keyword, value, place, stack)
            if lowered is not None and self.losses.met == before:
                out[keyword] = lowered
                return
        if keyword == "unevaluatedProperties" and value is True:
            return
        hints.append(f"{keyword} {short(_named(value))}")
        self.losses.add(place, keyword, value, "description")

    def _inside(self, keyword: str, value: Any, place: Pointer, stack: Stack) -> Any:
        """Return the translated schemas of a keyword; None if one of them cannot be expressed."""
        if keyword == "prefixItems":
            parts = [self.schema(part, (*place, n), stack) for n, part in enumerate(value)]
            return None if any(part is None for part in parts) else parts
        if keyword in ("patternProperties", "dependentSchemas"):
            named = {name: self.schema(part, (*place, name), stack) for name, part in value.items()}
            return None if any(part is None for part in named.values()) else Node(named, origin=place)
        return self.schema(value, place, stack) if isinstance(value, Mapping) and keyword in _ONE else value

    def _tuple(self, flat: Flat) -> None:
        """Replace a list of item schemas by one union, because the dialect has no positional items."""
        first = flat.get("prefixItems")
        if not first or "prefixItems" in self.dialect.applicators:
            return
        place = flat.place("prefixItems")
        further = [flat["items"]] if "items" in flat else []
        if not further and flat.get("maxItems", len(first) + 1) > len(first):
            further = [Node(origin=place)]
        parts = [part for n, part in enumerate([*first, *further]) if part not in [*first, *further][:n]]
        flat["items"] = parts[0] if len(parts) == 1 else Node({"anyOf": parts}, origin=place)
        flat.places["items"] = place


def _named(value: Any) -> Any:
    """Return a value with each reference replaced by the schema's name, for people and models to read."""
    if isinstance(value, Mapping):
        return {
            k: find_written_name(str(v)[len(REF) :]) if k == "$ref" else _named(v) for k, v in value.items()
        }
    return [_named(v) for v in value] if isinstance(value, list) else value


class _Lowered(list[Any]):
    """Alternatives that have been translated."""


class _Placed(dict[str, Any]):
    """Keywords that were inserted into a branch, with their places in the catalogue."""

    __slots__ = ("origin", "places")

    def __init__(self, members: Mapping[str, Any], flat: Flat) -> None:
        super().__init__(members)
        self.origin = flat.origin
        self.places = flat.places
