"""Commands with a short catalogue: what is wrong with its document is one message, and nothing is written."""

from __future__ import annotations

import codecs
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from calling import served
from overlaying import NOTES
from pgagents.base.http import Response
from pgagents.cli.inputs import files
from pgagents.cli.main import main

CATALOGUE = Path("pgagents.yaml")
DOCUMENT = Path("openapi.json")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(NOTES, DOCUMENT)
    write()


def write(openapi: str = "./openapi.json", more: str = "") -> None:
    CATALOGUE.write_text(f"pgagents: 1\nopenapi: {openapi}\n{more}", encoding="utf-8")


def count_errors(output: str) -> int:
    return sum(line.startswith(("error:", "error[")) for line in output.splitlines())


def _lie_over_a_catalogue() -> None:
    shutil.copy(CATALOGUE, "other.yaml")
    write("./other.yaml")


def _begin_with_a_mark() -> None:
    DOCUMENT.write_bytes(codecs.BOM_UTF8 + "a: éé".encode() + b"\xff")


def _replace_by_a_folder() -> None:
    DOCUMENT.unlink()
    DOCUMENT.mkdir()


@pytest.mark.parametrize(
    ("spoil", "message", "help"),
    [
        (DOCUMENT.unlink, "cannot read", "give a file or a URL"),
        (_replace_by_a_folder, "cannot read", "give a file or a URL"),
        (lambda: DOCUMENT.write_bytes(b"a: \xff"), "byte 0xff is not UTF-8", "save the file as UTF-8"),
        (_begin_with_a_mark, "byte 0xff is not UTF-8\n  --> openapi.json:1:6", "save the file as UTF-8"),
        (lambda: DOCUMENT.write_bytes(b'{"openapi": "3.1.0"'), "not valid JSON", "correct it there"),
        (lambda: DOCUMENT.write_bytes(b"<html>"), "this is a web page", "give the address of the OpenAPI"),
        (lambda: DOCUMENT.write_bytes(b"[]"), "the document is not a mapping", "give an OpenAPI 3.0"),
        (lambda: DOCUMENT.write_bytes(b'{"a": 1}'), "neither `openapi` nor `swagger`", "give an OpenAPI 3.0"),
        (lambda: write("ftp://x.example/a"), "neither a path nor an http address", "give a path, or a URL"),
        (
            lambda: write("http://127.0.0.1:9/a.json"),
            "cannot read http://127.0.0.1:9/a.json",
            "is the address",
        ),
        (_lie_over_a_catalogue, "other.yaml is a catalogue itself", "name the document that"),
        (
            lambda: write(more="actions:\n  list_notes: {}\n  GET /notes: {}\n"),
            "of which `list_notes` speaks already",
            "join the two entries",
        ),
    ],
)
def test_what_is_wrong_with_the_document_is_one_message(
    spoil: Callable[[], object],
    message: str,
    help: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spoil()
    before = sorted(tmp_path.rglob("*"))
    assert main(["build"]) == 2
    error = capsys.readouterr().err
    assert count_errors(error) == 1
    assert message in error
    assert f"help: {help}" in error
    assert sorted(tmp_path.rglob("*")) == before


def test_document_above_the_bound_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 1000)
    assert main(["build"]) == 2
    error = capsys.readouterr().err
    assert "has more than 1,000 bytes; that is the most read" in error
    assert count_errors(error) == 1
    assert not Path("generated").exists()


def test_host_that_redirects_is_one_message(capsys: pytest.CaptureFixture[str]) -> None:
    with served(lambda _: Response(302, (("Location", "https://elsewhere.example/a?key=1"),), b"")) as url:
        write(f"{url}/openapi.json")
        assert main(["lint"]) == 2
    error = capsys.readouterr().err
    assert f"{url}/openapi.json redirects to https://elsewhere.example/a" in error
    assert "key=1" not in error
    assert count_errors(error) == 1


@pytest.mark.parametrize(
    "words", [["build", "--check"], ["mcp"], ["submit", "openai"]], ids=lambda words: words[0]
)
def test_what_gives_tools_away_takes_no_document_from_a_url_without_its_hash(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with served(lambda _: Response(200, (), NOTES.read_bytes())) as url:
        write(f"{url}/openapi.json")
        assert main(words) == 2
    error = capsys.readouterr().err
    assert "takes a document from a URL only with its hash" in error
    assert "help: write `openapi: {document: URL, sha256: " in error


def test_contracts_name_the_part_of_a_document_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Its line alone says nothing, and FastAPI serves every document so."""
    DOCUMENT.write_text(json.dumps(json.loads(NOTES.read_bytes())), encoding="utf-8")
    assert main(["contracts", "--contract", "valid_calls/ordinary/list_notes@rest"]) == 0
    assert "openapi.json:1 (/paths/~1notes/get)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("client", "key"), [("claude", "mcpServers"), ("cursor", "mcpServers"), ("vscode", "servers")]
)
def test_entry_for_a_client_of_this_machine_has_absolute_paths(
    client: str, key: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["mcp", "--print-config", client]) == 0
    (server,) = json.loads(capsys.readouterr().out)[key].values()
    assert server["args"] == ["mcp", str(tmp_path.resolve() / "pgagents.yaml")]
    assert Path(server["command"]).name == "pgagents"
