"""A create of an inferred kind answers with what it was given. A server may write some values otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.verify.checks.rest.echoes_input import is_plain, is_same

SAME: list[tuple[Any, Any]] = [
    ("Ada@Example.com", "ada@example.com"),
    ("  two  words ", "two words"),
    ("https://a.example/", "https://a.example"),
    ("12.50", 12.5),
    (7, "7.00"),
    ("2026-12-01T10:00:00+02:00", "2026-12-01T08:00:00Z"),
    ("2026-12-01T10:00:30Z", "2026-12-01T10:00:00Z"),
    ("2026-12-01T10:01:00Z", "2026-12-01T10:00:00Z"),
    ("2026-12-01", "2026-12-01T00:00:00Z"),
    (True, True),
    ("Nan", "nan"),
    ("Infinity", "infinity"),
    ("+49 30 12", "+493012"),
    (12.345, 12.35),
    ("2026-12-01T10:00:00Z", "2026-12-01"),
    ("2026-12-01T23:30:00-02:00", "2026-12-02"),
]
OTHERS: list[tuple[Any, Any]] = [
    ("garden", "garde"),
    ("2026-12-01T10:00:00+02:00", "2026-12-01T10:00:00Z"),
    ("2026-12-01T10:01:01Z", "2026-12-01T10:00:00Z"),
    ("2026-12-01", "2026-12-02"),
    (True, False),
    (1, True),
    (7, 8),
    ("garden", ""),
    ("Nan", "Anna"),
    ("+49 30 12", "+493013"),
    (12.34, 12.35),
    ("2026-12-01T10:00:00Z", "2026-12-02"),
]


@pytest.mark.parametrize(("given", "shown"), SAME)
def test_values_that_a_server_may_write_otherwise_are_the_same(given: Any, shown: Any) -> None:
    assert is_same(given, shown)


@pytest.mark.parametrize(("given", "shown"), OTHERS)
def test_other_values_are_told_apart(given: Any, shown: Any) -> None:
    assert not is_same(given, shown)


@pytest.mark.parametrize("value", ["<b>bold</b>", "naïve", "", "  ", None, [1], {"a": 1}, 2**60])
def test_values_that_a_server_may_clean_or_round_show_nothing(value: Any) -> None:
    assert not is_plain(value)
