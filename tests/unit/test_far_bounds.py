"""Bounds that mean no bound, such as the greatest number of 32 bits, are met by no value that is sent."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from importing import imported, openapi
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.sandbox.sample import sample
from pgagents.verify.cases.as_sent import is_invalid
from pgagents.verify.cases.boundary import boundary_values
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.checks.rest.invalid_input import CHECK
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan
from pgagents.verify.setting import setting_of
from pgagents.verify.values.bounds import MOST_ITEMS, say_unmade
from pgagents.verify.values.invalid_values import violations
from pgagents.verify.values.schema_values import distinct, high, low, matches
from small_api import KEY, NOTES, URL

INT32 = 2_147_483_647
LIMIT = 2_000_000


def _load(argument: str, *, required: bool = False) -> Model:
    """The notes, whose list takes an argument `x`."""
    said = argument.replace("}", ", required: true}") if required else argument
    listed = "    http: GET /notes\n    effect: read\n"
    assert listed in NOTES
    return load_text(NOTES.replace(listed, f"{listed}    input: {{x: {said}}}\n", 1), "notes.yaml")


def _left_out(model: Model) -> dict[str, str]:
    """The contracts that a run leaves out, each with the reason."""
    made = plan(model, Options(allow_writes=True), Identities({"main": KEY}), url=URL)
    return {contract.id: reason for contract, reason in made.left_out}


@pytest.mark.parametrize(
    ("argument", "keyword", "what"),
    [
        (f"{{type: string, maxLength: {INT32}}}", "maxLength", "2,147,483,648 characters"),
        (f"{{type: array, items: {{type: integer}}, maxItems: {INT32}}}", "maxItems", "2,147,483,648 items"),
        ("{type: string, maxLength: 2000000}", "maxLength", "2,000,001 characters"),
        ("{type: array, items: {type: integer}, maxItems: 10001}", "maxItems", "10,002 items"),
    ],
)
def test_a_bound_beyond_what_is_sent_is_not_applicable_with_a_reason(
    argument: str, keyword: str, what: str
) -> None:
    found = _left_out(_load(argument))
    told = found[f"invalid_input/{keyword}/x/list_notes@rest"]
    assert what in told
    assert "2,000,000 bytes" in told


@pytest.mark.parametrize(
    ("argument", "keyword", "size"),
    [
        ("{type: string, maxLength: 1999999}", "maxLength", LIMIT),
        ("{type: string, maxLength: 65535}", "maxLength", 65_536),
        ("{type: array, items: {type: integer}, maxItems: 10000}", "maxItems", 10_001),
    ],
)
def test_a_bound_within_what_is_sent_is_tried(argument: str, keyword: str, size: int) -> None:
    model = _load(argument)
    assert f"invalid_input/{keyword}/x/list_notes@rest" not in _left_out(model)
    setting = setting_of(model, URL)
    endpoint = setting.by_place["list_notes@rest"]
    cases = [c for c in invalid_cases_of(setting, endpoint) if c.detail == f"{keyword}/x"]
    assert size in [len(case.call.input["x"]) for case in cases]


@pytest.mark.parametrize("length", [INT32, 2_000_000, 500_001])
def test_wide_texts_count_their_bytes(length: int) -> None:
    found = list(violations({"type": "string", "maxLength": length}, {}, required=False))
    sizes = [len(str(one.value).encode()) for one in found if one.keyword == "maxLength" and not one.unmade]
    assert all(size <= LIMIT for size in sizes)
    assert bool(sizes) is (length < LIMIT)
    assert [bool(one.unmade) for one in found if one.keyword == "maxLength"].count(True) == (length >= LIMIT)


def test_least_and_greatest_values_are_small_where_bounds_are_far() -> None:
    for schema in (
        {"type": "string", "maxLength": INT32},
        {"type": "array", "maxItems": INT32, "items": {"type": "string", "maxLength": INT32}},
        {"type": "array", "maxItems": INT32, "minItems": 3, "items": {"type": "integer"}},
        {"type": "array", "maxItems": INT32, "items": {"type": "array", "maxItems": INT32, "items": {}}},
    ):
        for value in (low(schema, {}), high(schema, {})):
            assert len(json.dumps(value)) < 1_000
            assert matches(schema, value)
            assert not say_unmade(schema, {}, "x")


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": INT32},
        {"type": "array", "minItems": INT32, "items": {"type": "integer"}},
        {"type": "array", "minItems": 9_999, "items": {"type": "string", "minLength": 999}},
        {"type": "object", "minProperties": INT32, "additionalProperties": {"type": "string"}},
        {
            "type": "object",
            "required": ["a"],
            "properties": {"a": {"type": "string", "minLength": INT32}},
        },
        {"oneOf": [{"type": "string", "minLength": INT32}, {"type": "array", "minItems": INT32}]},
    ],
)
def test_a_least_value_that_is_too_large_is_not_made(schema: dict[str, object]) -> None:
    reason = say_unmade(schema, {}, "x")
    assert "more than 2,000,000 bytes" in reason or "more than 100,000 places" in reason
    assert len(json.dumps([low(schema, {}), high(schema, {})])) < LIMIT
    assert all(
        len(json.dumps(one.value, default=str)) < LIMIT for one in violations(schema, {}, required=True)
    )


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "minLength": 1_000_000},
        {"type": "array", "minItems": MOST_ITEMS, "items": {"type": "integer"}},
        {"type": "object", "properties": {"a": {"type": "string", "minLength": INT32}}},
        {"oneOf": [{"type": "string"}, {"type": "string", "minLength": INT32}]},
        {"type": "string", "minLength": INT32, "enum": ["a"]},
    ],
)
def test_a_least_value_of_usual_size_is_made(schema: dict[str, object]) -> None:
    assert say_unmade(schema, {}, "x") == ""


def test_no_call_is_promised_whose_required_argument_is_too_large() -> None:
    argument = f"{{type: string, minLength: {INT32}}}"
    left = _left_out(_load(argument, required=True))
    here = [c.id for c in contracts(_load(argument, required=True)) if c.action == "list_notes"]
    assert here
    assert all("no `x` is made" in left[id] for id in here)
    optional = _load(argument)
    assert "valid_calls/ordinary/list_notes@rest" not in _left_out(optional)
    setting = setting_of(optional, URL)
    given = [edge for _, edge, _ in boundary_values(setting, setting.by_place["list_notes@rest"])]
    assert all("x" not in edge for edge in given)


def test_what_no_value_breaks_is_not_applicable_rather_than_untested() -> None:
    model = _load(f"{{type: string, maxLength: {INT32}}}")
    setting = setting_of(model, URL)
    found = {c.id: CHECK.settle(setting, c) for c in contracts(model) if c.check == CHECK.name}
    settled = found.pop("invalid_input/maxLength/x/list_notes@rest")
    assert settled is not None
    assert settled[0] is Verdict.NOT_APPLICABLE
    assert found
    assert not any(found.values())


def test_the_call_with_all_at_the_greatest_says_which_is_not() -> None:
    far = f"{{type: string, maxLength: {INT32}, required: true}}"
    near = "{type: string, maxLength: 40, required: true}"
    for argument, told in ((far, True), (near, False)):
        says = [c.says for c in contracts(_load(argument)) if c.id == "valid_calls/high/list_notes@rest"]
        assert says
        assert ("the greatest x would be too large to send" in says[0]) is told


def test_different_texts_of_a_pattern_are_found_quickly() -> None:
    schema = {"type": "string", "pattern": "^[a-f]{3}-[0-9]{5}$"}
    found = [distinct(schema, {}, number) for number in range(5_000)]
    assert len(set(found)) == len(set(found[:100]))
    assert all(matches(schema, text) for text in found[:100])


def test_body_limits_beyond_what_is_sent_are_not_applicable() -> None:
    def of(size: int) -> dict[str, str]:
        text = NOTES.replace("actions:\n", f"limits: {{max_body_bytes: {size}}}\nactions:\n", 1)
        text = text.replace(
            "    NOT_FOUND: {", "    LARGE: {status: 413, meaning: Too large}\n    NOT_FOUND: {", 1
        )
        text = text.replace("framework: {", "framework: {too_large: LARGE, ", 1)
        return _left_out(load_text(text, "notes.yaml"))

    both = {"framework/too_large@rest", "framework/largest@rest"}
    far = of(INT32)
    assert both <= far.keys()
    assert all("32,000,000" in far[id] for id in both)
    assert not both & of(10_000_000).keys()


def test_the_sandbox_makes_no_endless_answer() -> None:
    for schema in (
        {"type": "string", "minLength": INT32},
        {"type": "array", "minItems": INT32, "items": {"type": "integer"}},
        {"type": "array", "contains": {"type": "integer"}, "minContains": INT32},
    ):
        assert 100 < len(sample(schema, {}, 0.0)) <= LIMIT


def test_a_repeated_number_in_a_query_is_a_list_of_numbers() -> None:
    model = _load("{type: array, items: {type: integer}, minItems: 1}")
    setting = setting_of(model, URL)
    case = next(
        c for c in invalid_cases_of(setting, setting.by_place["list_notes@rest"]) if c.detail.endswith("/x")
    )
    for value, wrong in (([1, 2], False), ([7], False), ([1, "a"], True), (["a"], True), ([1, 0.5], True)):
        assert is_invalid(setting, replace(case.call, input={"x": value})) is wrong, value


def test_a_generated_document_with_far_bounds_is_imported_and_planned() -> None:
    text, many = {"type": "string", "maxLength": INT32}, {"type": "array", "maxItems": INT32}
    body = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": text, "tags": {**many, "items": text}},
    }
    made = imported(
        openapi(
            {
                "/things": {
                    "post": {
                        "operationId": "createThing",
                        "parameters": [
                            {"name": "ids", "in": "query", "schema": {**many, "items": {"type": "integer"}}}
                        ],
                        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                        "responses": {
                            "201": {"description": "ok", "content": {"application/json": {"schema": body}}}
                        },
                    }
                }
            }
        )
    )
    model = load_text(made.text, "things.yaml")
    left = _left_out(model)
    for detail in ("maxLength/name", "maxItems/tags", "maxItems/ids", "maxLength/tags"):
        assert "2,000,000" in left[f"invalid_input/{detail}/create_thing@rest"], detail
