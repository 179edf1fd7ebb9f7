"""A fresh value that the argument's schema refuses is one error at its line."""

from __future__ import annotations

from typing import Any

import pytest

from language_table import base, merged
from pgagents.base.reading import parse
from pgagents.base.writing import to_yaml
from pgagents.catalogue.load import load
from pgagents.catalogue.model.values import choose_value


def _load(kind: str, schema: dict[str, Any]) -> list[tuple[int, str]]:
    data = merged(
        base(),
        {
            "actions": {"create_note": {"input": {"text": schema}, "examples": None, "laws": None}},
            "resources": {"note": {"made_by": {"input": {"text": f"=fresh.{kind}"}}}},
            "workflows": None,
        },
    )
    source = parse(to_yaml(data).decode(), "notes.yaml")
    at = source.locate(("resources", "note", "made_by", "input", "text")).line
    return [(d.span.line - at, d.message) for d in load(source)[1]]


@pytest.mark.parametrize(
    ("kind", "schema", "why"),
    [
        ("text", {"maxLength": 10}, "longer than 10 characters"),
        ("email", {"maxLength": 12}, "longer than 12 characters"),
        ("slug", {"pattern": "^[A-Z]{3}$"}, "does not match"),
        ("int", {"type": "integer", "maximum": 5, "minLength": None, "maxLength": None}, "greater than"),
        ("uuid", {"format": "email"}, "email"),
    ],
)
def test_fresh_value_that_its_schema_refuses_is_named(kind: str, schema: dict[str, Any], why: str) -> None:
    ((line, message),) = _load(kind, schema)
    assert line == 0
    assert f"no fresh {kind} fits `text`" in message
    assert why in message


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        ("text", {}),
        ("text", {"pattern": "^[A-F0-9]{16}$"}),
        ("slug", {"pattern": "^[a-z0-9]+$"}),
        ("email", {"format": "email"}),
        ("int", {"type": "integer", "maximum": 9999, "minLength": None, "maxLength": None}),
        ("url", {"format": "uri"}),
    ],
)
def test_fresh_value_in_one_of_its_forms_is_taken(kind: str, schema: dict[str, Any]) -> None:
    assert _load(kind, schema) == []


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({}, "text"),
        ({"minLength": 22}, "text"),
        ({"minLength": 23}, ""),
        ({"minLength": 50, "maxLength": 100}, ""),
        ({"minLength": 50, "pattern": "^[a-z0-9-]+$"}, ""),
        ({"minLength": 36, "format": "uuid"}, "uuid"),
        ({"minLength": 60, "format": "email"}, ""),
    ],
)
def test_no_new_value_is_chosen_for_a_text_that_must_be_longer(schema: dict[str, Any], kind: str) -> None:
    """A create that needs such a text was not tried at all."""
    value = choose_value({"type": "string", **schema}, {}, {}, "code")
    assert value == (f"=fresh.{kind}" if kind else None)


@pytest.mark.parametrize(
    ("bounds", "value"),
    [
        ({"minimum": -100_000, "maximum": 100_000}, 1),
        ({"minimum": -5, "maximum": 0}, -5),
        ({"minimum": -10, "multipleOf": 5}, -10),
        ({"minimum": 0}, 0),
        ({"minimum": 3}, 3),
        ({"maximum": 9}, 1),
    ],
)
def test_a_number_is_one_where_it_may_be_below_nothing(bounds: dict[str, int], value: int) -> None:
    assert choose_value({"type": "integer", **bounds}, {}, {}, "quantity") == value
