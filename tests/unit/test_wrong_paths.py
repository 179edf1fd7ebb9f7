"""A path that is wrong in whatever way is one message and exit code 2, before anything is sent or written."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pgagents.cli.main import main
from small_api import NOTES

LONG = "x" * 300 + ".yaml"
URL = ("--url", "http://127.0.0.1:9")


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("notes.yaml").write_text(NOTES, encoding="utf-8")
    return "notes.yaml"


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run a command that must refuse its input, and return what it says."""
    assert main(list(words)) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said) < 1000
    return said


@pytest.mark.parametrize("command", ["lint", "build --out", "trace"])
def test_a_name_that_is_too_long_is_one_message(
    command: str, catalogue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {
        "lint": ("lint", LONG),
        "build --out": ("build", catalogue, "--out", LONG),
        "trace": ("trace", f"{'x' * 5000}#/a", catalogue),
    }[command]
    assert "error: " in refused(capsys, *words)


@pytest.mark.parametrize(
    "words", [("verify", *URL), ("build",), ("questions",), ("suggest", *URL), ("show",)]
)
def test_an_address_in_place_of_a_catalogue_is_told_where_it_goes(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, words[0], "https://127.0.0.1:9/openapi.json", *words[1:])
    assert "a catalogue is a file, not an address" in said
    assert "--openapi URL" in said


@pytest.mark.parametrize("words", [("build", "--out", ""), ("submit", "claude", *URL, "--out", "")])
def test_an_empty_folder_is_not_the_folder_of_the_caller(
    words: tuple[str, ...], catalogue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(Path().iterdir())
    assert "the name is empty; write . for this folder" in refused(capsys, *words, catalogue)
    assert sorted(Path().iterdir()) == before


def test_the_folder_of_the_caller_can_be_named(catalogue: str) -> None:
    assert main(["build", catalogue, "--out", "."]) == 0
    assert Path("openapi/openapi.json").is_file()


@pytest.mark.parametrize("words", [("suggest", *URL), ("verify", *URL), ("skills",)])
def test_a_pipe_without_a_writer_is_refused_at_once(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A writer comes after a minute, so that the test ends where the command waits for it."""
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)
    waited = threading.Event()

    def write() -> None:
        if not waited.wait(60):
            os.close(os.open(pipe, os.O_WRONLY))

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    code = main([words[0], str(pipe), *words[1:]])
    came_before = writer.is_alive()
    waited.set()
    assert code == 2
    assert came_before
    assert "it is a folder, a pipe or a device" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("out", "said"), [("nowhere/laws.yaml", "there is no folder nowhere"), (f"{LONG}", "File name too long")]
)
def test_where_laws_go_is_looked_at_before_the_run(
    out: str, said: str, catalogue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without this the message about the missing key comes first, and a run's result would be lost."""
    assert said in refused(capsys, "suggest", catalogue, *URL, "--out", out)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="there is no endless file")
def test_an_endless_file_of_arguments_is_not_read_whole(
    catalogue: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, "call", "get_note", "--catalogue", catalogue, *URL, "--json", "/dev/zero")
    assert "--json /dev/zero has more than 4,000,000 bytes" in said
