"""A law that reads a member which no schema names: what is found, and what a right catalogue may write."""

from __future__ import annotations

import json
from typing import Any

import pytest

from overlaying import notes, over
from pgagents.lint.run import lint

ID = "catalogue/unnamed-member"
PLAIN = {"type": "object", "properties": {"text": {"type": "string"}}}


def find(law: str, schema: Any = None) -> list[str]:
    """Return the messages about a law of an action that answers with this schema."""
    document = notes()
    if schema is not None:
        document["components"]["schemas"]["Transcript"] = schema
    text = f"actions: {{transcribe: {{laws: {{one: {json.dumps(law)}}}}}}}\n"
    return [f"{d.span}: {d.message}" for d in lint(over(text, document), [ID]).found]


@pytest.mark.parametrize(
    ("law", "schema"),
    [
        ("response.cost == 3.0 * input.minutes", None),
        ("response.text.size > 1", {**PLAIN, "properties": {"text": PLAIN}}),
        ("response.parts.all(part, part.no > 1)",
         {"properties": {"parts": {"type": "array", "items": PLAIN}}}),
        ("response.parts[0].no == 1", {"properties": {"parts": {"type": "array", "items": PLAIN}}}),
        ("response.parts.filter(part, part.text == 'a').all(part, part.no > 1)",
         {"properties": {"parts": {"type": "array", "items": PLAIN}}}),
        ("response.cost == 1", {"allOf": [PLAIN, {"properties": {"no": {}}}]}),
        ("response.cost == 1", {"anyOf": [PLAIN, {"properties": {"no": {}}}]}),
        ("response.cost == 1", {"anyOf": [PLAIN, {"type": "null"}]}),
        ("response.cost == 1 || has(response.no)", PLAIN),
        ("has(response.text) && response.cost == 1", PLAIN),
    ],
)  # fmt: skip
def test_a_member_that_no_schema_names_is_an_error_at_its_place(law: str, schema: Any) -> None:
    found = find(law, schema)
    assert len(found) == 1, found
    assert found[0].startswith("pgagents.yaml:3:")
    assert "no schema names it" in found[0]


@pytest.mark.parametrize(
    ("law", "schema"),
    [
        ("response.cost_cents == 3.0 * input.minutes", None),
        ("response.cost == 1", {"type": "object"}),
        ("response.cost == 1", {**PLAIN, "additionalProperties": True}),
        ("response.cost == 1", {**PLAIN, "additionalProperties": {"type": "integer"}}),
        ("response.cost == 1", {**PLAIN, "patternProperties": {"^c": {"type": "integer"}}}),
        ("response.cost == 1", {"anyOf": [PLAIN, {"properties": {"cost": {"type": "integer"}}}]}),
        ("response.cost == 1", {"oneOf": [PLAIN, {"type": "object"}]}),
        ("response.cost == 1", {"allOf": [PLAIN, {"properties": {"cost": {"type": "integer"}}}]}),
        ("response.cost == 1", {"allOf": [PLAIN, {"type": "object", "additionalProperties": True}]}),
        ("!has(response.cost) || response.cost == 1", PLAIN),
        ("response[input.url] == 1", PLAIN),
        ("response.text.cost == 1", {"properties": {"text": {"description": "Anything"}}}),
        ("response.all(part, part.text == 'a')", {"type": "array", "items": PLAIN}),
        ("response.next.next.text == 'a'",
         {"properties": {"text": {}, "next": {"$ref": "#/components/schemas/Transcript"}}}),
    ],
)  # fmt: skip
def test_a_member_that_may_be_there_is_no_error(law: str, schema: Any) -> None:
    assert find(law, schema) == []


def test_a_condition_may_ask_for_the_member() -> None:
    law = "{when: has(response.cost), that: response.cost == 1}"
    assert not lint(over(f"actions: {{transcribe: {{laws: {{one: {law}}}}}}}"), [ID]).found


def test_any_of_several_successes_may_name_it() -> None:
    document = notes()
    answers = document["paths"]["/transcribe"]["post"]["responses"]
    schema = {"type": "object", "properties": {"job": {"type": "string"}}}
    answers["202"] = {"description": "Later", "content": {"application/json": {"schema": schema}}}
    text = "actions: {transcribe: {laws: {one: \"response.job == 'a'\", two: response.cost == 1}}}\n"
    assert [d.message for d in lint(over(text, document), [ID]).found] == [
        "the law `two` of `transcribe` reads `response.cost`, and no schema names it"
    ]
