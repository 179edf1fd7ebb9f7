"""Alternatives that a `discriminator` names are called for real: a server refuses each wrong kind."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import mcp
import pytest
from evaluation.corpus.alternatives import count, load_model

from calling import answered, client_of, run
from importing import imported, openapi
from overlaying import over
from pgagents.base.http import Request, Response
from pgagents.base.jsonschema.union import unite
from pgagents.base.places import plain
from pgagents.generate.build import build
from pgagents.mcp.server import make_server
from pgagents.sandbox.sample import sample

TEXT, NUMBER = {"type": "string", "description": "A text"}, {"type": "number", "description": "A number"}
REF = "#/components/schemas/"


def pet(name: str, member: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that extends Pet by one required member."""
    own = {"type": "object", "required": [member], "properties": {member: schema}}
    return {name: {"allOf": [{"$ref": REF + "Pet"}, own]}}


SCHEMAS: dict[str, Any] = {
    "Pet": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string", "description": "The kind"}, "name": TEXT},
        "discriminator": {"propertyName": "kind", "mapping": {"dog": REF + "Dog", "a-cat": REF + "Cat"}},
    },
    **pet("Dog", "bark", TEXT),
    **pet("Cat", "lives", NUMBER),
    "Shape": {
        "oneOf": [{"$ref": REF + "Circle"}, {"$ref": REF + "Square"}],
        "discriminator": {
            "propertyName": "form",
            "mapping": {"round-v1": REF + "Circle", "square-v1": REF + "Square"},
        },
    },
    "Circle": {"type": "object", "required": ["form", "r"], "properties": {"form": TEXT, "r": NUMBER}},
    "Square": {"type": "object", "required": ["form", "a"], "properties": {"form": TEXT, "a": NUMBER}},
}
NEEDED = {"dog": "bark", "a-cat": "lives", "round-v1": "r", "square-v1": "a"}
"""The member that the server requires with each kind."""


def document() -> dict[str, Any]:
    """A document with alternatives as a whole body, inside of one, in a list, and in answers."""

    def write(name: str, schema: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        content = {"application/json": {"schema": schema}}
        told = {"description": "What was written", "content": {"application/json": {"schema": answer}}}
        return {
            "post": {
                "operationId": name,
                "summary": f"Take what {name} says",
                "requestBody": {"required": True, "content": content},
                "responses": {"200": told},
            }
        }

    shape, pets = {"$ref": REF + "Shape"}, {"$ref": REF + "Pet"}
    drawing = {"type": "object", "required": ["shape"], "properties": {"page": NUMBER, "shape": shape}}
    several = {
        "type": "object",
        "required": ["pets"],
        "properties": {"pets": {"type": "array", "items": pets}},
    }
    count = {"type": "object", "properties": {"n": {"type": "integer"}}}
    paths = {
        "/pets": write("add_pet", pets, pets),
        "/drawings": write("draw", drawing, drawing),
        "/packs": write("add_pack", several, several),
        "/counts": write("count_shapes", shape, count),
    }
    return openapi(paths, components={"schemas": SCHEMAS})


def serve(request: Request) -> Response:
    """Answer with what was sent, or refuse a kind that is unknown or lacks its own member."""
    body = json.loads(request.body)
    several = body.get("pets") or [body.get("shape") or body]
    for one in several:
        kind = one.get("kind") or one.get("form")
        if NEEDED.get(kind, "") not in one or {*one} & ({*NEEDED.values()} - {NEEDED[kind]}):
            return answered(422, {"detail": f"{kind} needs {NEEDED.get(kind)}"})
    return answered(200, {"n": 1} if request.target == "/counts" else body)


MODEL = imported(document()).model
DOG, CAT = {"kind": "dog", "name": "Rex", "bark": "loud"}, {"kind": "a-cat", "lives": 7}
RIGHT: list[tuple[str, dict[str, Any]]] = [
    ("add_pet", {"body": DOG}),
    ("add_pet", {"body": CAT}),
    ("draw", {"page": 2, "shape": {"form": "round-v1", "r": 1.5}}),
    ("draw", {"shape": {"form": "square-v1", "a": 2}}),
    ("add_pack", {"pets": [DOG, CAT]}),
    ("count_shapes", {"body": {"form": "round-v1", "r": 1}}),
]
WRONG: list[tuple[str, dict[str, Any]]] = [
    ("add_pet", {"body": {"kind": "dog", "lives": 7}}),
    ("add_pet", {"body": {"kind": "Dog", "bark": "loud"}}),
    ("draw", {"shape": {"form": "Circle", "r": 1.5}}),
    ("draw", {"shape": {"form": "square-v1", "r": 1.5}}),
    ("add_pack", {"pets": [DOG, {"kind": "a-cat"}]}),
]


def lists() -> dict[str, Any]:
    """The lists of functions of every vendor, by target."""
    return {d.made.id: d.made.view.functions for d in build(MODEL).rendered if d.made.view.functions}


@pytest.mark.parametrize("era", ["auto", "legacy"])
def test_each_kind_is_called_through_the_mcp_server(era: str) -> None:
    async def work() -> None:
        async with mcp.Client(make_server(MODEL, client_of(MODEL, serve)), mode=era) as peer:
            listed = {tool.name: tool for tool in (await peer.list_tools()).tools}
            for name, arguments in RIGHT:
                jsonschema.validate(arguments, listed[name].input_schema)
                result = await peer.call_tool(name, arguments)
                assert not result.is_error, result.content
                sent = arguments.get("body", arguments)
                assert result.structured_content == ({"n": 1} if name == "count_shapes" else sent)

    run(work)


def test_what_the_server_refuses_no_list_offers() -> None:
    """Gemini's own form has no schema that a validator reads; its other list has the same alternatives."""
    client = client_of(MODEL, serve)
    names = [str(action.name) for action in MODEL.actions]
    checked = 0
    for id, functions in lists().items():
        if id == "gemini/functions":
            continue
        schemas = dict(zip(names, [plain(f.parameters) for f in functions], strict=True))
        for name, arguments in WRONG:
            assert not jsonschema.Draft202012Validator(schemas[name]).is_valid(arguments), (id, name)
        checked += 1
    assert checked >= 8
    for name, arguments in WRONG:
        assert not run(lambda name=name, arguments=arguments: client.call(name, arguments)).ok


def test_mcp_tools_say_the_alternatives_of_answers() -> None:
    tools = {str(f.name): f for f in build(load_model(), only=["mcp/tools"]).rendered[0].made.view.functions}
    answers = {name: plain(f.response) for name, f in tools.items() if f.response}
    assert answers["shape"]["type"] == "object"
    assert count(answers, right=True) == (8, 8)
    assert count(answers, right=False) == (0, 24)


def test_sample_of_an_alternative_has_its_own_value() -> None:
    own = {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string", "enum": ["dog"]}},
    }
    base = {"type": "object", "properties": {"kind": TEXT, "bark": TEXT}, "required": ["kind", "bark"]}
    for parts in ([base, own], [own, base]):
        assert sample({"allOf": parts}, {}, 0.0) == {"kind": "dog", "bark": "text"}


def test_document_without_unions_has_one_object_that_the_server_takes() -> None:
    for document in build(MODEL).rendered:
        if document.made.id not in ("openai/openapi", "copilot/openapi"):
            continue
        content = document.data["paths"]["/pets"]["post"]["requestBody"]["content"]
        schema = content["application/json"]["schema"]
        assert schema["properties"]["kind"]["enum"] == ["dog", "a-cat"]
        assert schema["required"] == ["kind"]
        assert schema["properties"]["bark"]["description"] == (
            "A text (required with kind dog, and only there)"
        )
        assert set(schema["properties"]) == {"kind", "name", "bark", "lives"}
        assert any(loss.constraint == "alternatives of the body" for loss in document.made.view.losses)
        for body in (DOG, CAT):
            jsonschema.validate(body, schema)
            assert serve(Request("POST", "/pets", (), json.dumps(body).encode())).status == 200


def test_copilot_keeps_the_actions_that_it_can_call() -> None:
    """An object inside a body costs the action alone, where nobody chose it, and not the whole vendor."""
    (copilot,) = [d for d in build(over(document=document())).rendered if d.made.id == "copilot/openapi"]
    assert copilot.data["paths"].keys() == {"/pets", "/counts"}
    gone = {loss.constraint for loss in copilot.made.view.losses if loss.gone}
    assert gone == {"action draw", "action add_pack"}


def test_alternatives_that_are_no_objects_make_no_object() -> None:
    text, thing = {"type": "string"}, {"type": "object", "properties": {"a": TEXT}}
    assert unite({"anyOf": [text, thing]}, {}) is None
    assert unite(thing, {}) is None


def test_members_of_one_name_take_what_any_alternative_takes() -> None:
    first = {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "string", "enum": ["x"]}}}
    second = {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}, "c": NUMBER}}
    first["properties"] |= {"b": {"type": "integer", "minimum": 3}}
    second["properties"] |= {"b": {"type": "integer", "maximum": 1}}
    made = unite({"oneOf": [first, {"anyOf": [second, {"type": "null"}]}]}, {})
    assert made == {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "integer"}, "c": NUMBER},
        "required": ["a"],
    }
