"""The matrix: the sandbox keeps every contract, each fault breaks what it declares and no more, each
variation nothing.

In process, no sockets. Everything that a fault breaks must be found, and nothing beyond `breaks` and `also`.
Whole runs with a fault or a variation are marked `matrix`. `make test` takes a share of the faults
(`choose_faults`) and runs only contracts that they break. It takes a sixth of the variations
(`test_alarms.py`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from language_table import rows
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.verify.run.run import contracts
from surprises import CHECKS_TOGETHER, find_allowed, find_surprises, group_up, place_of
from verifying import (
    PARK_GRAPH,
    SHOP,
    checks,
    fault_contracts,
    find_caught,
    following,
    ids,
    model,
    plain_run,
    run,
)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.matrix) for seed in (1, 2))])
@pytest.mark.parametrize("path", [PARK_GRAPH, SHOP], ids=["park_graph", "shop"])
def test_the_plain_sandbox_keeps_every_contract(path, seed):
    report = run(model(path), seed=seed) if seed else plain_run(path)
    assert [f.contract.id for f in report.findings] == []
    assert ids(report, Verdict.UNTESTED) == []
    assert report.footer.left_behind == ()
    assert report.footer.notes == ()
    assert report.exit_code == 0
    assert len(ids(report, Verdict.KEPT)) > 200


EVERY = {name: fault_registry.find("faults", name) for name in fault_registry.list_names("faults")}
FAULTS = {name: fault for name, fault in EVERY.items() if not fault.needs & rows().keys()}
"""Faults that Park Graph can show. The others need what only another catalogue says."""
ELSEWHERE = sorted(EVERY.keys() - FAULTS.keys())


@pytest.mark.parametrize("name", ELSEWHERE)
def test_fault_that_needs_another_catalogue_is_found_there(name):
    """tests/run/test_language_runs.py runs the faults that the rows of tests/language.yaml name."""
    found = [each for id in EVERY[name].needs & rows().keys() for each in rows()[id].several("fault")]
    assert name in {each["name"] for each in found}
    broken = {pattern.partition("/")[0] for f in found if f["name"] == name for pattern in f["breaks"]}
    assert broken == EVERY[name].breaks


SHOWN = fault_contracts("faults")


def test_recorded_contracts_exist_and_are_of_the_checks_that_their_fault_breaks():
    listed = {contract.id for contract in contracts(model())}
    for kind in ("faults", "mcp_faults"):
        for name, recorded in fault_contracts(kind).items():
            assert set(recorded) <= listed, f"run: python tests/record_fault_contracts.py {name}"
            assert (
                not recorded
                or {id.partition("/")[0] for id in recorded} == fault_registry.find(kind, name).breaks
            )


ALL_ROWS = ("audit-actor-shared", "audit-at-creation", "audit-row-changes")
"""Faults of audit rows, each found by a contract that is judged on the rows of a whole run."""
ALONE = [name for name in FAULTS if SHOWN.get(name) != [] and name not in ALL_ROWS]
PARTS, FAULTS_OF_A_CHECK = 1, 1
"""So many parts of each check are tried at every push, and at least so many faults of it, where there are."""


def choose_faults(names: Iterable[str]) -> list[str]:
    """Return the first faults of each check, and those that break one of its first parts.

    A part is the first member of a contract's detail. A fault whose contracts nobody recorded is chosen too.
    """
    chosen = []
    parts: dict[str, set[str]] = {}
    faults = Counter[str]()
    for name in names:
        pairs = [id.partition("@")[0].split("/")[:2] for id in SHOWN.get(name, ())]
        known = {check: parts.setdefault(check, set()) for check, _ in pairs}
        new = any(part not in known[check] and len(known[check]) < PARTS for check, part in pairs)
        if new or any(faults[check] < FAULTS_OF_A_CHECK for check in known) or not pairs:
            chosen.append(name)
            faults.update(known.keys())
            for check, part in pairs:
                known[check].add(part)
    return chosen


def test_every_check_that_a_fault_of_park_graph_breaks_is_tried_at_every_push() -> None:
    """A fault that no contract was recorded for is chosen too."""
    chosen = {check for name in choose_faults(ALONE) for check in EVERY[name].breaks}
    assert chosen == {check for name in ALONE for check in EVERY[name].breaks}
    assert "not-recorded-yet" in choose_faults(["not-recorded-yet"])
    assert choose_faults(["accept-out-of-range"] * 3) == ["accept-out-of-range"] * FAULTS_OF_A_CHECK


@pytest.mark.matrix
def test_faults_that_the_rows_of_a_whole_run_show_are_all_found_in_one() -> None:
    """`make matrix` tries each alone, in a whole run."""
    recorded = {id for name in ALL_ROWS for id in SHOWN[name]}
    report = run(model(), faults=ALL_ROWS, only=tuple(recorded), enough=len(recorded))
    assert set(ids(report, Verdict.BROKEN)) == recorded
    assert len(recorded) == len(ALL_ROWS)
    assert not [n for n in report.footer.notes if "internal" in n or "never listed" in n]


@pytest.mark.parametrize("name", choose_faults(ALONE))
def test_fault_is_found_by_the_checks_that_it_declares(name):
    """One contract of each check runs alone; where that does not find the fault, the whole checks, and at
    last everything. `make matrix` finds every fault by the same contracts, several in a whole run.
    """
    fault = fault_registry.find("faults", name)
    whole_checks = tuple(f"{check}/" for check in sorted(fault.breaks))
    recorded = tuple(fault_contracts("faults").get(name, ()))
    for only in dict.fromkeys((recorded or whole_checks, whole_checks, ())):
        report = run(
            model(), faults=[name], only=only, enough=len(recorded) if recorded and only == recorded else None
        )
        broken = find_caught(report, [fault])
        if broken >= fault.breaks:
            break
    assert broken >= fault.breaks, f"not found: {fault.breaks - broken}"
    assert broken <= fault.breaks | fault.also.keys() | following(broken), {
        f.contract.id: f.actual for f in report.findings
    }
    assert fault.odd or report.exit_code == 1
    assert not [n for n in report.footer.notes if "internal" in n or "never listed" in n]


APART = {name for name in FAULTS if name not in ALONE}
GROUPS = group_up("faults", FAULTS, APART)


def verify_with(names: Sequence[str], only: Sequence[str] = ()) -> Report:
    return run(model(), faults=names, only=tuple(only))


@pytest.mark.matrix
@pytest.mark.parametrize("names", GROUPS, ids="+".join)
def test_faults_break_what_they_declare_and_no_more(names: tuple[str, ...]) -> None:
    """The second seed is only taken where the first does not show it: a list may have become too long."""
    surprises = find_surprises("faults", names, verify_with)
    lost = {name for name, said in surprises.items() if said.startswith("not found")}
    assert {name: said for name, said in surprises.items() if name not in lost} == {}
    for fault in (fault_registry.find("faults", name) for name in lost):
        assert find_caught(run(model(), faults=[fault.name], seed=1), [fault]) >= fault.breaks


def test_faults_of_a_group_are_apart_and_declare_little_together() -> None:
    assert sorted(name for names in GROUPS for name in names) == sorted(FAULTS)
    for names in (names for names in GROUPS if len(names) > 1):
        places = [{place_of(id) for id in SHOWN[name]} for name in names]
        assert len(find_allowed(EVERY[name] for name in names)) <= CHECKS_TOGETHER
        assert sum(map(len, places)) == len(set().union(*places))
    assert len(GROUPS) < 0.12 * len(FAULTS)


@pytest.mark.matrix
def test_key_of_a_conversation_that_ended_early_is_not_used_again():
    """A conversation about keys that ends early, because no new session can be read, uses its key up."""
    report = run(model(), faults=["create-unreadable"], seed=2)
    assert "idempotency" not in checks(report, Verdict.BROKEN)
    assert "read_after_write" in checks(report, Verdict.BROKEN)


def _fixed() -> list[str]:
    points = model().behaviour
    named = [(n, fault_registry.find("variations", n).point) for n in fault_registry.list_names("variations")]
    return [n for n, point in named if point is not None and getattr(points, point, "any") != "any"]


@pytest.mark.matrix
@pytest.mark.parametrize("name", _fixed())
def test_variation_is_found_where_its_point_is_fixed(name):
    """The second seed is only taken where the first does not show it: its list has more than a page holds."""
    assert any(run(model(), variations=[name], enough=1, seed=seed).findings for seed in (0, 1))


def test_every_check_is_broken_by_a_fault():
    from pgagents.verify.check_registry import collect

    named = [(kind, n) for kind in ("faults", "mcp_faults") for n in fault_registry.list_names(kind)]
    broken = set().union(*(fault_registry.find(kind, n).breaks for kind, n in named))
    assert sorted(set(collect()) - broken) == []


@pytest.mark.parametrize("kind", ["faults", "variations", "mcp_faults", "mcp_variations"])
def test_names_that_are_read_from_the_sources_are_those_of_the_functions(kind):
    assert fault_registry.list_names(kind) == tuple(fault_registry.collect(kind))
