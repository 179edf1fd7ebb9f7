"""A misspelt surface is an error at its place, with the name that was meant; a target's own name is none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pgagents.base.reading import parse
from pgagents.cli.main import main
from pgagents.generate import build
from pgagents.generate.target import Target, View
from pgagents.lint.run import find_unknown, list_surfaces

CATALOGUES = Path(__file__).parents[1] / "catalogues"
NOTES = (CATALOGUES / "notes.yaml").read_text(encoding="utf-8")
COMMANDS = {
    "build": ["--out", "out"],
    "lint": [],
    "verify": ["--url", "http://127.0.0.1:9", "--plan"],
    "contracts": [],
    "sandbox": ["--exec", "true"],
    "suggest": ["--url", "http://127.0.0.1:9"],
}


def _write(folder: Path, old: str, new: str) -> Path:
    file = folder / "notes.yaml"
    text = re.sub(rf"^  {old}:", f"  {new}:", NOTES, count=1, flags=re.M)
    assert text != NOTES or old == new
    file.write_text(text, encoding="utf-8")
    return file


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PGAGENTS_TOKEN", "test_key_1")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_names_the_misspelt_surface(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = _write(tmp_path, "gemini", "gmini")
    line = file.read_text(encoding="utf-8").splitlines().index("  gmini: {actions: all}") + 1
    assert main([command, str(file), *COMMANDS[command]]) == 2
    told = capsys.readouterr()
    said = told.out + told.err
    assert "error[catalogue/unknown-surface]: there is no surface `gmini`" in said
    assert f"{file}:{line}:3" in said
    assert "did you mean `gemini`?" in said
    assert [path.name for path in tmp_path.iterdir()] == ["notes.yaml"]


def test_doctor_names_a_catalogue_with_a_misspelt_surface(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _write(tmp_path, "openai", "opnai").rename(tmp_path / "pgagents.yaml")
    main(["doctor"])
    assert "pgagents.yaml has 1 error" in capsys.readouterr().out


@pytest.mark.parametrize("file", sorted(CATALOGUES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_right_names_and_dispatchers_of_any_name_are_known(file: Path) -> None:
    assert find_unknown(parse(file.read_text(encoding="utf-8"), str(file))) == []


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("{rest: {actions: all}}", []),
        ("{copilot_mcp: {actions: all}, agentcore: {actions: all}, widget: {actions: all}}", []),
        ("{our_agents: {http: POST /agents, actions: all}}", []),
        ("{our_agents: {actions: all}}", ["our_agents"]),
        ("{Gemini: {actions: all}, chatgpt: {actions: all}}", ["Gemini", "chatgpt"]),
        ("{gemini: }", []),
        ("all", []),
    ],
)
def test_names_of_a_small_catalogue(written: str, unknown: list[str]) -> None:
    found = find_unknown(parse(f"pgagents: 1\nsurfaces: {written}\n", "small.yaml"))
    assert [one.message.split("`")[1] for one in found] == unknown


def test_the_name_of_a_further_target_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    further = Target("Further", ("further/tools.json",), lambda _: View({}), surface="further")
    known = build.targets()
    assert "further" not in list_surfaces()
    monkeypatch.setattr("pgagents.lint.run.targets", lambda: {**known, "further/tools": further})
    assert find_unknown(parse("surfaces: {further: {actions: all}}\n", "small.yaml")) == []
