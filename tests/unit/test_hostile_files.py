"""Hold files from outside to what is theirs: they show, change and run nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pgagents.base.http import Request, Response
from pgagents.cli.inputs.files import replace_file
from pgagents.cli.main import main
from pgagents.report.curl import PROCESS, curl
from pgagents.report.report import RecordedExchange

BASE = Path(__file__).parents[1] / "cases" / "base.yaml"
TEMPLATES = Path(__file__).parents[2] / "templates"
SECRET = "a first line that nobody may see"


@pytest.mark.parametrize("way", ["absolute", "above", "link"])
def test_an_overlay_outside_the_folder_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    outside, folder = tmp_path / "outside.txt", tmp_path / "own"
    outside.write_text(SECRET, encoding="utf-8")
    folder.mkdir()
    (folder / "link.yaml").symlink_to(outside)
    (folder / "api.json").write_text(
        '{"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": {}}', encoding="utf-8"
    )
    named = {"absolute": str(outside), "above": "../outside.txt", "link": "link.yaml"}[way]
    catalogue = folder / "catalogue.yaml"
    text = f"pgagents: 1\nopenapi: {{document: api.json, overlays: [{named}]}}\n"
    catalogue.write_text(text, encoding="utf-8")
    assert main(["lint", str(catalogue)]) == 2
    said = "".join(capsys.readouterr())
    assert "outside the catalogue's own folder" in said
    assert SECRET not in said


def test_a_template_reaches_nothing_but_its_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "mark"
    for path in TEMPLATES.rglob("*.j2"):
        ours = tmp_path / "templates" / path.relative_to(TEMPLATES)
        ours.parent.mkdir(parents=True, exist_ok=True)
        ours.write_text(f"{{{{ cycler.__init__.__globals__.os.system('touch {mark}') }}}}", encoding="utf-8")
    given = ["build", str(BASE), "--templates", str(tmp_path / "templates"), "--out", str(tmp_path / "out")]
    assert main(given) == 2
    assert "unsafe" in "".join(capsys.readouterr())
    assert not mark.exists()


def test_a_report_replaces_a_link_and_leaves_what_it_leads_to(tmp_path: Path) -> None:
    other, path = tmp_path / "other", tmp_path / "report.json"
    other.write_bytes(b"theirs")
    path.symlink_to(other)
    replace_file(path, b"ours")
    assert (other.read_bytes(), path.read_bytes(), path.is_symlink()) == (b"theirs", b"ours", False)


@pytest.mark.parametrize("way", ["absolute", "above", "link"])
@pytest.mark.parametrize("text", [f"key: a: {SECRET}", f"{SECRET}: 1\n{SECRET}: 2", f"a: *{SECRET[2:7]}"])
def test_no_line_of_a_document_outside_the_folder_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], way: str, text: str
) -> None:
    outside, folder = tmp_path / "outside.txt", tmp_path / "own"
    outside.write_text(text, encoding="utf-8")
    folder.mkdir()
    (folder / "link.yaml").symlink_to(outside)
    named = {"absolute": str(outside), "above": "../outside.txt", "link": "link.yaml"}[way]
    catalogue = folder / "catalogue.yaml"
    catalogue.write_text(f"pgagents: 1\nopenapi: {named}\n", encoding="utf-8")
    assert main(["lint", str(catalogue)]) == 2
    said = "".join(capsys.readouterr())
    assert "stands outside this folder" in said
    assert SECRET[2:7] not in said
    (folder / "own.txt").write_text(text, encoding="utf-8")
    catalogue.write_text("pgagents: 1\nopenapi: own.txt\n", encoding="utf-8")
    assert main(["lint", str(catalogue)]) == 2
    assert SECRET[2:7] in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    "given",
    [["import", "--full", "api.json", "--force"], ["import", "api.json", "--force"], ["show", str(BASE)]],
    ids=["import --full", "import", "show"],
)
@pytest.mark.parametrize("there", [True, False])
def test_no_command_writes_through_a_link(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    given: list[str],
    there: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = '{"/a": {"get": {"operationId": "a", "responses": {"200": {"description": "ok"}}}}}'
    document = f'{{"openapi": "3.1.0", "info": {{"title": "A", "version": "1"}}, "paths": {paths}}}'
    Path("api.json").write_text(document, encoding="utf-8")
    if there:
        Path("other").write_bytes(b"theirs")
    Path("made.yaml").symlink_to("other")
    assert main([*given, "--out", "made.yaml"]) == 2
    told = capsys.readouterr().err
    assert "symbolic link" in told, told
    assert Path("made.yaml").is_symlink()
    assert (Path("other").read_bytes() == b"theirs") if there else not Path("other").exists()


def test_the_command_of_a_server_cannot_control_a_terminal_or_a_job() -> None:
    base = f"{PROCESS}server\x1b[2J\n::error::made up"
    told = RecordedExchange(1, Request("POST", "/", (), b"{}"), Response(200), 0.1, "", "main", base=base)
    line = curl(told, "")
    assert line.isprintable()
    assert "server" in line
