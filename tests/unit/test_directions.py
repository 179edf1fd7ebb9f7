"""A read-only member is required of answers alone, a write-only member of requests alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from calling import Script, answered, client_of, run
from importing import imported
from pgagents.base.errors import InputError
from pgagents.base.jsonschema.direction import OneWay
from pgagents.base.jsonschema.schema import REF, resolve, validator
from pgagents.base.places import Node, plain
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.diff.compare import compare
from pgagents.generate.dialect import ANTHROPIC, MCP, OPENAI_STRICT, Dialect
from pgagents.generate.functions import functions
from pgagents.generate.targets.openapi.openapi import TARGET
from pgagents.lint.texts import collect_texts
from pgagents.mcp.tools import tools
from pgagents.verify.values.invalid_values import violations
from pgagents.verify.values.schema_values import high, low
from small_api import NOTES, catalogue

LINE = """
  Id: {type: string, readOnly: true, description: The line's id}
  Line:
    type: object
    required: [id, sku, token]
    properties:
      id: {$ref: Id}
      sku: {type: string}
      token: {type: string, writeOnly: true}
      parts: {type: array, items: {$ref: Line}}
    additionalProperties: false
"""
WITH_LINES = (
    ("schemas:\n", "schemas:" + LINE),
    ("surfaces: {rest: {actions: all}}", "surfaces: {rest: {actions: all}, mcp: {actions: all}}"),
    (
        "text: {type: string, minLength: 1, maxLength: 40, required: true}}\n    output: {201: {$ref: Note}}",
        """lines: {type: array, minItems: 1, items: {$ref: Line}, required: true}}
    output: {201: {type: object, properties: {line: {$ref: Line}}, required: [line]}}""",
    ),
)
SENT = {"lines": [{"sku": "x", "token": "t", "parts": [{"sku": "y", "token": "u"}]}]}
ANSWERED = {"line": {"id": "1", "sku": "x", "parts": [{"id": "2", "sku": "y"}]}}


@pytest.fixture(scope="module")
def model() -> Model:
    return catalogue(NOTES, *WITH_LINES)


def lines_of(model: Model) -> Node:
    action = model.action("create_note")
    assert action is not None
    param = action.param("lines")
    assert param is not None
    return param.schema


def parameters(model: Model, dialect: Dialect) -> dict[str, Any]:
    found, _ = functions(model, model.surfaces["mcp"], dialect, answers=False)
    made: dict[str, Any] = plain(next(f.parameters for f in found if f.name == "create_note"))
    return made


def test_a_call_without_a_read_only_member_is_sent(model: Model) -> None:
    script = Script(answered(201, {"line": {"id": "1", "sku": "x"}}))
    answer = run(lambda: client_of(model, script, "test_1").call("create_note", SENT))
    assert answer.problem is None
    assert json.loads(script.asked[0].body) == SENT


@pytest.mark.parametrize("lacking", ["sku", "token"])
def test_a_call_without_another_required_member_is_still_refused(model: Model, lacking: str) -> None:
    given = {"lines": [{k: v for k, v in SENT["lines"][0].items() if k != lacking}]}
    script = Script(answered(201, {}))
    answer = run(lambda: client_of(model, script, "test_1").call("create_note", given))
    assert answer.problem is not None
    assert f'"{lacking}" is a required property' in answer.problem.message
    assert not script.asked


def test_a_call_may_name_a_read_only_member(model: Model) -> None:
    test = validator(lines_of(model), model.schemas)
    assert test.is_valid([{"id": "1", "sku": "x", "token": "t"}])


@pytest.mark.parametrize("dialect", [ANTHROPIC, MCP], ids=lambda d: d.name)
def test_tools_demand_no_read_only_member(model: Model, dialect: Dialect) -> None:
    line = parameters(model, dialect)["properties"]["lines"]["items"]
    assert line["required"] == ["sku", "token"]
    assert line["properties"]["parts"]["items"]["required"] == ["sku", "token"]


def test_a_dialect_without_the_mark_says_it_in_words(model: Model) -> None:
    line = parameters(model, ANTHROPIC)["properties"]["lines"]["items"]
    assert line["properties"]["id"]["description"] == "The line's id (in answers only, not to be sent)"
    assert parameters(model, MCP)["properties"]["lines"]["items"]["properties"]["id"]["readOnly"] is True


def test_a_strict_tool_takes_null_for_a_read_only_member(model: Model) -> None:
    line = parameters(model, OPENAI_STRICT)["properties"]["lines"]["items"]
    assert line["properties"]["id"]["type"] == ["string", "null"]


def test_an_mcp_result_needs_no_write_only_member(model: Model) -> None:
    output = tools(model)["create_note"].output
    assert output.schema is not None
    assert output.find_problem(ANSWERED) == ""
    assert "id" in output.find_problem({"line": {"sku": "x"}})


def test_an_answer_needs_no_write_only_member_and_still_its_others(model: Model) -> None:
    action = model.action("create_note")
    assert action is not None
    assert action.success.schema is not None
    test = validator(action.success.schema, model.schemas)
    assert test.is_valid(ANSWERED)
    assert not test.is_valid({"line": {"sku": "x"}})


def test_the_openapi_document_keeps_the_schemas_as_they_are_written(model: Model) -> None:
    whole = plain(TARGET.view(model).context)
    line = whole["components"]["schemas"]["Line"]
    assert line["required"] == ["id", "sku", "token"]
    assert set(whole["components"]["schemas"]) == {"Error", "Id", "Line", "Note"}
    body = whole["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["lines"]["items"] == {"$ref": "#/components/schemas/Line"}


def test_a_run_sends_no_read_only_member_and_leaves_none_out_as_a_mistake(model: Model) -> None:
    schema = lines_of(model)
    assert low(schema, model.schemas) == [{"sku": "x", "token": "x"}]
    assert all("id" not in line for line in high(plain(schema), model.schemas))
    line = resolve(schema["items"], model.schemas)
    members = {name: member for name, member in line["properties"].items() if name != "parts"}
    broken = violations({**plain(line), "properties": members}, model.schemas, required=True)
    paths = {(one.keyword, one.path[0]) for one in broken if one.path}
    assert ("required", "sku") in paths
    assert not [keyword for keyword, member in paths if member == "id"]


def test_an_example_may_leave_out_what_its_direction_does_not_have() -> None:
    example = (
        "    examples: {one: {input: {lines: [{sku: x, token: t}]}, "
        "output: {line: {id: '1', sku: x}}, status: 201}}\n    errors: [REFUSED]\n  get_note:"
    )
    catalogue(NOTES, *WITH_LINES, ("    errors: [REFUSED]\n  get_note:", example))
    wrong = example.replace("sku: x, token: t", "sku: x")
    with pytest.raises(InputError) as raised:
        catalogue(NOTES, *WITH_LINES, ("    errors: [REFUSED]\n  get_note:", wrong))
    assert '"token" is a required property' in raised.value.diagnostics[0].message


def test_texts_of_a_schema_are_judged_once(model: Model) -> None:
    assert [text.what for text in collect_texts(model) if text.text == "The line's id"] == ["schema `Id`"]


@pytest.mark.parametrize(
    "schema",
    [
        "allOf: [{$ref: Line}, {required: [id]}]",
        "allOf: [{type: object, properties: {id: {allOf: [{$ref: Id}], title: Id}}}], required: [id]",
        "type: object, properties: {id: {readOnly: true}, of: {type: string}}, anyOf: [{required: [id]}]",
        "type: object, additionalProperties: {$ref: Line}",
    ],
)
def test_marks_are_found_through_references_and_parts(schema: str) -> None:
    changes = (
        *WITH_LINES[:2],
        (WITH_LINES[2][0], WITH_LINES[2][1].replace("{$ref: Line}, req", "{$ref: Whole}, req", 1)),
    )
    model = catalogue(NOTES, *changes, ("  Id: {", f"  Whole: {{{schema}}}\n  Id: {{"))
    test = validator(lines_of(model), model.schemas)
    assert test.is_valid([{"sku": "x", "token": "t"}]) or test.is_valid([{"one": {"sku": "x", "token": "t"}}])


@pytest.mark.parametrize(
    "schema",
    [
        "allOf: [{$ref: Base}, {properties: {id: {readOnly: true}}}]",
        "allOf: [{allOf: [{$ref: Base}], description: A base}, {properties: {id: {$ref: Id}}}]",
        "allOf: [{$ref: More}], properties: {id: {readOnly: true}}",
    ],
)
def test_a_mark_beside_a_reference_counts_for_what_it_requires(schema: str) -> None:
    base = """  Base:
    {type: object, required: [id, sku], properties: {id: {type: string}, sku: {type: string}}}
  More: {allOf: [{$ref: Base}, {required: [token], properties: {token: {type: string, enum: [t]}}}]}
"""
    changes = (
        *WITH_LINES[:2],
        (WITH_LINES[2][0], WITH_LINES[2][1].replace("{$ref: Line}, req", "{$ref: Whole}, req", 1)),
    )
    model = catalogue(NOTES, *changes, ("  Id: {", f"{base}  Whole: {{{schema}}}\n  Id: {{"))
    line = {"sku": "x", "token": "t"}
    test = validator(lines_of(model), model.schemas)
    assert test.is_valid([line])
    assert not test.is_valid([{"id": "1", "token": "t"}])
    for value in (low(lines_of(model), model.schemas), high(plain(lines_of(model)), model.schemas)):
        assert test.is_valid(value)
        assert all("id" not in one and "sku" in one for one in value)
    # by itself, the base is required whole
    assert not validator(model.schemas["Base"], model.schemas).is_valid(line)
    answers = validator(model.schemas["Whole"], model.schemas)
    assert not answers.is_valid(line)


def test_what_not_refuses_stays_as_it_is() -> None:
    text = "not: {type: object, properties: {id: {readOnly: true}}, required: [id]}"
    changes = (
        *WITH_LINES[:2],
        (WITH_LINES[2][0], WITH_LINES[2][1].replace("{$ref: Line}", f"{{{text}}}", 1)),
    )
    model = catalogue(NOTES, *changes)
    test = validator(lines_of(model), model.schemas)
    assert test.is_valid([{}])
    assert not test.is_valid([{"id": "1"}])


def order(spelled: str) -> dict[str, Any]:
    """Return a document whose order has lines with members of one direction."""
    marked = (
        {"$ref": "#/components/schemas/Id"}
        if spelled == "reference"
        else {"type": "string", "readOnly": True}
    )
    line = {
        "type": "object",
        "required": ["id", "sku", "token"],
        "properties": {
            "id": marked,
            "sku": {"type": "string"},
            "token": {"type": "string", "writeOnly": True},
        },
    }
    lines = {"type": "array", "items": {"$ref": "#/components/schemas/Line"}}
    schemas = {
        "Id": {"type": "string", "readOnly": True},
        "Line": line,
        "Order": {
            "type": "object",
            "required": ["id", "lines"],
            "properties": {"id": marked, "lines": lines},
        },
    }
    whole = {"$ref": "#/components/schemas/Order"}
    sent = {"schema": whole, "example": {"lines": [{"sku": "x", "token": "t"}]}}
    answer = {"schema": whole, "example": {"id": "1", "lines": [{"id": "2", "sku": "x"}]}}
    post = {
        "operationId": "createOrder",
        "requestBody": {"required": True, "content": {"application/json": sent}},
        "responses": {"201": {"description": "Made", "content": {"application/json": answer}}},
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Orders", "version": "1"},
        "servers": [{"url": "https://a.example"}],
        "paths": {"/orders": {"post": post}},
        "components": {"schemas": schemas},
    }


@pytest.mark.parametrize("spelled", ["inline", "reference"])
def test_an_import_tells_the_directions_apart(spelled: str) -> None:
    text = imported(order(spelled)).text
    model = load_text(text, "orders.yaml")
    action = model.action("create_order")
    assert action is not None
    assert [(one.input, one.output) for one in action.examples] == [
        ({"lines": [{"sku": "x", "token": "t"}]}, {"id": "1", "lines": [{"id": "2", "sku": "x"}]})
    ]
    assert [str(p.name) for p in action.params] == ["lines"]
    test = validator(action.params[0].schema, model.schemas)
    assert test.is_valid([{"sku": "x", "token": "t"}])
    assert not test.is_valid([{"sku": "x"}])
    assert action.success.schema is not None
    answers = validator(action.success.schema, model.schemas)
    assert answers.is_valid({"id": "1", "lines": [{"id": "2", "sku": "x"}]})
    assert not answers.is_valid({"id": "1", "lines": [{"sku": "x"}]})
    assert action.params[0].description == "A list of objects with `sku` and `token`"
    assert action.description.endswith("Returns `id` and `lines`.")


def test_a_change_of_a_schema_is_told_under_its_own_name(model: Model) -> None:
    changed = catalogue(
        NOTES,
        (WITH_LINES[0][0], WITH_LINES[0][1].replace("string, w", "string, title: T, w")),
        *WITH_LINES[1:],
    )
    assert not [change for change in compare(model, changed) if "Line." in change.message]


def test_parts_that_are_named_twice_are_read_once() -> None:
    """Sixty schemas, each of which has the next one twice, would be 2**60 parts."""
    named = {f"A{n}": Node({"allOf": [{"$ref": f"{REF}A{n + 1}"}] * 2}) for n in range(60)}
    named["A60"] = Node({"properties": {"id": {"readOnly": True}}, "required": ["id"]})
    way = OneWay(named, "sent")
    assert way.variants["A60.sent"] == {"properties": {"id": {"readOnly": True}}}
    assert len(way.variants) == 61
