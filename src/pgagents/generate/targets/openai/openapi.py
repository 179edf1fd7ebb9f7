"""The OpenAPI 3.1 document that the GPT builder imports as Actions.

The importer's rules are in schemas/requirements/openai.yaml, read 2026-11-20: one https server, one security
scheme, no header parameters, no references in parameters, `properties` in every object.
"""

from __future__ import annotations

from collections.abc import Iterator

from pgagents.generate.openapi.document import document, losses, operations
from pgagents.generate.openapi.profile import Profile
from pgagents.generate.openapi.shape import inline_references, with_items, with_properties
from pgagents.generate.openapi.takers import CHATGPT, in_json
from pgagents.generate.sign_in import choose_for_gpt
from pgagents.generate.target import Loss, Note, Target, View
from pgagents.jsonschema.schema import cycles
from pgagents.model.model import Model
from pgagents.model.surface import Surface
from pgagents.source.origin import Node

_MOST_OPERATIONS = 30


def view(model: Model) -> View:
    """Return the OpenAPI Object. Writes are marked consequential; reads that are not GET are marked as
    not.
    """
    offered, left_out = in_json(model.surfaces["openai"], CHATGPT)
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
    for operation in operations(made):
        for parameter in operation.get("parameters", ()):
            inlined = with_items(inline_references(parameter["schema"], model.schemas), ordered)
            parameter["schema"] = with_properties(inlined)
    lost = (*left_out, *sign_in.losses, *losses(model, profile), *ordered)
    notes = tuple(_notes(model, profile, sign_in.surface, made))
    return View(made, lost, notes, sign_in.falsehoods)


def _notes(model: Model, profile: Profile, surface: Surface, made: Node) -> Iterator[Note]:
    """Yield notes about limits that no schema can check: operations, recursive schemas, duplicate argument
    names.
    """
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
    for name in sorted(cycles(made["components"]["schemas"])):
        said = f"schema `{name}` contains itself; the GPT builder refuses circular components"
        yield Note(("schemas", name), said, "end the recursion in the catalogue's schema")


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
