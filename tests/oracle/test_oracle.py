"""Contracts, probes and verdicts are what they were when `oracle.json` was recorded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import oracle
from pgagents.verify.promise import collect

pytestmark = pytest.mark.always
RECORDED: oracle.Digests = json.loads(oracle.RECORD.read_text(encoding="utf-8"))
NEXT_STEP = (
    "If the change is meant, `python tests/oracle/oracle.py` records it; say in the commit what changed."
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


def test_enough_is_compared() -> None:
    """An oracle that compares nothing passes."""
    contracts = sum(int(n) for name, (n, _) in RECORDED.items() if not name.endswith(" verdicts"))
    results = sum(int(n) for name, (n, _) in RECORDED.items() if name.endswith(" verdicts"))
    assert contracts > 10_000
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
    recorded = {"shop absent_id": RECORDED["shop absent_id"]}
    with pytest.raises(AssertionError, match="shop absent_id: recorded"):
        check_digests(oracle.plans(shop), recorded)
    found = oracle.verdicts(shop, "accept-unknown-member")
    with pytest.raises(AssertionError, match="shop verdicts: recorded"):
        check_digests(found, {key: RECORDED[key] for key in found})
