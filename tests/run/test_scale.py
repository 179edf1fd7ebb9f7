"""Many machines and many runs: shards make the whole, what failed is tried again, worker processes share
one pace.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.http import Response
from pgagents.cli.inputs import report_files
from pgagents.cli.inputs.verification import MAX_SHARDS
from pgagents.cli.main import main
from pgagents.report.contract import Contract, Verdict
from pgagents.report.merge import Part, merge
from pgagents.report.report import ELSEWHERE
from pgagents.sandbox.fault_registry import find
from pgagents.verify.plan.shards import elsewhere
from pgagents.verify.wire.pace import Pacer
from test_server import sandbox as served
from verifying import PARK_GRAPH, SHOP, checks, following, model, run

OF_SHOP = [pytest.param(SHOP, 2, id="shop"), pytest.param(SHOP, 12, id="more than there is")]


@pytest.mark.parametrize(
    ("path", "count"), [pytest.param(PARK_GRAPH, 3, id="park_graph", marks=pytest.mark.matrix), *OF_SHOP]
)
def test_shards_together_are_the_whole_run(path: Path, count: int) -> None:
    of = model(path)
    whole = run(of)
    parts = [Part(f"{n}.json", run(of, shard=(n, count)), of.source) for n in range(1, count + 1)]
    merged, _ = merge(parts)
    alone = {
        r.contract.id
        for r in merged.results
        if "--exclusive" in r.reason or r.contract.id.startswith("default_values/limit/")
    }  # what only a run that is alone can tell, or one that has made more rows than a page holds
    tried = {r.contract.id for r in whole.results if r.verdict is not Verdict.NOT_SELECTED} - alone
    assert len(tried) > 200
    assert {r.contract.id: r.verdict for r in merged.results if r.contract.id in tried} == {
        r.contract.id: r.verdict for r in whole.results if r.contract.id in tried
    }
    assert merged.exit_code == whole.exit_code
    if path == PARK_GRAPH:
        assert max(p.report.footer.requests for p in parts) < 0.85 * whole.footer.requests


@pytest.mark.matrix
@pytest.mark.parametrize(("number", "count"), [(1, 2), (2, 2), (1, 3), (2, 3), (3, 3)])
def test_shard_by_the_main_key_alone_leaves_nothing_untested(
    number: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report counts what other shards would make; here this shard has to make it first, at any time."""
    with served(tmp_path) as (_, facts):
        monkeypatch.setenv("PGAGENTS_TOKEN", facts["keys"]["unlimited"])
        assert main(["verify", "--url", facts["url"], "--shard", f"{number}/{count}"]) == 0


@pytest.mark.matrix
@pytest.mark.parametrize("fault", ["search-unsorted", "wrong-code"])
def test_fault_is_found_by_the_shards_that_the_whole_run_would_find(fault: str) -> None:
    """`test_faults.py` has what the whole run finds."""
    found: set[str] = set()
    for number in (1, 2):
        found |= checks(run(model(), faults=[fault], shard=(number, 2)), Verdict.BROKEN)
    declared = find("faults", fault)
    assert declared.breaks <= found <= declared.breaks | declared.also.keys() | following(found)


def test_each_contract_is_in_one_shard_with_its_action_and_the_shards_are_of_a_size() -> None:
    actions = [f"action{n}" for n in range(40)]
    contracts = [
        Contract(f"c{n}/{a}@{s}", f"c{n}", a, s, "", ())
        for i, a in enumerate(actions)
        for n in range(3 + i % 5)
        for s in ("rest", "gpt")
    ]
    taken = Counter[str]()
    for number in range(1, 8):
        mine = [c for c in contracts if c.id not in elsewhere(contracts, (number, 7))]
        taken.update(c.id for c in mine)
        assert {c.id for c in contracts if c.action in {m.action for m in mine}} == {c.id for c in mine}
        assert abs(len(mine) - len(contracts) / 7) < 12
        assert elsewhere(random.Random(number).sample(contracts, len(contracts)), (number, 7)) == elsewhere(
            contracts, (number, 7)
        )
    assert set(taken.values()) == {1}
    assert len(taken) == len(contracts)


def test_what_another_shard_takes_is_not_selected_here() -> None:
    report = run(model(SHOP), shard=(1, 2))
    left = [r for r in report.results if r.reason == ELSEWHERE]
    assert left
    assert {r.verdict for r in left} == {Verdict.NOT_SELECTED}
    assert report.exit_code == 0
    assert report.header.shard == (1, 2)


def test_shards_share_the_pace() -> None:
    of = model()
    now = [0.0]

    def sent(parts: int, headers: tuple[tuple[str, str], ...] = ()) -> int:
        """Return the number of calls that one of so many runs makes in ten minutes."""
        now[0], count = 0.0, 0
        pacer = Pacer(of, lambda: now[0], 0, 60.0, parts)
        while now[0] < 600:
            now[0] += pacer.before("main", "rest", next(iter(of.buckets)))
            pacer.after("main", "rest", next(iter(of.buckets)), Response(200, headers))
            count += 1
        return count

    alone = sent(1)
    assert sent(4) == pytest.approx(alone / 4, rel=0.1)
    names = of.limits.headers
    told = ((names.limit, "600"), (names.remaining, "0"))
    assert sent(4, told) == pytest.approx(sent(1, told) / 4, rel=0.1)


@pytest.mark.parametrize(
    "given",
    ["0/3", "4/3", "1", "a/b", "1/", "-1/3", f"1/{MAX_SHARDS + 1}", "1/2/3", "٣/٤", "1" * 5000 + "/2"],
)
def test_wrong_shard_is_one_message(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--url", "http://127.0.0.1:9", "--shard", given]) == 2
    said = capsys.readouterr().err
    assert "is not a part of a whole" in said or given == "٣/٤"
    assert "Traceback" not in said


@pytest.mark.parametrize("flag", ["--limits", "--exclusive"])
def test_shard_is_not_asked_what_only_a_run_that_is_alone_can_tell(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", "--url", "http://127.0.0.1:9", "--shard", "1/2", flag]) == 2
    assert f"{flag} cannot go with --shard" in capsys.readouterr().err


# -- what failed last time
# ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with served(
        tmp_path_factory.mktemp("sandbox"), "--fault", "accept-out-of-range", catalogue=str(SHOP)
    ) as (_, facts):
        yield facts


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faulty: dict[str, Any]) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(
        "PGAGENTS_TOKEN", faulty["keys"].get("unlimited") or next(iter(faulty["keys"].values()))
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


@pytest.mark.matrix
def test_last_failed_tries_what_failed_and_nothing_else(
    cache: Path, faulty: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    verify = ["verify", "--url", faulty["url"], str(SHOP), "--report", "r.json"]
    assert main([*verify, "--last-failed"]) == 2
    assert "no earlier run against this server is remembered" in capsys.readouterr().err
    assert main(verify) == 1
    first = json.loads(Path("r.json").read_text())
    broken = {r["contract"] for r in first["results"] if r["verdict"] == "broken"}
    assert broken
    assert main([*verify, "--last-failed"]) == 1
    again = json.loads(Path("r.json").read_text())
    assert {r["contract"] for r in again["results"] if r["verdict"] != "not_selected"} == broken
    assert {r["reason"] for r in again["results"] if r["verdict"] == "not_selected"} == {
        "left out by --last-failed"
    }
    assert again["footer"]["requests"] < first["footer"]["requests"]
    assert sorted(p.name for p in Path().iterdir()) == ["cache", "r.json"]
    assert list((cache / "pgagents" / "last").iterdir())


@pytest.mark.matrix
@pytest.mark.usefixtures("cache")
def test_last_failed_without_a_failure_tries_everything(
    faulty: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    verify = ["verify", "--url", faulty["url"], str(SHOP)]
    assert main([*verify, "--only", "no_crashes"]) == 0
    capsys.readouterr()
    assert main([*verify, "--last-failed", "--plan"]) == 0
    said = capsys.readouterr()
    assert "nothing failed there" in said.err
    assert "left out by" not in said.out


@pytest.mark.matrix
def test_what_a_run_did_not_try_stays_failed(tmp_path: Path) -> None:
    of = model(SHOP)
    path = tmp_path / "last" / "x.json"
    broken = run(of, faults=["accept-out-of-range"])
    report_files.remember(path, broken)
    first = report_files.read_failed(path)
    assert first == report_files.failing(broken)
    report_files.remember(path, run(of, only=("no_crashes",)))
    assert report_files.read_failed(path) == first
    report_files.remember(path, run(of))
    assert report_files.read_failed(path) == []


@pytest.mark.parametrize("raw", ["", "[]", '{"failed": 3}', "x" * 100, "[" * 100_000])
def test_memory_that_cannot_be_read_is_none(raw: str, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(raw)
    assert report_files.read_failed(tmp_path / "x.json") is None


def test_memory_that_cannot_be_written_fails_no_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    report_files.remember(tmp_path / "file" / "x.json", run(model(SHOP), only=("no_crashes",)))
    assert (tmp_path / "file").read_text() == ""
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
