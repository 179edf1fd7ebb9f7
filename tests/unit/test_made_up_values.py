"""A call is not called ordinary whose values the run chose itself, because nobody shows one."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.verify.fixtures.request_template import list_made_up, template_of
from pgagents.verify.values.made_up import Choice, make_up
from small_api import NOTES, catalogue

TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("schema", "made_up"),
    [
        (TEXT, True),
        ({**TEXT, "enum": ["draft", "active"]}, True),
        ({**TEXT, "enum": ["draft"]}, False),
        ({**TEXT, "const": "draft"}, False),
        ({**TEXT, "enum": ["draft", "active"], "default": "draft"}, False),
        ({"type": "integer", "enum": [3, 5]}, True),
        ({"type": "integer", "minimum": 1}, False),
        ({"type": "boolean"}, False),
    ],
)
def test_a_value_of_a_query_is_made_up_if_nobody_shows_it(schema: dict[str, Any], made_up: bool) -> None:
    assert list_names("/things", {"name": "kind", "in": "query", "required": True, "schema": schema}) == (
        ["kind"] if made_up else []
    )


@pytest.mark.parametrize("schema", [TEXT, {"type": "integer"}, {**TEXT, "format": "uuid"}])
def test_an_id_of_a_path_is_made_up_if_nobody_shows_it(schema: dict[str, Any]) -> None:
    at = {"name": "code", "in": "path", "required": True, "schema": schema}
    assert list_names("/things/{code}/report", at) == ["code"]


@pytest.mark.parametrize("pattern", ["^[A-Z]{4}-[0-9]{3}$", "^PRT-[a-z]{4}$"])
def test_a_code_is_new_in_each_call(pattern: str) -> None:
    """A music school of 2026-11-29 was sent the codes AA-000, BA-000 and so on, by each run anew."""
    codes = [
        make_up("code", {**TEXT, "pattern": pattern}, {}, Choice(date(2026, 11, 29), mark=f"pgv-{n}"))
        for n in range(50)
    ]
    assert len(set(codes)) == 50
    assert all(re.search(pattern, code) for code in codes)


def list_names(path: str, parameter: dict[str, Any]) -> list[str]:
    answer = {"200": {"description": "It", "content": {"application/json": {"schema": {"type": "object"}}}}}
    one = operation(operationId="look", parameters=[parameter], responses=answer)
    model = imported(openapi({path: {"get": one}})).model
    (action,) = model.actions
    return list_made_up(model, action, template_of(model, action))


def test_an_argument_s_examples_steer_reads_alone_and_the_action_s_steer_writes() -> None:
    takes = "text: {type: string, minLength: 1, maxLength: 40, required: true}"
    shown = takes[:-1] + ", examples: [Milk]}"
    of_action = (
        f"{{{shown}}}\n    examples: {{one: {{input: {{text: Bread}}, output: {{id: n1, text: Bread}}}}}}"
    )
    for input, sent in ((f"{{{shown}}}", False), (of_action, True)):
        model = catalogue(
            NOTES, (f"input: {{{takes}}}\n    output: {{201", f"input: {input}\n    output: {{201")
        )
        create = next(a for a in model.actions if a.name == "create_note")
        value = template_of(model, create).input["text"]
        assert value != "Milk"
        assert (value == "Bread") is sent
    note = "input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true"
    read = f"GET /notes/{{note_id}}\n    effect: read\n    {note}"
    model = catalogue(NOTES, (read, f"{read}, examples: [n7]"))
    get = next(a for a in model.actions if a.name == "get_note")
    assert template_of(model, get).input["note_id"] == "n7"
