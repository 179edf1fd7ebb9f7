"""Contracts, probes and verdicts are what they were when `oracle.json` was recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import oracle
from pgagents.verify.check_registry import collect, collect_of_tools
from pgagents.verify.promise import Probe
from pgagents.verify.setting import Setting

pytestmark = pytest.mark.always
RECORDED: oracle.Digests = json.loads(oracle.RECORD.read_text(encoding="utf-8"))
NEXT_STEP = (
    "If the change is meant, `PYTHONPATH=tests python tests/oracle/oracle.py` records it; "
    "say in the commit what changed."
)


def check_digests(found: oracle.Digests, recorded: oracle.Digests) -> None:
    changed = sorted(n for n in found.keys() | recorded.keys() if found.get(n) != recorded.get(n))
    assert not changed, (
        "\n".join(f"{name}: recorded {recorded.get(name)}, now {found.get(name)}" for name in changed)
        + f"\n{NEXT_STEP}"
    )


def recorded_of(catalogue: Path) -> oracle.Digests:
    return {
        name: digest
        for name, digest in RECORDED.items()
        if name.split()[0] == catalogue.stem and not name.endswith(" verdicts")
    }


@pytest.mark.parametrize("catalogue", oracle.CATALOGUES, ids=lambda path: path.stem)
def test_contracts_and_probes(catalogue: Path) -> None:
    check_digests(oracle.plans(catalogue), recorded_of(catalogue))


@pytest.mark.parametrize("name", oracle.RUNS)
def test_verdicts(name: str) -> None:
    catalogue = oracle.ROOT / f"tests/catalogues/{name}.yaml"
    found = oracle.verdicts(catalogue)
    check_digests(found, {key: RECORDED[key] for key in found})


@pytest.mark.parametrize("name", oracle.SERVERS)
def test_tools_without_a_catalogue(name: str) -> None:
    recorded = {key: value for key, value in RECORDED.items() if key.split()[0] == name}
    check_digests(oracle.tool_digests(name), recorded)


def test_enough_is_compared() -> None:
    """An oracle that compares nothing passes."""
    of_plans = {name: int(n) for name, (n, _) in RECORDED.items() if not name.endswith(" verdicts")}
    contracts = sum(n for name, n in of_plans.items() if " whole " not in name)
    whole = sum(n for name, n in of_plans.items() if " whole " in name)
    results = sum(int(n) for name, (n, _) in RECORDED.items() if name.endswith(" verdicts"))
    of_tools = {name.split()[1] for name in RECORDED if name.split()[0] in oracle.SERVERS}
    assert contracts > 10_000
    assert whole > 10_000
    assert of_tools == {*collect_of_tools(), "verdicts"}
    assert results > 2_000


def test_mutants_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check that is gone, a probe that costs one request more, and a contract that breaks turn the oracle
    red.
    """
    shop = oracle.ROOT / "tests/catalogues/shop.yaml"
    whole = collect()
    monkeypatch.setattr(oracle, "collect", lambda: {n: c for n, c in whole.items() if n != "absent_id"})
    with pytest.raises(AssertionError, match=r"shop absent_id: recorded .* now None"):
        check_digests(oracle.plans(shop), recorded_of(shop))
    monkeypatch.setattr(oracle, "collect", lambda: {"absent_id": whole["absent_id"]})
    line = oracle.probe_line
    monkeypatch.setattr(oracle, "probe_line", lambda probe: line(replace(probe, cost=probe.cost + 1)))
    recorded = {name: RECORDED[name] for name in ("shop absent_id", "shop whole absent_id")}
    with pytest.raises(AssertionError, match="shop whole absent_id: recorded"):
        check_digests(oracle.plans(shop), recorded)
    found = oracle.verdicts(shop, "accept-unknown-member")
    with pytest.raises(AssertionError, match="shop verdicts: recorded"):
        check_digests(found, {key: RECORDED[key] for key in found})


def test_mutants_of_tools_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that is left out, and a mistake that is no longer found, turn the oracle red."""
    whole = collect_of_tools()
    refusals = whole["tool_refusals"]

    def leave_out(setting: Setting, roles: frozenset[str]) -> list[Probe]:
        return list(refusals.list_probes(setting, roles))[1:]

    def judge_nothing(setting: Setting, roles: frozenset[str]) -> list[Probe]:
        probes = whole["tool_words"].list_probes(setting, roles)
        return [replace(probe, run=say_nothing) for probe in probes]

    def say_nothing() -> None:
        return

    recorded = {key: value for key, value in RECORDED.items() if key.startswith("right_tools ")}
    fewer = {**whole, "tool_refusals": replace(refusals, probes=leave_out)}
    monkeypatch.setattr(oracle, "collect_of_tools", lambda: fewer)
    with pytest.raises(AssertionError, match="right_tools tool_refusals: recorded"):
        check_digests(oracle.tool_digests("right_tools"), recorded)
    monkeypatch.setattr(oracle, "collect_of_tools", lambda: whole)
    blind = {**whole, "tool_words": replace(whole["tool_words"], probes=judge_nothing)}
    monkeypatch.setattr("pgagents.verify.check_registry.collect_of_tools", lambda: blind)
    found = oracle.tool_digests("right_tools")
    with pytest.raises(AssertionError, match="right_tools verdicts: recorded"):
        check_digests(found, recorded)
