"""Small documents whose schemas stand for millions of places, or hold a value to millions of schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from importing import imported
from lengths import rarely
from pgagents.base.errors import InputError
from pgagents.base.jsonschema.schema import TOO_MANY_TRIES, Validators, count_tries, list_endless, validator
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Contract
from pgagents.verify.projections import MOST_NODES, read_as_2020
from pgagents.verify.run.run import contracts
from pgagents.verify.values.bounds import (
    MOST_OF_CALL,
    MOST_PLACES,
    count_places,
    reduce,
    say_unmade,
    share_places,
)
from pgagents.verify.values.invalid_values import violations
from pgagents.verify.values.schema_values import accepts, distinct, high, low
from small_api import NOTES

REF = "#/components/schemas/"
Schema = dict[str, Any]
FIRST: Schema = {"$ref": f"{REF}S0"}
LEVELS = 30


def _chain(link: Callable[[Schema], Schema], levels: int = LEVELS, last: Schema | None = None) -> Schema:
    """Return named schemas of which each names the next one by `link`."""
    schemas = {f"S{n}": link({"$ref": f"{REF}S{n + 1}"}) for n in range(levels)}
    return {**schemas, f"S{levels}": last or {"type": "string", "maxLength": 9}}


def _list_values(value: Any) -> list[Any]:
    """Return every value inside a value, itself included."""
    found, waiting = [], [value]
    while waiting:
        inner = waiting.pop()
        found.append(inner)
        if isinstance(inner, dict | list):
            waiting.extend(inner.values() if isinstance(inner, dict) else inner)
    return found


GROWING: dict[str, Callable[[Schema], Schema]] = {
    "members": lambda one: {"type": "object", "properties": {"a": one, "b": one}},
    "required": lambda one: {"type": "object", "properties": {"a": one, "b": one}, "required": ["a", "b"]},
    "items": lambda one: {"type": "array", "items": one, "minItems": 2},
    "first items": lambda one: {"type": "array", "prefixItems": [one, one], "minItems": 2},
    "additional": lambda one: {"type": "object", "properties": {"a": one}, "additionalProperties": one},
    "lists": lambda one: {"type": "object", "properties": {"a": one, "b": {"type": "array", "items": one}}},
    "alternatives": lambda one: {
        "oneOf": [
            {"type": "object", "properties": {name: one}, "required": [name], "additionalProperties": False}
            for name in ("x", "y")
        ]
    },
    "parts": lambda one: {"allOf": [one, one]},
}
ENDLESS = ("required", "items", "first items")
"""The kinds of which even the least value is too large."""


@pytest.mark.parametrize("kind", rarely(GROWING, "members", "required", "parts"))
def test_what_is_made_of_one_argument_is_bounded(kind: str) -> None:
    schemas = _chain(GROWING[kind])
    for value in (low(FIRST, schemas), high(FIRST, schemas), distinct(FIRST, schemas, 1)):
        assert len(_list_values(value)) <= 4 * MOST_PLACES
    broken = list(violations(FIRST, schemas, required=True))
    assert len({one.path for one in broken}) <= MOST_PLACES
    assert kind == "parts" or any(one.keyword == "places" and "places" in one.unmade for one in broken)


@pytest.mark.parametrize(
    "kind", [kind for kind in GROWING if kind not in ("required", "items", "first items")]
)
def test_the_part_that_is_tried_gives_valid_values(kind: str) -> None:
    schemas = _chain(GROWING[kind], levels=12)
    for value in (low(FIRST, schemas), high(FIRST, schemas)):
        assert accepts(FIRST, schemas, value)


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_argument_whose_least_value_is_too_large_says_so(kind: str) -> None:
    assert "no `body` is made: the least that its schema allows" in say_unmade(
        FIRST, _chain(GROWING[kind]), "body"
    )
    assert not say_unmade(FIRST, _chain(GROWING[kind], levels=3), "body")


def test_as_many_places_as_are_tried_are_all_tried() -> None:
    whole = {"type": "object", "properties": {f"m{n}": {"type": "string"} for n in range(MOST_PLACES - 1)}}
    assert count_places(whole, {}, 10_000) == MOST_PLACES
    assert reduce(whole, {}).schema is whole
    assert not [one for one in violations(whole, {}, required=True) if one.keyword == "places"]
    larger = {"type": "object", "properties": {**whole["properties"], "last": {"type": "string"}}}
    told = [one.unmade for one in violations(larger, {}, required=True) if one.keyword == "places"]
    tried = f"values are tried at {MOST_PLACES:,} of its {MOST_PLACES + 1:,} places"
    assert told == [f"{tried}, those nearest to the argument first"]


def test_required_members_are_tried_before_nearer_optional_ones() -> None:
    optional = {f"o{n}": {"type": "string"} for n in range(2 * MOST_PLACES)}
    inner = {"type": "object", "properties": {"deep": {"type": "integer"}}, "required": ["deep"]}
    schema = {"type": "object", "properties": {**optional, "needed": inner}, "required": ["needed"]}
    assert low(schema, {}) == {"needed": {"deep": 0}}
    assert high(schema, {})["needed"] == {"deep": 10}
    assert ("needed", "deep") in {one.path for one in violations(schema, {}, required=True)}


@pytest.mark.parametrize(
    ("counts", "share"),
    [([1, 2, 3], MOST_PLACES), ([MOST_PLACES] * 4, MOST_PLACES), ([400] * 10, 150),
     ([1, 1, 3_000], MOST_PLACES), ([400] * MOST_OF_CALL, 1), ([1] * 2 * MOST_OF_CALL, 1),
     ([10] * 100 + [400] * 5, 100)],
)  # fmt: skip
def test_the_arguments_of_one_call_share_their_places(counts: list[int], share: int) -> None:
    assert share_places(counts) == share


def _list_contracts(levels: int) -> list[Contract]:
    named = "\n".join(
        f"  S{n}: {{type: object, properties: {{a: {{$ref: S{n + 1}}}, b: {{$ref: S{n + 1}}}}}}}"
        for n in range(levels)
    )
    text = NOTES.replace("schemas:\n", f"schemas:\n{named}\n  S{levels}: {{type: string}}\n", 1)
    text = text.replace("input: {text: {", "input: {tree: {$ref: S0}, text: {", 1)
    return list(contracts(load_text(text, "notes.yaml")))


@pytest.mark.parametrize("levels", rarely((10, 24, 60), 10))
def test_contracts_of_a_catalogue_are_bounded_and_the_bound_is_told(levels: int) -> None:
    found = [one for one in _list_contracts(levels) if one.check == "invalid_input"]
    assert len(found) <= 6 * MOST_PLACES
    assert [one.id for one in found if one.detail.startswith("places/")] == [
        "invalid_input/places/tree/create_note@rest"
    ]


def test_vendors_schemas_keep_their_references_where_they_are_many() -> None:
    small = _chain(GROWING["members"], levels=3)
    assert "$ref" not in str(read_as_2020(FIRST, small))
    for kind in ("members", "lists", "alternatives"):
        schemas = _chain(GROWING[kind], last={"type": "INTEGER", "nullable": True})
        read = read_as_2020(FIRST, schemas)
        assert len(_list_values(read)) < 20 * MOST_NODES
        name = "x" if kind == "alternatives" else "a"
        right: Any = 1
        wrong: Any = "no integer"
        for _ in range(LEVELS):
            right, wrong = {name: right}, {name: wrong}
        test = validator({"type": "object", "properties": {"body": read}}, {})
        assert test.is_valid({"body": right})
        assert not test.is_valid({"body": wrong})


@pytest.mark.parametrize("compiled", [False, True])
def test_a_value_is_held_to_each_part_once(compiled: bool) -> None:
    schemas = _chain(
        lambda one: {"allOf": [one, {"allOf": [one]}], "properties": {"a": {"minimum": 2}}},
        levels=200,
        last={"type": "object", "required": ["a"]},
    )
    test = Validators(schemas).of(FIRST) if compiled else validator(FIRST, schemas)
    assert count_tries(schemas, REF)["S0"] > TOO_MANY_TRIES
    assert not list_endless(schemas)
    assert [test.is_valid(value) for value in ({"a": 2}, {"a": 1}, {}, 3)] == [True, False, False, False]


CHOICES = {
    "oneOf": lambda one: {"oneOf": [one, {"not": one}]},
    "if": lambda one: {"if": one, "then": one, "else": one},
}


@pytest.mark.parametrize("kind", CHOICES)
def test_alternatives_without_an_end_are_lost_and_told(kind: str) -> None:
    schemas = _chain(CHOICES[kind])
    operation = {
        "operationId": "make",
        "requestBody": {"required": True, "content": {"application/json": {"schema": {
            "type": "object", "properties": {"tree": FIRST}}}}},
        "responses": {"200": {"description": "Done"}},
    }  # fmt: skip
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Trees", "version": "1.0.0"},
        "servers": [{"url": "https://trees.example.com"}],
        "paths": {"/trees": {"post": operation}},
        "components": {"schemas": schemas},
    }
    assert list_endless(schemas)
    assert "the same ones again and again; anything is taken" in imported(document).text


def test_a_catalogue_whose_alternatives_have_no_end_is_refused() -> None:
    named = "\n".join(f"  S{n}: {{oneOf: [{{$ref: S{n + 1}}}, {{$ref: S{n + 1}}}]}}" for n in range(LEVELS))
    text = NOTES.replace("schemas:\n", f"schemas:\n{named}\n  S{LEVELS}: {{type: string}}\n", 1)
    with pytest.raises(InputError) as refused:
        load_text(text, "notes.yaml")
    assert [one.message for one in refused.value.diagnostics] == [
        f"a value is held to more than {TOO_MANY_TRIES:,} schemas here, the same ones again and again"
    ]
