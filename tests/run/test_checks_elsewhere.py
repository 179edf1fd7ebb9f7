"""Each check promises something on a catalogue that is not Park Graph's: a right server keeps it, and a fault
breaks it. tests/data/checks_elsewhere.yaml has the list, with the checks that still have Park Graph alone.
"""

from __future__ import annotations

import pkgutil
from pathlib import Path
from typing import Any

import pytest
import yaml

import pgagents.verify.checks
from pgagents.inprocess import inside
from pgagents.inprocess_mcp import verify_mcp
from pgagents.model.contract import Verdict
from pgagents.model.model import Model
from pgagents.report.report import Report
from pgagents.sandbox.injection.fault_registry import list_names
from verifying import ids, model, run

TESTS = Path(__file__).parents[1]
LISTED: dict[str, Any] = yaml.safe_load((TESTS / "data" / "checks_elsewhere.yaml").read_text("utf-8"))
ELSEWHERE: dict[str, dict[str, str]] = LISTED["elsewhere"]
PARK_GRAPH_ALONE: dict[str, str] = LISTED["park_graph_alone"]

LIMITED = ("agent_rate_limits", "rate_limit_enforcement", "rate_limit_headers")
"""Checks that only a key with the published limits shows."""


def _checks() -> set[str]:
    path, prefix = pgagents.verify.checks.__path__, "pgagents.verify.checks."
    return {m.name.rpartition(".")[2] for m in pkgutil.walk_packages(path, prefix) if not m.ispkg}


def test_every_check_is_listed_once() -> None:
    assert not set(ELSEWHERE) & set(PARK_GRAPH_ALONE)
    assert _checks() == set(ELSEWHERE) | set(PARK_GRAPH_ALONE)
    assert all(len(reason.split()) > 3 for reason in PARK_GRAPH_ALONE.values())


def _verify(of: Model, only: str, faults: list[str], *, through_mcp: bool) -> Report:
    """Verify one check or contract; with a key that has the published limits where it is about these."""
    check, several = only.partition("/")[0], (only,)
    if through_mcp:
        return verify_mcp(of, allow_writes=True, exclusive=True, only=several, faults=faults)
    keys, limits = None, check in LIMITED
    if limits:
        opened = inside(of, faults=faults)
        keys = {**opened.keys, "main": opened.sandbox.tokens["test"]}
    return run(of, allow_writes=True, exclusive=True, only=several, faults=faults, keys=keys, limits=limits)


@pytest.mark.parametrize("check", sorted(ELSEWHERE))
def test_check_is_kept_and_broken_elsewhere(check: str) -> None:
    """The contract is tried alone first, and then with the check's others if it is not broken alone."""
    case = ELSEWHERE[check]
    of, contract = model(TESTS / "catalogues" / f"{case['catalogue']}.yaml"), case["contract"]
    assert case["catalogue"] != "park_graph"
    through_mcp = case["fault"] in list_names("mcp_faults")
    for only in (contract, f"{check}/"):
        broken = _verify(of, only, [case["fault"]], through_mcp=through_mcp)
        if contract in ids(broken, Verdict.BROKEN):
            break
    assert contract in ids(broken, Verdict.BROKEN)
    assert contract in ids(_verify(of, only, [], through_mcp=through_mcp), Verdict.KEPT)
