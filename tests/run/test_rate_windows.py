"""Limits that are counted in windows: no alarm at any lawful way to count, and each false promise found by
its contract.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from inprocess import START, Inside
from lengths import rarely, share
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.diff.compare import compare
from pgagents.generate.build import build
from pgagents.generate.files import write
from pgagents.mcp.server import overview
from pgagents.mcp.tools import tools
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.sandbox.limits import Drawn, Limits
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, plan
from pgagents.verify.wire.pace import Pacer
from verifying import URL, ids, model
from windowed import (
    LOOKS,
    ORDERS,
    PER_S,
    ByTheClock,
    Constant,
    FromTheFirstCall,
    Halved,
    OthersEmpty,
    RemainingFrozen,
    RemainingRises,
    ResetBeyond,
    ResetPast,
    Secondary,
    Sliding,
    SlidingByTheOldest,
    Twice,
    Unenforced,
    WaitCut,
    WaitTooLong,
    WaitTooShort,
    Weighed,
    opened,
    park_graph,
    report,
    shop,
)

LAWFUL = [None, ByTheClock, FromTheFirstCall, Sliding, SlidingByTheOldest, Weighed]
Way = Callable[[Model], Limits] | None


def alarms(made: Report) -> list[tuple[str, str, str]]:
    """All that was found, and what was not tried though nothing hindered it."""
    found = [(f.contract.id, f.expected, f.actual) for f in made.findings]
    reasons = {r.contract.id: r.reason for r in made.results}
    return found + [(id, "to be tried", reasons[id]) for id in ids(made, Verdict.UNTESTED)]


def enforced(made: Report) -> set[Verdict]:
    return {r.verdict for r in made.results if r.contract.check == "rate_limit_enforcement"}


@pytest.mark.parametrize(("seed", "phase_s"), rarely([(0, 0.0), (1, 17.3), (2, 41.9), (3, 59.4)], (1, 17.3)))
def test_the_sandbox_counts_in_windows_as_its_catalogue_says(seed: int, phase_s: float) -> None:
    for limits in (False, True):
        made = report(opened(shop(), None, phase_s), shop(), limits=limits, seed=seed, call_s=0.03)
        assert alarms(made) == []
        assert enforced(made) == ({Verdict.KEPT} if limits else {Verdict.NOT_SELECTED})
        assert {r.verdict for r in made.results if r.contract.check == "rate_limit_headers"} == {Verdict.KEPT}


@pytest.mark.matrix
def test_park_graph_would_be_kept_in_windows_too() -> None:
    """With conditional buckets, whose windows stand before an action's own."""
    made = report(opened(park_graph(), None, 52.3), park_graph(), call_s=0.05)
    assert alarms(made) == []
    assert enforced(made) == {Verdict.KEPT}


TIMES_S, PHASES_S = (0.02, 0.4, 3.1), (0.0, 23.7, 52.2)
PAIRS = [
    (way, call_s, PHASES_S[(n + m) % 3]) for n, way in enumerate(LAWFUL) for m, call_s in enumerate(TIMES_S)
]
"""Each way, time of a call and phase of the window with each of the other two."""


@pytest.mark.parametrize(("way", "call_s", "phase_s"), rarely(PAIRS, *PAIRS[1::8]))
def test_no_lawful_way_to_count_is_an_alarm(way: Way, call_s: float, phase_s: float) -> None:
    of = shop(unit="epoch_seconds" if phase_s else "seconds")
    assert alarms(report(opened(of, way, phase_s), of, call_s=call_s)) == []


@pytest.mark.parametrize(("way", "call_s", "phase_s"), rarely(PAIRS, *PAIRS[5::8]))
def test_nor_is_it_where_others_use_the_same_key(
    way: Way, call_s: float, phase_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgagents.verify.plan.plan.loopback", lambda _: False)
    made = report(opened(shop(), way, phase_s), shop(), call_s=call_s, others=7)
    assert [a for a in alarms(made) if a[0].startswith("rate_")] == []


@pytest.mark.parametrize("others", rarely([1, 7, 30], 7))
@pytest.mark.parametrize("call_s", rarely([0.02, 0.4], 0.4))
def test_nor_are_even_buckets_that_others_draw_from_too(
    others: int, call_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pgagents.verify.plan.plan.loopback", lambda _: False)
    made = report(opened(shop("even"), None, 0.0), shop("even"), call_s=call_s, others=others)
    assert [a for a in alarms(made) if a[0].startswith("rate_")] == []


@pytest.mark.parametrize("way", [Secondary, OthersEmpty])
def test_a_bucket_that_is_empty_for_another_reason_is_no_alarm(way: Way) -> None:
    made = report(opened(shop(), way), shop(), only=("rate_limit_enforcement",))
    assert ids(made, Verdict.BROKEN) == []
    assert Verdict.UNTESTED in enforced(made)


def test_a_burst_across_the_end_of_a_window_is_no_alarm() -> None:
    """At 0.4 s a call the first burst takes ten seconds: begun just before a turn, more than a limit
    passes in it.
    """
    most = 0
    for phase_s in range(40, 60, 3):
        noted: list[tuple[float, Drawn]] = []

        class Noted(ByTheClock):
            def draw(self, *given: Any, now: float, **more: Any) -> Drawn | None:
                drawn = super().draw(*given, now=now, **more)
                if drawn and drawn.limit == ORDERS:
                    noted.append((now, drawn))  # noqa: B023 - it is used within the round only
                return drawn

        made = report(opened(shop(), Noted, phase_s), shop(), call_s=0.4, only=("rate_limit_enforcement",))
        assert alarms(made) == [], phase_s
        assert enforced(made) == {Verdict.KEPT}
        first = next(at for at, drawn in noted if drawn.wait_s)
        most = max(most, sum(first - PER_S < at < first for at, _ in noted))
    assert most > ORDERS + 10


def broken(way: Way, of: Model | None = None, **more: Any) -> set[str]:
    """The kinds of contracts of limits that are found broken, at two phases of the window."""
    found: set[str] = set()
    for phase_s in (0.3, 23.7):
        made = report(opened(of or shop(), way, phase_s), of or shop(), **more)
        found.update(
            "/".join(id.split("/")[:2]) for id in ids(made, Verdict.BROKEN) if id.startswith("rate_")
        )
    return found


FALLS = {"rate_limit_headers/falls@rest", "rate_limit_headers/falls@desk"}
STILL_TOLD = "rate_limit_enforcement/limit"
"""Also found where calls are limited though the call before was told that many remain."""


@pytest.mark.parametrize(
    ("way", "contracts"),
    share(
        [
            (Unenforced, {"rate_limit_enforcement/limit"}),
            (Twice, {"rate_limit_enforcement/limit"}),
            (WaitTooLong, {"rate_limit_enforcement/wait"}),
            (WaitTooShort, {"rate_limit_enforcement/wait"}),
            (WaitCut, {"rate_limit_enforcement/wait"}),
            (ResetPast, {"rate_limit_headers/reset"}),
            (ResetBeyond, {"rate_limit_headers/reset"}),
            (RemainingFrozen, {*FALLS, STILL_TOLD}),
            (Constant, {*FALLS, STILL_TOLD}),
        ],
        2,
    ),
)
def test_a_false_promise_is_found_by_its_contract(way: Way, contracts: set[str]) -> None:
    assert broken(way, call_s=0.01) == contracts


def test_a_remainder_told_by_two_machines_is_found_and_may_seem_not_to_fall() -> None:
    """Each order is found by its rises. Chance decides which order shows more."""
    orders = [type("Order", (RemainingRises,), {"seed": seed}) for seed in range(6)]
    found = [broken(order, call_s=0.01) for order in orders]
    for each in found:
        assert (
            {"rate_limit_headers/remaining"} <= each - FALLS <= {"rate_limit_headers/remaining", STILL_TOLD}
        )
    assert {"rate_limit_headers/falls@rest", STILL_TOLD} <= set.union(*found)


def test_a_wait_that_is_cut_is_found_though_the_burst_ends_on_a_whole_second() -> None:
    assert "rate_limit_enforcement/wait/orders@rest" in ids(
        report(opened(shop(), WaitCut), shop()), Verdict.BROKEN
    )


@pytest.mark.parametrize("ahead_s", [-4.0, 4.0])
def test_a_date_to_wait_for_is_of_the_server_s_clock(ahead_s: float) -> None:
    made = report(opened(shop(), None), shop(), ahead_s=ahead_s)
    found = {f.contract.id for f in made.findings if f.contract.check == "rate_limit_enforcement"}
    assert found == set()


def test_calls_that_come_back_before_the_end_that_is_told_are_found() -> None:
    """Both by what is told to remain and, where a burst goes across, by how many pass before that end."""
    assert broken(Halved, call_s=0.7) == {"rate_limit_headers/remaining", "rate_limit_enforcement/limit"}


def test_a_reset_beyond_the_window_is_found_in_seconds_too() -> None:
    assert broken(ResetBeyond, shop(unit="seconds")) == {"rate_limit_headers/reset"}


SHORT = [
    (way, (1, 5)[(n + m) % 2], part) for n, way in enumerate(LAWFUL) for m, part in enumerate((0, 0.7, 0.9))
]
"""Each way, length of a window in seconds and part of it that is over, with each of the other two."""


@pytest.mark.parametrize(("way", "per_s", "part"), rarely(SHORT, *SHORT[1::8]))
def test_windows_that_whole_seconds_cannot_tell_apart_are_no_alarm(way: Way, per_s: int, part: float) -> None:
    short = shop(unit="seconds", per_s=per_s)
    made = report(opened(short, way, part * per_s), short, call_s=per_s / 100)
    assert alarms(made) == []
    assert Verdict.KEPT in enforced(made)


def test_of_such_windows_a_limit_that_is_never_enforced_is_still_found() -> None:
    assert broken(Unenforced, shop(unit="seconds", per_s=5), call_s=0.05) == {"rate_limit_enforcement/limit"}


def test_a_client_too_slow_for_the_windows_claims_nothing() -> None:
    short = shop(unit="seconds", per_s=5)
    made = report(opened(short, None, 0.4), short, call_s=0.3, only=("rate_limit_enforcement",))
    assert enforced(made) == {Verdict.NOT_APPLICABLE}
    assert all(
        "refills as fast as this client sends" in r.reason
        for r in made.results
        if r.contract.check == "rate_limit_enforcement"
    )


def test_the_end_of_a_long_window_is_not_waited_for() -> None:
    here, long = opened(shop(per_s=3600), None, 100.0), shop(per_s=3600)
    made = report(here, long, only=("rate_limit_enforcement",))
    verdicts = {r.contract.id: (r.verdict, r.reason) for r in made.results}
    verdict, reason = verdicts["rate_limit_enforcement/wait/orders@rest"]
    assert verdict is Verdict.NOT_APPLICABLE
    assert "longer than a run waits" in reason
    assert verdicts["rate_limit_enforcement/limit/orders@rest"][0] is Verdict.KEPT
    assert here.slept < 600


def test_where_others_call_too_a_window_that_is_told_to_end_sooner_gives_nothing_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pgagents.verify.plan.plan.loopback", lambda _: False)
    assert "rate_limit_headers/remaining" in broken(RemainingRises, call_s=0.01)


def even(_: Model) -> Limits:
    """A server that gives calls back evenly, whatever its catalogue says."""
    return Limits(shop("even"))


def windows(_: Model) -> Limits:
    """A server that counts in windows, whatever its catalogue says."""
    return Limits(shop("window"))


@pytest.mark.parametrize("call_s", [0.0, 0.4])
def test_an_even_server_under_a_catalogue_of_windows_is_found_where_a_burst_is_slow_enough_to_be_refilled(
    call_s: float,
) -> None:
    """It lets more pass than a window does. A burst that takes no time shows no difference, and the rest
    is within what windows may.
    """
    assert broken(even, call_s=call_s) == ({"rate_limit_enforcement/limit"} if call_s else set())


@pytest.mark.matrix
def test_a_server_of_windows_under_an_even_catalogue_is_found() -> None:
    """Its reset is when a window ends, however little lacks; its wait is longer than a token takes."""
    assert broken(windows, shop("even"), call_s=0.01) == {
        "rate_limit_headers/reset",
        "rate_limit_enforcement/wait",
    }


# -- the sandbox
# ----------------------------------------------------------------------------------------------------


def look(here: Inside) -> tuple[int, int, float, str | None]:
    """The status of a read with an ordinary key; what remains, in how many seconds the end comes, the
    wait.
    """
    key = ("Authorization", f"Bearer {here.sandbox.tokens['test']}")
    answer = here.sandbox.handler(Request("GET", "/products?limit=1", (key,)))
    assert isinstance(answer, Response)
    told = [int(answer.header(f"X-RateLimit-{name}") or -1) for name in ("Remaining", "Reset")]
    return answer.status, told[0], told[1] - here.now[0], answer.header("Retry-After")


def test_the_sandbox_gives_all_back_at_the_end_of_a_window_and_nothing_before() -> None:
    here = opened(shop(), None, 20.5)
    assert [look(here) for _ in range(LOOKS)] == [(200, LOOKS - 1 - n, 39.5, None) for n in range(LOOKS)]
    assert look(here) == (429, 0, 39.5, "40")
    here.now[0] += 39.4
    assert look(here)[0] == 429
    here.now[0] += 0.1
    assert [look(here)[0] for _ in range(LOOKS + 1)] == [200] * LOOKS + [429]
    assert look(here) == (429, 0, 60.0, "60")


# -- the pace
# -------------------------------------------------------------------------------------------------------


class Paced:
    """A pacer, and a clock that its waits move."""

    def __init__(self, of: Model, max_wait_s: float = 60.0, parts: int = 1) -> None:
        self.now, self.waits = START, [0.0]
        self.pacer = Pacer(of, lambda: self.now, 0, max_wait_s, parts)

    def call(self, remaining: int | None = None, reset: float = 0.0) -> float:
        """Return the seconds waited before a call whose answer says this."""
        wait = self.pacer.before("main", "rest", "looks")
        self.now += wait
        told = (
            ("X-RateLimit-Limit", str(LOOKS)),
            ("X-RateLimit-Remaining", str(remaining)),
            ("X-RateLimit-Reset", f"{reset:.0f}"),
        )
        self.pacer.after("main", "rest", "looks", Response(200, told if remaining is not None else ()))
        return wait


def test_a_window_that_is_used_up_is_waited_out() -> None:
    for unit, zero in (("epoch_seconds", START), ("seconds", 0.0)):
        paced = Paced(shop(unit=unit))
        assert [paced.call(n, zero + 17) for n in (2, 1, 0)] == [0.0, 0.0, 0.0]
        assert paced.call(LOOKS - 1, zero + 77) == 17.0
        assert paced.call(LOOKS - 2, zero + 77) == 0.0


def test_no_window_is_waited_for_longer_than_it_is_nor_than_may_be_waited() -> None:
    for max_wait_s, wait in ((600.0, PER_S), (20.0, 20.0)):
        paced = Paced(shop(), max_wait_s)
        paced.call(0, START + 10_000)
        assert paced.call(0, START - 10_000) == wait
        assert paced.call() == 0.0


def test_until_windows_are_told_one_begins_with_the_first_call() -> None:
    paced = Paced(shop())
    assert [paced.call() for _ in range(LOOKS)] == [0.0] * LOOKS
    paced.now += 5
    assert paced.call() == PER_S - 5
    assert [paced.call() for _ in range(LOOKS - 1)] == [0.0] * (LOOKS - 1)
    assert paced.call() == PER_S


def test_calls_that_wait_together_wait_for_as_many_windows_as_they_need() -> None:
    pacer = Paced(shop(), 1_000.0).pacer
    waits = [pacer.before("main", "rest", "looks") for _ in range(3 * LOOKS)]
    assert waits == [0.0] * LOOKS + [PER_S] * LOOKS + [2 * PER_S] * LOOKS


def test_runs_that_share_a_server_share_its_windows() -> None:
    def sent(parts: int) -> int:
        paced, count = Paced(shop(), parts=parts), 0
        while paced.now < START + 1_200:
            paced.call()
            count += 1
        return count

    assert sent(4) == pytest.approx(sent(1) / 4, rel=0.1)


def test_the_plan_tells_whole_windows() -> None:
    times = [
        plan(shop(refill), Options(), Identities({"main": "k"}), url=URL).seconds
        for refill in ("even", "window")
    ]
    assert times[1] % PER_S == 0
    assert 0 <= times[1] - times[0] < PER_S


# -- what is written
# ------------------------------------------------------------------------------------------------


def test_what_is_written_of_windows_is_true() -> None:
    assert "All reads of a key: 240 in each window of 60 s" in overview(park_graph(), tools(park_graph()))
    assert "All reads of a key: 240 a minute" in overview(model(), tools(model()))
    says = {c.id: c.says for c in contracts(shop())}
    assert "no longer than a window" in says["rate_limit_enforcement/wait/looks@rest"]
    assert says["rate_limit_headers/reset/get_product@rest"].endswith("is when the window ends")


def test_another_way_to_give_back_is_a_change_of_the_api() -> None:
    there = [c for c in compare(shop("even"), shop()) if c.id == "limit"]
    assert [(c.severity, c.message) for c in there] == [
        ("may break", f"calls of {name} come back all together at the end of a window of 60 s now")
        for name in ("looks", "orders")
    ]
    assert [c.message for c in compare(shop(), shop("even"))] == [
        f"calls of {name} come back evenly now" for name in ("looks", "orders")
    ]


def test_generated_tests_wait_for_a_window_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module of an even catalogue has nothing of it."""
    for refill in ("even", "window"):
        write(tmp_path / refill, build(shop(refill), only=["pgagents/pytest", "openapi/openapi"]).artifacts())
    assert "WINDOWS" not in (tmp_path / "even/pgagents/test_contracts.py").read_text(encoding="utf-8")
    made = runpy.run_path(str(tmp_path / "window/pgagents/test_contracts.py"))
    now, slept = [1_000.0], [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        slept[0] += seconds

    clock = SimpleNamespace(monotonic=lambda: now[0], time=lambda: START + now[0], sleep=sleep)
    for name, value in (("time", clock), ("WORKERS", 1)):
        monkeypatch.setitem(made["_turn"].__globals__, name, value)
    operation = next(name for name, pace in made["PACES"].items() if pace[0] == "looks")
    for _ in range(LOOKS):
        made["_turn"](operation)
    assert slept == [0.0]
    made["_turn"](operation)
    assert slept == [PER_S]
    told = {
        "X-RateLimit-Limit": "40",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": f"{START + now[0] + 7:.0f}",
    }
    made["_heard"](operation, SimpleNamespace(headers=told))
    made["_turn"](operation)
    assert slept == [PER_S + 7]
    made["_turn"](operation)
    assert slept == [PER_S + 7]
