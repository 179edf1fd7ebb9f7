"""Messages about files that are not as a command needs them, and catalogues whose name ends in .yml."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pgagents.cli.main import main

SHOP = Path(__file__).parents[1] / "catalogues" / "shop.yaml"


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_a_list_is_no_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.json"
    path.write_text("[]")
    code, _, err = call(capsys, "import", str(path))
    assert code == 2
    assert "give an OpenAPI 3.0, 3.1 or Swagger 2.0 document" in err


@pytest.mark.parametrize(
    ("raw", "place"),
    [(b"openapi: 3.0.0\ninfo: \xff\n", "2:7"), (b"\xff", "1:1"), ("ä: é".encode() + b"\xfe", "1:5")],
)
def test_a_byte_that_is_not_utf8_has_its_column(
    raw: bytes, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "api.yaml"
    path.write_bytes(raw)
    code, _, err = call(capsys, "import", str(path))
    assert code == 2
    assert f"api.yaml:{place}\n" in err


def test_a_quoted_number_is_to_be_written_without_quotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.yaml"
    text = SHOP.read_text(encoding="utf-8")
    assert "pgagents: 1\n" in text
    path.write_text(text.replace("pgagents: 1\n", 'pgagents: "1"\n'), encoding="utf-8")
    code, _, err = call(capsys, "lint", str(path))
    assert code == 2
    assert "write it without quotes" in err
    path.write_text(text.replace("pgagents: 1\n", "pgagents: 2\n"), encoding="utf-8")
    code, _, err = call(capsys, "lint", str(path))
    assert code == 2
    assert "without quotes" not in err


@pytest.mark.parametrize(
    "name", ["catalogue/shop.yml", "catalogue/shop.yaml", "pgagents.yml", "pgagents.yaml"]
)
def test_the_only_catalogue_of_a_folder_is_found(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "catalogue").mkdir()
    shutil.copy(SHOP, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "contracts", "--format", "ids")
    assert (code, err) == (0, "")


def test_two_catalogues_of_different_endings_are_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "catalogue").mkdir()
    shutil.copy(SHOP, tmp_path / "catalogue/shop.yml")
    shutil.copy(SHOP, tmp_path / "catalogue/shop.yaml")
    monkeypatch.chdir(tmp_path)
    code, _, err = call(capsys, "contracts")
    assert code == 2
    assert "there are 2 catalogues" in err


def test_contracts_are_chosen_by_the_beginning_of_their_ids(capsys: pytest.CaptureFixture[str]) -> None:
    _, every, _ = call(capsys, "contracts", str(SHOP), "--format", "ids")
    laws = [id for id in every.splitlines() if id.startswith("law/")]
    one = laws[0].partition("@")[0]
    code, out, _ = call(capsys, "contracts", str(SHOP), "--contract", one, "--format", "ids")
    assert code == 0
    assert out.splitlines() == [id for id in laws if id.startswith(one)]
    code, _, err = call(capsys, "contracts", str(SHOP), "--contract", f"x{one}")
    assert code == 2
    assert "no contract has the id" in err
    code, _, err = call(capsys, "contracts", str(SHOP), "--contract", "")
    assert code == 2
