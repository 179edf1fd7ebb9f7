"""`pgagents skills` and `listing` with `--start`: the app is started for the run, and is gone afterwards."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from pgagents.cli.main import main
from pgagents.cli.running.app import has_processes
from skill_servers import lay

APP = Path(__file__).parents[1] / "started_app.py"
SKILL = "---\nname: things\ndescription: d\n---\n\nCall `listThings`. Then `DELETE /things/{id}`.\n"


def run(folder: Path, patch: pytest.MonkeyPatch, *words: str, **ways: Any) -> tuple[int, list[int]]:
    """Run the command with the app; return the exit code, and the process of each start."""
    notes = folder / "starts"
    patch.setenv("PGAGENTS_TOKEN", "key_of_a_test_1")
    patch.chdir(folder)
    app = shlex.join([sys.executable, str(APP), json.dumps({**ways, "notes": str(notes)})])
    code = main([*words, "--start", app])
    starts = notes.read_text().splitlines() if notes.exists() else []
    return code, [int(line.split()[0]) for line in starts]


def test_skills_are_held_to_an_app_that_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay(tmp_path, {"things": SKILL})
    words = ["skills", str(folder), "--openapi", "/openapi.json", "--json"]
    code, starts = run(tmp_path, monkeypatch, *words)
    claims = [one for file in json.loads(capsys.readouterr().out)["files"] for one in file["claims"]]
    assert {(one["subject"], one["outcome"]) for one in claims} == {
        ("listThings", "kept"),
        ("DELETE /things/{id}", "broken"),
    }
    assert code == 1
    assert len(starts) == 1
    assert not has_processes(starts[0])


def test_folder_without_skills_starts_no_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["skills", str(tmp_path), "--openapi", "/openapi.json"]
    assert run(tmp_path, monkeypatch, *words) == (2, [])
    assert "there is no SKILL.md" in capsys.readouterr().err


def test_app_that_does_not_start_is_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = lay(tmp_path, {"things": SKILL})
    words = ["skills", str(folder), "--openapi", "/openapi.json"]
    code, starts = run(tmp_path, monkeypatch, *words, leaves=True)
    assert (code, len(starts)) == (2, 1)
    assert "the app ended with exit code 0 before it answered" in capsys.readouterr().err


def test_listing_is_held_against_an_app_that_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import runpy

    monkeypatch.setattr(sys, "argv", ["app", "{}"])
    document = runpy.run_path(str(APP))["DOCUMENT"]
    monkeypatch.chdir(tmp_path)
    for name, path in (("old", "/old-things"), ("new", "/things")):
        paths = {path: document["paths"]["/things"]}
        texts = json.dumps({**document, "paths": paths, "servers": [{"url": "https://things.example"}]})
        (tmp_path / f"{name}.json").write_text(texts)
        assert main(["import", f"{name}.json", "--full", "--out", f"{name}.yaml"]) == 0
    assert main(["build", "old.yaml", "--out", "approved"]) == 0
    capsys.readouterr()
    code, starts = run(tmp_path, monkeypatch, "listing", "approved", "new.yaml", "--json")
    data = json.loads(capsys.readouterr().out)
    outcomes = {one["store"]: one["outcome"] for one in data["stores"]}
    assert (code, outcomes["gpt"]) == (1, "held")
    assert data["requests"] > 0
    assert len(starts) == 1
    assert not has_processes(starts[0])
