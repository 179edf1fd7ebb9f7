"""The CLI shows a person or a CI job annotations, places in the repository, and the demo's page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pgagents.cli.inputs import report_files
from pgagents.cli.main import main
from pgagents.report.report import Report
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
