"""Hints are tried on an API of letters: the checks find its bugs, and report none of its habits."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

import letters_api
from lengths import in_company, rarely, share
from letters_api import BUGS, DECLARED, HABITS, KEY, Letters
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.answers import effects, observation
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import plan
from pgagents.verify.wire.receiver import Inbox
from verifying import URL, ids

READ, IDEMPOTENT = "hint_read_only", "hint_idempotent"
MILD, CLOSED = "hint_not_destructive", "hint_closed_world"
FOUND_BY = {
    "get-marks-as-read": f"{READ}/read_letter@rest",
    "get-counts-views": f"{READ}/read_letter@rest",
    "label-is-appended": f"{IDEMPOTENT}/label_letter@rest",
    "tag-is-added-twice": f"{IDEMPOTENT}/tag_letter@rest",
    "archive-is-a-toggle": f"{IDEMPOTENT}/archive_letter@rest",
    "tag-replaces-tags": f"{MILD}/tag_letter@rest",
    "new-letter-removes-another": f"{MILD}/write_letter@rest",
    "link-is-fetched": f"{CLOSED}/link/write_letter@rest",
    "get-renews-version": f"{READ}/read_letter@rest",
    "get-stamps-the-reader": f"{READ}/read_letter@rest",
    "second-delete-hits-another": f"{IDEMPOTENT}/delete_letter@rest",
    "label-again-makes-a-letter": f"{IDEMPOTENT}/label_letter@rest",
    "archive-again-drops-tags": f"{IDEMPOTENT}/archive_letter@rest",
    "tag-cuts-the-subject": f"{MILD}/tag_letter@rest",
    "archive-hides-the-letter": f"{MILD}/archive_letter@rest",
    "link-is-fetched-when-read": f"{CLOSED}/link/write_letter@rest",
}
ALSO = {"archive-again-drops-tags": {f"{MILD}/archive_letter@rest"}}
"""Further contracts that a bug breaks: the check of another hint makes the same two calls."""
SEVERAL = 8
HARD = ("new-letter-removes-another",)
"""Bugs by which the probes of several workers could hinder each other most."""
CLEAN = 200
"""More requests than the hints of this API take on a right server."""


def _call(inbox: Inbox, url: str) -> None:
    inbox.take(urlsplit(url).path, (), b"", 0.0)


def _verify(
    *,
    bugs: Sequence[str] = (),
    habits: Sequence[str] = (),
    seed: int = 0,
    receiver: bool = True,
    workers: int = 1,
) -> tuple[Report, Letters]:
    inbox = Inbox("http://127.0.0.1:9/in")
    server = Letters(
        frozenset(bugs),
        frozenset(habits),
        lambda url: _call(inbox, url),
        rng=random.Random(seed),
    )
    known = letters_api.model(*([DECLARED] if "declared-views" in habits else []))
    heard_by = inbox if receiver else None
    return letters_api.verify_hints(
        known, server, {"main": KEY}, heard_by, seed=seed, workers=workers
    ), server


def test_a_right_server_keeps_every_hint_and_no_closed_world_is_called_proved() -> None:
    report, server = _verify()
    assert [f.contract.id for f in report.findings] == []
    assert ids(report, Verdict.UNTESTED) == []
    assert set(FOUND_BY.values()) - set(ids(report, Verdict.KEPT)) == {f"{CLOSED}/link/write_letter@rest"}
    assert _reason(report, CLOSED) == "not shown: claimed, and nothing came to the receiver"
    assert report.exit_code == 0
    assert len(server.log) < CLEAN


def test_without_a_receiver_a_closed_world_is_not_selected() -> None:
    report, _ = _verify(receiver=False)
    told = {r.verdict: r.reason for r in report.results if r.contract.check == CLOSED}
    assert told == {
        Verdict.NOT_SELECTED: "needs an address where calls would arrive: add --receiver auto, or "
        "--receiver URL"
    }
    assert report.exit_code == 0


def test_reason_of_a_hint_names_the_resource_that_is_only_inferred() -> None:
    """An action reads what the run makes, so a reason that denies it would be wrong."""
    model = letters_api.model()
    resources = {
        name: replace(
            resource,
            inferred=True,
            made_by=replace(resource.made_by, inferred=True) if resource.made_by else None,
        )
        for name, resource in model.resources.items()
    }
    guessed = replace(model, resources=resources)
    for one, said in ((model, False), (guessed, True)):
        made = plan(one, Options(live=False, only=("hint_",)), Identities({"main": KEY}), url=URL)
        told = {contract.id for contract, reason in made.left_out if "letter is only inferred" in reason}
        contracts = {
            f"{READ}/list_letters@rest",
            f"{IDEMPOTENT}/label_letter@rest",
            f"{MILD}/write_letter@rest",
        }
        assert (contracts <= told) is said
        assert bool(told) is said


def _reason(report: Report, check: str) -> str:
    return next(
        r.reason for r in report.results if r.contract.check == check and r.verdict is Verdict.NOT_APPLICABLE
    )


@pytest.mark.parametrize(
    ("name", "workers"),
    [
        *share(((name, 1) for name in BUGS), 2),
        *(pytest.param(name, SEVERAL, marks=() if name in HARD else pytest.mark.matrix) for name in BUGS),
    ],
)
def test_each_bug_breaks_the_hint_that_it_is_about(name: str, workers: int) -> None:
    report, _ = _verify(bugs=[name], workers=workers)
    assert report.footer.workers == workers
    broken = set(ids(report, Verdict.BROKEN))
    assert FOUND_BY[name] in broken
    assert broken <= {FOUND_BY[name]} | ALSO.get(name, set()), {
        f.contract.id: f.actual for f in report.findings
    }


TOGETHER = 3
"""So many legal habits share a run; each seed gives them other company."""


@pytest.mark.parametrize("seed", rarely(range(20), 0))
@pytest.mark.parametrize("group", range(-(-len(HABITS) // TOGETHER)))
def test_no_habit_is_reported(group: int, seed: int) -> None:
    """Odd seeds have several workers. Where a group is reported, each habit is tried alone."""
    names, workers = in_company(HABITS, TOGETHER, seed)[group], SEVERAL if seed % 2 else 1
    if not _verify(habits=names, seed=seed, workers=workers)[0].findings:
        return
    alone = {name: _verify(habits=[name], seed=seed, workers=workers)[0].findings for name in names}
    assert {name: [(f.contract.id, f.actual) for f in found] for name, found in alone.items() if found} == {}


@pytest.mark.parametrize("name", rarely(sorted(HABITS), min(HABITS)))
def test_no_habit_alone_is_reported(name: str) -> None:
    """In company a habit may leave a hint untested that another habit would break."""
    report, _ = _verify(habits=[name])
    assert [(f.contract.id, f.actual) for f in report.findings] == []


def test_views_that_nothing_declares_are_reported() -> None:
    report, _ = _verify(bugs=["get-counts-views"])
    (finding,) = report.findings
    assert finding.actual.startswith("views was 0 and is ")
    assert finding.expected == "the same before and after it, in three trials"


def test_each_control_has_one_call_more_than_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a neighbour does in step with the requests of one trial is out of step with the next."""
    seen: list[int] = []

    def control(sources: Any, bodies: Any, calls: int, traces: Any = None) -> Any:
        seen.append(calls)
        return observation.control(sources, bodies, calls, traces)

    monkeypatch.setattr(effects, "control", control)
    report, _ = _verify(bugs=["get-counts-views"])
    assert report.findings
    assert seen
    assert [later - earlier for earlier, later in zip(seen[::2], seen[1::2], strict=True)] == [1] * (
        len(seen) // 2
    )
