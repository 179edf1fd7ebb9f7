"""Translate a catalogue schema into another dialect, and list what that dialect cannot express.

The translated schema accepts every value that the original accepts, unless a loss says `narrowed`. A
constraint that cannot be expressed exactly is widened, and listed as a loss at the catalogue's keyword. A
bound is also described in words. Alternatives are widened without words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from pgagents.base.jsonschema.combine import (
    APPLICATORS,
    Flat,
    add_null,
    intersect,
    join,
    null_beside,
    takes_null,
    with_null,
)
from pgagents.base.jsonschema.direction import find_written_name
from pgagents.base.jsonschema.schema import REF, resolve
from pgagents.base.jsonschema.union import unite
from pgagents.base.places import Node, Pointer, Text, origin_of
from pgagents.base.text import WORDS, append_remark, short
from pgagents.generate.dialect import Dialect
from pgagents.generate.keywords import Keywords, Losses, describe
from pgagents.generate.target import Loss

_UNITED = ""
"""Stands among the names of schemas for alternatives that became one object."""
MOST_UNITED = 4
"""Alternatives inside of others that become one object, at most."""
_ONE = ("contains", "propertyNames", "not", "if", "then", "else", "unevaluatedProperties", "unevaluatedItems")
_ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly")


def lower(
    schema: Mapping[str, Any], schemas: Mapping[str, Any], dialect: Dialect, *, sent: bool = False
) -> tuple[Node, tuple[Loss, ...]]:
    """Translate the schema; return it and the losses. The result is empty if the dialect cannot express it at
    all.

    `schemas` are the named schemas that `#/components/schemas/NAME` refers to. `sent` is true for arguments.
    """
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
        self.dialect, self.schemas = dialect, schemas
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
        self.keywords.agree(flat)
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
        self._tell_apart(flat)
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

    def _tell_apart(self, flat: Flat) -> None:
        """Write the values of a `discriminator` into the alternatives that do not have them: no vendor's
        tools have the keyword.
        """
        written = flat.get("discriminator", {})
        values: dict[str, list[str]] = {}
        for value, reference in written.get("mapping", {}).items():
            values.setdefault(reference, []).append(value)
        for keyword in ("oneOf", "anyOf") if values else ():
            if not isinstance(flat.get(keyword, _Lowered()), _Lowered):
                told = [self._tell(b, written["propertyName"], values, flat) for b in flat[keyword]]
                flat[keyword] = told

    def _tell(self, branch: Any, member: str, values: Mapping[str, list[str]], flat: Flat) -> Any:
        """Return an alternative with the values that tell it, unless it has them."""
        mapped = values.get(branch.get("$ref"))
        own = resolve(join(branch, self.schemas).schema.get("properties", {}).get(member, {}), self.schemas)
        if not mapped or "const" in own or "enum" in own:
            return branch
        place = flat.place("discriminator")
        members = Node({member: Node({"type": "string", "enum": mapped}, origin=place)}, origin=place)
        only = Node({"type": "object", "properties": members}, origin=place)
        return Node({"allOf": [branch, only]}, origin=origin_of(branch) or place)

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
            return self._without_union(flat, keyword, stack)
        if self.dialect.any_of == "alone":
            return self._alone(flat, keyword, branches, stack)
        self._beside(flat, keyword, stack)
        return None

    def _without_union(self, flat: Flat, keyword: str, stack: Stack) -> Node | str | None:
        """Write one object with the members of all alternatives in their place, or drop them if some are not
        objects.
        """
        place = flat.place(keyword)
        branches = flat.pop(keyword)
        united = unite(Node({keyword: branches}, origin=place), self.schemas)
        if united is None or stack.count(_UNITED) >= MOST_UNITED:
            self.losses.add(place, keyword, branches, "widened", "any value is taken")
            return None
        why = "one object with the members of all; their texts say which belong together"
        self.losses.add(place, keyword, branches, "widened", why)
        both, stack = self.flattening.both(Flat(united, place), flat), (*stack, _UNITED)
        settled = self._alternatives(both, stack)
        if settled is None:
            settled = self._keywords(both, stack)
        return "cut" if settled is None else settled

    def _beside(self, flat: Flat, keyword: str, stack: Stack) -> None:
        """Translate the alternatives in place, and keep the keywords beside them."""
        branches, place = list(flat.pop(keyword)), flat.place(keyword)
        before = self.losses.met
        lowered = [self.schema(b, (*place, i), stack) for i, b in enumerate(branches)]
        lowered = self._without_cut(lowered, place, keyword)
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
        lowered = self._without_cut(lowered, place, keyword)
        if any(b is None for b in lowered):
            self.losses.add(place, keyword, branches, "widened", "one of them cannot be said")
            del flat[keyword]
            return None
        if keyword == "oneOf" and not self.dialect.one_of:
            self.losses.add(place, keyword, branches, "widened", "more than one may hold")
        out = Node({"anyOf": lowered}, origin=flat.origin)
        describe(out, flat, [WORDS["deprecated"](flat.get("deprecated"))])
        return out

    def _without_cut(self, lowered: list[Node | None], place: Pointer, keyword: str) -> list[Node | None]:
        """Return the alternatives of an argument without those that the vendor cannot be told.

        Any value in their place would cost the whole argument where the vendor takes only typed ones.
        """
        kept = [branch for branch in lowered if branch is not None]
        if not kept or len(kept) == len(lowered) or self.dialect.untyped or not self.objects.sent:
            return lowered
        cut = len(lowered) - len(kept)
        why = f"{cut} of {len(lowered)} alternatives cannot be said, so no call has them"
        self.losses.add(place, keyword, [], "narrowed", why)
        return [*kept]

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
            k: find_written_name(v[len(REF) :]) if k == "$ref" and isinstance(v, str) else _named(v)
            for k, v in value.items()
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


# -- references and `allOf`


Stack = tuple[str, ...]
"""Names of the schemas that contain the current one, outermost first."""


class Flattening:
    """Flatten schemas as far as one dialect needs, at most `depth` references deep."""

    def __init__(
        self, schemas: Mapping[str, Any], dialect: Dialect, losses: Losses, depth: int | None = None
    ) -> None:
        self.schemas = schemas
        self.dialect = dialect
        self.losses = losses
        self.depth = depth

    def flat(self, raw: Mapping[str, Any], origin: Pointer, stack: Stack) -> tuple[Flat, Stack] | None:
        """Return the flat schema and the names of the schemas that now contain it.

        None if it contains itself without end, is nested too deep, or refers to an unknown schema.
        """
        own = Flat({k: v for k, v in raw.items() if k != "$ref"}, origin, getattr(raw, "places", None))
        if "$ref" in raw:
            name = str(raw["$ref"])[len(REF) :]
            written = find_written_name(name)
            if name not in self.schemas:  # in no catalogue that was loaded
                self.losses.add(origin, "schema", written, "dropped", "there is no schema of this name")
                return None
            if stack.count(name) >= self.dialect.unroll:
                self.losses.add(origin, "schema", written, "dropped", "it contains itself")
                return None
            if self.depth is not None and len(stack) >= self.depth:
                why = f"written out to the end the whole would hold more than {MAX_NODES:,} schemas"
                self.losses.add(origin, "schema", written, "dropped", why)
                return None
            behind = self.flat(self.schemas[name], ("schemas", written), (*stack, name))
            if behind is None:
                return None
            own, stack = self.both(behind[0], own), behind[1]
        if "allOf" in own and not self.dialect.all_of:
            parts = own.pop("allOf")
            place = own.place("allOf")
            for index, part in enumerate(parts):
                inner = self.flat(part, origin_of(part) or (*place, index), stack)
                if inner is None:
                    return None
                own, stack = self.both(inner[0], own), inner[1]
        return own, stack

    def both(self, inner: Flat, outer: Flat) -> Flat:
        """Intersect two schemas.

        If one schema cannot express both, `outer` is widened and the loss is recorded.
        """
        if not inner:
            return outer
        both, lost = intersect(inner, outer)
        for keyword, place, value in lost:
            self.losses.add(place, keyword, value, "widened", "one schema cannot say both")
        return both


# -- members of objects


Lower = Callable[[Mapping[str, Any], Pointer, Stack], Node | None]


class Objects:
    """Write the keywords of objects. `lower` translates the schema of a member."""

    def __init__(self, dialect: Dialect, losses: Losses, lower: Lower, *, sent: bool) -> None:
        self.dialect, self.losses, self.lower, self.sent = dialect, losses, lower, sent

    def write(self, flat: Flat, kinds: list[str], out: Node, stack: Stack, hints: list[str]) -> bool:
        """Translate an object's members. Return False if the dialect cannot express the object."""
        d = self.dialect
        is_object = "object" in kinds
        cut = self._properties(flat, out, stack, hints)
        further = flat.get("additionalProperties", True)
        if "patternProperties" in flat and "patternProperties" not in out:
            # `patternProperties` are not additional members, but this dialect cannot tell them apart
            further = True
        if not is_object and "properties" not in flat and "additionalProperties" not in flat:
            if "required" in flat:
                out["required"] = list(flat["required"])
            return True
        if d.additional == "closed":
            self._close(flat, out, further, cut)
        elif d.additional == "drop":
            if further is not True:
                place = flat.place("additionalProperties")
                self.losses.add(
                    place, "additionalProperties", further, "dropped", "other members are not refused"
                )
        elif isinstance(further, Mapping):
            inner = self.lower(further, flat.place("additionalProperties"), stack)
            out["additionalProperties"] = True if inner is None or cut else inner
        elif d.additional == "explicit" or "additionalProperties" in flat:
            out["additionalProperties"] = bool(further) or cut
        if not d.empty_objects and is_object and not out.get("properties"):
            self.losses.add(
                flat.origin, "object", "without named members", "dropped", "the vendor refuses it"
            )
            return False
        return True

    def _close(self, flat: Flat, out: Node, further: Any, cut: bool) -> None:
        """Allow only named members, if the dialect demands it.

        If the object has others, some calls cannot be made, which is a loss.
        """
        members = out.setdefault("properties", Node(origin=flat.place("properties")))
        out["additionalProperties"] = False
        if self.dialect.optional == "null":
            out.setdefault(
                "required", list(members)
            )  # strict schemas need `required` even for an object without members
        place = flat.place("additionalProperties")
        if "patternProperties" in flat:
            at = flat.place("patternProperties")
            self.losses.add(at, "patternProperties", {}, "narrowed", "only named members may be sent")
        elif any(part.get("properties", members).keys() != members.keys() for part in out.get("anyOf", ())):
            why = "each alternative would refuse the members beside it"
            self.losses.add(flat.place("anyOf"), "anyOf", [], "narrowed", why)
        elif isinstance(further, Mapping) or (further is not False and not members):
            self.losses.add(
                place, "additionalProperties", further, "narrowed", "only named members may be sent"
            )
        elif cut or set(flat.get("required", ())) - set(members):
            self.losses.add(place, "properties", {}, "narrowed", "a member cannot be said")
        elif further is not False:
            self.losses.add(
                place, "additionalProperties", further, "dropped", "only named members may be sent"
            )

    def _properties(self, flat: Flat, out: Node, stack: Stack, hints: list[str]) -> bool:
        """Write the members that can be expressed; return True if one was left out."""
        if "properties" not in flat:
            if "required" in flat and (
                "object" in (flat.get("type") or ()) and self.dialect.additional != "drop"
            ):
                out["required"] = list(flat["required"])
            return False
        place = flat.place("properties")
        members = Node(origin=place)
        for name, member in flat["properties"].items():
            if self.dialect.names and not re.fullmatch(self.dialect.names, name):
                hints.append(self._say_member(flat, name, member))
                continue
            lowered = self.lower(member, (*place, name), stack)
            if (
                lowered is not None
                and self.dialect.optional == "null"
                and name not in flat.get("required", ())
            ):
                lowered = self._or_none(lowered, (*place, name))
            if lowered is not None:
                members[name] = lowered
        out["properties"] = members
        cut = len(members) < len(flat["properties"])
        known = members if cut or self.dialect.additional in ("drop", "closed") else None
        required = [n for n in flat.get("required", ()) if known is None or n in known]
        if self.sent and self.dialect.additional == "drop":
            self._tell_left_out(flat, members)
        if self.dialect.optional == "null":
            required = list(members)
        if required or self.dialect.optional == "null":
            out["required"] = required
        if self.dialect.ordering and members:
            out["propertyOrdering"] = list(members)
        return cut

    def _tell_left_out(self, flat: Flat, members: Node) -> None:
        """Record the required members that no call can have, because the dialect has only named members."""
        for name in (n for n in flat.get("required", ()) if n not in members):
            place = origin_of(flat["properties"].get(name)) or flat.place("required")
            why = "calls need it, and the vendor takes none with it"
            self.losses.add(place, "required member", name, "narrowed", why)

    def _say_member(self, flat: Flat, name: str, member: Mapping[str, Any]) -> str:
        """Return the words for a member whose name the vendor refuses in schemas, and record the loss."""
        place = origin_of(member) or (*flat.place("properties"), name)
        self.losses.add(place, "member", name, "description", "the vendor takes no such name of a member")
        kind, text = member.get("type"), str(member.get("description", "")).rstrip(".")
        facts = [kind] if isinstance(kind, str) else []
        facts += ["required"] if name in flat.get("required", ()) else []
        said = f"further member {json.dumps(name, ensure_ascii=False)}"
        said += f" ({', '.join(facts)})" if facts else ""
        return f"{said}: {text}" if text else said

    def _or_none(self, member: Node, origin: Pointer) -> Node:
        """Make an optional member required and nullable. Null then stands for an omitted member."""
        taken = takes_null(member)
        detail = (
            "null and not given cannot be distinguished"
            if taken
            else "null stands for: not given; who makes the call leaves it out"
        )
        self.losses.add(origin_of(member) or origin, "optional", [], "widened", detail)
        text = member.get("description", "")
        said = member if taken else with_null(member)
        said["description"] = Text(
            append_remark(text, "null if not given", inside=True), origin_of(text) or member.origin
        )
        return said


# -- extent of a schema
#
# Schemas that refer to each other can grow exponentially: sixteen that each name the next twice make
# 65,536. No model reads that much, so references are followed only as deep as MAX_NODES allows.


MAX_NODES = 1_000
"""Largest number of schemas that one schema may expand to.

The largest in the shipped catalogues expands to 34.
"""
MAX_STEPS = 20 * MAX_NODES
"""Largest number of steps for translating one schema.

After that, keywords that multiply each other are cut.
"""


def depth_that_fits(schema: Mapping[str, Any], schemas: Mapping[str, Any], unroll: int) -> int | None:
    """Return how many references deep the schema may be expanded, or None if all of it fits.

    `unroll` is how often a recursive schema appears on one path.
    """
    if _fits(schema, schemas, unroll, None):
        return None
    depth = 0
    while _fits(schema, schemas, unroll, depth + 1):
        depth += 1
    return depth


def _fits(schema: Mapping[str, Any], schemas: Mapping[str, Any], unroll: int, depth: int | None) -> bool:
    count = 0
    waiting: list[tuple[Mapping[str, Any], tuple[str, ...]]] = [(schema, ())]
    while waiting:
        node, path = waiting.pop()
        count += 1
        if count > MAX_NODES:
            return False
        name = str(node.get("$ref", ""))[len(REF) :]
        if name in schemas and path.count(name) < unroll and (depth is None or len(path) < depth):
            waiting.append((schemas[name], (*path, name)))
        waiting.extend((child, path) for child in _children(node))
    return True


def _children(node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = [node.get("items"), node.get("additionalProperties")]
    for key in ("oneOf", "anyOf", "allOf"):
        found += node.get(key) or ()
    members = node.get("properties")
    if isinstance(members, Mapping):
        found += members.values()
    return [child for child in found if isinstance(child, Mapping)]
