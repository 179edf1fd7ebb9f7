"""Answers about two instances are compared by the types of the members that both have."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.verify.checks.rest.surface_equivalence import to_forms


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ({"stars": 2}, {"stars": 5}, True),
        ({"stars": 2}, {"stars": 2.5}, True),
        ({"stars": 2}, {"stars": "2"}, False),
        ({"stars": 2}, {"stars": True}, False),
        ({"stars": 2}, {"stars": None}, True),
        ({"text": "a", "stars": 2}, {"text": "b"}, True),
        ({"note": {"text": "a", "stars": 2}}, {"note": {"text": "b"}}, True),
        ({"note": {"text": "a"}}, {"note": {"text": 1}}, False),
        ({"tags": ["a", "b"]}, {"tags": []}, True),
        ({"tags": ["a"]}, {"tags": [1]}, False),
        ({"tags": ["a"]}, {"tags": "a"}, False),
    ],
)
def test_types_of_common_members_are_compared(one: Any, two: Any, same: bool) -> None:
    for a, b in ((one, two), (two, one)):
        forms = to_forms(a, b)
        assert (forms[0] == forms[1]) == same, forms
