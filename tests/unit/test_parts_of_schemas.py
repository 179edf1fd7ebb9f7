"""Values of a schema that consists of parts (`allOf`), or that contains itself."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.jsonschema.combine import join
from pgagents.base.jsonschema.schema import REF, validator
from pgagents.verify.values.invalid_values import MISSING, InvalidValue, violations
from pgagents.verify.values.schema_values import branches, distinct, high, low


def ref(name: str) -> dict[str, Any]:
    return {"$ref": f"{REF}{name}"}


COLOUR = {"type": "string", "enum": ["red", "green"]}
NAMED: dict[str, Any] = {
    "Colour": COLOUR,
    "Size": {"type": "integer", "minimum": 1, "maximum": 9},
    "Base": {"type": "object", "required": ["kind"], "properties": {"kind": ref("Colour")}},
    "Line": {"allOf": [ref("Base"), {"properties": {"size": ref("Size")}, "required": ["size"]}]},
    "Cat": {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "parent": ref("Cat"), "of": {"allOf": [ref("Cat")]}},
    },
    "Node": {
        "type": "object",
        "required": ["up"],
        "properties": {"up": {"anyOf": [ref("Node"), {"type": "null"}]}},
    },
    "Tree": {"allOf": [ref("Base"), {"properties": {"leaves": {"type": "array", "items": ref("Tree")}}}]},
    "Employee": {
        "allOf": [ref("Line"), {"properties": {"under": ref("Base")}, "required": ["under"]}],
    },
    "Ring": {"allOf": [ref("Ring"), {"type": "integer"}]},
}
EXACT: dict[str, dict[str, Any]] = {
    "one reference": {"allOf": [ref("Colour")], "default": "red", "title": "A colour"},
    "a reference and a bound": {"allOf": [ref("Size")], "maximum": 5},
    "bounds of two parts": {"allOf": [{"type": "number", "minimum": 3}, {"minimum": 4, "maximum": 4.5}]},
    "two types": {"allOf": [{"type": ["string", "integer"]}, {"type": ["integer", "null"]}]},
    "two lists of values": {"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]},
    "a length and a pattern": {"allOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"minLength": 4}]},
    "an object and more members": ref("Line"),
    "a part in a part": {"allOf": [ref("Line"), {"required": ["kind"]}]},
    "a member that two parts have": {
        "allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"properties": {"a": {"minimum": 7}}},
        ]
    },
    "a list of parts": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"allOf": [ref("Line")]}},
    "a schema that is a part of itself": ref("Ring"),
    "a schema in itself": {"allOf": [ref("Cat")]},
    "a list of itself": ref("Tree"),
    "required null in itself": ref("Node"),
    "a member that is one of the parts": ref("Employee"),
    "one of several": {
        "allOf": [
            ref("Base"),
            {"oneOf": [{"required": ["a"], "properties": {"a": {"const": 1}}}, {"maxProperties": 0}]},
        ]
    },
}
LOOSE: dict[str, dict[str, Any]] = {
    "two patterns": {"type": "string", "allOf": [{"pattern": "^a"}, {"pattern": "z$"}]},
    "two multiples": {"type": "integer", "minimum": 1, "allOf": [{"multipleOf": 2}, {"multipleOf": 3}]},
    "a condition": {
        "allOf": [
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}},
            {"if": {"properties": {"a": {"minimum": 0}}}, "then": {"required": ["b"]}},
        ]
    },
}


@pytest.mark.parametrize("end", [low, high])
@pytest.mark.parametrize("name", [*EXACT, *LOOSE])
def test_values_are_valid(name: str, end: Any) -> None:
    schema = {**EXACT, **LOOSE}[name]
    value = end(schema, NAMED)
    assert validator(schema, NAMED).is_valid(value), value


def test_low_and_high_are_the_ends_of_all_parts() -> None:
    assert (low(EXACT["a reference and a bound"], NAMED), high(EXACT["a reference and a bound"], NAMED)) == (
        1,
        5,
    )
    assert (low(ref("Line"), NAMED), high(ref("Line"), NAMED)) == (
        {"kind": "red", "size": 1},
        {"kind": "green", "size": 9},
    )


@pytest.mark.parametrize("name", ["one reference", "a reference and a bound", "an object and more members"])
def test_series_are_valid(name: str) -> None:
    values = [distinct(EXACT[name], NAMED, index) for index in range(3)]
    assert all(validator(EXACT[name], NAMED).is_valid(value) for value in values), values


def test_a_schema_that_contains_itself_is_made_once_more_at_most() -> None:
    assert high(ref("Cat"), NAMED)["parent"] == {"name": "x" * 40}
    assert low(ref("Node"), NAMED) == {"up": {"up": None}}


@pytest.mark.parametrize("inner", ["itself", "list", "either"])
def test_a_schema_that_must_contain_itself_ends(inner: str) -> None:
    end = {"itself": ref("Endless"), "list": {"type": "array", "minItems": 1, "items": ref("Endless")}}
    member = end.get(inner, {"oneOf": [ref("Endless")]})
    named = {"Endless": {"type": "object", "required": ["of"], "properties": {"of": member}}}
    for value in (
        low(ref("Endless"), named),
        high(ref("Endless"), named),
        distinct(ref("Endless"), named, 1),
    ):
        assert set(value) == {"of"}
    assert list(violations(ref("Endless"), named, required=True))


def put(whole: Any, one: InvalidValue) -> Any:
    """Return a valid value with the place of the invalid one changed."""
    if not one.path:
        return one.value
    step, inner = one.path[0], InvalidValue("", one.path[1:], one.value, "")
    if isinstance(step, int):
        return [*whole[:step], put(whole[step] if step < len(whole) else {}, inner)]
    rest = {key: value for key, value in whole.items() if key != step}
    return (
        rest if not inner.path and one.value is MISSING else {**rest, step: put(whole.get(step, {}), inner)}
    )


@pytest.mark.parametrize("name", [name for name in EXACT if name != "one of several"])
def test_values_that_break_a_part_are_invalid(name: str) -> None:
    schema = EXACT[name]
    found = [one for one in violations(schema, NAMED, required=False) if one.value is not MISSING or one.path]
    assert len(found) < 200
    whole = high(schema, NAMED)
    valid = [one for one in found if validator(schema, NAMED).is_valid(put(whole, one))]
    assert not valid
    assert {one.keyword for one in found} & {"type", "enum"}


@pytest.mark.parametrize("name", LOOSE)
def test_parts_that_one_schema_cannot_join_are_said_to_be_loose(name: str) -> None:
    assert not join(LOOSE[name], NAMED).is_exact
    assert all(join(schema, NAMED).is_exact for schema in EXACT.values())


def test_a_schema_without_parts_is_returned_itself() -> None:
    assert join(ref("Size"), NAMED).schema is NAMED["Size"]
    assert join(COLOUR, NAMED).schema is COLOUR


def test_keywords_beside_alternatives_count() -> None:
    of = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "string"}},
        "required": ["a"],
    }
    schema = {**of, "oneOf": [{"required": ["b"]}, {"properties": {"a": {"const": 0}}, "maxProperties": 1}]}
    assert low(schema, {}) == {"a": 0, "b": "x"}
    assert all(validator(schema, {}).is_valid(value) for value in branches(schema, {}))
