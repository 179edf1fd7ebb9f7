"""What a wrong id is called is what is sent."""

from __future__ import annotations

from typing import Any

import pytest

from importing import imported
from pgagents.catalogue.harmless.ids import NOBODYS_NUMBER
from pgagents.verify.cases.invalid import invalid_cases_of
from pgagents.verify.setting import setting_of
from pgagents.verify.values.schema_values import matches
from shelves import ID, TEXT, described, document
from small_api import URL


def test_a_text_without_a_digit_for_the_id_of_a_removal_is_called_a_word() -> None:
    """Superset 6.1.0, 2026-11-30: "a number with its unit" was `qkmkzhqvjxwfmtbdgnplc`."""
    sent = {"type": "object", "properties": {"label": TEXT}}
    setting = setting_of(imported(document("queries", sent, "application/json")).model, URL)

    def say(action: str) -> list[str]:
        endpoint = setting.endpoint(action, "rest")
        assert endpoint is not None
        cases = (one for one in invalid_cases_of(setting, endpoint) if one.detail == "type/id")
        return [one.says for one in cases if isinstance(one.call.input["id"], str)]

    assert set(say("delete_query")) == {"id is a word"}
    assert "id is a number with its unit" in say("get_query")


BOUNDS: dict[str, tuple[dict[str, Any], str, str]] = {
    "minimum": ({"minimum": 1, "maximum": 2**31 - 1}, "minimum", "is far below 1"),
    "from zero": ({"minimum": 0}, "minimum", "is far below 0"),
    "exclusive": ({"exclusiveMinimum": 0}, "exclusiveMinimum", "is far below 0"),
    "maximum": ({"minimum": 1, "maximum": 2**31 - 1}, "maximum", "is far above 2.14748e+09"),
}


@pytest.mark.parametrize(("bounds", "keyword", "said"), [*BOUNDS.values()], ids=[*BOUNDS])
def test_a_number_that_names_nobody_breaks_the_bound_it_is_sent_for(
    bounds: dict[str, Any], keyword: str, said: str
) -> None:
    """A carsharing app, 2026-11-30: a member's id "below 1" was 9168372396588892260, which is above 1."""
    sent = {"type": "object", "required": ["query_id"], "properties": {"query_id": {**ID, **bounds}}}
    row = {"type": "object", "required": ["id"], "properties": {"id": ID, "query_id": ID}}
    made = {
        "requestBody": {"content": {"application/json": {"schema": sent}}},
        "responses": described(201, row),
    }
    one = {"name": "id", "in": "path", "required": True, "schema": ID}
    queries = document("queries", {"type": "object", "properties": {"label": TEXT}}, "application/json")
    queries["paths"] |= {
        "/runs": {"post": made, "get": {"responses": described(200, {"type": "array", "items": row})}},
        "/runs/{id}": {
            "parameters": [one],
            "get": {"responses": described(200, row)},
            "delete": {"responses": described(204)},
        },
    }
    setting = setting_of(imported(queries).model, URL, allow=frozenset(("create_run",)))
    endpoint = setting.endpoint("create_run", "rest")
    assert endpoint is not None
    cases = [one for one in invalid_cases_of(setting, endpoint) if one.detail == f"{keyword}/query_id"]
    values = [one.call.input["query_id"] for one in cases]
    assert values
    assert all(abs(value) == NOBODYS_NUMBER for value in values)
    assert not any(matches({keyword: bounds[keyword]}, value) for value in values)
    assert {one.says for one in cases} == {f"query_id {said}"}
