"""The CLI shows a person or a CI job annotations, places in the repository, the self-test, and the demo's
page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pgagents.base import registry
from pgagents.cli.inputs import report_files
from pgagents.cli.main import main
from pgagents.cli.running import selftest
from pgagents.report.report import Report
from pgagents.verify.promise import collect_of_tools
from test_report import ALL, SOURCE, report
from test_report_forms import hostile


def said(one: Report, capsys: pytest.CaptureFixture[str]) -> list[str]:
    report_files.show(one, SOURCE)
    return capsys.readouterr().out.splitlines()


def test_job_of_github_actions_gets_annotations_after_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not [line for line in said(report(ALL), capsys) if line.startswith("::")]
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    lines = said(report(ALL), capsys)
    assert [
        line
        for line in lines
        if line.startswith(
            "::error file=catalogue/c.yaml,line=4,col=7,title=wrong%3A refuses_bad_input/broken0/"
        )
    ]


def test_no_line_of_the_report_is_a_command_to_the_job(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Between the two marks nothing is obeyed, and the second cannot be guessed: the runner skips blanks
    before `::`.
    """
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    one = hostile()
    one = replace(one, findings=(replace(one.findings[0], actual="x " * 60 + "::add-mask::a"),))
    words = set()
    for _ in range(2):
        lines = said(one, capsys)
        begin = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", lines[0])
        assert begin
        end = lines.index(f"::{begin.group(1)}::")
        assert any("::add-mask::" in line for line in lines[1:end])
        assert all(re.match(r"::(error|warning|notice) (file|title)=", line) for line in lines[end + 1 :])
        words.add(begin.group(1))
    assert len(words) == 2


def test_shard_leaves_annotations_to_the_merge(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    one = report(ALL)
    lines = said(replace(one, header=replace(one.header, shard=(1, 2))), capsys)
    assert not [line for line in lines if line.startswith("::error")]


def test_catalogue_is_named_from_the_root_of_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "repo" / "api" / "catalogue" / "a.yaml"
    file.parent.mkdir(parents=True)
    file.touch()
    monkeypatch.chdir(tmp_path / "repo" / "api")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    assert report_files.in_repository("catalogue/a.yaml") == "catalogue/a.yaml"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "repo"))
    assert report_files.in_repository("catalogue/a.yaml") == "api/catalogue/a.yaml"
    monkeypatch.delenv("GITHUB_WORKSPACE")
    (tmp_path / "repo" / ".git").mkdir()
    assert (
        report_files.in_repository("catalogue/a.yaml")
        == report_files.in_repository(str(file))
        == "api/catalogue/a.yaml"
    )
    assert report_files.in_repository("nowhere.yaml") == ""


def test_report_is_written_whole_or_not_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, words in {"r.pdf": "ends in none of", "no/r.json": "there is no folder"}.items():
        assert main(["verify", "--url", "http://127.0.0.1:9", "--report", str(tmp_path / name)]) == 2
        assert words in capsys.readouterr().err
    (tmp_path / "r.html").mkdir()
    assert main(["verify", "--url", "http://127.0.0.1:9", "--report", str(tmp_path / "r.html")]) == 2
    assert "that is a folder" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["r.html"]


# -- self-test
# ----------------------------------------------------------------------------------------------------


def ship(catalogue: str, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Have the self-test take another catalogue in place of Park Graph's, where one is named."""
    if not catalogue:
        return
    text = (Path(__file__).parents[1] / "catalogues" / catalogue).read_text(encoding="utf-8")
    (folder / "park_graph.yaml").write_text(text, encoding="utf-8")
    usual = registry.folder
    patch.setattr(registry, "folder", lambda name: folder if name == "catalogue" else usual(name))


OF_SHOP = {"accept-out-of-range": "invalid_input", "wrong-code": "error_codes"}
OF_PARK_GRAPH = {"search-unsorted": "law", "request-id-reused": "request_id"}


@pytest.mark.parametrize(
    ("catalogue", "faults"),
    [("shop.yaml", OF_SHOP), pytest.param("", OF_PARK_GRAPH, marks=pytest.mark.matrix)],
    ids=["shop", "park_graph"],
)
def test_self_test_finds_faults_and_lets_variations_pass(
    catalogue: str, faults: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(catalogue, tmp_path, monkeypatch)
    heard: list[str] = []
    outcome = selftest.try_each(
        lambda done, total, doing: heard.append(f"{done}/{total} {doing}"),
        faults=[*faults],
        variations=["layout"],
    )
    assert outcome.wrong == {}
    assert {name: (row.found, row.due) for name, row in outcome.rows.items() if row.due} == dict.fromkeys(
        faults.values(), (1, 1)
    )
    first, second = faults
    assert heard == [f"0/3 fault {first}", f"1/3 fault {second}", "2/3 variation layout"]


@pytest.mark.parametrize(
    "catalogue", ["notes.yaml", pytest.param("", marks=pytest.mark.matrix)], ids=["notes", "park_graph"]
)
def test_self_test_judges_an_mcp_server_by_its_own_list_of_tools_too(
    catalogue: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(catalogue, tmp_path, monkeypatch)
    outcome = selftest.try_each(
        lambda *_: None,
        faults=["mcp:tool-listed-twice", "mcp:schema-with-unknown-type"],
        variations=["mcp:said-more"],
    )
    assert outcome.wrong == {}
    found = {check: (row.found, row.due) for check, row in outcome.rows.items() if row.due}
    assert found == {"mcp_tools": (2, 2), "tool_list": (1, 1), "tool_schemas": (1, 1)}


def test_self_test_tells_of_what_is_found_or_missed_without_a_catalogue() -> None:
    outcome = selftest.Outcome({"tool_list": selftest.Row(), "tool_words": selftest.Row()})
    broken = {"tool_words": "tool_words/name/x@mcp"}
    selftest._listed_fault(outcome, "mcp:tool-listed-twice", {"tool_list"}, broken)
    assert outcome.wrong == {
        "not found by tool_list": ["mcp:tool-listed-twice"],
        "also broke tool_words/name/x@mcp without a catalogue, undeclared": ["mcp:tool-listed-twice"],
    }


def test_every_check_of_a_list_of_tools_has_a_fault() -> None:
    faults = [selftest._module("faults", name) for name in selftest._every("faults")]
    assert {check for fault in faults for check in fault.by_list} == set(collect_of_tools())


def test_self_test_tells_of_a_dead_check_and_of_a_false_alarm() -> None:
    outcome = selftest.Outcome({"law": selftest.Row(), "state_transitions": selftest.Row()})
    selftest._fault(outcome, "search-unsorted", {"state_transitions": "state_transitions/x@rest"})
    selftest._variation(outcome, "layout", {"state_transitions": "state_transitions/y@rest"})
    text = "\n".join(selftest.lines(outcome, 3.0))
    assert outcome.dead == ["law", "state_transitions"]
    assert "search-unsorted: not found by law" in text
    assert "search-unsorted: also broke state_transitions/x@rest, undeclared" in text
    assert "layout: variation, but broke state_transitions/y@rest: a false alarm" in text
    assert re.search(r"^law +0/1 +1/1 +dead$", text, re.M)
    assert re.search(r"^state.transitions +0/0 +0/1 +dead$", text, re.M)
    assert "exit 1" in text


def test_self_test_ends_with_1_where_a_check_is_dead(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    alive = selftest.Outcome({"law": selftest.Row(1, 1)}, 1, 0)
    for outcome, code in ((alive, 0), (selftest.Outcome({"law": selftest.Row()}), 1)):
        monkeypatch.setattr(selftest, "try_each", lambda *_, outcome=outcome: outcome)
        assert main(["verify", "--self-test"]) == code
        assert f"exit {code}: " in capsys.readouterr().out


def test_self_test_of_one_check_runs_its_faults_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[list[str]] = []

    def tried(_said: object, faults: list[str], *_: object) -> selftest.Outcome:
        asked.append(faults)
        return selftest.Outcome({"law": selftest.Row(), "request_id": selftest.Row(2, 2)}, 2, 0)

    monkeypatch.setattr(selftest, "try_each", tried)
    assert main(["verify", "--self-test", "--only", "request_id/search_parking"]) == 0
    assert asked == [["not-found-kept", "request-id-differs", "request-id-of-client", "request-id-reused"]]
    assert "1 of 1 checks alive" in capsys.readouterr().out
    assert main(["verify", "--self-test", "--only", "request_idd"]) == 2
    assert "there is no such check" in capsys.readouterr().err


@pytest.mark.matrix
def test_demo_says_where_its_page_is_and_leaves_the_folder_alone(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "from pgagents.cli.main import run; run()", "demo", "--only", "request_id"],
        cwd=tmp_path / "here",
        env={**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = tmp_path / "cache" / "pgagents" / "demo" / "report.html"
    assert f"the report as a page: {page.as_uri()}" in done.stderr
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert list((tmp_path / "here").iterdir()) == []
