"""A folder without a catalogue is an error: a pipeline with a wrong working directory must not pass."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pgagents.cli.main import main
from starting import wait_for_ready

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from pgagents.cli.main import run; run()"]
NEEDING = [
    ["build"],
    ["build", "--check"],
    ["lint"],
    ["contracts"],
    ["contracts", "--format", "ids"],
    ["verify", "--url", "http://127.0.0.1:1"],
    ["verify", "--url", "http://127.0.0.1:1", "--plan"],
    ["verify", "--url", "http://127.0.0.1:1", "--discovery"],
    ["trace", "generated/gemini/functions.json#/functionDeclarations/0/name"],
    ["call", "get_market_rate", "lat=1", "lng=1"],
    ["mcp"],
]


@pytest.mark.parametrize("words", NEEDING, ids=" ".join)
def test_a_folder_without_a_catalogue_is_an_error(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: no catalogue here")
    assert "pgagents init" in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.matrix
def test_what_an_earlier_build_left_is_no_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["build", "park-graph"]) == 0
    assert main(["build", "park-graph", "--check"]) == 0
    assert main(["build", "--check"]) == 2


def test_a_catalogue_in_its_usual_place_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pgagents.yaml").write_text(
        (ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["contracts", "--format", "ids"]) == 0


@pytest.mark.parametrize(
    "words",
    [
        ["lint", "park-graph"],
        ["contracts", "park-graph", "--format", "ids"],
        ["diff", "park-graph", "park-graph"],
    ],
    ids=lambda words: words[0],
)
def test_the_example_that_comes_with_pgagents_has_a_name(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(words) == 0


def test_a_file_of_the_examples_name_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "park-graph").write_text(
        (ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["contracts", "park-graph", "--format", "ids"]) == 0
    assert "search_products" in capsys.readouterr().out


@pytest.mark.matrix
def test_sandbox_serves_the_example_where_there_is_no_catalogue(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    child = subprocess.Popen(
        [*COMMAND, "sandbox", "--port", "0", "--ready", str(ready)],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        wait_for_ready(ready, child)
        assert "pk_test_" in ready.read_text(encoding="utf-8")
    finally:
        child.terminate()
        _, said = child.communicate(timeout=600)
    assert "`park-graph`" in said


@pytest.mark.matrix
@pytest.mark.parametrize("page", ["docs/howto/mcp.md"])  # README names this page
def test_the_entry_for_mcp_clients_works_wherever_a_client_starts_it(page: str, tmp_path: Path) -> None:
    written = re.search(r'^\{"mcpServers".*\}$', (ROOT / page).read_text(encoding="utf-8"), re.M)
    assert written
    entry = next(iter(json.loads(written[0])["mcpServers"].values()))
    assert entry["command"] == "pgagents"
    asked = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    done = subprocess.run(
        [*COMMAND, *entry["args"]],
        input=json.dumps(asked) + "\n",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[0])["result"]["serverInfo"]["name"]
