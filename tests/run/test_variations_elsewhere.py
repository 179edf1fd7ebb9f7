"""Odd but legal behaviour is reported on none of these catalogues, except where one forbids it.

`tests/data/variations_elsewhere.yaml` lists where one does: the contract that then breaks, and why.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from inprocess import inside
from lengths import in_company, taken_together
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from verifying import ROOT, model, run

FOLDER = ROOT / "tests" / "catalogues"
FILE = ROOT / "tests" / "data" / "variations_elsewhere.yaml"
FORBIDDEN: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CATALOGUES = tuple(sorted(file.stem for file in FOLDER.glob("*.yaml")))
OF_A_DOMAIN = {
    found.name
    for family in fault_registry.list_families()
    if family.startswith("faults.park_graph")  # these read the domain's own store
    for found in vars(import_module(family)).values()
    if isinstance(found, fault_registry.Variation)
}
NAMES = sorted(set(fault_registry.list_names("variations")) - OF_A_DOMAIN)
SAMPLE = [("library", "pages-shorter-than-asked"), ("payments", "jobs-fail-and-say-why")]
"""A legal variation and a forbidden one, for `make test`."""


OPTIONS = {"allow_writes": True, "exclusive": True}
MAIN = "test"
"""The role whose key all runs have: its rate limits are those of the catalogue."""


def points_of(names: Iterable[str]) -> set[str]:
    """Return the behaviour keys that these variations need open."""
    return {point for name in names if (point := fault_registry.find("variations", name).point)}


def verify_varied(catalogue: str, *names: str, seed: int = 0, only: Sequence[str] = ()) -> Report:
    """Verify the mock of a catalogue with variations, whose behaviour keys it leaves open."""
    of = model(FOLDER / f"{catalogue}.yaml", " ".join(sorted(points_of(names))))
    opened = inside(of, seed=seed)
    keys = {**opened.keys, "main": opened.sandbox.tokens[MAIN]}
    return run(of, seed=seed, keys=keys, variations=names, only=tuple(only), **OPTIONS)


def fits_as_it_is(catalogue: str, name: str) -> bool:
    """Return True if a variation is legal without a change of the catalogue."""
    path = FOLDER / f"{catalogue}.yaml"
    return model(path, " ".join(points_of([name]))) is model(path)


def each_broken(report: Report) -> dict[str, str]:
    """Return each contract that is broken in a run, with the answer."""
    return {id: f.actual for f in report.findings for id in (f.contract.id, *f.also)}


def list_surprises(catalogue: str, name: str, found: dict[str, str]) -> dict[str, str]:
    """Return what is found of a legal variation, by contract; or why one that is forbidden is not found."""
    forbidden = FORBIDDEN.get(catalogue, {}).get(name)
    if forbidden is None:
        return found
    return {} if set(found) & set(forbidden["breaks"]) else {**found, "not found": forbidden["why"]}


@pytest.mark.parametrize(("catalogue", "name"), SAMPLE, ids=["-".join(pair) for pair in SAMPLE])
def test_sampled_variation_is_silent_or_forbidden(catalogue: str, name: str) -> None:
    assert list_surprises(catalogue, name, each_broken(verify_varied(catalogue, name))) == {}


AT_ONCE, POINTS_AT_ONCE = 21, 5
OTHER_SEEDS = 10
"""The first of the seeds that these runs have; `test_catalogues.py` has those below, without variations."""
APART = [{"post-slash-redirected", "slash-means-the-same"}, {"slow-in-time", "token-answer-short"}]
"""A server that ignores a trailing slash redirects for none; a token may end before a slow answer."""
TOGETHER = [
    (catalogue, names, seed)
    for company, catalogue in enumerate(CATALOGUES)
    for seed, names in enumerate(in_company(NAMES, AT_ONCE, company, APART), OTHER_SEEDS)
]
"""Every variation once a catalogue. Each catalogue gives it other company, which may hide it."""


def list_surprises_together(catalogue: str, names: Sequence[str], seed: int) -> dict[str, dict[str, str]]:
    """Return the surprises of each variation. Where something is found of all, each half is verified."""
    found = each_broken(verify_varied(catalogue, *names, seed=seed)) if names else {}
    if len(names) < 2:
        return {name: found for name in names if found}
    parts = [list_surprises_together(catalogue, names[first::2], seed) for first in (0, 1) if found]
    return {name: told for part in parts for name, told in part.items()}


@pytest.mark.matrix
@pytest.mark.parametrize(("catalogue", "names", "seed"), TOGETHER)
def test_every_variation_is_silent(catalogue: str, names: tuple[str, ...], seed: int) -> None:
    """All of one catalogue come one after the other, because few compiled catalogues are kept."""
    legal = [name for name in names if name not in FORBIDDEN.get(catalogue, {})]
    assert list_surprises_together(catalogue, [n for n in legal if fits_as_it_is(catalogue, n)], seed) == {}


@pytest.mark.matrix
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_variation_is_silent_where_its_point_is_open(catalogue: str) -> None:
    """These share runs of a catalogue that leaves all their behaviour keys open."""
    legal = [name for name in NAMES if name not in FORBIDDEN.get(catalogue, {})]
    opened = [name for name in legal if not fits_as_it_is(catalogue, name)]
    for seed, names in enumerate(taken_together(opened, POINTS_AT_ONCE), 2 * OTHER_SEEDS):
        assert list_surprises_together(catalogue, names, seed) == {}


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("catalogue", "name"), [(catalogue, name) for catalogue, rows in FORBIDDEN.items() for name in rows]
)
def test_forbidden_variation_is_found(catalogue: str, name: str) -> None:
    """The contracts that it breaks run alone, and everything where these need the requests of others."""
    breaks = FORBIDDEN[catalogue][name]["breaks"]
    if not {*breaks} & {*each_broken(verify_varied(catalogue, name, only=breaks))}:
        assert list_surprises(catalogue, name, each_broken(verify_varied(catalogue, name))) == {}


def test_list_names_variations_and_catalogues_that_exist() -> None:
    assert set(FORBIDDEN) <= set(CATALOGUES)
    assert {name for rows in FORBIDDEN.values() for name in rows} <= set(NAMES)
    assert all(row["why"] and row["breaks"] for rows in FORBIDDEN.values() for row in rows.values())
    assert Path(FILE).read_text(encoding="utf-8").startswith("# ")
