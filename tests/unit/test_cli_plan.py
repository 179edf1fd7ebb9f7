"""`verify --plan`: what it writes, and what it has no use for; where reports
can go at all.
"""

from __future__ import annotations

import json
import os
import resource
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.errors import PgagentsError
from pgagents.cli.inputs import report_files
from pgagents.cli.main import main
from pgagents.cli.running import plan
from pgagents.verify.plan.options import Plan

SHOP = str(Path(__file__).parents[1] / "catalogues" / "shop.yaml")
URL = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_key_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("PGAGENTS_"):
            monkeypatch.delenv(name)


def test_plan_is_written_as_data_and_as_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = tmp_path / "plan.json", tmp_path / "plan.txt"
    words = [word for file in files for word in ("--report", str(file))]
    assert main(["verify", SHOP, "--url", URL, "--plan", "--seed", "3", *words]) == 0
    printed = capsys.readouterr().out
    assert files[1].read_text(encoding="utf-8") == printed
    data = json.loads(files[0].read_text(encoding="utf-8"))
    plan = data["plan"]
    assert (plan["format"], plan["url"], plan["seed"], plan["profile"]) == (1, URL, 3, "standard")
    assert printed.startswith(f"{plan['requests']:,} requests")
    assert plan["digest"][:16] in printed
    assert sum(plan["by_bucket"].values()) == sum(plan["by_stage"].values()) == plan["requests"] > 100
    assert f"for {len(data['contracts']):,} contracts" in printed
    assert {"contract", "source", "requests"} <= data["contracts"][0].keys()
    assert all(left["reason"] for left in data["left_out"])


@pytest.mark.parametrize(("seconds", "told"), [(0.0, False), (0.9, False), (61.0, True)])
def test_plan_tells_no_time_where_the_catalogue_limits_nothing(seconds: float, told: bool) -> None:
    made = Plan({"read": 70}, {"1": 70}, 70, seconds, (), (), "0" * 64)
    line = plan.text(made, 0).splitlines()[0]
    assert ("at the pace that the catalogue allows" in line) is told
    assert line.startswith("70 requests")
    assert line.endswith(" for 0 contracts (nothing is sent)")


def test_plan_has_no_form_of_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", SHOP, "--url", URL, "--plan", "--report", str(tmp_path / "plan.xml")]) == 2
    assert "ends in none of .json, .txt" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "command",
    [["verify", SHOP, "--url", URL, "--plan"]],
)
@pytest.mark.parametrize("name", ["plan.sarif.json", "plan.SARIF.json"])
def test_text_is_never_written_into_a_file_of_json(
    command: list[str], name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, "--report", str(tmp_path / name)]) == 2
    said = capsys.readouterr()
    assert f"{name}: the name ends in .sarif.json, and only a report of a run has that form" in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_names_with_several_dots_are_written_in_the_form_of_the_last(tmp_path: Path) -> None:
    files = tmp_path / "plan.sarif.txt", tmp_path / "my.plan.json"
    words = [word for file in files for word in ("--report", str(file))]
    assert main(["verify", SHOP, "--url", URL, "--plan", *words]) == 0
    assert " requests" in files[0].read_text(encoding="utf-8").splitlines()[0]
    assert "plan" in json.loads(files[1].read_text(encoding="utf-8"))


def test_operator_goes_with_no_shard(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operator's clock is everybody's: what one shard lets pass, the others' answers would be wrong
    by.
    """
    monkeypatch.setenv("KEY", "tst_operator")
    park = str(Path(__file__).parents[2] / "catalogue" / "park_graph.yaml")
    assert main(["verify", park, "--url", URL, "--plan", "--identity", "operator=KEY", "--shard", "1/2"]) == 2
    assert "--identity operator cannot go with --shard" in capsys.readouterr().err


# -- where reports can go
# -----------------------------------------------------------------------------------------


def _limited(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_full_disk_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    """The key is asked for behind it, so its lack tells whether the run came that far."""
    words = [
        sys.executable,
        "-m",
        "pgagents",
        "verify",
        SHOP,
        "--url",
        URL,
        "--report",
        str(tmp_path / "r.json"),
    ]
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, preexec_fn=lambda: _limited(10_000)
    )
    assert done.returncode == 2
    assert "nothing can be written into" in done.stderr
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_name_that_a_folder_cannot_take_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(PgagentsError, match="File name too long"):
        report_files.check((tmp_path / ("a" * 250 + ".json"),))
    report_files.check((tmp_path / "a.json",))
    assert list(tmp_path.iterdir()) == []


def test_file_of_another_user_in_a_shared_folder_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.json").write_text("theirs", encoding="utf-8")
    tmp_path.chmod(0o1777)
    monkeypatch.setattr(report_files, "_user", lambda: 12_345)
    with pytest.raises(PgagentsError, match="belongs to another user"):
        report_files.check((tmp_path / "r.json",))
    report_files.check((tmp_path / "mine.json",))
    assert (tmp_path / "r.json").read_text(encoding="utf-8") == "theirs"


def test_report_replaces_a_link_and_leaves_alone_where_it_leads(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "r.txt").symlink_to("there/r.txt")
    report_files.write_data((tmp_path / "r.txt",), "text", lambda: b"")
    assert not (tmp_path / "r.txt").is_symlink()
    assert (tmp_path / "r.txt").read_text(encoding="utf-8") == "text\n"
    assert stat.S_IMODE((tmp_path / "r.txt").stat().st_mode) & 0o600 == 0o600
    assert not (tmp_path / "there/r.txt").exists()


@pytest.mark.parametrize(("names", "made"), [((), 0), (("p.txt",), 0), (("p.json", "q.json", "p.txt"), 1)])
def test_json_of_a_plan_is_made_once_and_only_for_a_file_that_holds_it(
    names: tuple[str, ...], made: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, documents = plan.document, []

    def document(*given: Any) -> dict[str, Any]:
        documents.append(real(*given))
        return documents[-1]

    monkeypatch.setattr(plan, "document", document)
    monkeypatch.chdir(tmp_path)
    reports = [word for name in names for word in ("--report", name)]
    assert main(["verify", str(SHOP), "--url", "http://127.0.0.1:9", "--plan", *reports]) == 0
    assert len(documents) == made
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names)


def test_report_that_cannot_be_written_leaves_the_others(tmp_path: Path) -> None:
    (tmp_path / "r.json").mkdir()
    with pytest.raises(PgagentsError, match=r"cannot write .*r\.json"):
        report_files.write_data((tmp_path / "r.json", tmp_path / "r.txt"), "text", lambda: b"{}")
    assert (tmp_path / "r.txt").read_text(encoding="utf-8") == "text\n"


@pytest.mark.parametrize(("name", "unproven"), [("tickets", ["retention/customers"]), ("shop", [])])
def test_plan_names_what_is_promised_and_no_check_proves(
    name: str, unproven: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "plan.json"
    path = Path(SHOP).with_name(f"{name}.yaml")
    assert main(["verify", str(path), "--url", URL, "--plan", "--report", str(report)]) == 0
    assert json.loads(report.read_text(encoding="utf-8"))["unproven"] == unproven
    said = "promised, and proved by no check: retention/customers"
    assert (said in capsys.readouterr().out) == bool(unproven)
