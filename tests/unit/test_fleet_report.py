"""`pgagents fleet report` joins the reports of many APIs: scores, what is missing, a trend."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from pgagents.cli.main import main
from pgagents.fleet import one_sarif
from pgagents.report.contract import Verdict
from pgagents.report.formats import json as as_json
from pgagents.report.report import ELSEWHERE, Lift, Report
from test_report import ALL, SOURCE, report
from test_report_forms import HOSTILE, SARIF, hostile

LIBRARY = Path(__file__).parents[1] / "catalogues/library.yaml"
NOTES = LIBRARY.with_name("notes.yaml")


def lay_out(
    folder: Path, reports: Mapping[str, Report], apis: Mapping[str, dict[str, object]] | None = None
) -> Path:
    """Write a fleet file, and the reports by the names of their jobs into `in`. Return the fleet file."""
    entries = apis if apis is not None else {name: {} for name in reports}
    whole = {
        name: {"catalogue": str(NOTES), "url": "https://api.example", **entry}
        for name, entry in entries.items()
    }
    path = folder / "fleet.yaml"
    path.write_text(json.dumps({"fleet": 1, "apis": whole}), encoding="utf-8")
    (folder / "in").mkdir(exist_ok=True)
    for name, one in reports.items():
        (folder / "in" / f"{name}.json").write_bytes(as_json.render(one, SOURCE))
    return path


def run(folder: Path, *more: str) -> tuple[int, dict[str, object]]:
    """Report on a folder. Return the exit code, and the data."""
    out = folder / "out.json"
    base = ["fleet", "report", str(folder / "in"), "--fleet", str(folder / "fleet.yaml")]
    code = main([*base, "--report", str(out), *more])
    return code, json.loads(out.read_text(encoding="utf-8"))


GOOD = {Verdict.KEPT: 3}
HALF = {Verdict.KEPT: 2, Verdict.BROKEN: 2}
OWED = {Verdict.KEPT: 3, Verdict.UNTESTED: 1}


def test_the_worst_api_comes_first_with_its_score_and_the_step_that_raises_it_most(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lifted = report({Verdict.KEPT: 1, Verdict.UNTESTED: 3})
    line = 'resources: {note: {given: "ID"}}'
    lifted = replace(lifted, footer=replace(lifted.footer, lifts=(Lift("note", 4, line),)))
    lay_out(tmp_path, {"good": report(GOOD), "half": report(HALF), "owed": report(OWED), "lifted": lifted})
    code, data = run(tmp_path)
    apis: list[dict[str, object]] = data["apis"]  # type: ignore[assignment]
    assert code == 1
    assert [(api["name"], api["score"]) for api in apis] == [
        ("half", 50), ("lifted", 25), ("owed", 75), ("good", 100),
    ]  # fmt: skip
    best = {api["name"]: api["best"] for api in apis}
    assert best["good"] is None
    assert (best["half"]["kind"], best["half"]["contracts"]) == ("mend", 2)
    assert (best["owed"]["kind"], best["owed"]["text"]) == ("try", "why untested")
    assert (best["lifted"]["kind"], best["lifted"]["line"]) == ("write", line)
    shown = capsys.readouterr().out
    assert line in shown
    assert "4 APIs: 1 with findings, 2 cut short, or owing a verdict, 1 with nothing to do" in shown


@pytest.mark.parametrize(
    ("verdicts", "code"), [([GOOD], 0), ([GOOD, OWED], 3), ([OWED, HALF], 1), ([GOOD, HALF, None], 3)]
)
def test_exit_code_tells_the_worst_and_a_missing_report_before_all(
    tmp_path: Path, verdicts: list[dict[Verdict, int] | None], code: int
) -> None:
    reports = {f"a{n}": report(one) for n, one in enumerate(verdicts) if one is not None}
    lay_out(tmp_path, reports, {f"a{n}": {} for n in range(len(verdicts))})
    assert run(tmp_path)[0] == code


def test_report_of_an_mcp_server_alone_names_it_without_the_path(tmp_path: Path) -> None:
    one = report(GOOD)
    of_tools = replace(one, header=replace(one.header, url="https://tools.example"))
    alone = {"url": None, "catalogue": None, "mcp_url": "https://tools.example/mcp"}
    lay_out(tmp_path, {"tools": of_tools}, {"tools": alone})
    assert run(tmp_path)[0] == 0
    lay_out(tmp_path, {"tools": one}, {"tools": alone})
    assert run(tmp_path)[0] == 3


def test_what_has_no_whole_report_is_said_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = report(GOOD)
    other = replace(other, header=replace(other.header, url="https://other.example"))
    names = ("gone", "cut", "other", "died", "parts", "good")
    lay_out(
        tmp_path, {"other": other, "good": report(GOOD)},
        {name: {"shards": 2} if name == "parts" else {} for name in names},
    )  # fmt: skip
    (tmp_path / "in/cut.json").write_text('{"header": ')
    died = tmp_path / "in" / "work" / "died"
    died.mkdir(parents=True)
    (died / "outcome.json").write_text('{"text": "its worker ended"}')
    code, data = run(
        tmp_path, "--report", str(tmp_path / "out.html"), "--report", str(tmp_path / "out.sarif")
    )
    assert code == 3
    missing = {api["name"]: api["missing"] for api in data["apis"] if api["missing"]}  # type: ignore[attr-defined]
    assert missing.keys() == set(names) - {"good"}
    assert "gone.json is not there" in missing["gone"]
    assert "is cut off" in missing["cut"]
    assert "another server, https://other.example" in missing["other"]
    assert missing["died"] == "its worker ended"
    assert "parts.1-of-2.json is not there" in missing["parts"]
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    log = json.loads((tmp_path / "out.sarif").read_text(encoding="utf-8"))
    told = [
        n["message"]["text"]
        for i in log["runs"][0]["invocations"]
        for n in i.get("toolExecutionNotifications", ())
    ]
    for name in missing:
        assert f"<strong>{name}</strong>" in page
        assert any(text.startswith(f"{name} has no whole report") for text in told)
    assert f"6 APIs: {len(missing)} without a whole report" in capsys.readouterr().out


def test_shards_are_one_api(tmp_path: Path) -> None:
    first, second = report({Verdict.KEPT: 2}), report({Verdict.KEPT: 2})
    left = replace(first.results[1], verdict=Verdict.NOT_SELECTED, reason=ELSEWHERE)
    right = replace(second.results[0], verdict=Verdict.NOT_SELECTED, reason=ELSEWHERE)
    counts = dict.fromkeys(Verdict, 0) | {Verdict.KEPT: 1, Verdict.NOT_SELECTED: 1}
    parts = {
        f"a.{n}-of-2": replace(
            one, results=results, header=replace(one.header, shard=(n, 2)),
            footer=replace(one.footer, by_verdict=counts),
        )
        for n, one, results in (
            (1, first, (first.results[0], left)), (2, second, (right, second.results[1])),
        )
    }  # fmt: skip
    lay_out(tmp_path, parts, {"a": {"shards": 2}})
    code, data = run(tmp_path)
    (api,) = data["apis"]  # type: ignore[misc]
    assert (code, api["missing"], api["kept"], api["counted"]) == (0, "", 2, 2)
    assert api["requests"] == 2 * first.footer.requests


def test_trend_names_what_broke_and_what_holds_again_and_keeps_the_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, {"a": report(GOOD), "b": report(HALF), "c": report(GOOD)})
    run(tmp_path)
    (tmp_path / "out.json").rename(tmp_path / "first.json")
    lay_out(tmp_path, {"a": report(HALF), "b": report(GOOD)}, {"a": {}, "b": {}, "d": {}})
    _, data = run(tmp_path, "--since", str(tmp_path / "first.json"))
    changes = {api["name"]: api["change"] for api in data["apis"]}  # type: ignore[attr-defined]
    assert len(changes["a"]["newly_broken"]) == len(changes["b"]["fixed"]) == 2
    assert changes["d"] is None
    assert data["gone"] == ["c"]
    assert data["history"] == [{"b": 50, "a": 100, "c": 100}, {"a": 50, "b": 100}]
    shown = capsys.readouterr().out
    assert "-50 points, 2 newly broken" in shown
    assert "+50 points, 2 broken no more" in shown
    # a folder is an earlier report, too
    (tmp_path / "in").rename(tmp_path / "old")
    lay_out(tmp_path, {"a": report(GOOD)})
    _, data = run(tmp_path, "--since", str(tmp_path / "old"))
    assert data["apis"][0]["change"]["score"] == 50  # type: ignore[index]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"format": 1}', '{"format": 1, "apis": [{"name": 3}], "history": []}',
             '{"format": 1, "apis": [], "history": [{"a": 101}]}', "[" * 100_000]
)  # fmt: skip
def test_earlier_report_that_is_none_is_refused(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path, {"a": report(GOOD)})
    earlier = tmp_path / "earlier.json"
    earlier.write_text(text)
    base = [
        "fleet",
        "report",
        str(tmp_path / "in"),
        "--fleet",
        str(tmp_path / "fleet.yaml"),
    ]
    assert main([*base, "--since", str(earlier)]) == 2
    assert main([*base, "--since", str(tmp_path / "nothing")]) == 2
    assert main([*base, "--report", str(tmp_path / "out.xml")]) == 2
    assert main(base[:3]) == 2
    assert "--fleet fleet.yaml" in capsys.readouterr().err


def test_log_is_one_run_by_its_standard_and_tells_two_instances_of_one_catalogue_apart(
    tmp_path: Path,
) -> None:
    lay_out(
        tmp_path,
        {"eu": report(ALL), "us": report(ALL), "evil": hostile()},
        {"eu": {}, "us": {}, "evil": {}, "gone": {}},
    )
    run(tmp_path, "--report", str(tmp_path / "out.sarif"))
    log = json.loads((tmp_path / "out.sarif").read_text(encoding="utf-8"))
    assert [f"{e.instance_path}: {e.message}" for e in SARIF.iter_errors(log)] == []
    (one,) = log["runs"]
    prints = [result["partialFingerprints"]["contract/v1"] for result in one["results"]]
    assert len(prints) == len(set(prints)) > 0
    for result in one["results"]:
        invocation = one["invocations"][result["provenance"]["invocationIndex"]]
        assert invocation["properties"]["api"] == result["properties"]["api"]
        assert one["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_log_beyond_what_github_takes_says_what_it_leaves_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_sarif, "MOST_RESULTS", 1)
    lay_out(tmp_path, {"a": report(HALF), "b": report({Verdict.ODD: 1, Verdict.KEPT: 1})})
    run(tmp_path, "--report", str(tmp_path / "out.sarif"))
    (one,) = json.loads((tmp_path / "out.sarif").read_text(encoding="utf-8"))["runs"]
    assert [result["level"] for result in one["results"]] == ["error"]
    assert "1 of the mildest findings" in json.dumps(one["invocations"])


def test_page_asks_for_nothing_and_has_no_markup_of_the_servers(tmp_path: Path) -> None:
    lay_out(tmp_path, {"evil": hostile(), "a": report(GOOD)})
    run(tmp_path, "--report", str(tmp_path / "out.html"), "--report", str(tmp_path / "out.txt"))
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "onerror" not in re.sub(r"&lt;.*?&gt;", "", page)
    assert not re.search(r"(src|href)=", re.sub(r"&lt;.*?&gt;", "", page))
    assert HOSTILE not in page
    text = (tmp_path / "out.txt").read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text + page


def test_report_that_is_handed_on_names_the_fleet_file_without_its_folder(tmp_path: Path) -> None:
    lay_out(tmp_path, {"a": report(GOOD)})
    _, data = run(tmp_path, "--report", str(tmp_path / "out.html"), "--report", str(tmp_path / "out.txt"))
    text, page = ((tmp_path / f"out.{suffix}").read_text(encoding="utf-8") for suffix in ("txt", "html"))
    assert "<h1>fleet.yaml</h1>" in page
    assert text.startswith("fleet.yaml: 1 API")
    assert data["fleet"] == "fleet.yaml"
