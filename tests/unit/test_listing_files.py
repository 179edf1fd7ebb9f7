"""`pgagents listing` without a server: what it reads, refuses and prints."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pgagents.catalogue.load import load_text
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.lint.document import MAX_BYTES
from verifying import ROOT, model

LIBRARY = ROOT / "tests" / "catalogues" / "library.yaml"
PAYMENTS = LIBRARY.with_name("payments.yaml")
NARROWER = ("q: {type: string, minLength: 1, maxLength: 100", "q: {type: string, minLength: 1, maxLength: 50")


@cache
def _list_files() -> dict[str, bytes]:
    """The files of the library's stores by path."""
    found = {file.path: file.data for file in build(model(LIBRARY)).artifacts()}
    wanted = ("mcp/tools.json", "openai/chatgpt-app-submission.json")
    return {
        path: data
        for path, data in found.items()
        if path in wanted or path.split("/")[0] in ("agent_plugin", "claude_plugin", "gemini_cli")
    }


@pytest.fixture
def approved(tmp_path: Path) -> Path:
    """A folder with the files that the library's stores approved."""
    folder = tmp_path / "approved"
    for path, data in _list_files().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def _change(tmp_path: Path, *edits: tuple[str, str]) -> Path:
    """A catalogue that differs from the library's."""
    text = LIBRARY.read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    load_text(text, "library.yaml")
    path = tmp_path / "library.yaml"
    path.write_text(text, encoding="utf-8")
    shutil.copy(LIBRARY.with_name("library.png"), tmp_path)
    return path


def _edit(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")


def test_listing_of_the_same_catalogue_is_kept(approved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listing", str(approved), str(LIBRARY)]) == 0
    out = capsys.readouterr().out
    assert out.count("kept") >= 3
    assert "no MCP server is named: --mcp-url" in out
    assert max(map(len, out.splitlines())) <= 100


def test_stricter_argument_is_held_with_its_line(
    approved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = _change(tmp_path, NARROWER)
    assert main(["listing", str(approved), str(new)]) == 1
    out = capsys.readouterr().out
    assert out.index("held for review") < out.index("kept")
    assert "list_titles (q)" in out
    assert "(/tools/0/inputSchema/properties/q)" in out.replace("\n        ", "")
    assert main(["listing", str(approved), str(new), "--held-passes"]) == 0


def test_json_has_the_reason_and_what_was_not_tried(
    approved: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = _change(tmp_path, NARROWER)
    assert main(["listing", str(approved), str(new), "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert data["outcome"] == "held"
    first = data["stores"][0]
    assert (first["store"], first["outcome"], first["waiting"]) == ("openai", "held", ["list_titles"])
    (reason,) = first["reasons"]
    assert (reason["id"], reason["by"], reason["member"]) == ("listing-tool-input", "manifest", "q")
    assert reason["place"].startswith(f"{approved}/mcp/tools.json:")
    assert {one["subject"] for one in first["not_tried"]} >= {"list_titles", "place_hold"}


def test_delisted_tool_does_not_pass(approved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def add(data: Any) -> Any:
        return {"tools": [*data["tools"], {**data["tools"][0], "name": "renew_hold"}]}

    _edit(approved / "mcp/tools.json", add)
    assert main(["listing", str(approved), str(LIBRARY), "--held-passes"]) == 1
    assert "renew_hold: it is gone with the next scan" in capsys.readouterr().out


def test_difference_that_nothing_decides_ends_with_3(
    approved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def loosen(data: Any) -> Any:
        data["tools"][0]["inputSchema"]["properties"]["q"]["pattern"] = "^[a-z]*([0-9]|[^x])*$"
        return data

    _edit(approved / "mcp/tools.json", loosen)
    assert main(["listing", str(approved), str(LIBRARY)]) == 3
    assert "not decided" in capsys.readouterr().out


def _truncate(folder: Path) -> None:
    path = folder / "mcp/tools.json"
    path.write_bytes(path.read_bytes()[:2_000])


def _make_huge(folder: Path) -> None:
    with (folder / "agent_plugin/plugin.json").open("wb") as file:
        file.truncate(MAX_BYTES + 10)


def _make_deep(folder: Path) -> None:
    text = '{"tools": ' + "[" * 5_000 + "]" * 5_000 + "}"
    (folder / "mcp/tools.json").write_text(text, encoding="utf-8")


def _make_pipe(folder: Path) -> None:
    import os

    (folder / "mcp/tools.json").unlink()
    os.mkfifo(folder / "mcp/tools.json")


def _double(folder: Path) -> None:
    _edit(folder / "mcp/tools.json", lambda data: {"tools": [*data["tools"], data["tools"][0]]})


def _break_schema(folder: Path) -> None:
    def change(data: Any) -> Any:
        data["tools"][1]["inputSchema"] = {"type": "nonsense"}
        return data

    _edit(folder / "mcp/tools.json", change)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def _nameless(folder: Path) -> None:
    _edit(folder / "agent_plugin/plugin.json", lambda data: {**data, "name": ""})


HOSTILE: dict[str, tuple[Callable[[Path], None], str]] = {
    "nothing": (_empty, "nothing of a store is there"),
    "truncated": (_truncate, "mcp/tools.json:"),
    "huge": (_make_huge, "at most 16,000,000 are read"),
    "deep": (_make_deep, "levels deep"),
    "a pipe": (_make_pipe, "a pipe or a device"),
    "a tool twice": (_double, "the tool list_titles stands twice"),
    "a schema that is none": (_break_schema, "the tool get_title: no value can be judged by its"),
    "a package without a name": (_nameless, "the package has no `name`"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_folder_that_is_no_listing_gets_one_message(
    kind: str, approved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change, message = HOSTILE[kind]
    change(approved)
    assert main(["listing", str(approved), str(LIBRARY)]) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert "Traceback" not in told.err
    assert told.out == ""


def test_listing_of_another_api_is_refused(approved: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["listing", str(approved), str(PAYMENTS)]) == 2
    err = capsys.readouterr().err
    assert "is of another API: it is lending-desk" in err
    assert "Coinpost" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("no-such-thing",), "git knows no such revision"),
        (("--", "--output=x"), "git knows no such revision"),
        (("",), "the name of the approved files is empty"),
        ((str(LIBRARY),), "is a file"),
        (("tests", "--report", "x.json"), "No such option"),
    ],
)
def test_wrong_use_is_said_in_one_message(
    words: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["listing", *words, str(LIBRARY)]) == 2
    assert message in capsys.readouterr().err


def test_revision_is_read_as_diff_reads_one(
    approved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    approved.rename(tmp_path / "generated")
    monkeypatch.chdir(tmp_path)
    for words in (
        ("init", "-q"), ("add", "generated"),
        ("-c", "user.name=a", "-c", "user.email=a@example.com", "commit", "-qm", "approved"), ("tag", "v1"),
    ):  # fmt: skip
        subprocess.run(["git", *words], check=True, capture_output=True)
    shutil.rmtree(tmp_path / "generated")
    new = _change(tmp_path, NARROWER)
    assert main(["listing", "v1", str(new)]) == 1
    assert "v1:generated/mcp/tools.json:" in capsys.readouterr().out
    assert main(["listing", "v1:generated", str(LIBRARY)]) == 0
    capsys.readouterr()
    assert main(["listing", "v1:elsewhere", str(LIBRARY)]) == 2
    assert "nothing of a store is there" in capsys.readouterr().err
