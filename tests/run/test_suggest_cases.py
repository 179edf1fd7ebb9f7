"""Proposed test cases are drafts that load as they are, and that a right server keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from inprocess import ENOUGH, verify_mcp
from offering import shop_text
from pgagents.base.reading import parse
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.listing import cases_of
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.report.contract import Verdict
from pgagents.suggest.cases import propose_cases
from verifying import PARK_GRAPH, ROOT, ids

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
TEXTS = {
    "park_graph": PARK_GRAPH.read_text(encoding="utf-8"),
    "shop": shop_text(),
    "library": LIBRARY.read_text(encoding="utf-8"),
}


def _pasted(name: str) -> str:
    """The catalogue with what is proposed for it, at a store that asks no number of cases."""
    data: Any = parse(TEXTS[name], name).data
    del data["surfaces"]["openai"]["cases"]
    data["surfaces"]["anthropic"]["cases"] = propose_cases(load_text(TEXTS[name], name))
    return yaml.safe_dump(data, sort_keys=False)


@pytest.mark.parametrize("name", TEXTS)
def test_proposed_cases_load_and_each_is_a_draft(name: str) -> None:
    of = load_text(_pasted(name), name)
    cases = cases_of(of, "anthropic")
    assert 4 <= len([case for case in cases if case.is_positive]) <= 5
    assert {case.kind for case in cases} == {"positive", "not_offered", "refused", "asks_first"}
    assert all(case.draft for case in cases)
    noted = [d for d in build(of, only=["claude_plugin"]).diagnostics if "is a draft" in d.message]
    assert len(noted) == len(cases)
    assert {d.severity for d in noted} == {"warning"}


@pytest.mark.parametrize("name", ["shop", pytest.param("park_graph", marks=pytest.mark.matrix)])
def test_right_server_keeps_proposed_cases(name: str) -> None:
    of = load_text(_pasted(name), name)
    report = verify_mcp(of, only=("listing_cases/",), max_requests=ENOUGH)
    assert report.findings == ()
    assert set(ids(report, Verdict.KEPT)) == {case.contract for case in cases_of(of, "anthropic")}


def test_command_prints_what_can_be_pasted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = tmp_path / "shop.yaml"
    catalogue.write_text(TEXTS["shop"], encoding="utf-8")
    assert main(["suggest", "--cases", "openai", str(catalogue)]) == 0
    said = capsys.readouterr().out
    told = yaml.safe_load(said)["surfaces"]["openai"]["cases"]
    assert told == propose_cases(load_text(TEXTS["shop"], "shop.yaml"))
    assert "draft" in said.splitlines()[0]


@pytest.mark.parametrize(
    ("store", "says"), [("opnai", "openai"), ("xai", "not a store that takes plugins"), ("", "not a store")]
)
def test_store_that_there_is_not_is_one_message(
    store: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["suggest", "--cases", store, str(LIBRARY)]) == 2
    told = capsys.readouterr()
    assert says in told.err
    assert "Traceback" not in told.err
    assert told.out == ""
