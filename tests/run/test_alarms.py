"""No false alarm on a server that is odd but legal, whatever its world, its hour and the order of the
plan.
"""

from __future__ import annotations

from itertools import zip_longest

import pytest
from evaluation.bench.alarms import STRIDE_S, of_plain, of_variations

from inprocess import START, inside, verify_sandbox
from lengths import MATRIX, taken_together
from pgagents.report.contract import Verdict
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Options
from verifying import ids, model

NAMES = fault_registry.list_names("variations")
POINTS = {name: point for name in NAMES if (point := fault_registry.find("variations", name).point)}
AT_ONCE = 11


TOGETHER = [
    *taken_together([name for name in NAMES if name not in POINTS], AT_ONCE),
    *taken_together([*POINTS], 6),
]
"""Every variation once. Those that need an open point have runs of their own. All others are taken on the
catalogue as it is, which is compiled once.
"""


def test_variations_that_hide_each_other_stand_in_different_runs() -> None:
    """A server that ignores a trailing slash never redirects for one."""
    hidden = {"post-slash-redirected", "slash-means-the-same"}
    assert [hidden & set(names) for names in TOGETHER if hidden <= set(names)] == []
    assert sorted(name for names in TOGETHER for name in names) == list(NAMES)


SEEDS = (1, 2, 3, 4)
COMPANY = 9


@pytest.mark.parametrize(
    "names",
    [pytest.param(names, marks=MATRIX) if number % 6 else names for number, names in enumerate(TOGETHER)],
    ids="+".join,
)
def test_variations_taken_together_raise_no_alarm(names: tuple[str, ...]) -> None:
    points = {POINTS[name] for name in names if name in POINTS}
    of = model(opened=" ".join(sorted(points)))
    report = verify_sandbox(
        of, inside(of, seed=1, variations=names, world=2, start=START + STRIDE_S), Options(seed=1_000)
    )
    assert {f.contract.id: f.actual for f in report.findings} == {}
    assert ids(report, Verdict.UNTESTED) == []
    assert report.footer.left_behind == ()
    assert report.footer.requests > 300


def in_company(seed: int) -> list[tuple[str, ...]]:
    """Return every variation once, nine to a run; a seed gives each other company."""
    height = -(-len(NAMES) // COMPANY)
    columns = [NAMES[first : first + height] for first in range(0, len(NAMES), height)]
    turned = [
        column[(turn := seed * number % len(column)) :] + column[:turn]
        for number, column in enumerate(columns)
    ]
    return [tuple(name for name in row if name) for row in zip_longest(*turned)]


@pytest.mark.matrix
@pytest.mark.parametrize(("seed", "names"), [(seed, names) for seed in SEEDS for names in in_company(seed)])
def test_variations_raise_no_alarm(seed: int, names: tuple[str, ...]) -> None:
    """`python -m evaluation.bench alarms` takes each alone, with every seed."""
    requests, alarms = of_variations(names, seed)
    assert [(a.contract, a.why) for a in alarms] == []
    assert requests > 300


def test_seeds_give_each_variation_other_company() -> None:
    company = [{frozenset(names) for names in in_company(seed)} for seed in SEEDS]
    assert all(sorted(name for names in rows for name in names) == list(NAMES) for rows in company)
    assert len(set().union(*company)) == sum(len(rows) for rows in company)


@pytest.mark.matrix
def test_two_calls_at_once_in_a_full_place_are_made_elsewhere() -> None:
    """In this world a lot fills up just before two calls at once are to show what an idempotency key does
    there.
    """
    _, alarms = of_plain(35)
    assert [(a.contract, a.why) for a in alarms] == []
