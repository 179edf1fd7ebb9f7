"""Measure what a list of tools keeps of alternatives that a `discriminator` names, ours and those of others.

`python -m evaluation.corpus.alternatives` prints a table of our lists. With the path of a JSON file it also
has the list in there, such as `FastMCP.from_openapi(…)` makes of the document that `--document` prints.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

from pgagents.base.places import Source, plain
from pgagents.base.reading import parse
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build
from pgagents.importer.overlay.load import load_overlay

REF = "#/components/schemas/"
TEXT, NUMBER = {"type": "string"}, {"type": "number"}
MORE = {"kind": {"name": "Rex"}, "form": {}}
"""Members that no kind requires; a strict list demands them all."""
KINDS = {"dog": ("bark", "loud"), "cat": ("lives", 7)}
"""The member that each kind of pet requires, with a value."""
FORMS = {"round-v1": ("r", 1.5), "square-v1": ("a", 2)}
"""The member that each form requires, with a value."""
Call = tuple[str, dict[str, Any]]


def make_document() -> dict[str, Any]:
    """Return a document with alternatives as a body, inside of one, in a list, and in answers."""

    def extend(member: str, schema: dict[str, Any]) -> dict[str, Any]:
        own = {"type": "object", "required": [member], "properties": {member: schema}}
        return {"allOf": [{"$ref": REF + "Pet"}, own]}

    def form(member: str) -> dict[str, Any]:
        return {"type": "object", "required": ["form", member], "properties": {"form": TEXT, member: NUMBER}}

    def write(name: str, schema: dict[str, Any]) -> dict[str, Any]:
        content = {"application/json": {"schema": schema}}
        answers = {"200": {"description": "What was written", "content": content}}
        body = {"required": True, "content": content}
        return {
            "post": {
                "operationId": name,
                "summary": f"Take {name}",
                "requestBody": body,
                "responses": answers,
            }
        }

    pet = {"type": "object", "required": ["kind"], "properties": {"kind": TEXT, "name": TEXT}}
    told = {"propertyName": "kind", "mapping": {"dog": REF + "Dog", "cat": REF + "Cat"}}
    shapes = {"round-v1": REF + "Circle", "square-v1": REF + "Square"}
    one_of = [{"$ref": REF + "Circle"}, {"$ref": REF + "Square"}]
    schemas = {
        "Pet": {**pet, "discriminator": told},
        "Dog": extend("bark", TEXT),
        "Cat": extend("lives", NUMBER),
        "Shape": {"oneOf": one_of, "discriminator": {"propertyName": "form", "mapping": shapes}},
        "Circle": form("r"),
        "Square": form("a"),
    }
    pets, shape = {"$ref": REF + "Pet"}, {"$ref": REF + "Shape"}
    drawing = {"type": "object", "required": ["shape"], "properties": {"shape": shape}}
    pack = {"type": "object", "required": ["pets"], "properties": {"pets": {"type": "array", "items": pets}}}
    paths = {"/pets": write("pet", pets), "/shapes": write("shape", shape)}
    paths |= {"/drawings": write("drawing", drawing), "/packs": write("pack", pack)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pets", "version": "1.0.0"},
        "servers": [{"url": "https://pets.example"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


def list_bodies(*, right: bool) -> Iterator[Call]:
    """Yield bodies by operation: one of each kind, or such as the API must refuse.

    Those lack the kind's own member, have that of another kind in its place, or name no kind.
    """
    for tell, kinds, whole, wrap in (
        ("kind", KINDS, "pet", lambda one: ("pack", {"pets": [one]})),
        ("form", FORMS, "shape", lambda one: ("drawing", {"shape": one})),
    ):
        for kind, (member, value) in kinds.items():
            other, another = next(pair for name, pair in kinds.items() if name != kind)
            bodies = [{tell: kind, member: value}]
            if not right:
                bodies = [{tell: kind}, {tell: kind, other: another}, {tell: "none", member: value}]
            for body in bodies:
                yield whole, {**MORE[tell], **body}
                yield wrap({**MORE[tell], **body})


def count(schemas: Mapping[str, Any], *, right: bool, whole: str = "") -> tuple[int, int]:
    """Return how many bodies the schemas of a list take, and of how many. `whole` names a body's argument."""
    taken = total = 0
    for name, body in list_bodies(right=right):
        schema = schemas.get(name)
        inside = bool(whole) and schema is not None and whole in schema.get("properties", {})
        total += 1
        if schema is not None:
            taken += jsonschema.Draft202012Validator(schema).is_valid({whole: body} if inside else body)
    return taken, total


def render_row(title: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> str:
    """Return the row of one list."""
    cells = [title]
    for schemas in (inputs, outputs):
        if not schemas:
            cells += ["no place", "no place"]
            continue
        taken, of = count(schemas, right=True, whole="body")
        wrong, of_wrong = count(schemas, right=False, whole="body")
        cells += [f"{taken} of {of}", f"{of_wrong - wrong} of {of_wrong}"]
    return f"| {' | '.join(cells)} |"


def load_model() -> Model:
    """Return the model of the document, as `build` reads it."""
    text = json.dumps(make_document())
    source: Source = parse("pgagents: 1\nopenapi: pets.json\n", "pgagents.yaml", folder=Path("/"))
    return load_overlay(source, lambda _: text.encode())


def main(words: list[str]) -> int:
    """Print the document, or the table."""
    if words == ["--document"]:
        print(json.dumps(make_document(), indent=1))
        return 0
    print("| tool list | right bodies taken | wrong bodies refused | right answers | wrong answers refused |")
    print("|---|---|---|---|---|")
    model = load_model()
    for document in build(model).rendered:
        functions = document.made.view.functions
        if functions and document.made.id != "gemini/functions":  # its form is not a JSON Schema
            names = [str(f.name) for f in functions]
            inputs = dict(zip(names, [plain(f.parameters) for f in functions], strict=True))
            outputs = {str(f.name): plain(f.response) for f in functions if f.response}
            print(render_row(document.made.paths[0], inputs, outputs))
        elif document.made.id in ("openai/openapi", "copilot/openapi"):
            print(render_row(document.made.paths[0], *_read_operations(plain(document.data))))
    for path in words:
        tools = json.loads(Path(path).read_text(encoding="utf-8"))
        inputs = {tool["name"]: tool["inputSchema"] for tool in tools}
        outputs = {tool["name"]: tool["outputSchema"] for tool in tools if "outputSchema" in tool}
        print(render_row(Path(path).stem, inputs, outputs))
    return 0


def _read_operations(document: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schemas of bodies and of answers by operationId."""
    inputs, outputs = {}, {}
    around = {"components": document["components"]}
    for item in document["paths"].values():
        for operation in item.values():
            id = operation["operationId"]
            content = operation["requestBody"]["content"]["application/json"]
            inputs[id] = {**content["schema"], **around}
            outputs[id] = {**operation["responses"]["200"]["content"]["application/json"]["schema"], **around}
    return inputs, outputs


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
