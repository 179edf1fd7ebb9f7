"""A server that others use at the same time, or used before: other shards, other clients, an operator who
moved the clock.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from inprocess import Inside, inside, over_tls, verify_sandbox
from lengths import rarely
from loading import read_once
from pgagents.base.http import Handler, Request, Response, json_bytes
from pgagents.report.contract import Contract, Verdict
from pgagents.report.report import ELSEWHERE, Report, Result
from pgagents.verify.check_registry import checks_for
from pgagents.verify.plan import plan as planning
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.selection import say_alone
from pgagents.verify.plan.shards import elsewhere
from pgagents.verify.promise import Probe
from pgagents.verify.run import run as running
from pgagents.verify.run.run import contracts, verify
from verifying import SHOP, ids, model

PLATE = "CO-7891"
"""The car that the catalogue's examples are about: whoever else parks it changes what its searches find."""


def neighbour(opened: Inside, every: int) -> Handler:
    """The sandbox, with another client who books and ends, registers and removes, at every so manyth
    request.
    """
    serve = over_tls(opened.sandbox.handler)
    head = (
        ("Authorization", f"Bearer {opened.sandbox.tokens['unlimited']}"),
        ("Content-Type", "application/json"),
    )
    count, sessions, hooks = [0], list[Any](), list[Any]()

    def post(path: str, body: Any) -> Any:
        answer = serve(Request("POST", path, head, json_bytes(body)))
        assert isinstance(answer, Response)
        return json.loads(answer.body)

    def turn(number: int) -> None:
        if number % 4 in (0, 2) and len(sessions) < 3:
            sessions.append(post("/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": PLATE})["session"])
        elif number % 4 in (0, 2):
            post(
                "/api/v1/sessions/end",
                {
                    name: sessions[0][at]
                    for name, at in (("session_id", "id"), ("session_code", "session_code"))
                },
            )
            sessions.pop(0)
        elif number % 4 == 1 and not hooks:
            hooks.append(
                post(
                    "/api/v1/webhooks", {"url": "https://hooks.example.com/x", "events": ["session.created"]}
                )["webhook"]["id"]
            )
        elif number % 4 == 3 and hooks:
            serve(Request("DELETE", f"/api/v1/webhooks/{hooks.pop()}", head))

    def handler(request: Request) -> Any:
        # what goes that was there before the first write stops the run: test_tripwire has it
        count[0] += bool(count[0] or request.method != "GET")
        if count[0] and count[0] % every == 0:
            turn(count[0] // every)
        return serve(request)

    return handler


def beside(every: int, seed: int = 0, **options: Any) -> Report:
    """A run that knows that it is not alone."""
    opened = inside(model(), seed=seed)
    keys = {role: opened.keys[role] for role in ("main", "second")}
    return verify_sandbox(
        model(),
        opened,
        Options(seed=seed, shard=(1, 1), **options),
        keys=keys,
        handler=neighbour(opened, every),
    )


@pytest.mark.matrix
@pytest.mark.parametrize("every", [1, 2, 3])
def test_what_others_do_in_between_is_no_finding(every: int) -> None:
    report = beside(every)
    assert (ids(report, Verdict.BROKEN), ids(report, Verdict.UNTESTED)) == ([], [])
    assert len(ids(report, Verdict.KEPT)) > 1_500


def test_what_another_made_after_a_wide_search_is_not_lost_in_it() -> None:
    """The wide search is answered as it was a moment before, once; what it lacks is there when it is made
    again.
    """
    opened = inside(model())
    serve, wide = over_tls(opened.sandbox.handler), list[str]()

    def handler(request: Request) -> Any:
        answer = serve(request)
        found = re.search(r"/sessions/search\?(limit=50&|.*&limit=50$)", request.target)
        if found and isinstance(answer, Response) and answer.status == 200:
            wide.append(request.target)
            body = json.loads(answer.body)
            return (
                replace(answer, body=json_bytes({**body, "sessions": body["sessions"][1:]}))
                if len(wide) == 1
                else answer
            )
        return answer

    report = verify_sandbox(
        model(),
        opened,
        Options(shard=(1, 1), only=("relation/",)),
        keys={"main": opened.keys["main"]},
        handler=handler,
    )
    assert len(wide) > 1
    assert (ids(report, Verdict.BROKEN), ids(report, Verdict.UNTESTED)) == ([], [])
    assert "relation/larger-keeps/search_sessions@rest" in ids(report, Verdict.KEPT)


# -- shards
# -------------------------------------------------------------------------------------------------------


def test_runs_that_start_in_one_second_share_no_idempotency_key() -> None:
    at, url = "2026-04-18T16:00:00Z", "https://staging.example.com"
    tags = {running._tag(at, 1.0, url, Options(shard=(n, 4))) for n in range(1, 5)} | {
        running._tag(at, 1.5, url, Options())
    }
    assert len(tags) == 5


@pytest.mark.matrix
def test_shards_do_not_all_fill_one_place() -> None:
    """One lot has twelve spaces, and four machines that all park there find it full."""
    most: list[str] = []
    for number in (1, 2):
        opened = inside(model())
        serve, booked = over_tls(opened.sandbox.handler), Counter[str]()

        def handler(request: Request, serve: Handler = serve, booked: Counter[str] = booked) -> Any:
            answer = serve(request)
            if request.target == "/api/v1/sessions" and isinstance(answer, Response) and answer.status == 201:
                booked[json.loads(answer.body)["session"]["lot_id"]] += 1
            return answer

        verify_sandbox(
            model(), opened, Options(shard=(number, 4), only=("idempotency/", "law/")), handler=handler
        )
        most.append(booked.most_common(1)[0][0])
    assert most[0] != most[1]


def _probe(contract: str, cost: int) -> Probe:
    return Probe(contract, 4, (contract,), cost, lambda: iter(()), (), "", False)  # type: ignore[arg-type,return-value]  # never run


CATALOGUES = sorted(path.stem for path in SHOP.parent.glob("*.yaml"))


@pytest.mark.parametrize(("keys", "count"), [("main", 4), ("all", 2)])
@pytest.mark.parametrize("name", rarely(CATALOGUES, "parcels"))
def test_every_contract_is_of_one_shard_and_has_the_plan_of_the_whole_run(
    name: str, keys: str, count: int
) -> None:
    """Also one that no shard can try, for want of a key or of a second scheme's secret."""
    of = read_once(SHOP.with_name(f"{name}.yaml"))
    opened = inside(of)
    given = opened.keys if keys == "all" else {"main": opened.keys["main"]}

    def settle(shard: tuple[int, int] | None) -> tuple[list[str], dict[str, Result]]:
        options, identities = Options(shard=shard), Identities(given)
        setting = planning.make_setting(of, options, identities, url="https://api.example.com")
        checks = checks_for(setting)
        listed = planning.all_contracts(setting, checks)
        made = planning.draft(setting, checks, listed, options, identities)
        return [c.id for c in listed], dict(made.settled)

    alone, sharded = (
        planning.make_setting(of, Options(shard=shard), Identities({}), url="https://api.example.com")
        for shard in (None, (1, 2))
    )
    listed, whole = settle(None)
    shards = [settle((number, count))[1] for number in range(1, count + 1)]
    for id in listed:
        own = [made for made in shards if id not in made or made[id].reason != ELSEWHERE]
        assert len(own) == 1, id
        left = whole.get(id)
        if left is not None:  # only the way out is another: a shard refuses --exclusive
            left = replace(left, reason=left.reason.replace(say_alone(alone), say_alone(sharded)))
        assert own[0].get(id) == left, id


def test_shards_weigh_the_same_in_requests() -> None:
    listed = [
        Contract(f"c{n}/a{a}@rest", f"c{n}", f"a{a}", "rest", "", ()) for a in range(8) for n in range(10)
    ]
    probes = [_probe(f"c0/a{a}@rest", 70 if a == 0 else 10) for a in range(8)]
    shares = []
    for number in (1, 2):
        theirs = elsewhere(listed, (number, 2), probes)
        shares.append(sum(p.cost for p in probes if p.contracts[0] not in theirs))
    assert shares == [70, 70]


def test_what_only_watchers_judge_goes_where_its_surface_is_called_most() -> None:
    listed = [
        Contract(f"c{n}/{a}@rest", f"c{n}", a, "rest", "", ())
        for a, size in (("few", 2), ("many", 9))
        for n in range(size)
    ]
    falls, asked = (Contract(f"{name}/@rest", name, "", "rest", "", ()) for name in ("falls", "asked"))
    probes = [_probe("asked/@rest", 5)]
    mine = next(n for n in (1, 2, 3) if falls.id not in elsewhere([*listed, falls, asked], (n, 3), probes))
    theirs = elsewhere([*listed, falls, asked], (mine, 3), probes)
    assert {c.action for c in listed if c.id not in theirs} == {"many"}
    assert asked.id in theirs


def test_every_contract_that_no_request_is_sent_for_has_a_group_that_calls_its_surface() -> None:
    listed = contracts(model())
    theirs = {n: elsewhere(listed, (n, 3)) for n in (1, 2, 3)}
    homes = {c.id: n for n in theirs for c in listed if c.id not in theirs[n]}
    assert homes["rate_limit_headers/falls@dispatcher"] in {
        homes[c.id] for c in listed if c.action and c.surface == "dispatcher"
    }


# -- the operator's clock
# -----------------------------------------------------------------------------------------


def at_its_own_time(opened: Inside, keys: dict[str, str], clock: Callable[[], float]) -> Report:
    """A run over https whose machine's clock is not the sandbox's."""
    only = ("law/starts-now/create_session", "rate_limit_headers/reset/create_session")
    return verify(
        model(),
        over_tls(opened.sandbox.handler),
        Identities(keys),
        Options(only=only, live=False, max_requests=60),
        clock=clock,
        sleep=opened.sleep,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="https://127.0.0.1:1",
        timer=time.perf_counter,
    )


def test_clock_that_an_earlier_run_moved_is_known() -> None:
    opened = inside(model())
    opened.sandbox.front.clock.advance(324_000)
    here = lambda: opened.now[0]  # noqa: E731  # one word
    report = at_its_own_time(opened, opened.keys, here)
    assert (ids(report, Verdict.BROKEN), ids(report, Verdict.UNTESTED)) == ([], [])
    assert ids(report, Verdict.KEPT)
    assert any(re.search(r"clock is \d days, \d+:\d\d:\d\d ahead", note) for note in report.footer.notes), (
        report.footer.notes
    )
    alone = at_its_own_time(opened, {"main": opened.keys["main"]}, here)
    assert "law/starts-now/create_session@rest" in ids(
        alone, Verdict.BROKEN
    )  # without the key there is no way to know
