"""No false alarm on a server that is odd but legal, whatever its world, its hour and the order of the
plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from evaluation.bench.alarms import STRIDE_S, of_plain

from inprocess import START, inside, verify_sandbox
from lengths import MATRIX, in_company, taken_together
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Options
from verifying import ids, model

NAMES = fault_registry.list_names("variations")
POINTS = {name: point for name in NAMES if (point := fault_registry.find("variations", name).point)}
AS_IT_IS = [name for name in NAMES if name not in POINTS]
"""Variations of the catalogue as it is, which is compiled once. The others need an open point."""
AT_ONCE, POINTS_AT_ONCE = 11, 6
TOGETHER = [*taken_together(AS_IT_IS, AT_ONCE), *taken_together([*POINTS], POINTS_AT_ONCE)]
"""Every variation once."""
HIDDEN = {"post-slash-redirected", "slash-means-the-same"}
"""A server that ignores a trailing slash never redirects for one."""
SEEDS = (2, 3, 4)
"""`TOGETHER` has seed 1."""


def in_other_company(seed: int) -> list[tuple[str, ...]]:
    """Return every variation once; a seed gives each other company."""
    opened = in_company(POINTS, POINTS_AT_ONCE, seed, [HIDDEN])
    return [*in_company(AS_IT_IS, AT_ONCE, seed), *opened]


def verify_varied(names: Sequence[str], opened: Iterable[str], seed: int) -> Report:
    """Verify Park Graph with variations; a seed gives another world, another hour and another plan."""
    of = model(opened=" ".join(sorted({*opened})))
    here = inside(of, seed=seed, variations=names, world=seed + 1, start=START + seed * STRIDE_S)
    return verify_sandbox(of, here, Options(seed=seed * 1_000))


def test_variations_that_hide_each_other_stand_in_different_runs() -> None:
    assert [names for names in TOGETHER if {*names} >= HIDDEN] == []
    assert sorted(name for names in TOGETHER for name in names) == list(NAMES)


@pytest.mark.parametrize(
    "names",
    [pytest.param(names, marks=MATRIX) if number % 6 else names for number, names in enumerate(TOGETHER)],
    ids="+".join,
)
def test_variations_taken_together_raise_no_alarm(names: tuple[str, ...]) -> None:
    assert_silent(verify_varied(names, (POINTS[name] for name in names if name in POINTS), 1))


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("seed", "names"), [(seed, names) for seed in SEEDS for names in in_other_company(seed)]
)
def test_variations_raise_no_alarm(seed: int, names: tuple[str, ...]) -> None:
    """All that need an open point have one catalogue, with all of them open, which is compiled once."""
    assert_silent(verify_varied(names, POINTS.values() if names[0] in POINTS else (), seed))


def assert_silent(report: Report) -> None:
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.footer.left_behind == ()
    assert report.footer.requests > 300


def test_seeds_give_each_variation_other_company() -> None:
    company = [{frozenset(names) for names in in_other_company(seed)} for seed in SEEDS]
    assert all(sorted(name for names in rows for name in names) == list(NAMES) for rows in company)
    assert len(set().union(*company)) == sum(len(rows) for rows in company)


@pytest.mark.matrix
def test_two_calls_at_once_in_a_full_place_are_made_elsewhere() -> None:
    """In this world a lot fills up just before two calls at once are to show what an idempotency key does
    there.
    """
    _, alarms = of_plain(35)
    assert [(a.contract, a.why) for a in alarms] == []
