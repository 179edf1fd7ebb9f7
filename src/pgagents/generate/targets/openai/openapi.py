"""The OpenAPI 3.1 document that the GPT builder imports as Actions.

The importer's rules are in schemas/requirements/openai.yaml, read 2026-11-20: one https server, one security
scheme, no header parameters, no references in parameters, `properties` in every object.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any

from pgagents.base.jsonschema.direction import find_written_name
from pgagents.base.jsonschema.schema import REF, closure, cycles, refs
from pgagents.base.jsonschema.walk import Child, rewrite
from pgagents.base.places import Node
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.hosts import CHATGPT, choose_for_gpt, in_json
from pgagents.generate.openapi.document import document, losses, operations
from pgagents.generate.openapi.parts import Profile
from pgagents.generate.target import Loss, Note, Target, View

_MOST_OPERATIONS = 30


def view(model: Model) -> View:
    """Return the OpenAPI Object. Writes are marked consequential; reads that are not GET are marked as
    not.
    """
    offered, left_out = in_json(model, model.surfaces["openai"], CHATGPT)
    sign_in = choose_for_gpt(model, offered)
    profile = Profile(
        "3.1.0",
        sign_in.surface,
        complete=False,
        header_params=False,
        examples=False,
        consequential=True,
        schemes=sign_in.schemes,
    )
    ordered: dict[Loss, None] = {}
    made = document(model, profile, lambda schema: with_properties(with_items(schema, ordered)))
    end_recursion(made["components"]["schemas"], ordered)
    for operation in operations(made):
        for parameter in operation.get("parameters", ()):
            inlined = with_items(inline_references(parameter["schema"], model.schemas), ordered)
            parameter["schema"] = with_properties(inlined)
    lost = (*left_out, *sign_in.losses, *losses(model, profile), *ordered)
    notes = tuple(_notes(model, profile, sign_in.surface, made))
    return View(made, lost, notes, sign_in.falsehoods)


def _notes(model: Model, profile: Profile, surface: Surface, made: Node) -> Iterator[Note]:
    """Yield notes about limits that no schema can check: operations, duplicate argument names."""
    at = surface.origin
    count = 0
    for operation in operations(made):
        count += 1
        body = (
            operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        )
        names = [p["name"] for p in operation.get("parameters", ())] + list(body.get("properties", ()))
        for name in sorted({n for n in names if names.count(n) > 1}):
            said = f"{operation['operationId']} has two arguments sent as `{name}`; ChatGPT then drops it"
            yield Note(operation.origin, said, "give one of them another `wire` name")
    for action in profile.actions(model):
        for param in action.params:
            if param.place in ("header", "cookie") and param.required:
                what = f"the {param.place} `{param.wire}`"
                said = f"{action.operation_id} requires {what}, which GPT Actions cannot send"
                yield Note(
                    param.origin,
                    said,
                    f"take {action.name} off `surfaces.openai`, or do not require the {param.place}",
                )
    if count > _MOST_OPERATIONS:
        said = f"{count} operations; the GPT builder refuses more than {_MOST_OPERATIONS}"
        yield Note((*at, "actions"), said, "offer fewer actions on `surfaces.openai`")


# the builder measures its own text, indented by two; "1 MB" is taken as the smaller of its two meanings
TARGET = Target(
    "GPT Actions (OpenAPI 3.1)",
    ("openai/openapi.yaml", "openai/openapi.json"),
    view,
    surface="openai",
    max_bytes=1_000_000,
    most_actions=_MOST_OPERATIONS,
    describes="openapi",
)


# -- schemas as the importer requires them


def transform(schema: Node, change: Callable[[Node], Node]) -> Node:
    """Apply `change` to every schema inside the schema, then to the schema itself."""

    def change_inside(child: Child) -> Any:
        return transform(child.schema, change) if isinstance(child.schema, Node) else child.schema

    return change(rewrite(schema, change_inside))


def with_properties(schema: Node) -> Node:
    """Add an empty `properties` to every object that has none, at any depth.

    GPT's importer otherwise reports "object schema missing properties", and refuses every argument at call
    time.
    """

    def add_properties(node: Node) -> Node:
        kinds = node.get("type")
        if (
            kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
        ) and "properties" not in node:
            return Node({**node, "properties": Node(origin=node.origin)}, origin=node.origin)
        return node

    return transform(schema, add_properties)


def with_items(schema: Node, lost: dict[Loss, None]) -> Node:
    """Give every list of fixed form the schema of an item, which allows any of its parts; record the loss.

    GPT's importer refuses a list without one.
    """

    def add_items(node: Node) -> Node:
        first = node.get("prefixItems")
        if not first or "items" in node:
            return node
        further = node.get("unevaluatedItems", True)
        parts = [*first, *([further] if isinstance(further, Mapping) else [])]
        each = [part for n, part in enumerate(parts) if part not in parts[:n]]
        kept = {key: value for key, value in node.items() if key not in ("prefixItems", "unevaluatedItems")}
        kept["items"] = each[0] if len(each) == 1 else Node({"anyOf": each}, origin=node.origin)
        if further is False:
            kept["maxItems"] = min(len(first), node.get("maxItems", len(first)))
        at = (*(node.origin or ()), "prefixItems")
        lost[Loss(at, "the order of the items", "widened", "each item may be any of them")] = None
        return Node(kept, origin=node.origin)

    return transform(schema, add_items)


_MOST_IN_RING = 10
"""The most schemas that contain each other of which a cut reference repeats the members."""


def end_recursion(schemas: Node, lost: dict[Loss, None]) -> None:
    """Cut the references by which schemas contain themselves; record each schema that was cut as a loss.

    The builder imports nothing of a document with a circle, even if only the body of an error has one. A
    reference that closes a circle becomes the schema once more, in which references back have any value.
    """
    order = _find_order(schemas)
    circular = cycles(schemas)
    written = {name: schemas[name] for name in schemas if name in circular}
    reached = {name: frozenset(closure(schema, schemas)) for name, schema in written.items()}
    for name, schema in written.items():
        ring = frozenset(other for other in reached[name] & circular if name in reached[other])
        back = frozenset(other for other in ring if order[other] >= order[name])

        def cut(node: Node, back: frozenset[str] = back, ring: frozenset[str] = ring) -> Node:
            target = _target_of(node)
            if target not in back:
                return node
            beside = {k: v for k, v in node.items() if k != "$ref"}
            shown = find_written_name(target)
            why = "it contains itself, and the GPT builder refuses that; further down, any value is taken"
            lost[Loss(("schemas", shown), f"schema {shown}", "widened", why)] = None
            if len(ring) <= _MOST_IN_RING:
                once = transform(written[target], lambda inner: _without_reference(inner, ring))
            else:
                is_object = written[target].get("type") == "object"
                once = Node({"type": "object", "properties": Node()} if is_object else {})
            return Node({**once, **beside}, origin=node.origin)

        schemas[name] = transform(schema, cut)


def _find_order(schemas: Mapping[str, Node]) -> dict[str, int]:
    """Return the order in which a walk leaves the schemas.

    Those that a schema refers to come before it, unless a circle prevents it.
    """
    left: dict[str, int] = {}
    entered: set[str] = set()
    waiting = [(name, False) for name in [*schemas][::-1]]
    while waiting:
        name, leaving = waiting.pop()
        if leaving:
            left[name] = len(left)
        elif name not in entered:
            entered.add(name)
            waiting.append((name, True))
            inner = sorted(refs(schemas[name]) & schemas.keys() - entered, reverse=True)
            waiting += [(other, False) for other in inner]
    return left


def _target_of(node: Node) -> str:
    """Return the name of the schema that a reference leads to; empty for no reference."""
    return str(node.get("$ref", "")).removeprefix(REF)


def _without_reference(node: Node, names: Set[str]) -> Node:
    if _target_of(node) not in names:
        return node
    return Node({k: v for k, v in node.items() if k != "$ref"}, origin=node.origin)


def inline_references(schema: Node, schemas: Mapping[str, Node], inside: tuple[str, ...] = ()) -> Node:
    """Replace references by their targets; a recursive reference becomes an empty schema."""

    def put_in(node: Node) -> Node:
        ref = node.get("$ref")
        if not isinstance(ref, str) or not ref.startswith(REF):
            return node
        name = ref[len(REF) :]
        if name in inside or name not in schemas:
            return Node({k: v for k, v in node.items() if k != "$ref"}, origin=node.origin)
        rest = {k: v for k, v in node.items() if k != "$ref"}
        return Node(
            {**inline_references(schemas[name], schemas, (*inside, name)), **rest}, origin=node.origin
        )

    return transform(schema, put_in)
