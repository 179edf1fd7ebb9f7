"""Values that are sent: wrong ones that tell most first, correct ones that hardly anybody thinks of."""

from __future__ import annotations

import re
import unicodedata

from pgagents.catalogue.harmless.ids import list_numbers
from pgagents.verify.cases.boundary import unusual
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.checks.rest import invalid_input
from pgagents.verify.setting import setting_of
from pgagents.verify.values.invalid_values import full_width, violations
from pgagents.verify.values.schema_values import matches, types_of
from verifying import URL, model


def test_what_is_wrong_in_a_list_stands_behind_what_is_right():
    listed = {"type": "array", "maxItems": 3, "items": {"type": "string", "enum": ["a", "b"]}}
    found = [w for w in violations(listed, {}, required=False) if w.path]
    assert {w.path for w in found} == {(1,)}
    single = {**listed, "maxItems": 1}
    assert {w.path for w in violations(single, {}, required=False) if w.path} == {(0,)}


def test_arguments_of_one_schema_are_tried_with_one_text_after_the_other():
    known = setting_of(model(), URL)
    tried: set[str] = set()
    for endpoint in known.endpoints:
        for invalid_case in invalid_cases_of(known, endpoint):
            name, _, field = invalid_case.detail.partition("/")
            param = endpoint.action.param(field)
            if (
                name == "pattern"
                and invalid_case.priority == 1
                and param is not None
                and param.refers_to
                and param.place != "header"
            ):
                tried.add(invalid_case.says.removeprefix(f"{field} ").split(", which")[0])
    assert len(tried) >= 4


def test_every_likely_wrong_type_is_tried_for_every_argument_a_number_as_text_first():
    known = setting_of(model(), URL)
    for endpoint in known.endpoints:
        for param in endpoint.params:
            kinds = set(types_of(known.resolve_schema(param.schema)))
            tried = [
                n.call.input[str(param.name)]
                for n in invalid_cases_of(known, endpoint)
                if n.priority == 1 and n.detail == f"type/{param.name}"
            ]
            in_json = not endpoint.on_rest or param.place == "body"
            if in_json and kinds & {"number", "integer"}:
                assert isinstance(tried[0], str)
                assert True in tried
            if kinds == {"integer"}:
                assert any(isinstance(value, float) and not value.is_integer() for value in tried)
            if in_json and kinds == {"string"}:
                assert type(tried[0]) is int
            if in_json and kinds == {"array"}:
                assert not isinstance(tried[0], list)


def test_a_text_with_a_pattern_is_tried_in_letters_of_full_width_too():
    known = setting_of(model(), URL)
    endpoint = known.endpoint("create_session", "rest")
    assert endpoint is not None
    tried = [
        n.call.input["plate"]
        for n in invalid_cases_of(known, endpoint)
        if n.priority == 1 and n.detail == "pattern/plate"
    ]
    assert any(0xFF00 < ord(char) < 0xFF60 for text in tried for char in text)
    assert [unicodedata.normalize("NFKC", full_width(text)) for text in ("lot_1", "sess", "9")] == [
        "lot_1",
        "sess",
        "9",
    ]
    assert full_width("-") == "-"


def test_a_number_in_full_width_names_no_other_number():
    """A server that reads `1\uff12` by its leading digits takes it for 1, which may be somebody's id."""
    for number in ("7", "12", "2026", "-40"):
        assert list_numbers(full_width(number)) == {abs(int(number))}


def test_what_is_made_up_as_an_id_of_a_write_is_nobodys():
    known = setting_of(model(), URL)
    for endpoint in known.endpoints:
        for invalid_case in invalid_cases_of(known, endpoint) if endpoint.action.effect == "write" else ():
            param = endpoint.action.param(invalid_case.field)
            resource = known.model.resources.get(param.refers_to or "") if param is not None else None
            value = invalid_case.call.input.get(invalid_case.field)
            if resource is not None and isinstance(value, int) and not isinstance(value, bool):
                assert value >= 1 << 63
            elif resource is not None and isinstance(value, str) and 1 < len(value) < 60:
                text = unicodedata.normalize("NFKC", value)
                assert str(resource.absent)[1:] in text or not list_numbers(text)


def test_every_value_that_is_one_letter_of_a_scheme_away_is_wrong():
    schema = {"type": "string", "format": "uri", "pattern": "^https://", "maxLength": 2048}
    texts = [
        w.value for w in violations(schema, {}, required=True) if w.keyword == "pattern" and w.priority == 1
    ]
    assert texts == ["http://example.com/", "HTTPS://example.com/"]
    longer = next(w.value for w in violations(schema, {}, required=True) if w.keyword == "maxLength")
    assert matches({k: v for k, v in schema.items() if k != "maxLength"}, longer)


def test_an_unusual_call_is_what_the_schemas_allow():
    known = setting_of(model(), URL)
    bill = known.endpoint("get_fleet_billing", "rest")
    assert bill is not None
    found = unusual(
        known, bill, {"from": "2026-04-01T00:00:00Z", "to": "2026-05-01T00:00:00Z", "fleet_id": "f"}
    )
    assert found == {"from": "0001-01-01T00:00:00Z", "to": "9999-12-31T23:59:59Z", "fleet_id": "f"}


def test_a_text_that_breaks_a_pattern_breaks_the_pattern_itself():
    """A text that is only too long would be refused by a server that knows no pattern."""
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[^\\u0000-\\u001F]*$"}
    broken = [wrong.value for wrong in violations(schema, {}, required=True) if wrong.keyword == "pattern"]
    assert broken
    assert all(re.search("[\x00-\x1f]", text) for text in broken)


def test_digits_that_a_pattern_leaves_open_are_not_sent():
    """`\\d` is ASCII's digits in JSON Schema, and every digit in Python's `re`."""

    def digits(pattern: str) -> list[str]:
        schema = {"type": "string", "pattern": pattern}
        broken = [wrong for wrong in violations(schema, {}, required=True) if wrong.keyword == "pattern"]
        assert {wrong.rule for wrong in broken} == {f"does not match {pattern}"}
        assert len(broken) > 2
        return [
            wrong.value
            for wrong in broken
            if re.search(r"[^\x00-\x7f]", wrong.value) and "é" not in wrong.value
        ]

    assert not digits(r"^(?:-?\d+)?(?:,\d+)*$")
    assert not digits(r"^3\d?$")
    assert len(digits("^[0-9]{1,9}$")) == 2


def test_a_patterns_promise_names_no_value():
    """The calls that try it have several values, and each finding names its own."""
    known = setting_of(model(), URL)
    contracts = invalid_input.CHECK.promises(known)
    says = {c.says for c in contracts if "/pattern/plate/create_session@rest" in c.id}
    assert says == {"create_session refuses a call where plate does not match ^[A-Za-z0-9-]{1,10}$"}
