"""The self-test ends in time, tries a fair share until then, and says what it did not try."""

from __future__ import annotations

import json
from collections import Counter
from itertools import count
from pathlib import Path

import pytest

from pgagents.cli.main import main
from pgagents.cli.running import selftest
from pgagents.cli.running.selftest import Outcome, Row, Step, Timed, arrange, lines

BREAKS = {f"{check}-{number}": {check} for check in "abcdef" for number in range(10)}
VARIATIONS = [f"v{number}" for number in range(20)]


@pytest.mark.parametrize("seed", range(5))
def test_each_part_of_the_order_is_a_fair_share(seed: int) -> None:
    """However early the run ends, no check is two faults behind another one."""
    steps = arrange(BREAKS, VARIATIONS, seed)
    assert Counter(step.kind for step in steps) == {"fault": 60, "variation": 20}
    assert len(set(steps)) == 80
    tried: Counter[str] = Counter(dict.fromkeys("abcdef", 0))
    for number, step in enumerate(steps, 1):
        if step.kind == "fault":
            tried[step.name[0]] += 1
        assert max(tried.values()) - min(tried.values()) <= 1
        assert abs(tried.total() - number * 0.75) <= 2


def test_the_seed_alone_decides_the_order() -> None:
    assert arrange(BREAKS, VARIATIONS, 1) == arrange(BREAKS, VARIATIONS, 1)
    assert arrange(BREAKS, VARIATIONS, 1) != arrange(BREAKS, VARIATIONS, 2)


def test_a_fault_of_a_check_without_one_comes_before_a_second_fault() -> None:
    steps = arrange({"both": {"a", "b"}, "a": {"a"}, "b": {"b"}, "c": {"c"}, "none": set()}, (), 0)
    names = [step.name for step in steps]
    assert names.index("c") <= 2
    assert names[-1] == "none"


@pytest.mark.parametrize(("most_s", "done"), [(None, 9), (100.0, 9), (35.0, 3), (29.0, 2), (0.5, 1)])
def test_no_step_begins_that_would_end_too_late(most_s: float | None, done: int) -> None:
    """Each step takes ten seconds. The first one begins in any case."""
    now = [0.0]
    said = Timed(most_s, lambda: now[0])
    for number in range(9):
        if not said(number, 9, "a step"):
            break
        now[0] += 10.0
    assert now[0] == 10.0 * done


def test_progress_tells_the_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    """The time left is that of all steps, or of the bound where that ends earlier."""
    for most_s, left in ((None, "about 80 s left"), (50.0, "about 30 s left")):
        now = [0.0]
        said = Timed(most_s, lambda now=now: now[0])
        said(0, 10, "fault one")
        now[0] = 20.0
        said(2, 10, "fault three")
        assert capsys.readouterr().err == f"2/10 · {left} · fault three\n"


def _bounded(monkeypatch: pytest.MonkeyPatch, most: int, *words: str) -> int:
    """Run the self-test with steps that find what they should; return the exit code."""
    numbers = count()
    monkeypatch.setattr(selftest, "Timed", lambda _: lambda *_: next(numbers) < most)
    monkeypatch.setattr(selftest, "_verify", lambda _, fault="", variation="": fault or variation)
    monkeypatch.setattr(
        selftest, "_find_broken", lambda name, **_: {check: check for check in _breaks(name)} if name else {}
    )
    monkeypatch.setattr("pgagents.cli.running.selftest.verify_listed", lambda *_, **__: "")
    monkeypatch.setattr(selftest, "_listed_fault", lambda *_: None)
    return main(["verify", "--self-test", *words])


def _breaks(name: str) -> set[str]:
    return set(selftest._module("faults", name).breaks) if name in selftest._every("faults") else set()


def test_what_was_not_tried_is_said_and_not_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "self.json"
    assert _bounded(monkeypatch, 7, "--report", str(out)) == 3
    total = len(selftest._every("faults")) + len(selftest._every("variations"))
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == (
        f"exit 3: tried 7 of {total} faults and variations, and nothing was wrong in these; "
        "--all tries every one"
    )
    data = json.loads(out.read_text(encoding="utf-8"))
    assert data["self_test"]["exit_code"] == 3
    assert sum(map(len, data["untried"].values())) == total - 7
    untried = [row for row in data["checks"].values() if row["state"] == "untried"]
    assert untried
    assert all(not row["faults"] and row["untried"] for row in untried)
    assert {data["checks"][name]["state"] for name in ("hint_idempotent", "upserts")} == {"not here"}
    assert not [row for row in data["checks"].values() if row["state"] == "dead"]


def test_a_check_whose_faults_another_api_shows_is_not_dead() -> None:
    outcome = Outcome({"law": Row(1, 1), "upserts": Row(elsewhere=2)}, 1, 0)
    assert outcome.exit_code == 0
    assert "1 of 2 checks alive, 1 without a fault that Park Graph can show" in "\n".join(lines(outcome, 1.0))
    assert Outcome({"law": Row(1, 0, elsewhere=2)}, 1, 0).dead == ["law"]


def test_a_whole_self_test_says_that_it_tried_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(selftest, "try_each", lambda *_: Outcome({"law": Row(2, 2)}, 2, 3))
    assert main(["verify", "--self-test", "--all"]) == 0
    assert capsys.readouterr().out.splitlines()[-1].endswith("; tried 5 of 5 faults and variations")


def test_a_check_that_missed_its_tried_fault_is_dead_though_others_are_untried() -> None:
    outcome = Outcome({"law": Row(1, 0, untried=3)}, 1, 0, {"not found by law": ["x"]}, [Step("fault", "y")])
    assert outcome.exit_code == 1
    *_, last = lines(outcome, 1.0)
    assert last == "exit 1: something is not as it should be; tried 1 of 2 faults and variations"


@pytest.mark.parametrize(
    ("words", "most_s", "seed"),
    [
        ((), selftest.MAX_SELF_TEST_S, 0),
        (("--max-time", "60", "--seed", "4"), 60.0, 4),
        (("--all",), None, 0),
    ],
)
def test_options_bound_the_self_test(
    words: tuple[str, ...], most_s: float | None, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(selftest, "Timed", lambda most_s: asked.append(most_s))
    monkeypatch.setattr(
        selftest, "try_each", lambda *given: asked.append(given[-1]) or Outcome({"law": Row(1, 1)}, 1, 0)
    )
    assert main(["verify", "--self-test", *words]) == 0
    assert asked == [most_s, seed]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--self-test", "--all", "--max-time", "60"), "--all and --max-time contradict each other"),
        (("--all", "--url", "http://127.0.0.1:9"), "--all goes with --self-test"),
    ],
)
def test_all_is_refused_where_it_means_nothing(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", *words]) == 2
    assert said in capsys.readouterr().err


def test_steps_that_a_caller_names_keep_their_order() -> None:
    assert selftest.list_steps(["b", "a"], ["c"]) == [
        Step("fault", "b"),
        Step("fault", "a"),
        Step("variation", "c"),
    ]
