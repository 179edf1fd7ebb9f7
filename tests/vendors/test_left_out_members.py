"""A member that a vendor's tool cannot have is told, and a warning where calls need it."""

from __future__ import annotations

import pytest

from importing import imported, openapi, operation
from pgagents.base.places import plain
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.generate.build import build, document
from small_api import NOTES

MAP = "{type: object, additionalProperties: {type: string}, required: true}"
OPEN = (
    "{type: object, properties: {a: {type: string}}, patternProperties: {'^x-': {type: string}}, "
    "additionalProperties: false, required: true}"
)


def with_argument(schema: str) -> Model:
    """Return the notes with one more argument of `create_note`, offered to the vendors."""
    text = NOTES.replace("    input: {text: {", f"    input: {{labels: {schema}, text: {{", 1)
    return load_text(
        text.replace(
            "{rest: {actions: all}}",
            "{rest: {actions: all}, gemini: {actions: all}, anthropic: {actions: all}}",
        ),
        "notes.yaml",
    )


@pytest.mark.parametrize(
    ("schema", "needed"),
    [
        (MAP, True),
        ("{description: Anything, required: true}", True),
        ("{type: object, properties: {more: {type: object}}, required: true}", True),
        ("{type: array, items: {type: object}, required: true}", True),
        (MAP.replace(", required: true", ""), False),
        ("{type: object, properties: {a: {type: string}}, required: true}", False),
        ("{in: header, wire: X-Trace, type: string, required: true}", False),
    ],
)
def test_a_required_argument_that_gemini_cannot_have_is_a_warning(schema: str, needed: bool) -> None:
    model = with_argument(schema)
    found = [d for d in build(model).diagnostics if d.id == "gemini/functions/limit"]
    assert [(d.severity, d.message) for d in found] == (
        [("warning", "create_note requires `labels`, which Gemini cannot send")] if needed else []
    )
    losses = document(model, "gemini/functions.json").made.view.losses
    assert ("narrowed" in {loss.went for loss in losses}) == needed
    if needed:
        assert found[0].help == "take create_note off `surfaces.gemini`, or do not require the argument"
        assert found[0].span.line == model.source.locate(("actions", "create_note", "input", "labels")).line


def test_a_map_stays_where_the_vendor_has_them() -> None:
    functions = document(with_argument(MAP), "gemini/functions.jsonschema.json").made.view.functions
    (tool,) = [one for one in functions if one.name == "create_note"]
    parameters = plain(tool.parameters)
    assert parameters["properties"]["labels"]["additionalProperties"] == {"type": "string"}
    assert parameters["required"] == ["labels", "text"]


def test_a_required_member_inside_an_argument_is_told_as_a_loss() -> None:
    schema = "{type: object, properties: {tags: {type: object}, name: {type: string}}, required: [tags]}"
    text = NOTES.replace("schemas:\n", f"schemas:\n  Labels: {schema}\n")
    text = text.replace("    input: {text: {", "    input: {labels: {$ref: Labels}, text: {", 1)
    model = load_text(text.replace("all}}", "all}, gemini: {actions: all}}"), "notes.yaml")
    losses = document(model, "gemini/functions.json").made.view.losses
    assert [(loss.origin, loss.constraint) for loss in losses if loss.went == "narrowed"] == [
        (("schemas", "Labels", "properties", "tags"), "required member tags")
    ]


def test_an_answer_that_gemini_cannot_describe_narrows_no_call() -> None:
    text = NOTES.replace("{id: {type: string}, text: {type: string}}", "{id: {type: string}, text: {}}")
    model = load_text(text.replace("all}}", "all}, gemini: {actions: all}}"), "notes.yaml")
    losses = document(model, "gemini/functions.json").made.view.losses
    assert "narrowed" not in {loss.went for loss in losses}


def test_an_import_offers_gemini_no_function_that_must_fail() -> None:
    body = {
        "type": "object",
        "required": ["labels"],
        "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}}},
    }
    post = operation(
        operationId="label", requestBody={"required": True, "content": {"application/json": {"schema": body}}}
    )
    made = imported(openapi({"/books": {"get": operation()}, "/labels": {"post": post}}))
    assert [str(action.name) for action in made.model.surfaces["gemini"].actions] == ["get_book"]
    assert len(made.model.surfaces["anthropic"].actions) == 2


@pytest.mark.parametrize(
    ("schema", "strict"),
    [(OPEN, False), (OPEN.replace("patternProperties: {'^x-': {type: string}}, ", ""), True)],
)
def test_a_tool_with_members_that_a_pattern_names_is_not_strict(schema: str, strict: bool) -> None:
    view = document(with_argument(schema), "anthropic/tools.strict.json").made.view
    (tool,) = [one for one in view.context["tools"] if one.name == "create_note"]
    assert tool.strict == strict
    assert not [
        loss
        for loss in view.losses
        if loss.constraint == "additionalProperties true" and "labels" in loss.origin
    ]
    if not strict:
        assert "patternProperties" in tool.parameters["properties"]["labels"]
