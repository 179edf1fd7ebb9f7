"""The adapter of Schemathesis and Hypothesis: what the engine counts on."""

from __future__ import annotations

import re

import pytest

from pgagents.verify.values import generators


@pytest.mark.parametrize(
    ("pattern", "least", "most", "shortest", "longest"),
    [
        ("^[A-Za-z0-9-]{1,10}$", 0, None, 1, 10),
        ("^[A-Za-z0-9_-]{1,64}$", 0, None, 1, 64),
        ("^a{3,}$", 0, 7, 3, 7),
        ("^p-[0-9]{1,6}$", 0, None, 3, None),
    ],
)
def test_texts_of_a_pattern_match_it_at_its_bounds(pattern, least, most, shortest, longest):
    short = generators.text_of_pattern(pattern, least, most, longest=False)
    long = generators.text_of_pattern(pattern, least, most, longest=True)
    assert re.search(pattern, short)
    assert re.search(pattern, long)
    assert len(short) == shortest
    assert longest is None or len(long) == longest


def test_random_values_satisfy_the_schema_and_repeat_for_a_seed():
    schema = {"type": "integer", "minimum": 1, "maximum": 25}
    drawn = generators.random_values(schema, {}, 20, 3)
    assert len(drawn) == 20
    assert all(1 <= value <= 25 for value in drawn)
    assert drawn == generators.random_values(schema, {}, 20, 3)
