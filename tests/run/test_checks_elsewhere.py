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
from inprocess import inside, verify_mcp
from lengths import rarely, share
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.fault_registry import list_names
from verifying import ids, model, run, whole_run

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
    assert not set(ELSEWHERE) & set(PARK_GRAPH_ALONE), "listed twice in tests/data/checks_elsewhere.yaml"
    listed = set(ELSEWHERE) | set(PARK_GRAPH_ALONE)
    assert not _checks() - listed, (
        "try these on another catalogue than Park Graph's: a row under `elsewhere` of "
        "tests/data/checks_elsewhere.yaml, as `error_envelope` has"
    )
    assert not listed - _checks(), "no such check: remove its row in tests/data/checks_elsewhere.yaml"
    assert all(len(reason.split()) > 3 for reason in PARK_GRAPH_ALONE.values())


def _verify(
    of: Model, only: str, faults: list[str], *, through_mcp: bool, enough: int | None = None
) -> Report:
    """Verify one check or contract; with a key that has the published limits where it is about these."""
    check, several = only.partition("/")[0], (only,)
    if through_mcp:
        return verify_mcp(of, allow_writes=True, exclusive=True, only=several, faults=faults)
    keys, limits = None, check in LIMITED
    if limits:
        opened = inside(of, faults=faults)
        keys = {**opened.keys, "main": opened.sandbox.tokens["test"]}
    chosen: dict[str, Any] = {"keys": keys, "limits": limits, "enough": enough}
    return run(of, allow_writes=True, exclusive=True, only=several, faults=faults, **chosen)


def _path_of(catalogue: str) -> Path:
    return TESTS / "catalogues" / f"{catalogue}.yaml"


@pytest.mark.parametrize("check", share(sorted(ELSEWHERE), 40))
def test_check_is_broken_elsewhere(check: str) -> None:
    """The contract is tried alone first, until it is broken, and then with the check's others."""
    case = ELSEWHERE[check]
    contract, of = case["contract"], model(_path_of(case["catalogue"]))
    through_mcp = case["fault"] in list_names("mcp_faults")
    for only, enough in ((contract, 1), (f"{check}/", None)):
        broken = _verify(of, only, [case["fault"]], through_mcp=through_mcp, enough=enough)
        if contract in ids(broken, Verdict.BROKEN):
            break
    assert contract in ids(broken, Verdict.BROKEN)


OTHERS = sorted({case["catalogue"] for case in ELSEWHERE.values()})


@pytest.mark.parametrize("catalogue", rarely(OTHERS, "notes"))
def test_right_server_keeps_what_is_broken_by_faults(catalogue: str) -> None:
    """One whole run has all checks of a catalogue. Where only a key with limits or a server without tools of
    its own shows a contract, it is verified alone, and then with the check's others.
    """
    assert catalogue != "park_graph"
    path = _path_of(catalogue)
    of = model(path)
    cases = {check: case for check, case in ELSEWHERE.items() if case["catalogue"] == catalogue}
    alone = {check for check in cases if check in LIMITED or of.mcp_server is None}
    kept = set(ids(whole_run(path), Verdict.KEPT)) if alone != cases.keys() else set()
    for check in alone:
        through_mcp = cases[check]["fault"] in list_names("mcp_faults")
        for only in (cases[check]["contract"], f"{check}/"):
            if cases[check]["contract"] not in kept:
                kept.update(ids(_verify(of, only, [], through_mcp=through_mcp), Verdict.KEPT))
    assert {check for check, case in cases.items() if case["contract"] not in kept} == set()
