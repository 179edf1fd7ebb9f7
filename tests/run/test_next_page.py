"""The next page of a list is requested with a value that its argument takes, and with nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pgagents.verify.check.memory import setting_of
from pgagents.verify.laws.next_page import next_page
from verifying import load_text

SERVERS = Path(__file__).parents[1] / "harm/servers"
CURSOR = (
    'cursor: {type: string, pattern: "^[0-9]{1,6}$", description: Where the page begins; the first page '
    "without it}"
)


def following(argument: str, given: dict[str, Any], body: dict[str, Any]) -> dict[str, Any] | None:
    """What comes of an answer with three items, where the list takes this argument."""
    text = (SERVERS / "head.yaml").read_text(encoding="utf-8") + (SERVERS / "oldest_first.yaml").read_text(
        encoding="utf-8"
    )[len("schemas:\n") :]
    assert text.count(CURSOR) == 1
    setting = setting_of(
        load_text(text.replace(CURSOR, f"{argument[:-1]}, description: Where}}"), "list.yaml")
    )
    endpoint = setting.endpoint("list_items", "rest")
    assert endpoint is not None
    exchange: Any = SimpleNamespace(body=body, input=given)
    return next_page(setting, endpoint, exchange, [{}, {}, {}])


@pytest.mark.parametrize(
    ("argument", "given", "body", "expected"),
    [
        ('cursor: {type: string, pattern: "^[0-9]{1,6}$"}', {}, {"next_cursor": "12"}, {"cursor": "12"}),
        (
            'cursor: {type: string, pattern: "^[0-9]{1,6}$"}',
            {"cursor": "3"},
            {"nextCursor": "12"},
            {"cursor": "12"},
        ),
        ('cursor: {type: string, pattern: "^[0-9]{1,6}$"}', {}, {"next_cursor": "twelve"}, None),
        ('cursor: {type: string, pattern: "^[0-9]{1,6}$"}', {}, {"next_cursor": None}, None),
        ("page: {type: integer, minimum: 1, maximum: 3}", {}, {}, {"page": 2}),
        ("page: {type: integer, minimum: 1, maximum: 3}", {"page": 2}, {}, {"page": 3}),
        ("page: {type: integer, minimum: 1, maximum: 3}", {"page": 3}, {}, None),
        ("offset: {type: integer, minimum: 0}", {"offset": 3}, {}, {"offset": 6}),
        ("from: {type: integer, minimum: 0}", {}, {}, {"from": 3}),
        ("from: {type: string, format: date}", {}, {}, None),
        ("from: {type: string, format: date}", {"from": "2026-01-01"}, {}, None),
        ("colour: {type: string}", {}, {}, None),
    ],
)
def test_next_page_is_requested_as_the_argument_allows(
    argument: str, given: dict[str, Any], body: dict[str, Any], expected: dict[str, Any] | None
) -> None:
    assert following(argument, given, body) == expected
