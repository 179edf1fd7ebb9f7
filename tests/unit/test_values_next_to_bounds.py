"""The value next to a bound is sent for each bound, whichever other value its argument's turn chooses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from loading import read_once
from pgagents.verify.cases.invalid import InvalidCase, invalid_cases_of
from pgagents.verify.fixtures.target import is_guarded
from pgagents.verify.setting import setting_of

ROOT = Path(__file__).resolve().parents[2]


def list_near(cases: Sequence[InvalidCase]) -> list[InvalidCase]:
    """Return the cases of one bound whose values are next to it."""
    if cases[0].detail.startswith("maximum/"):
        return [case for case in cases if " above " in case.says and "far above" not in case.says]
    lengths = {
        id(case): int(match[1]) for case in cases if (match := re.search(r"has (\d+) char", case.says))
    }
    return [case for case in cases if lengths.get(id(case)) == min(lengths.values(), default=-1)]


@pytest.mark.parametrize("catalogue", ["catalogue/park_graph.yaml", "tests/catalogues/library.yaml"])
def test_the_value_next_to_each_bound_is_among_the_first(catalogue: str) -> None:
    setting = setting_of(read_once(ROOT / catalogue), "https://127.0.0.1:1")
    bounds: dict[tuple[str, str], list[InvalidCase]] = {}
    for endpoint in setting.every_endpoint:
        for case in invalid_cases_of(setting, endpoint):
            param = endpoint.action.param(case.field.partition(".")[0])
            if param is not None and is_guarded(setting, endpoint.action, param):
                continue  # an id that may be an instance's is replaced by nobody's
            if case.detail.startswith(("maximum/", "maxLength/")):
                bounds.setdefault((endpoint.place, case.detail), []).append(case)
    assert len(bounds) > 20
    left_to_chance = [
        bound
        for bound, cases in bounds.items()
        if (near := list_near(cases)) and all(case.priority > 1 for case in near)
    ]
    assert left_to_chance == []
