"""A value that nobody shows is made by name, format, pattern and bounds within its schema, times in order."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from importing import imported, openapi, operation
from pgagents.catalogue.load import load_text
from pgagents.verify.values.made_up import AHEAD, Choice, find_slot, make_up
from pgagents.verify.values.schema_values import accepts

DAY = date(2026, 11, 26)
MARK = "pgv-0123456789abcdef-12"
TIME = {"type": "string", "format": "date-time"}
NAMED: dict[str, Any] = {
    "Span": {"type": "object", "required": ["start", "end"], "properties": {"start": TIME, "end": TIME}},
    "Node": {
        "type": "object",
        "required": ["child"],
        "properties": {"child": {"$ref": "#/components/schemas/Node"}},
    },
}


def make(name: str, schema: dict[str, Any], slot: int = 0, turn: int = 0) -> Any:
    return make_up(name, schema, NAMED, Choice(DAY, slot, turn, MARK))


FORMS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("due", {"type": "string", "format": "date"}),
    ("at", TIME),
    ("opens", {"type": "string", "format": "time"}),
    ("length", {"type": "string", "format": "duration"}),
    ("host", {"type": "string", "format": "hostname"}),
    ("ip", {"type": "string", "format": "ipv4"}),
    ("ip", {"type": "string", "format": "ipv6"}),
    ("data", {"type": "string", "format": "byte"}),
    ("link", {"type": "string", "format": "uri", "maxLength": 30}),
    ("owner", {"type": "string", "format": "uuid"}),
    ("mail", {"type": "string", "format": "email", "maxLength": 20}),
    ("word", {"type": "string", "format": "password", "minLength": 8, "maxLength": 16}),
    ("other", {"type": "string", "format": "unheard-of"}),
    ("sku", {"type": "string", "pattern": "^[A-Z]{3}-[0-9]{4}$"}),
    ("code", {"type": "string", "minLength": 4, "maxLength": 4}),
    ("letter", {"type": "string", "minLength": 1, "maxLength": 1}),
    ("size", {"type": "integer", "exclusiveMinimum": 3, "multipleOf": 5}),
    ("part", {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
    ("debt", {"type": "integer", "maximum": -5}),
    ("at", {"anyOf": [TIME, {"type": "null"}]}),
    ("at", {"type": ["null", "string"], "format": "date"}),
    ("tags", {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "string"}}),
    ("sizes", {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "integer"}}),
    ("days", {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"enum": ["mo", "tu", "we"]}}),
    ("span", {"$ref": "#/components/schemas/Span"}),
    (
        "by",
        {
            "oneOf": [
                {"type": "object", "required": ["mail"], "properties": {"mail": {"type": "string"}}},
                {"type": "object", "required": ["phone"], "properties": {"phone": {"type": "integer"}}},
            ]
        },
    ),
    (
        "either",
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
            "anyOf": [{"required": ["a"]}, {"required": ["b"]}],
        },
    ),
)


@pytest.mark.parametrize(("name", "schema"), FORMS, ids=lambda one: json.dumps(one)[:60])
def test_each_value_is_allowed_by_its_schema(name: str, schema: dict[str, Any]) -> None:
    for turn in range(3):
        value = make(name, schema, turn=turn)
        assert value is not None
        assert accepts(schema, NAMED, value), value


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        ("currency", {"type": "string", "minLength": 3, "maxLength": 3}, "EUR"),
        ("country_code", {"type": "string", "pattern": "^[A-Z]{2}$"}, "DE"),
        ("timeZone", {"type": "string"}, "Europe/Berlin"),
        ("language", {"type": "string", "maxLength": 2}, "en"),
        ("currency", {"type": "string", "enum": ["chf"]}, "chf"),
        ("currency", {"type": "string", "default": "SEK"}, "SEK"),
        ("currency", {"type": "string", "examples": ["NOK"]}, "NOK"),
        ("currency", {"type": "integer", "minimum": 3}, 3),
    ],
)
def test_a_name_decides_where_neither_example_nor_list_does(name: str, schema: Any, value: Any) -> None:
    assert make(name, schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "pattern": "^(?!x)x$"},
        {"$ref": "#/components/schemas/Node"},
        {"type": "array", "minItems": 3, "uniqueItems": True, "items": {"enum": ["a", "b"]}},
        {"type": "string", "minLength": 10_000_000},
    ],
)
def test_no_value_is_made_where_a_schema_allows_none_that_can_be_sent(schema: dict[str, Any]) -> None:
    assert make("thing", schema) is None


PAIRS = (
    ("start", "end"),
    ("from", "to"),
    ("starts_at", "ends_at"),
    ("valid_from", "valid_until"),
    ("startsAt", "endsAt"),
)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_a_pair_of_times_is_in_order_one_hour_apart_and_some_weeks_ahead(pair: tuple[str, str]) -> None:
    begin, end = (datetime.fromisoformat(make(name, TIME, slot=7)) for name in pair)
    assert end - begin == timedelta(hours=1)
    assert begin.date() >= DAY + AHEAD
    first, last = (make(name, {"type": "string", "format": "date"}) for name in pair)
    assert first < last


def test_each_slot_is_another_hour_of_a_working_day() -> None:
    slots = [find_slot(DAY, n) for n in range(200)]
    assert len(set(slots)) == 200
    assert all(slot.weekday() < 5 and 10 <= slot.hour < 18 for slot in slots)
    assert slots == sorted(slots)
    assert timedelta(days=40) <= slots[0] - datetime(2026, 11, 26, tzinfo=UTC) <= timedelta(days=47)


def test_later_turns_have_other_values() -> None:
    assert len({make("at", TIME, turn=turn) for turn in range(3)}) == 3
    assert len({make("currency", {"type": "string"}, turn=turn) for turn in range(3)}) == 3


def document(members: dict[str, Any]) -> dict[str, Any]:
    """A document of events that are made with these members, all required."""
    kept = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, **members}}
    sent = {"type": "object", "required": [*members], "properties": members}
    made = {"201": {"description": "It", "content": {"application/json": {"schema": kept}}}}
    named = {"name": "event_id", "in": "path", "required": True, "schema": {"type": "string"}}
    making = operation(
        operationId="createEvent",
        requestBody={"required": True, "content": {"application/json": {"schema": sent}}},
    )
    reading = operation(operationId="getEvent", parameters=[named])
    return openapi(
        {
            "/events": {"post": {**making, "responses": made}},
            "/events/{event_id}": {"get": {**reading, "responses": {"200": made["201"]}}},
        }
    )


@pytest.mark.parametrize(
    ("schema", "written"),
    [
        (TIME, "=fresh.value"),
        ({"type": "string"}, "=fresh.text"),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, "=fresh.value"),
        ({"type": "integer", "minimum": 2}, 2),
        ({"type": "integer", "minimum": 1, "multipleOf": 5}, "=fresh.value"),
        ({"type": "string", "enum": ["a", "b"]}, "a"),
    ],
)
def test_an_import_lets_a_run_make_up_what_the_document_does_not_show(schema: Any, written: Any) -> None:
    made = imported(document({"subject": schema}))
    assert made.data["resources"]["event"]["made_by"]["input"] == {"subject": written}
    assert load_text(made.text).resources["event"].made_by is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "array", "minItems": 1, "items": {"type": "integer"}},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    ],
)
def test_a_number_named_like_a_resource_is_not_made_up(schema: dict[str, Any]) -> None:
    made = imported(document({"event_ids" if "items" in schema else "event_id": schema}))
    assert "made_by" not in made.data["resources"]["event"]
