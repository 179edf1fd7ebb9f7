"""A run's memory stays small however long it is; it forgets only what is of no use any more."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Mapping
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from importing import answering, openapi, taking
from inprocess import inside, over_tls, verify_sandbox
from overlaying import over
from pgagents.base.http import Request, Response, json_bytes
from pgagents.report.contract import Verdict
from pgagents.verify.checks.limits import rate_limit_headers
from pgagents.verify.checks.rest import id_comparison
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.pool import MOST_KEPT, FixturePool
from pgagents.verify.plan.options import Options
from pgagents.verify.run.driver import Driver
from pgagents.verify.run.judge import Judge
from pgagents.verify.setting import MAX_BODIES, MAX_REQUEST_IDS, Memory, setting_of
from pgagents.verify.wire.call import Call, Intent
from pgagents.verify.wire.exchange import Exchange
from verifying import URL, model


def test_watchers_judge_an_exchange_by_what_was_known_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []

    def noted(of: type, name: str) -> None:
        real = getattr(of, name)

        def noting(*given: Any, **named: Any) -> Any:
            steps.append(name)
            return real(*given, **named)

        monkeypatch.setattr(of, name, noting)

    noted(Judge, "_watch")
    noted(Memory, "subject")
    noted(Memory, "learn")
    opened = inside(model())
    handler = over_tls(opened.sandbox.handler)
    verify_sandbox(model(), opened, Options(max_requests=60), handler=handler)
    assert steps.count("learn") > 10
    assert ("subject", "learn") not in pairwise(steps)


def test_a_run_that_is_over_is_let_go_without_a_collector(monkeypatch: pytest.MonkeyPatch) -> None:
    drivers = []

    def noted(*given: Any, **named: Any) -> Driver:
        driver = Driver(*given, **named)
        drivers.append(weakref.ref(driver))
        return driver

    monkeypatch.setattr("pgagents.verify.run.run.Driver", noted)
    opened = inside(model())
    handler = over_tls(opened.sandbox.handler)
    gc.disable()
    try:
        verify_sandbox(model(), opened, Options(max_requests=60), handler=handler)
        assert [ref() for ref in drivers] == [None]
    finally:
        gc.enable()


def test_ids_and_bodies_first_met_are_forgotten_first() -> None:
    memory = Memory(setting_of(model(), URL))
    for number in range(MAX_REQUEST_IDS + 1):
        assert memory.note_request_id(f"req_{number}")
    assert not memory.note_request_id("req_1")
    assert memory.note_request_id("req_0")
    assert len(memory.request_ids) == MAX_REQUEST_IDS
    for number in range(MAX_BODIES + 1):
        memory.learn(("session", f"sess_{number}"), {"id": f"sess_{number}"})
    assert len(memory.bodies) == MAX_BODIES
    assert ("session", "sess_0") not in memory.bodies


def test_pool_forgets_what_nothing_undoes_and_keeps_what_must_be_undone() -> None:
    resources = model().resources
    pool = FixturePool(resources)
    many = 3 * MOST_KEPT
    for number in range(many):
        pool.add(Instance(resources["refund"], f"re_{number}", {}, "main", True, None))
        pool.add(Instance(resources["session"], f"sess_{number}", {}, "main", True, "active"))
    pool.surplus(broke=False)
    kept = [instance.id for instance in pool.instances if instance.resource is resources["refund"]]
    assert kept == [f"re_{number}" for number in range(many - MOST_KEPT, many)]
    assert pool.find(resources["refund"], "re_0") is None
    assert len(pool.list_remaining()) == pool.count_undo_requests() == many


def make_exchange(
    action: str, status: int, body: Any, given: Mapping[str, Any], number: int, headers: Mapping[str, str]
) -> Exchange:
    """A correct call of nobody's key but what its headers say, as watchers see it."""
    of = model()
    endpoint = setting_of(of, URL).by_place[f"{action}@rest"]
    intent: Intent = "valid"
    call = Call(endpoint, given, intent, "", role="" if "Authorization" in headers else "main")
    answer = Response(
        status,
        tuple((name, value) for name, value in headers.items() if name != "Authorization"),
        json_bytes(body),
    )
    request = Request(endpoint.action.method, "/", tuple(headers.items()))
    exchange = Exchange(
        number,
        call,
        given,
        request,
        answer,
        seconds=0.0,
        sent_at=1_776_000_000.0,
        codes=of.codes,
        errors=of.error_reader,
        limits=of.limit_reader,
    )
    exchange.fits = True
    return exchange


def test_callers_not_heard_of_for_long_are_forgotten_and_the_others_are_not() -> None:
    memory, names = Memory(setting_of(model(), URL)), model().limits.headers
    assert names is not None

    def told(number: int, remaining: int, token: str = "") -> list[str]:
        headers = {names.limit: "600", names.remaining: str(remaining), names.reset: "1776000030"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        exchange = make_exchange("get_health", 200, {}, {}, number, headers)
        return [
            j.actual
            for j in rate_limit_headers.watch(exchange, memory)
            if j.verdict is Verdict.BROKEN and "/remaining/" in j.contract
        ]

    assert told(1, 300) == []
    for number in range(3 * rate_limit_headers.MOST_CALLERS):
        assert told(2 + 2 * number, 300, f"token{number}") == []
        assert told(3 + 2 * number, 300) == []
    assert len(memory.notes[rate_limit_headers.CALLERS]) == rate_limit_headers.MOST_CALLERS
    assert told(999, 500) == ["remaining rose from 300 to 500"]
    assert told(1000, 500, "token0") == []


def test_instances_made_last_are_told_apart_however_many_were_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_comparison, "MOST_IDS", 10)
    memory = Memory(setting_of(model(), URL))

    def made(id: str, number: int) -> list[Verdict]:
        exchange = make_exchange(
            "create_webhook", 201, {"webhook": {"id": id}}, {"url": f"https://a.test/{number}"}, number, {}
        )
        return [j.verdict for j in id_comparison.watch(exchange, memory)]

    for number in range(30):
        assert made(f"wh_{number}", number) == [Verdict.KEPT]
    assert made("wh_29", 30) == [Verdict.BROKEN]
    assert made("wh_0", 31) == [Verdict.KEPT]
    assert len(memory.notes[id_comparison.INSTANCES]) == 10


VISITS = """
actions:
  book: {input: {animal_id: {refers_to: animal}}, laws: {its: response.owner_id == ref.animal.owner_id}}
"""


@pytest.mark.parametrize(("owners", "known"), [((1,), True), ((1, 2), False)])
def test_a_call_that_names_a_part_alone_refers_to_the_only_one_with_the_id(
    owners: tuple[int, ...], known: bool
) -> None:
    """A visit names an animal, which is read below its owner."""
    id = {"type": "integer"}
    seen = {"responses": answering({"type": "object", "properties": {"id": id, "owner_id": id}})}
    given = taking({"type": "object", "required": ["animal_id"], "properties": {"animal_id": id}})
    named = [
        {"name": f"{name}_id", "in": "path", "required": True, "schema": id} for name in ("owner", "animal")
    ]
    paths = {
        "/owners/{owner_id}": {"get": {"operationId": "getOwner", "parameters": named[:1], **seen}},
        "/owners/{owner_id}/animals/{animal_id}": {
            "get": {"operationId": "getAnimal", "parameters": named, **seen}
        },
        "/owners": {"post": {"operationId": "makeOwner", **seen}},
        "/owners/{owner_id}/animals": {
            "post": {"operationId": "makeAnimal", "parameters": named[:1], **seen}
        },
        "/visits": {"post": {"operationId": "book", "requestBody": given, **seen}},
    }
    setting = setting_of(over(VISITS, openapi(paths)), URL)
    memory = Memory(setting)
    for owner in owners:
        memory.learn(("animal", f"{owner}7"), {"id": 7, "owner_id": owner})
    call = Call(setting.by_place["book@rest"], {"animal_id": 7}, "valid", "")
    exchange = cast(Exchange, SimpleNamespace(call=call, input=call.input))
    animal = {"id": 7, "owner_id": 1}
    assert memory.list_referred(exchange) == ({"animal_id": animal, "animal": animal} if known else {})
