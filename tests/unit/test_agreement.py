"""Keywords of one schema agree with each other: in an import, in a build, and in anyone's list of tools."""

from __future__ import annotations

import json
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.base.jsonschema.agreement import as_type, find_clashes, is_of, kinds_of
from pgagents.base.places import plain
from pgagents.catalogue.language.schemas import schema_node
from pgagents.generate.build import build, collect_diagnostics
from pgagents.generate.dialect import (
    ANTHROPIC,
    ANTHROPIC_STRICT,
    GEMINI,
    GEMINI_JSON,
    MCP,
    OPENAI,
    OPENAI_STRICT,
    PERPLEXITY,
    XAI,
    Dialect,
)
from pgagents.generate.lower import lower
from pgagents.lint.document import read
from pgagents.lint.tools.tool_judge import parts
from pgagents.lint.tools.verdict import judge

DIALECTS = (
    ANTHROPIC, ANTHROPIC_STRICT, GEMINI, GEMINI_JSON, MCP, OPENAI, OPENAI_STRICT, PERPLEXITY, XAI,
)  # fmt: skip
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"type": "string", "enum": [644, 755]}, "enum"),
    ({"type": "INTEGER", "enum": ["0"]}, "enum"),
    ({"type": "string", "enum": ["a", None]}, "enum"),
    ({"type": "string", "enum": []}, "enum"),
    ({"enum": ["a", "a"]}, "enum"),
    ({"type": "boolean", "const": "true"}, "const"),
    ({"const": 1, "enum": [2]}, "const"),
    ({"type": "integer", "default": "ten"}, "default"),
    ({"type": "string", "enum": ["a"], "default": "b"}, "default"),
    ({"type": "integer", "maximum": 5, "default": 6}, "default"),
    ({"type": "string", "minLength": 3, "default": "ab"}, "default"),
    ({"type": "integer", "minimum": 10, "maximum": 5}, "minimum"),
    ({"minItems": 10**400, "maxItems": 5}, "minItems"),
    ({"properties": {"a": {}}, "required": ["b"], "additionalProperties": False}, "required"),
]
RIGHT: list[dict[str, Any]] = [
    {"type": "string", "enum": ["644"]},
    {"type": ["string", "null"], "enum": ["a", None]},
    {"type": "string", "nullable": True, "enum": ["a", None], "default": None},
    {"type": "number", "enum": [1, 2.5], "default": 1},
    {"type": "integer", "const": 1.0},
    {"enum": [1, True, "1"]},
    {"type": "integer", "minimum": 5, "maximum": 5, "default": 5},
    {"properties": {"a": {}}, "required": ["b"]},
    {"type": "string", "required": ["b"], "additionalProperties": False},
    {"type": "date", "enum": [1]},
]


@pytest.mark.parametrize(("schema", "keyword"), WRONG)
def test_contradiction_is_found(schema: dict[str, Any], keyword: str) -> None:
    assert [clash.keyword for clash in find_clashes(schema)] == [keyword]


@pytest.mark.parametrize("schema", RIGHT)
def test_nothing_is_found_in_keywords_that_agree(schema: dict[str, Any]) -> None:
    assert list(find_clashes(schema)) == []


@pytest.mark.parametrize(
    ("value", "kind", "wanted"),
    [
        (644, "string", "644"),
        (True, "string", "true"),
        ("1", "integer", 1),
        ("1.5", "number", 1.5),
        ("true", "boolean", True),
        ("1.5", "integer", "1.5"),
        ("NaN", "number", "NaN"),
        ("1e999", "number", "1e999"),
        ("yes", "boolean", "yes"),
        (None, "string", None),
    ],
)
def test_another_spelling_of_a_value_is_written_as_its_type(value: Any, kind: str, wanted: Any) -> None:
    found = as_type(value, {kind})
    assert (found, type(found)) == (wanted, type(wanted))


PARAMETERS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "mode": ({"type": "string", "enum": [644, 755]}, {"type": "string", "enum": ["644", "755"]}),
    "flag": ({"type": "string", "enum": [True, False]}, {"type": "string", "enum": ["true", "false"]}),
    "level": ({"type": "integer", "enum": ["1", "2"]}, {"type": "integer", "enum": [1, 2]}),
    "twice": ({"type": "string", "enum": ["a", "a", ""]}, {"type": "string", "enum": ["a", ""]}),
    "null": ({"type": "string", "enum": ["a", None]}, {"type": "string", "enum": ["a"]}),
    "none": ({"type": "integer", "enum": ["a"]}, {"type": "integer"}),
    "ten": ({"type": "integer", "default": "ten"}, {"type": "integer"}),
    "said": ({"type": "boolean", "default": "true"}, {"type": "boolean", "default": True}),
    "third": ({"type": "string", "enum": ["a", "b"], "default": "c"}, {"type": "string", "enum": ["a", "b"]}),
    "one": ({"type": "string", "const": 1}, {"type": "string", "const": "1"}),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_import_writes_values_as_the_type_says_and_tells_it(name: str) -> None:
    written, wanted = PARAMETERS[name]
    query = {"name": name, "in": "query", "description": "The value", "schema": written}
    got = imported(openapi({"/book": {"get": operation(parameters=[query])}}), offering=False)
    argument = got.data["actions"]["get_book"]["input"][name]
    assert argument == {**wanted, "description": "The value"}
    told = [note for note in got.notes if note.at[-1:] == (name,)]
    assert bool(told) == (name != "twice")


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: str(d.name))
@pytest.mark.parametrize("case", range(len(WRONG)))
def test_values_of_another_type_reach_no_tool(dialect: Dialect, case: int) -> None:
    schema, keyword = WRONG[case]
    if keyword not in ("enum", "const", "default") or schema["enum" if keyword == "enum" else keyword] == []:
        return
    low = {**schema, "type": schema["type"].lower()} if "type" in schema else schema
    whole = {"type": "object", "properties": {"a": {**low, "description": "The value"}}}
    lowered, losses = lower(schema_node(whole, ("x",)), {}, dialect, sent=True)
    for node, _, _ in parts(plain(lowered), ()):
        assert [clash for clash in find_clashes(node) if clash.wrong_type or clash.keyword == "enum"] == []
    assert losses or keyword == "enum"


UNTYPED: dict[str, tuple[Any, str]] = {
    "level": ({"enum": ["low", "high", None]}, "STRING"),
    "version": ({"const": 3}, "INTEGER"),
    "flag": ({"const": True}, "BOOLEAN"),
}


@pytest.mark.parametrize("name", UNTYPED)
def test_values_without_a_type_are_said_to_gemini(name: str) -> None:
    schema, kind = UNTYPED[name]
    whole = {
        "type": "object",
        "properties": {name: {**schema, "description": "The value"}},
        "required": [name],
    }
    lowered, _ = lower(schema_node(whole, ("x",)), {}, GEMINI, sent=True)
    assert lowered["properties"][name]["type"] == kind
    assert lowered["required"] == [name]


def test_alternative_that_a_vendor_cannot_be_told_costs_no_argument() -> None:
    free = {"anyOf": [{"type": "string"}, {"type": "object"}], "description": "A text or anything"}
    whole = schema_node({"type": "object", "properties": {"a": free}}, ("x",))
    lowered, losses = lower(whole, {}, GEMINI, sent=True)
    assert [branch["type"] for branch in lowered["properties"]["a"]["anyOf"]] == ["STRING"]
    assert [loss.detail for loss in losses if loss.went == "narrowed"] == [
        "1 of 2 alternatives cannot be said, so no call has them"
    ]


def test_argument_that_a_document_lost_is_listed_and_warned_of() -> None:
    members = {"free": {"description": "Anything"}, "text": {"type": "string", "description": "A text"}}
    body = {"content": {"application/json": {"schema": {"type": "object", "properties": members}}}}
    model = imported(openapi({"/book": {"post": operation(requestBody=body)}})).model
    built = build(model, only=["gemini/functions", "openai/tools_chat"])
    (told,) = [d for d in built.diagnostics if d.id == "gemini/functions/gone"]
    assert told.severity == "warning"
    assert told.message == (
        "argument free is not in gemini/functions.json: the vendor takes no value without a type"
    )
    losses = {d.made.id: [loss for loss in d.made.view.losses if loss.gone] for d in built.rendered}
    assert [len(lost) for lost in losses.values()] == [1, 0]


def test_action_that_documents_lost_is_warned_of_once_a_vendor() -> None:
    sent = {"application/json": {"schema": {"type": "object", "properties": {"field": {"type": "string"}}}}}
    where = {"name": "where", "in": "query", "required": True, "content": sent}
    document = openapi({"/find": {"get": operation(parameters=[where])}, "/all": {"get": operation()}})
    found = collect_diagnostics(imported(document).model)
    lost = [(d.id, d.severity, d.message) for d in found if d.id.endswith("/gone")]
    assert lost == [
        (
            "copilot/ai_plugin/gone",
            "note",
            (
                "action find is not in copilot/ai-plugin.json and copilot/ai-plugin.v2.4.json and 1 more: "
                "Copilot has no `content` for its `where`"
            ),
        ),
        (
            "openai/openapi/gone",
            "note",
            "action find is not in openai/openapi.yaml: ChatGPT has no `content` for its `where`",
        ),
    ]


def test_contradictions_in_a_list_of_tools_are_said() -> None:
    schema = {"type": "object", "properties": {"mode": {"type": "string", "enum": [644], "default": "a"}}}
    listed = [{"name": "list_files", "description": "List files of a mode.", "input_schema": schema}]
    source = read(json.dumps(listed, indent=1).encode(), "tools.json")
    found = judge(source, "anthropic-tools").found
    assert [(d.id, d.severity, d.message) for d in found if d.id.endswith("keywords-agree")] == [
        (
            "anthropic-tools/keywords-agree",
            "warning",
            "in `list_files`, `enum` has `644`, which is not a string",
        ),
        (
            "anthropic-tools/keywords-agree",
            "warning",
            'in `list_files`, `default` is `"a"`, which `enum` does not list',
        ),
    ]


def test_types_are_read_in_either_spelling() -> None:
    assert kinds_of({"type": "STRING", "nullable": True}) == {"string", "null"}
    assert kinds_of({"type": ["string", "bogus"]}) == set()
    assert is_of(1.0, {"integer"})
    assert not is_of(True, {"integer"})
