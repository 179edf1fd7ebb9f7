"""The doctor says what is missing or old, by a clock that is given."""

from __future__ import annotations

from datetime import date, timedelta
from importlib import metadata
from pathlib import Path

import pytest

from pgagents.cli import doctor
from pgagents.cli.main import main

READ = date(2026, 11, 20)
ROOT = Path(__file__).parents[2]


def states(today: date, here: Path, *, tools: bool = True) -> dict[str, str]:
    return {
        told.what: told.state
        for told in doctor.check(today, lambda name: f"/bin/{name}" if tools else None, here)
    }


def test_nothing_is_wrong_on_the_day_the_facts_were_read(tmp_path: Path) -> None:
    found = states(READ, tmp_path)
    assert "bad" not in found.values()
    assert found["catalogue"] == "note"
    assert found["vendor facts"] == "ok"


@pytest.mark.parametrize(("days", "old"), [(90, False), (91, True)])
def test_facts_are_old_after_ninety_days(tmp_path: Path, days: int, old: bool) -> None:
    oldest = min(told for told in _days())
    found = states(oldest + timedelta(days=days), tmp_path)
    assert ("bad" in found.values()) is old
    assert ("vendor facts" in found) is not old


def _days() -> list[date]:
    from pgagents.lint.facts import requirements

    return [date.fromisoformat(row.read) for row in requirements().values()]


def test_every_vendor_with_schemas_or_requirements_is_watched(tmp_path: Path) -> None:
    late = states(READ + timedelta(days=2_000), tmp_path)
    for vendor in ("openai", "anthropic", "google", "microsoft", "xai", "perplexity", "mcp", "arazzo"):
        assert late[vendor] == "bad", vendor


def test_missing_tool_is_a_note_and_no_fault(tmp_path: Path) -> None:
    found = states(READ, tmp_path, tools=False)
    assert {found[name] for name in doctor.OPTIONAL} == {"note"}
    assert "bad" not in found.values()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("click<9,>=8.1", None),
        ("click>=99", "is installed; >=99 is needed"),
        ("click<1", "is installed; <1 is needed"),
        ("no-such-library>=1", "is not installed"),
        ("uvicorn[standard]<1,>=0.34", None),
    ],
)
def test_library_is_held_to_its_range(line: str, said: str | None) -> None:
    told = doctor.library(line)
    if said is None:
        assert told is None
    else:
        assert told is not None
        assert said in told.said
        assert told.state == "bad"
        assert told.help.startswith("pip install ")


def test_library_of_an_installed_extra_is_held_to_its_range(monkeypatch: pytest.MonkeyPatch) -> None:
    """`mcp` 2.0 ended `pgagents mcp` in a TypeError, and all was well."""
    installed = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "1.0.0" if name == "mcp" else installed(name))
    (wrong,) = [line for line in doctor.versions() if line.state == "bad"]
    assert wrong.what == "mcp"
    assert wrong.said.startswith("1.0.0 is installed; <3,>=2")
    assert wrong.help.startswith("pip install 'mcp<3,>=2")


def test_versions_are_those_installed() -> None:
    told = {t.what: t.said for t in doctor.versions()}
    assert told["pgagents"] == metadata.version("pgagents")


def test_catalogue_here_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "catalogue").mkdir()
    file = tmp_path / "catalogue/shop.yaml"
    file.write_text((ROOT / "tests/catalogues/shop.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert doctor.catalogue(tmp_path).said == "catalogue/shop.yaml: Corner Shop 0.3.0, 4 actions"
    file.write_text("pgagents: 2\n", encoding="utf-8")
    assert doctor.catalogue(tmp_path).state == "bad"
    (tmp_path / "catalogue/other.yaml").write_text("", encoding="utf-8")
    assert doctor.catalogue(tmp_path).state == "note"


def test_command_tells_all_and_its_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code = main(["doctor"])
    told = capsys.readouterr().out
    assert ("all is well" in told) is (code == 0)
    assert "python" in told
    (tmp_path / "pgagents.yaml").write_text("x: 1\n", encoding="utf-8")
    assert main(["doctor"]) == 1
    assert "pgagents.yaml has" in capsys.readouterr().out
