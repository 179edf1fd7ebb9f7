"""`suggest --out FILE` replaces its own earlier output alone, and writes nothing where it found nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from pgagents.cli.main import main
from pgagents.suggest.writing import is_suggestion
from small_api import KEY, NOTES

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "Notes", "version": "1.0.0"},
    "paths": {"/notes": {"get": {"operationId": "listNotes", "responses": {"200": {"description": "ok"}}}}},
}


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """A server without notes, and the paths that it was asked for."""
    asked: list[str] = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = b'{"notes": []}'
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PUT = do_DELETE = do_OPTIONS = do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    there = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=there.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{there.server_port}", asked
    there.shutdown()
    there.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PGAGENTS_TOKEN", KEY)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.yaml").write_text(NOTES)
    (tmp_path / "openapi.json").write_text(json.dumps(OPENAPI))
    (tmp_path / "staging.yaml").write_text("url: http://127.0.0.1:9\n")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "laws.yaml").write_text("# 12 laws for the team\n")
    (tmp_path / "link.yaml").symlink_to(tmp_path / "notes.yaml")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["notes.yaml", "openapi.json", "staging.yaml", "empty.yaml", "laws.yaml", "link.yaml"]
)
@pytest.mark.parametrize("source", [["notes.yaml"], ["--openapi", "openapi.json"]])
def test_a_file_of_others_stays_and_nothing_is_sent(
    name: str,
    source: list[str],
    folder: Path,
    server: tuple[str, list[str]],
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert main(["suggest", *source, "--url", server[0], "--out", name]) == 2
    said = capsys.readouterr().err
    assert f"--out {name}: the file is there already" in said
    assert "name another file" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert server[1] == []


def test_test_cases_replace_no_file_of_others(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (folder / "notes.yaml").read_bytes()
    assert main(["suggest", "notes.yaml", "--cases", "openai", "--out", "notes.yaml"]) == 2
    assert "the file is there already" in capsys.readouterr().err
    assert (folder / "notes.yaml").read_bytes() == before


@pytest.mark.parametrize("former", [None, "# 3 laws in 2 readings held in 9 answers, 1 of them sought.\n"])
def test_nothing_is_written_where_no_law_was_found(
    former: str | None, folder: Path, server: tuple[str, list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    out = folder / "found.yaml"
    if former is not None:
        out.write_text(former)
    assert main(["suggest", "notes.yaml", "--url", server[0], "--out", "found.yaml"]) == 3
    assert server[1]
    assert "found.yaml is not written: no law was found" in capsys.readouterr().err
    assert (out.read_text() if out.exists() else None) == former


@pytest.mark.parametrize(
    ("text", "ours"),
    [
        ("# 3 laws in 2 readings held in 9 answers, 1 of them sought.\nactions:\n", True),
        ("# 14 test cases to paste; write each prompt in your own words\n", True),
        ("\ufeff# 1,203 laws in 1 readings held in 9 answers\n", True),
        ("# 3 laws of ours\n", False),
        ("actions:\n", False),
        ("", False),
        ("a: b # 3 laws in 2 readings\n", False),
    ],
)
def test_an_earlier_suggestion_is_known_by_its_first_line(text: str, ours: bool) -> None:
    assert is_suggestion(text.encode()) is ours
