"""Odd but legal behaviour is reported on none of these catalogues, except where one forbids it.

`tests/data/variations_elsewhere.yaml` lists where one does: the contract that then breaks, and why.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from inprocess import inside
from pgagents.report.report import Report
from pgagents.sandbox import fault_registry
from pgagents.verify.plan.options import Options
from replaying import Recording, record
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


@lru_cache(maxsize=1)
def recording_of(catalogue: str) -> Recording:
    """Verify the plain mock of a catalogue. One is kept: tests take one catalogue after the other."""
    return record(model(FOLDER / f"{catalogue}.yaml"), Options(**OPTIONS), MAIN)


def verify_varied(catalogue: str, *names: str) -> Report:
    """Verify the mock of a catalogue with variations. It leaves the behaviour key of a single one open."""
    point = fault_registry.find("variations", names[0]).point if len(names) == 1 else None
    of = model(FOLDER / f"{catalogue}.yaml", point)
    opened = inside(of)
    keys = {**opened.keys, "main": opened.sandbox.tokens[MAIN]}
    return run(of, keys=keys, variations=names, **OPTIONS)


def fits_as_it_is(catalogue: str, name: str) -> bool:
    """Return True if a variation is legal without a change of the catalogue."""
    path, point = FOLDER / f"{catalogue}.yaml", fault_registry.find("variations", name).point
    return model(path, point) is model(path) and name not in FORBIDDEN.get(catalogue, {})


def answers_as_plain(catalogue: str, name: str) -> bool:
    """Return True if the mock with a variation repeats the whole run of the plain mock.

    False where the variation needs another catalogue, because this one fixes its behaviour key.
    """
    path, point = FOLDER / f"{catalogue}.yaml", fault_registry.find("variations", name).point
    of = model(path)
    return model(path, point) is of and recording_of(catalogue).is_repeated_by(inside(of, variations=[name]))


def findings_of(catalogue: str, name: str) -> dict[str, str]:
    """Return each contract that a variation breaks, with the answer.

    Contracts broken by the same cause stand one by one. Where a variation finds nothing to vary, nothing is
    verified: the plain run has its verdicts.
    """
    alike = answers_as_plain(catalogue, name)
    return each_broken(recording_of(catalogue).report if alike else verify_varied(catalogue, name))


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
    """Each varies some answer, so that a recorded run of the plain mock would save nothing."""
    assert list_surprises(catalogue, name, each_broken(verify_varied(catalogue, name))) == {}


AT_ONCE = 5
TOGETHER = [tuple(NAMES[first :: -(-len(NAMES) // AT_ONCE)]) for first in range(-(-len(NAMES) // AT_ONCE))]
"""All variations, five to a run. Neighbours in the alphabet, which are of one kind, are never together."""


def test_each_variation_is_taken_once_and_apart_from_those_that_hide_it() -> None:
    """A server that ignores a trailing slash never redirects for one."""
    assert sorted(name for names in TOGETHER for name in names) == NAMES
    assert not [names for names in TOGETHER if {"post-slash-redirected", "slash-means-the-same"} <= {*names}]


@pytest.mark.matrix
@pytest.mark.parametrize("names", TOGETHER, ids="+".join)
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_every_variation_is_silent_or_forbidden(catalogue: str, names: tuple[str, ...]) -> None:
    """Variations are verified together; each alone if it needs another catalogue, is forbidden, or if
    something is found.

    All of one catalogue come one after the other, because few compiled catalogues are kept.
    """
    some = [name for name in names if fits_as_it_is(catalogue, name)]
    silent = bool(some) and not verify_varied(catalogue, *some).findings
    alone = [name for name in names if not silent or name not in some]
    surprises = {name: list_surprises(catalogue, name, findings_of(catalogue, name)) for name in alone}
    assert {name: found for name, found in surprises.items() if found} == {}


SAMPLED: dict[str, list[str]] = {catalogue: [] for catalogue in CATALOGUES}
for catalogue, name in [(catalogue, name) for catalogue in CATALOGUES for name in NAMES][::25]:
    SAMPLED[catalogue].append(name)


@pytest.mark.matrix
@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_variations_that_answer_as_the_plain_mock_have_its_verdicts(catalogue: str) -> None:
    """They share a run; each has its own where that has other verdicts. The other variations are verified as
    a whole in any case.
    """
    plain = verdicts_of(recording_of(catalogue).report)
    alike = [name for name in SAMPLED[catalogue] if answers_as_plain(catalogue, name)]
    if alike and verdicts_of(verify_varied(catalogue, *alike)) != plain:
        alone = {name: verdicts_of(verify_varied(catalogue, name)) for name in alike}
        assert {name: set(found) - set(plain) for name, found in alone.items() if found != plain} == {}


def verdicts_of(report: Report) -> list[tuple[str, str, str]]:
    return [(r.contract.id, r.verdict, r.reason) for r in report.results]


def test_list_names_variations_and_catalogues_that_exist() -> None:
    assert set(FORBIDDEN) <= set(CATALOGUES)
    assert {name for rows in FORBIDDEN.values() for name in rows} <= set(NAMES)
    assert all(row["why"] and row["breaks"] for rows in FORBIDDEN.values() for row in rows.values())
    assert Path(FILE).read_text(encoding="utf-8").startswith("# ")
