"""Each rule at its edges: what it finds and what it leaves alone, with the place. The cases are
tests/cases/*.yaml.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.lint.rule import rules
from test_rule_pages import catalogue

FOLDER = Path(__file__).parents[1] / "cases"
CASES: list[dict[str, Any]] = [
    case
    for file in sorted(FOLDER.glob("*.yaml"))
    if file.stem != "base"
    for case in parse(file.read_text(encoding="utf-8"), file.name).data
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['rule']}: {case['says']}")
def test_rule_finds_exactly_this(case: dict[str, Any]) -> None:
    rule = rules()[case["rule"]]
    model = load_text(catalogue(yaml.safe_dump(case["part"], sort_keys=False)), "case.yaml")
    hits = list(rule.find(model)) if rule.surface is None or rule.surface in model.surfaces else []
    assert sorted(".".join(map(str, hit.origin)) for hit in hits) == sorted(case["found"])
    assert all(model.source.has(hit.origin) for hit in hits), "the place stands in the file"
    if "severity" in case:
        assert {hit.severity or rule.severity for hit in hits} == {case["severity"]}
