"""The catalogues of APIs in prose (tests/catalogues/*.md) are linted, built, served and verified whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from inprocess import inside
from lengths import rarely
from pgagents.generate.build import build
from pgagents.lint.run import lint
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from verifying import ids, model, run

FOLDER = Path(__file__).parents[1] / "catalogues"
NAMES = sorted(path.stem for path in FOLDER.glob("*.md") if path.with_suffix(".yaml").exists())
EVERY = sorted(path.stem for path in FOLDER.glob("*.yaml"))
LARGE = ("documents", "library", "payments", "tickets")
"""Catalogues whose run takes two seconds or more, which get one block of seeds. `evaluation/right` verifies
servers of the first three, which others wrote, with more.
"""
FEW, SEEDS, MORE = ("notes", range(1)), range(5), range(5, 10)
"""`test_variations_elsewhere.py` has other seeds, each with variations."""
BLOCKS = [
    *((name, SEEDS[1:] if name in NAMES else SEEDS) for name in EVERY),
    *((name, MORE) for name in EVERY if name not in LARGE),
]
"""Seeds of each catalogue that no deep run has."""
VENDORS = {"anthropic", "copilot", "gemini", "mcp", "openai", "perplexity", "xai"}


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.yaml"


def report_of(name: str, *, seed: int = 0, profile: str = "deep", limits: bool = True) -> Report:
    """Return a whole run of a mock, with a key that has the published limit; `limits` tries it by bursts."""
    of = model(path_of(name))
    opened = inside(of, seed=seed)
    keys = {**opened.keys, "main": opened.sandbox.tokens.get("test", opened.keys["main"])}
    return run(of, seed=seed, keys=keys, allow_writes=True, exclusive=True, limits=limits, profile=profile)


@pytest.mark.parametrize("name", NAMES)
def test_catalogue_names_the_api_that_it_is_modelled_on(name: str) -> None:
    first = path_of(name).read_text(encoding="utf-8").split("\n", 1)[0]
    assert first.startswith("# ")
    assert f"tests/catalogues/{name}.md" in first
    assert "modelled on" in first


@pytest.mark.parametrize("name", NAMES)
def test_lint_finds_no_error_in_a_catalogue(name: str) -> None:
    found = lint(model(path_of(name))).found
    assert [d.message for d in found if d.severity == "error"] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_vendors_files_are_built_from_a_catalogue(name: str) -> None:
    built = build(model(path_of(name)))
    assert [d.message for d in built.diagnostics if d.severity == "error"] == []
    folders = {artifact.path.split("/")[0] for artifact in built.artifacts()}
    assert folders >= VENDORS


@pytest.mark.matrix
@pytest.mark.parametrize("name", NAMES)
def test_mock_of_a_catalogue_keeps_every_contract(name: str) -> None:
    """Only what needs an MCP server or asks other hosts is not selected. `tests/run/test_language_mcp.py`
    verifies each of the catalogues at each push, with such a server and without random calls, which are most
    of a deep run.
    """
    report = report_of(name)
    assert [(f.contract.id, f.actual) for f in report.findings] == []
    assert ids(report, Verdict.UNTESTED) == []
    assert (report.footer.left_behind, report.footer.notes) == ((), ())
    assert len(ids(report, Verdict.KEPT)) > 350
    left_out = {id for id in ids(report, Verdict.NOT_SELECTED) if not id.endswith("@mcp")}
    assert left_out <= {"advertised_links/other_hosts@rest"}


@pytest.mark.parametrize(("name", "seeds"), rarely([FEW, *BLOCKS], FEW))
def test_mock_breaks_nothing_of_its_catalogue_with_any_seed(name: str, seeds: range) -> None:
    """One declaration has two readers, the mock and the checks: headers, laws and bounds too. The first seed
    has bursts, which are most of the requests.
    """
    for seed in seeds:
        report = report_of(name, seed=seed, profile="standard", limits=seed in (SEEDS[0], MORE[0]))
        assert (seed, [(f.contract.id, f.actual) for f in report.findings]) == (seed, [])
