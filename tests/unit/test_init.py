"""A new catalogue: it loads, builds, lints clean, keeps its promises when served, and overwrites nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pgagents.catalogue.language.catalogue import for_editors
from pgagents.catalogue.load import load_file, load_text
from pgagents.cli.init import starter
from pgagents.cli.main import main
from pgagents.generate.build import build
from pgagents.report.contract import Verdict
from verifying import ids, run


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_new_catalogue_builds_and_lints_clean_once_its_placeholders_are_gone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["init"]) == 0
    assert Path("catalogue/api.yaml").is_file()
    assert "pgagents build " in capsys.readouterr().out
    first = Path("catalogue/api.yaml").read_text(encoding="utf-8").partition("\n")[0]
    schema = Path("catalogue", first.removeprefix("# yaml-language-server: $schema="))
    assert json.loads(schema.read_bytes()) == for_editors()
    built = build(load_file(Path("catalogue/api.yaml")))
    assert {problem.id for problem in built.diagnostics} == {
        "openai/openapi/server",
        "openai/builder_sheet/server",
    }
    text = Path("catalogue/api.yaml").read_text(encoding="utf-8").replace("example.com", "books.dev")
    Path("catalogue/api.yaml").write_text(text, encoding="utf-8")
    built = build(load_file(Path("catalogue/api.yaml")))
    assert built.diagnostics == ()
    assert {"openai/openapi.yaml", "gemini/functions.json", "anthropic/tools.json"} <= {
        a.path for a in built.files
    }
    assert main(["lint"]) == 0
    assert "[" not in capsys.readouterr().out  # no finding of any kind


def test_served_it_keeps_every_promise() -> None:
    report = run(load_text(starter("My API", "https://api.example.com")))
    assert ids(report, Verdict.KEPT)
    assert (ids(report, Verdict.BROKEN), ids(report, Verdict.UNTESTED)) == ([], [])
    assert report.exit_code == 0


def test_new_catalogue_says_where_to_edit() -> None:
    text = starter("My API", "https://api.example.com")
    assert text.count("# EDIT") >= 5
    assert "{{" not in text


def test_file_that_is_there_is_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("mine", encoding="utf-8")
    Path("link.yaml").symlink_to("nowhere.yaml")
    for name in ("mine.yaml", "link.yaml", "."):
        assert main(["init", name]) == 2
    assert Path("mine.yaml").read_text(encoding="utf-8") == "mine"
    assert not Path("nowhere.yaml").exists()
    assert "is there already" in capsys.readouterr().err


@pytest.mark.parametrize(
    "title", ["City Library", "no", "42", "Zoë's: #1 {API}", "=x", "- a", '"', "Ünïcode", "a: b # c"]
)
def test_title_stands_as_it_was_given(title: str) -> None:
    model = load_text(starter(title, "https://lib.example"))
    assert model.api.title == title
    assert model.api.server == "https://lib.example"
    assert model.api.contact == "support@lib.example"


@pytest.mark.parametrize(
    "words",
    [["--server", "lib.example"], ["--server", "https://"], ["--server", "ftp://x.example"], ["--server", "https://x.example/v1"],
     ["--server", "https://x.example\n# x"], ["--title", ""], ["--title", "a\nb"], ["--title", "x" * 101]],
)  # fmt: skip
def test_wrong_value_is_one_message_and_writes_nothing(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", *words]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert list(Path.cwd().iterdir()) == []


def test_the_same_call_once_more_changes_nothing_and_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["init", "--title", "City Library", "--server", "https://api.library.example"]
    assert main(words) == 0
    before = Path("catalogue/api.yaml").stat()
    assert main(words) == 0
    assert "is there already, as it would be written" in capsys.readouterr().out
    assert Path("catalogue/api.yaml").stat().st_mtime_ns == before.st_mtime_ns
    with Path("catalogue/api.yaml").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    assert main(words) == 2


def test_document_that_is_here_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("openapi.json").write_text("{}")
    assert main(["init"]) == 0
    assert "`pgagents import openapi.json` writes a short catalogue over it" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["init"], ["init", "catalogue/other.yaml"]], ids=" ".join)
def test_new_catalogue_takes_no_short_ones_place(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Commands read ./catalogue before ./pgagents.yaml."""
    Path("pgagents.yaml").write_text("pgagents: 1\nopenapi: ./openapi.json\n")
    assert main(words) == 2
    assert "pgagents.yaml is a catalogue already" in capsys.readouterr().err
    assert not Path("catalogue").exists()
    assert main(["init", "other.yaml"]) == 0
