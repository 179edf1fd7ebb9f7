"""The text of a tool's result may have its data in several ways."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.verify.checks.mcp.mcp_results import tells


@pytest.mark.parametrize(
    ("texts", "data", "told"),
    [
        (['{"a": 1}'], {"a": 1}, True),
        (["Here they are:", '{"a": 1}'], {"a": 1}, True),
        (['{"a": 1}', '{"a": 2}'], [{"a": 1}, {"a": 2}], True),  # FastMCP
        (["Oslo", "Bergen"], ["Oslo", "Bergen"], True),
        (["Oslo"], "Oslo", True),
        (["Oslo", "Bergen"], ["Bergen", "Oslo"], False),
        (['{"a": 1}'], {"a": 2}, False),
        ([], [], True),
    ],
)
def test_the_text_has_the_data(texts: list[str], data: Any, told: bool) -> None:
    assert tells(texts, data) is told
