"""Several workers give the verdicts of one: whatever the server's speed, and whatever ends the run."""

from __future__ import annotations

import random
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from itertools import count, product
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import click
import pytest

from harm.cases import CASES
from harm.runs import EVERYONE, URL, harms, model_of, server_of, text_of, unlisted
from harm.runs import run as run_case
from inprocess import inside, mcp_inside, over_tls, verify_sandbox
from lengths import rarely
from pgagents.base.http import Handler, Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.verify import command as verify_command
from pgagents.report.contract import Verdict
from pgagents.report.formats import html, text
from pgagents.report.formats.json import document
from pgagents.report.report import Report
from pgagents.verify.check_registry import collect
from pgagents.verify.fixtures import pool as pooling
from pgagents.verify.fixtures.factory import Removals
from pgagents.verify.fixtures.instance import Instance, Unavailable
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.plan.options import LANES, Identities, Options, Progress
from pgagents.verify.plan.order import LATE, Company, Slot, lay_out, meet
from pgagents.verify.run import course
from pgagents.verify.run.driver import InstanceRemoval
from pgagents.verify.run.judge import Judge
from pgagents.verify.run.lanes import Lane, Lanes
from pgagents.verify.run.run import verify
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.asking import ask, changing_steps
from pgagents.verify.wire.call import Alone, InstanceRef
from pgagents.verify.wire.exchange import Exchange
from small_api import KEY, Notes, catalogue
from verifying import SHOP, TOO_SMALL, model

SEVERAL = 8
MOST_S = 0.004
SEEDS = range(10)
FAST = ("GET", "HEAD", "OPTIONS")
SLOW_ANSWERS = [
    (took_s, fault) for took_s in (0.03, 1.0) for fault in ("", "auth-ignored", "status-500-on-bad-input")
]
"""Seconds that each answer takes, and a fault of the server; the longer ones make a run of half an hour."""


class Slow:
    """A server that answers each request after a random while, and writes down what was on its way beside
    it.
    """

    def __init__(self, handler: Handler, seed: int = 0, most_s: float = MOST_S) -> None:
        self._handler, self._most_s = handler, most_s
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._now: list[Request] = []
        self.beside: list[tuple[Request, tuple[Request, ...]]] = []
        """Each request, with those that were on their way when it came."""
        self.looks: list[Request] = []
        """What the run sent at once, of which each request in its turn is another thread's."""

    def __call__(self, request: Request) -> Response | Silence:
        with self._lock:
            if threading.current_thread() is threading.main_thread():
                self.looks.append(request)
            self.beside.append((request, tuple(self._now)))
            self._now.append(request)
            pause = self._random.random() * self._most_s
        time.sleep(pause)
        with self._lock:
            answer = self._handler(request)
        time.sleep(pause)
        with self._lock:
            self._now.remove(request)
        return answer

    @property
    def most(self) -> int:
        """The most requests that were on their way at the same time."""
        return max(1 + len(others) for _, others in self.beside)


def verified(of: Model, workers: int, *, delay: int | None = None, **named: Any) -> tuple[Report, Slow]:
    """Verify the sandbox with so many workers; answers take random whiles unless `delay` is None."""
    faults = named.pop("faults", ())
    seed, keys = named.pop("seed", 0), named.pop("keys", None)
    opened = inside(of, seed=seed, faults=faults)
    slow = Slow(over_tls(opened.sandbox.handler), delay or 0, 0.0 if delay is None else MOST_S)
    options = Options(seed=seed, workers=workers, exclusive=True, **named)
    return verify_sandbox(of, opened, options, keys=keys, handler=slow), slow


def outcome(report: Report) -> tuple[dict[str, str], set[tuple[str, str]]]:
    """The verdict on each contract, and the contract and expectation of each finding.

    Other calls decide how much the server holds when a bound is tried.
    """
    verdicts = {r.contract.id: r.verdict.value for r in report.results}
    small = {
        r.contract.id: "kept" for r in report.results if r.excused and r.contract.id.startswith(TOO_SMALL)
    }
    verdicts |= small
    return verdicts, {(f.contract.id, f.expected) for f in report.findings}


@cache
def one_worker(seed: int, *faults: str) -> Report:
    return verified(model(SHOP), 1, seed=seed, faults=faults)[0]


# -- equal outcomes
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", rarely(SEEDS, 0, 1))
def test_several_workers_give_the_verdicts_of_one_however_long_answers_take(seed: int) -> None:
    report, slow = verified(model(SHOP), SEVERAL, seed=seed, delay=seed)
    assert slow.most == SEVERAL
    assert outcome(report) == outcome(one_worker(seed))
    assert report.footer.left_behind == ()


@pytest.mark.parametrize("workers", [1, SEVERAL])
@pytest.mark.parametrize(("took_s", "fault"), rarely(SLOW_ANSWERS, (0.03, "auth-ignored")))
def test_a_servers_speed_changes_no_line_of_the_report(took_s: float, fault: str, workers: int) -> None:
    """The clock of server and run goes on by so many seconds in each answer, and nobody waits for it."""
    of, faults = model(SHOP), tuple(filter(None, [fault]))
    opened = inside(of, seed=1, faults=faults)
    handler, turn = over_tls(opened.sandbox.handler), threading.Lock()

    def answer(request: Request) -> Response | Silence:
        with turn:
            opened.sleep(took_s)
            return handler(request)

    options = Options(seed=1, workers=workers, exclusive=True)
    report = verify_sandbox(of, opened, options, handler=answer)
    assert outcome(report) == outcome(one_worker(1, *faults))


@pytest.mark.matrix
@pytest.mark.parametrize("seed", SEEDS[::4])  # a mutant of the order in which lanes begin fails with each
def test_a_large_api_gets_the_verdicts_of_one_worker_too(seed: int) -> None:
    of = model()
    main = {"main": inside(of, seed=seed).keys["main"]}
    one, _ = verified(of, 1, seed=seed, keys=main)
    several, slow = verified(of, SEVERAL, seed=seed, delay=seed, keys=main)
    assert slow.most == SEVERAL
    assert outcome(several) == outcome(one)
    assert several.footer.left_behind == ()
    assert several.footer.workers == SEVERAL
    assert "idempotency" in several.footer.alone, "its keys follow from each other"
    assert "invalid_input" not in several.footer.alone
    assert sum(several.footer.alone.values()) < several.footer.requests / 3


@pytest.mark.matrix
def test_the_servers_speed_changes_no_request() -> None:
    sent = []
    for delay in (None, 1, 2):
        _, slow = verified(model(SHOP), SEVERAL, delay=delay)
        sent.append(
            Counter((request.method, re.sub(r"/o-[^/]+", "/", request.target)) for request, _ in slow.beside)
        )
    assert sent[0] == sent[1] == sent[2]


@pytest.mark.parametrize("fault", ["auth-ignored", "status-500-on-bad-input"])
def test_what_several_workers_find_is_found_again_alone_by_one(fault: str) -> None:
    of = model(SHOP)
    report, _ = verified(of, SEVERAL, faults=(fault,), seed=3, delay=3)
    assert report.findings
    for finding in report.findings[:5]:
        again, _ = verified(of, 1, faults=(fault,), seed=3, only=(finding.contract.id,))
        assert finding.contract.id in {id for f in again.findings for id in (f.contract.id, *f.also)}


@pytest.mark.matrix
def test_a_server_that_closes_every_second_connection_gets_the_same_findings() -> None:
    def closing(handler: Handler) -> Handler:
        met: set[Request] = set()

        def answer(request: Request) -> Response | Silence:
            first = request not in met
            met.add(request)
            if first and request.method in FAST and crc32(request.target.encode()) % 2:
                return Silence("reset", "the connection was closed", stale=True)
            return handler(request)

        return answer

    reports = []
    for workers in (1, SEVERAL):
        of = model(SHOP)
        opened = inside(of)
        slow = Slow(closing(over_tls(opened.sandbox.handler)), 1)
        options = Options(workers=workers, exclusive=True)
        reports.append(verify_sandbox(of, opened, options, handler=slow))
    assert outcome(reports[1]) == outcome(reports[0]) == outcome(one_worker(0))


def whole(report: Report) -> dict[str, Any]:
    """All that a report says of each contract and finding, without what its requests were."""
    told = document(report, model(SHOP).source)
    return {
        "results": {r["contract"]: (r["verdict"], r.get("reason"), r.get("note")) for r in told["results"]},
        "findings": [(f["contract"], f["rank"], f["expected"]) for f in told["findings"]],
        "requests": report.footer.requests,
        "left": report.footer.left_behind,
    }


def _verify_shop(**options: Any) -> tuple[Report, Slow]:
    of = model(SHOP)
    opened = inside(of, faults=("auth-ignored", "status-500-on-bad-input"))
    slow = Slow(opened.sandbox.handler, options["workers"])
    report = verify(
        of,
        slow,
        Identities(opened.keys),
        Options(exclusive=True, live=False, **options),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="https://shop.example",
    )
    return report, slow


def _verify_case(name: str, **options: Any) -> tuple[Report, Slow]:
    server = server_of(name)
    slow = Slow(server, options["workers"])
    return run_case(name, server, handler=slow, url="https://api.example.com", **options), slow


OF_OTHERS: dict[str, Callable[..., tuple[Report, Slow]]] = {
    "shop": _verify_shop,
    "nested": partial(_verify_case, "nested"),
    "copies": partial(_verify_case, "copies"),
}


@pytest.mark.parametrize("name", rarely(OF_OTHERS, "nested"))
def test_the_number_of_workers_changes_nothing_in_a_report(name: str) -> None:
    """Each answer takes a random while. Reasons, notes and the number of requests are compared too."""
    ran = {n: OF_OTHERS[name](workers=n, lanes_by_address=True) for n in (1, 2, SEVERAL)}
    # one and two send several where a check sends them at once; a busy machine holds some of eight back
    assert ran[SEVERAL][1].most > max(ran[1][1].most, ran[2][1].most)
    told = [whole(report) for report, _ in ran.values()]
    assert told[0]["results"]
    assert told[1:] == told[:1] * 2


# -- what is on its way together
# ---------------------------------------------------------------------------------------------


@pytest.mark.matrix
def test_a_request_that_may_write_is_never_on_its_way_beside_one_that_reads() -> None:
    server = server_of("nested")
    slow = Slow(server, 5)
    run_case("nested", server, handler=slow, workers=SEVERAL)
    # the first write of a kind is followed by a look at its list at once, which counts on writes under way
    looks = {id(request) for request in slow.looks if request.method in FAST}
    kinds = [
        (request.method in FAST, [other.method in FAST for other in others if id(other) not in looks])
        for request, others in slow.beside
        if id(request) not in looks
    ]
    assert sum(len(others) for reads, others in kinds if reads) > 20
    assert sum(len(others) for reads, others in kinds if not reads) > 20
    assert all(set(others) <= {reads} for reads, others in kinds)


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Slot, list[Slot]]]:
    """Each step of a run: the slot whose turn it is, and all that run."""
    steps: list[tuple[Slot, list[Slot]]] = []
    step = Lanes._step

    def note(self: Lanes, lane: Lane, proceed: Callable[[], Any]) -> None:
        steps.append((lane.slot, [one.slot for one in self._running]))
        step(self, lane, proceed)

    monkeypatch.setattr(Lanes, "_step", note)
    return steps


def test_what_compares_counts_or_moves_the_clock_or_sends_at_once_runs_alone(
    running: list[tuple[Slot, list[Slot]]],
) -> None:
    _, slow = verified(model(), SEVERAL)
    with_others = {slot.probe.check for slot, several in running if len(several) > 1}
    alone = {slot.probe.check for slot, _ in running} - with_others
    assert {"idempotency", "expires_on_time", "audit_trail", "event_delivery"} <= alone
    clock = [others for request, others in slow.beside if request.target.endswith("/clock")]
    assert clock
    assert not any(clock)


def test_no_probe_that_compares_answers_runs_beside_one_that_may_write(
    running: list[tuple[Slot, list[Slot]]],
) -> None:
    verified(model(SHOP), SEVERAL)
    comparing = [several for slot, several in running if slot.company == "readers" and len(several) > 1]
    assert comparing
    assert not any(
        meet(one.compares, other.changes)
        for several in comparing
        for one in several
        for other in several
        if one is not other
    )


def test_an_observation_runs_beside_writes_of_other_collections_only(
    running: list[tuple[Slot, list[Slot]]],
) -> None:
    """Writes of its own collection change its lists; those of another one, and reads, change nothing."""
    main = {"main": inside(model()).sandbox.tokens["unlimited"]}
    verified(model(), SEVERAL, keys=main, only=("hint_", "invalid_input/m"))
    hooks = [
        other
        for slot, several in running
        if slot.probe.name == "hint_read_only/webhook"
        for other in several
        if other is not slot and other.writes
    ]
    names = {action for other in hooks for e in other.probe.endpoints for action in [str(e.action.name)]}
    assert "create_session" in names
    assert not {"create_webhook", "delete_webhook"} & names


@pytest.mark.matrix
def test_a_probe_that_saw_a_difference_in_company_begins_anew_alone(
    running: list[tuple[Slot, list[Slot]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another probe may be why it differs, or why a true difference is left out."""
    name, begun = "hint_not_destructive/create_webhook@rest", []

    def differing(slot: Slot) -> Slot:
        def run() -> None:
            begun.append(slot.index)
            asked = count()

            def stay_alone(step: Any) -> Any:
                if next(asked) == 4:
                    ask(Alone())
                return step

            with changing_steps(stay_alone):
                slot.probe.run()

        return replace(slot, probe=replace(slot.probe, run=run)) if slot.probe.name == name else slot

    monkeypatch.setattr(
        course, "lay_out", lambda *given, **named: [differing(s) for s in lay_out(*given, **named)]
    )
    main = {"main": inside(model()).sandbox.tokens["unlimited"]}
    report, _ = verified(model(), SEVERAL, keys=main, only=("hint_", "invalid_input/"))
    assert len(begun) == 2
    assert any(len(several) > 1 for slot, several in running if slot.index == begun[0])
    assert {r.verdict for r in report.results if r.contract.id == name} == {Verdict.KEPT}
    alone, _ = verified(model(), 1, keys=main, only=(name,))
    assert len(begun) == 3, "one worker has no company"
    assert {r.verdict for r in alone.results if r.contract.id == name} == {Verdict.KEPT}


def test_nothing_is_removed_while_another_probe_compares_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A removal would change the counts that are compared; it has time until later."""
    monkeypatch.setattr(pooling, "SIZE", 1)
    begun: list[bool] = []
    remove = InstanceRemoval.remove
    compared = False
    step = Lanes._step

    def note(self: Lanes, lane: Lane, proceed: Callable[[], Any]) -> None:
        nonlocal compared
        compared = any(one.slot.compares != frozenset() for one in self._running if one is not lane)
        step(self, lane, proceed)
        compared = False

    def removed(self: InstanceRemoval, instance: Instance) -> Any:
        if sys._getframe(1).f_code.co_name == "tidy":  # a probe may remove what it made for itself
            begun.append(compared)
        return remove(self, instance)

    monkeypatch.setattr(Lanes, "_step", note)
    monkeypatch.setattr(InstanceRemoval, "remove", removed)
    main = {"main": inside(model()).sandbox.tokens["unlimited"]}
    report, _ = verified(model(), SEVERAL, keys=main, only=("hint_",))
    assert len(begun) > 5
    assert not any(begun)
    assert report.footer.left_behind == ()


@pytest.mark.matrix
def test_reads_of_one_observation_go_together_with_several_workers_and_one_by_one_with_one() -> None:
    """No more than the workers are on their way, whichever probe they belong to."""
    main = {"main": inside(model()).sandbox.tokens["unlimited"]}
    hints = ("hint_read_only",)
    for by_address in (False, True):
        _, one = verified(model(), 1, delay=1, keys=main, only=hints, lanes_by_address=by_address)
        assert one.most == 1
    _, several = verified(model(), 3, delay=1, keys=main, only=hints)
    assert several.most == 3
    _, one_less = verified(model(), SEVERAL - 1, delay=1, keys=main, only=hints)
    assert one_less.most < SEVERAL


@pytest.mark.matrix
def test_calls_of_tools_are_never_on_their_way_together() -> None:
    of = model()
    opened = inside(of)
    with mcp_inside(of, opened) as link:
        link.handler = Slow(link.handler, 0)
        slow = link.handler
        verify_sandbox(of, opened, Options(workers=SEVERAL, max_requests=400), mcp=link)
    assert len(slow.beside) > 20
    assert slow.most == 1


def test_no_two_probes_send_the_same_mark_in_a_create(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, set[int]] = {}
    judge = Judge.judge

    def note(self: Judge, exchange: Exchange, **named: Any) -> None:
        if exchange.request.method == "POST" and exchange.success:
            for mark in re.findall(r"pgv-[0-9a-f]{16}-[0-9]+", exchange.request.body.decode()):
                sent.setdefault(mark, set()).add(exchange.probe)
        judge(self, exchange, **named)

    monkeypatch.setattr(Judge, "judge", note)
    server = server_of("nested")
    run_case("nested", server, handler=Slow(server, 2), workers=SEVERAL)
    assert len(sent) > 20
    assert all(len(probes) == 1 for probes in sent.values())


def test_a_clock_that_everybody_shares_never_moves_while_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even where a check forgets to say that its probes run alone."""
    monkeypatch.setattr(course, "lay_out", lambda *given, **named: _all_together(lay_out(*given, **named)))
    report, slow = verified(model(), SEVERAL, only=("expires_on_time",))
    clock = [others for request, others in slow.beside if request.target.endswith("/clock")]
    assert len(clock) > 2
    assert not any(clock)
    timed = [r for r in report.results if r.contract.check == "expires_on_time"]
    assert Verdict.KEPT in {r.verdict for r in timed}


def _all_together(found: list[Slot]) -> list[Slot]:
    return [replace(slot, company="all") for slot in found]


@pytest.mark.matrix
@pytest.mark.parametrize(("faults", "found"), [(("remaining-frozen",), True), ((), False)])
def test_a_count_of_remaining_calls_that_never_falls_is_found_where_all_requests_overlap(
    faults: tuple[str, ...], found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    judge = Judge.judge

    def overlap(self: Judge, exchange: Exchange, **named: Any) -> None:
        exchange.overlapped = True
        judge(self, exchange, **named)

    monkeypatch.setattr(Judge, "judge", overlap)
    main = {"main": inside(model()).sandbox.tokens["test"]}  # without a limit, calls come back meanwhile
    only = ("rate_limit_headers/falls", "valid_calls/")
    report, _ = verified(model(), SEVERAL, faults=faults, delay=1, keys=main, only=only, max_requests=300)
    falls = {r.verdict for r in report.results if r.contract.id.startswith("rate_limit_headers/falls")}
    assert falls == {Verdict.BROKEN if found else Verdict.KEPT}


# -- instances
# ---------------------------------------------------------------------------------------------


def test_an_instance_that_one_probe_may_change_is_given_to_no_other() -> None:
    pool, order = FixturePool(model(SHOP).resources), model(SHOP).resources["order"]
    state = order.initial
    pool.begin(1)
    pool.add(Instance(order, "o-1", {}, "main", True, state))
    assert pool.at_hand(order, InstanceRef("order")) is not None
    pool.begin(2)
    assert pool.at_hand(order, InstanceRef("order"), shares=True) is None
    pool.end(1)
    shared = pool.at_hand(order, InstanceRef("order"), shares=True)
    assert shared is not None
    pool.begin(3)
    assert pool.at_hand(order, InstanceRef("order"), shares=True) is shared
    assert pool.at_hand(order, InstanceRef("order")) is None, "two others use it"
    assert shared not in pool.surplus(broke=True), "others still use it"
    pool.end(2)
    assert pool.at_hand(order, InstanceRef("order")) is shared


def test_an_instance_that_is_removed_to_see_whether_that_works_is_given_to_no_other() -> None:
    """While it was proved, another worker was given it, and a right server answered its call with 404."""
    setting = setting_of(model(SHOP), "https://127.0.0.1:1")
    pool, order = FixturePool(setting.model.resources), setting.model.resources["order"]
    pool.begin(1)
    pool.add(Instance(order, "o-1", {}, "main", True, order.initial))
    pool.end(1)
    proved: list[Any] = []

    def prove(instance: Any) -> None:
        proved.append(instance.id)
        pool.begin(3)
        assert pool.at_hand(order, InstanceRef("order", fresh=True)) is None
        raise Unavailable("it is proved no further")

    proof = SimpleNamespace(prove=prove)
    owned = SimpleNamespace(is_removal_due=lambda _: True)
    removals = Removals(SimpleNamespace(pool=pool, proof=proof, owned=owned, setting=setting))  # type: ignore[arg-type]
    pool.begin(2)
    with suppress(Unavailable):
        removals.try_one(order)
    assert proved == ["o-1"]


# -- the order and the budget
# ---------------------------------------------------------------------------------------------


def slots(writes: bool = True) -> list[Slot]:
    setting = setting_of(model(SHOP), "https://127.0.0.1:1")
    probes = [p for check in collect().values() for p in check.list_probes(setting, frozenset({"main"}))]
    return lay_out(setting, collect(), probes, writes=writes)


def test_an_optional_probe_waits_for_what_may_make_it_needless() -> None:
    found = slots()
    optional = [slot for slot in found if slot.probe.optional]
    assert optional
    assert all(slot.after == slot.index or found[slot.index - 1].probe.optional for slot in optional)
    free = [s for s in found if not s.probe.optional and s.probe.priority == 1 and s.probe.stage < LATE]
    assert all(slot.after == 0 for slot in free)


def test_without_leave_to_write_nothing_runs_alone_for_the_sake_of_its_instances() -> None:
    assert any(slot.company == "none" and not slot.probe.writes for slot in slots())
    reading = [slot for slot in slots(writes=False) if collect()[slot.probe.check].overlap == "readers"]
    assert reading
    assert all(slot.company == "readers" and not slot.writes for slot in reading)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_probe_starts_beside_those_that_each_suffer_it_and_that_it_suffers(count: int) -> None:
    kinds = {
        (slot.company, slot.writes, slot.compares, slot.changes): slot
        for slot in (*slots(), *slots(writes=False))
    }
    assert len({key[:2] for key in kinds}) == 5

    def shares(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
        names = frozenset(model(SHOP).resources)
        return bool((names if one is None else one) & (names if other is None else other))

    def disturbs(one: Slot, other: Slot) -> bool:
        return one.company == "none" or shares(one.changes, other.compares)

    for running in product(kinds.values(), repeat=count):
        for slot in kinds.values():
            free = not any(disturbs(slot, other) or disturbs(other, slot) for other in running)
            assert Company(running).takes(slot) == free
            assert Company(running).is_like(slot) == (slot.writes in [r.writes for r in running[:1]])


@pytest.mark.parametrize("most", [7, 40])
def test_a_bound_on_requests_holds_and_is_spent_in_the_plans_order(
    most: int, running: list[tuple[Slot, list[Slot]]]
) -> None:
    report, slow = verified(model(SHOP), SEVERAL, delay=1, max_requests=most)
    assert len(slow.beside) == report.footer.requests
    assert report.footer.requests <= most + 1, "one worker too sends one more where an undoing costs more"
    began = list(dict.fromkeys(slot.index for slot, _ in running))
    assert began == sorted(began)


def test_the_report_of_one_worker_says_nothing_of_workers() -> None:
    report = one_worker(0)
    assert (report.footer.workers, report.footer.alone) == (1, {})
    assert report.select("law") == "--only law --seed 0"


def test_reports_say_how_many_workers_ran_what_ran_alone_and_how_to_repeat_it() -> None:
    report, _ = verified(model(SHOP), SEVERAL, faults=("auth-ignored",))
    alone = sum(report.footer.alone.values())
    told = text.render(report, model(SHOP).source, verbose=True)
    assert f"{SEVERAL} workers; {alone} requests ran alone" in told
    assert "--seed 0\n" in told
    data = document(report, model(SHOP).source)["footer"]
    assert (data["workers"], sum(data["alone"].values())) == (SEVERAL, alone)
    page = html.render(report, model(SHOP).source).decode()
    assert f"by {SEVERAL} workers" in page
    assert f"{alone} requests ran alone: " in page


@pytest.mark.parametrize(
    ("url", "given", "lanes", "workers"),
    [
        (URL, None, 1, 1),
        (URL, SEVERAL, 1, 1),
        ("https://shop.example", None, LANES, LANES),
        ("https://shop.example", 2, LANES, 2),
        ("https://shop.example", 1, LANES, 1),
    ],
)
def test_the_address_chooses_the_lanes_and_the_caller_how_many_requests_go_together(
    url: str, given: int | None, lanes: int, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number of lanes by the server's speed, or by the workers, would let equal runs differ."""
    seen: list[int] = []
    finish = course.Course.run
    monkeypatch.setattr(course.Course, "run", lambda self: (finish(self), seen.append(self.lanes))[0])
    of = model(SHOP)
    opened = inside(of)
    report = verify(
        of,
        opened.sandbox.handler,
        Identities(opened.keys),
        Options(workers=given, lanes_by_address=True, live=False, max_requests=60),
        clock=opened.sandbox.front.clock.now,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url=url,
        timer=time.perf_counter,
    )
    assert (seen, report.footer.workers) == ([lanes], workers)


def test_help_says_when_there_are_several_workers() -> None:
    option = next(p for p in verify_command.params if p.name == "workers")
    assert isinstance(option, click.Option)
    assert f"Default: {LANES}." in str(option.help)
    assert "It changes no verdict." in str(option.help)


# -- the end
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent_from", [3, 25, 60])
def test_a_server_that_falls_silent_ends_the_run_once(silent_from: int) -> None:
    server = server_of("nested")
    seen = 0
    lock = threading.Lock()

    def answer(request: Request) -> Response | Silence:
        nonlocal seen
        with lock:
            seen += 1
            if seen >= silent_from:
                return Silence("refused", "nobody listens")
        return server(request)

    report = run_case("nested", server, handler=Slow(answer, 2), workers=SEVERAL)
    assert not report.footer.complete
    assert len([note for note in report.footer.notes if "the server" in note]) == 1
    assert harms(server) == []
    assert unlisted(server, report) == []


@pytest.mark.parametrize("at", [10, 30, 50])
def test_an_interrupt_undoes_what_all_workers_made(at: int) -> None:
    server = server_of("nested")
    slow = Slow(server, at)
    shown = 0

    def interrupt(_: Progress) -> None:
        nonlocal shown
        shown += 1
        if shown == at:
            raise KeyboardInterrupt

    report = run_interrupted(slow, interrupt)
    assert not report.footer.complete
    assert shown >= at
    assert harms(server) == []
    assert report.footer.left_behind == ()
    assert server.left() == []


def run_interrupted(slow: Slow, on_progress: Callable[[Progress], None]) -> Report:
    options = Options(allow_writes=True, live=False, workers=SEVERAL)
    return by_the_clock(model_of("nested"), slow, EVERYONE, options, on_progress)


def by_the_clock(
    of: Model,
    slow: Slow,
    keys: Mapping[str, str],
    options: Options,
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    return verify(
        of,
        slow,
        Identities(keys),
        options,
        clock=time.time,
        sleep=time.sleep,
        wall=lambda: "2026-04-12T13:20:00Z",
        url=URL,
        on_progress=on_progress,
    )


@pytest.mark.parametrize(
    "name", rarely(CASES, "nested", "reused_ids", "delete_202", "get_or_create", "lagging_list")
)
def test_several_workers_do_no_harm(name: str) -> None:
    server = server_of(name)
    report = run_case(name, server, handler=Slow(server, 1, 0.001), workers=SEVERAL)
    assert harms(server) == []
    assert unlisted(server, report) == []


SOONER = 20
"""A server's seconds in one of the clock's: what a server does later, a run by the clock waits for."""


def run_keyless(name: str, workers: int, most_s: float = 0.001) -> tuple[Slow, Report, list[Any]]:
    """Verify a server of the harm tests without a key: each call gets one on its way."""
    server = server_of(name)
    head, _, rest = text_of(CASES[name]).partition("security: [{key: []}]")
    body = rest[rest.index("\nerrors:\n") :].replace("always: [UNAUTHORIZED, INTERNAL]", "always: [INTERNAL]")
    of = load_text(head + body.replace("no_key: UNAUTHORIZED, ", ""), f"{name}.yaml")

    began_s, now = time.monotonic(), server.now

    def answer(request: Request) -> Response | Silence:
        server.now = now + SOONER * (time.monotonic() - began_s)
        return server(request.with_header("Authorization", f"Bearer {EVERYONE['main']}"))

    slow = Slow(answer, 1, most_s)
    options = Options(allow_writes=True, live=False, workers=workers)
    report = by_the_clock(of, slow, {}, options)
    return slow, report, [*harms(server), *unlisted(server, report)]


@pytest.mark.parametrize(
    "name",
    rarely(
        [n for n, c in CASES.items() if not c.imported and "as: second" not in text_of(c)],
        "nested",
        "reused_ids",
    ),
)
def test_a_server_without_keys_gets_all_workers_and_suffers_no_harm(name: str) -> None:
    slow, report, harm = run_keyless(name, SEVERAL)
    assert report.footer.workers == SEVERAL
    # on a busy machine a thread may wait for longer than so short an answer takes
    assert slow.most > 1 or run_keyless(name, SEVERAL, most_s=0.1)[0].most > 1
    assert harm == []


def test_a_server_without_keys_gets_the_verdicts_of_one_worker() -> None:
    outcomes = [outcome(run_keyless("bare", workers)[1]) for workers in (1, SEVERAL)]
    assert outcomes[0] == outcomes[1]


def test_a_run_that_waits_for_its_key_to_the_end_says_why_it_has_one_worker() -> None:
    """No action of the notes that is called here takes the key."""
    notes = Slow(Notes(), 1, 0.001)
    options = Options(live=False, workers=SEVERAL, only=("framework/unknown_path",))
    report = by_the_clock(catalogue(), notes, {"main": KEY}, options)
    said = "probes ran one at a time: "
    assert report.footer.workers == 1
    assert [note for note in report.footer.notes if note.startswith(said)]


def test_an_empty_key_is_no_key() -> None:
    given = Identities({"main": "", "second": "k"})
    assert given.keys == {"second": "k"}
    assert given.roles == {"second"}
    assert replace(given, calls_keyless=True).roles == {"main", "second"}


def test_a_refused_key_ends_the_run_before_there_are_several_requests() -> None:
    notes = Notes()
    refusing = Slow(lambda request: notes(replace(request, headers=())), 0)
    options = Options(live=False, workers=SEVERAL)
    report = by_the_clock(catalogue(), refusing, {"main": "a-key-that-is-not-known"}, options)
    assert not report.footer.complete
    assert "refused the key" in report.footer.notes[0]
    assert refusing.most == 1
