"""The adapter of Schemathesis and Hypothesis: what the engine counts on."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from pgagents.verify.cases.generated import list_varied_calls
from pgagents.verify.setting import setting_of
from pgagents.verify.values import generators
from verifying import PARK_GRAPH, model

SPEC = generators.document(
    "/things/{thing_id}",
    "post",
    [
        {
            "name": "thing_id",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": "^[a-z]{1,4}$"},
        },
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 25},
        },
    ],
    {
        "type": "object",
        "properties": {"hours": {"type": "number", "exclusiveMinimum": 0, "maximum": 24}},
        "required": ["hours"],
    },
    {},
)
NAMES = {("path", "thing_id"): "thing_id", ("query", "limit"): "limit", ("body", "hours"): "hours"}


def test_coverage_values_are_labelled_with_argument_and_scenario():
    found = generators.coverage(SPEC, NAMES)
    shown = {(v.param, v.valid, v.scenario) for v in found}
    assert ("limit", True, "maximum_value") in shown
    assert ("limit", False, "value_above_maximum") in shown
    assert ("hours", False, "value_above_maximum") in shown
    assert {v.param for v in found} == {"thing_id", "limit", "hours"}


@pytest.mark.matrix
def test_coverage_is_the_same_in_another_process():
    code = "import sys; sys.path.append('run'); from test_fuzz import SPEC, NAMES; "
    code += "from pgagents.verify.values import generators; "
    code += "print(generators.coverage(SPEC, NAMES))"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=str(PARK_GRAPH.parent.parent / "tests"),
            env={"PYTHONHASHSEED": seed, "PATH": ""},
        ).stdout
        for seed in ("0", "7")
    }
    assert len(outputs) == 1


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


def test_a_coverage_call_is_called_invalid_only_if_no_reading_of_it_is_valid():
    setting = setting_of(model())
    endpoint = next(d for d in setting.endpoints if d.place == "search_parking@rest")
    calls = list_varied_calls(setting, endpoint)
    assert [c for c in calls if not c.valid]
    assert not [
        c
        for c in calls
        if c.param == "limit" and not c.valid and str(c.input.get("limit")) in map(str, range(1, 26))
    ]
