"""A call is made again where that may help and cannot do a thing twice, and no longer than is bearable."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import replace
from typing import Any

import pytest

from calling import Script, World, answered, client_of, park, run, sandboxed, shop
from loading import change_actions
from offering import shop as changed
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.language.errors import Edge
from pgagents.catalogue.model.answers import retry_after_s
from pgagents.client.attempts import Backoff, Patience, repeatable
from pgagents.client.client import Client, Question
from pgagents.client.send import sending

READ = ("get_session", {"session_id": "sess_1"})
WRITE = ("end_session", {"session_id": "sess_1", "session_code": "sess_c"})
DONE = answered(200, {"session": {}})


def call(
    script: Script, what: Any = READ, *, factory: World | None = None, model: Any = None, **more: Any
) -> Any:
    client = client_of(model or park(), script, factory=factory, **more)
    return run(lambda: client.call(*what, confirmed=True))


@pytest.mark.parametrize(
    "first",
    [
        answered(429),
        answered(503),
        answered(500),
        answered(502),
        answered(504),
        Silence("timeout"),
        Silence("reset"),
        Silence("refused"),
    ],
)
@pytest.mark.parametrize("what", [READ, WRITE], ids=["read", "write"])
def test_what_may_pass_is_tried_again(first: Any, what: Any) -> None:
    script = Script(first, DONE)
    assert call(script, what).ok
    assert len(script.asked) == 2
    assert script.asked[0] == script.asked[1], "with the same idempotency key"


@pytest.mark.parametrize(
    "first", [answered(500), answered(502), answered(504), Silence("timeout"), Silence("reset")]
)
def test_write_without_an_idempotency_key_is_not_repeated_where_it_may_have_had_its_effect(
    first: Any,
) -> None:
    script = Script(first, answered(201, {}))
    answer = call(script, ("place_order", {"product_id": "p-1", "quantity": 1}), model=shop())
    assert not answer.ok
    assert len(script.asked) == 1
    assert "not known whether the call took effect" in answer.problem.note


def _costly() -> Any:
    """The shop, whose look at a product costs money."""
    return change_actions(shop(), lambda a: replace(a, costs=a.costs or a.name == "get_product"))


@pytest.mark.parametrize("first", [answered(500), answered(504), Silence("timeout"), Silence("reset")])
def test_read_that_costs_is_not_repeated_where_it_may_have_been_charged(first: Any) -> None:
    script = Script(first, answered(200, {}))
    answer = call(script, ("get_product", {"product_id": "p-1"}), model=_costly())
    assert not answer.ok
    assert len(script.asked) == 1
    assert "not known whether the call took effect" in answer.problem.note
    free = Script(first, answered(200, {}))
    call(free, ("get_product", {"product_id": "p-1"}), model=shop())
    assert len(free.asked) == 2


PROXY = (500, 502, 503, 504, 520, 521, 522, 523, 524)


def _behind_a_proxy() -> Any:
    """The shop, where each status of `PROXY` is declared as a proxy's."""
    of = shop()
    edge = [Edge(status=each) for each in PROXY]
    return replace(of, errors=of.errors.model_copy(update={"edge": edge}))


@pytest.mark.parametrize(
    ("status", "attempts"), [(each, 2 if each in (503, 521, 523) else 1) for each in PROXY]
)
def test_write_is_not_repeated_where_a_proxy_asked_the_api_and_got_no_answer(
    status: int, attempts: int
) -> None:
    """A 503, and Cloudflare's 521 and 523, say that the API was not asked."""
    script = Script(answered(status), answered(201, {}))
    answer = call(script, ("place_order", {"product_id": "p-1", "quantity": 1}), model=_behind_a_proxy())
    assert len(script.asked) == attempts
    assert answer.ok or "not known whether the call took effect" in answer.problem.note


@pytest.mark.parametrize("status", PROXY)
def test_read_is_repeated_after_any_status_of_a_proxy(status: int) -> None:
    script = Script(answered(status), answered(200, {}))
    assert call(script, ("get_product", {"product_id": "p-1"}), model=_behind_a_proxy()).ok
    assert len(script.asked) == 2


@pytest.mark.parametrize(("idempotent", "repeated"), [(True, True), (False, False)])
def test_put_is_repeated_unless_its_author_says_that_a_second_one_acts_again(
    idempotent: bool, repeated: bool
) -> None:
    action = park().action(WRITE[0])
    assert action is not None
    hints = replace(action.hints, idempotent=replace(action.hints.idempotent, value=idempotent))
    assert repeatable(replace(action, method="PUT", hints=hints), keyed=False) is repeated
    assert repeatable(replace(action, method="PUT", hints=hints), keyed=True)


@pytest.mark.parametrize("first", [answered(429), Silence("refused")])
def test_write_without_an_idempotency_key_is_repeated_where_nothing_can_have_happened(first: Any) -> None:
    script = Script(first, answered(201, {}))
    assert call(script, ("place_order", {"product_id": "p-1", "quantity": 1}), model=shop()).ok
    assert len(script.asked) == 2


@pytest.mark.parametrize(
    "answer",
    [
        answered(400),
        answered(401),
        answered(403),
        answered(404),
        answered(409),
        answered(301),
        Silence("tls"),
        Silence("protocol"),
        Silence("too-large"),
    ],
)
def test_what_stays_as_it_is_is_not_tried_again(answer: Any) -> None:
    script = Script(answer)
    assert not call(script, WRITE).ok
    assert len(script.asked) == 1


def test_number_of_attempts_is_bounded_and_pauses_grow() -> None:
    factory, script = World(), Script(answered(500))
    answer = call(script, factory=factory)
    assert answer.problem.status == 500
    assert len(script.asked) == 4
    assert len(factory.slept) == 3
    for pause, most in zip(factory.slept, (0.5, 1.0, 2.0), strict=True):
        assert most / 2 <= pause <= most


def test_pauses_differ_from_client_to_client() -> None:
    def pauses(seed: int) -> list[float]:
        factory = World()
        client = Client(
            park(),
            sending(Script(answered(500))),
            "k",
            sleep=factory.sleep,
            clock=factory.clock,
            rng=random.Random(seed),
        )
        run(lambda: client.call(*READ))
        return factory.slept

    assert pauses(1) == pauses(1)
    assert pauses(1) != pauses(2)


@pytest.mark.parametrize("told", ["7", "Sat, 18 Apr 2026 16:00:07 GMT"])
def test_retry_after_is_waited_out_and_a_little_more(told: str) -> None:
    factory, script = World(), Script(answered(429, Retry_After=told), DONE)
    assert call(script, factory=factory).ok
    assert 7.0 < factory.slept[0] <= 8.0


def test_wait_that_is_too_long_is_the_callers_to_make() -> None:
    factory, script = (
        World(),
        Script(answered(429, {"error": {"code": "RATE_LIMITED", "message": "m"}}, Retry_After="3600")),
    )
    answer = call(script, factory=factory)
    assert factory.slept == []
    assert answer.problem.code == "RATE_LIMITED"
    assert answer.problem.retry_after_s == 3600


def test_all_waits_together_are_bounded() -> None:
    factory, script = World(), Script(answered(503, Retry_After="12"))
    call(script, factory=factory, patience=Patience(attempts=50, max_wait_s=30))
    assert len(factory.slept) == 2
    assert sum(factory.slept) <= 30


def test_slow_attempts_are_not_repeated_for_ever() -> None:
    factory, asked = World(), []

    async def slow(request: Request) -> Silence:
        asked.append(request)
        await factory.sleep(30)
        return Silence("timeout")

    client = Client(park(), slow, "k", sleep=factory.sleep, clock=factory.clock, rng=random.Random(1))
    answer = run(lambda: client.call(*READ))
    assert answer.problem.code == "timeout"
    assert len(asked) == 2


@pytest.mark.parametrize(
    "text", [None, "", "soon", "-1", "1e3", "٣", "9" * 400, "1" * 65, "Sat, 99 Apr 2026 16:00:07 GMT"]
)
def test_retry_after_that_is_none_is_passed_over(text: str | None) -> None:
    assert retry_after_s(text, 0.0) is None


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Auckland"])
@pytest.mark.parametrize(
    "text", ["Thu, 01 Jan 1970 00:00:30 GMT", "Thu, 01 Jan 1970 00:00:30 -0000", "Thu Jan  1 00:00:30 1970"]
)
def test_date_to_wait_for_is_the_same_in_every_zone(
    text: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert retry_after_s(text, 0.0) == 30.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_conflict_after_an_unanswered_attempt_says_that_it_may_be_its_own_effect() -> None:
    script = Script(
        Silence("timeout"),
        answered(409, {"error": {"code": "CONFLICT", "message": "already used for sess_1"}}),
    )
    answer = call(script, WRITE)
    assert answer.problem.status == 409
    assert answer.problem.message == "already used for sess_1"
    assert "may be its effect" in answer.problem.note
    plain = call(Script(answered(409, {"error": {"code": "CONFLICT", "message": "ended"}})), WRITE)
    assert plain.problem.note is None


def test_each_call_has_an_idempotency_key_of_its_own_that_the_schema_takes() -> None:
    script = Script(DONE)
    for _ in range(3):
        call(script, WRITE)
    keys = [request.header("Idempotency-Key") for request in script.asked]
    assert len(set(keys)) == 3
    assert all(key and len(key) <= 64 for key in keys)


def test_key_that_the_schema_does_not_take_is_not_made_up() -> None:
    """Then the call is one without a key, and is not repeated where it may have had its effect."""
    key = {"in": "header", "wire": "Once", "type": "string", "pattern": "^[0-9]{4}$", "description": "x"}
    model = changed(actions__place_order__input__once=key, actions__place_order__idempotency="once")
    order = ("place_order", {"product_id": "p-1", "quantity": 1})
    script = Script(Silence("timeout"), answered(201, {}))
    assert not call(script, order, model=model).ok
    assert [request.header("Once") for request in script.asked] == [None]
    script = Script(Silence("timeout"), answered(201, {}))
    assert call(script, (order[0], {**order[1], "once": "0001"}), model=model).ok
    assert [request.header("Once") for request in script.asked] == ["0001", "0001"]


def test_idempotency_key_of_the_caller_is_kept() -> None:
    script = Script(Silence("reset"), DONE)
    call(script, (WRITE[0], {**WRITE[1], "idempotency_key": "mine-1"}))
    assert [request.header("Idempotency-Key") for request in script.asked] == ["mine-1", "mine-1"]


def test_lost_answer_takes_effect_once_on_the_real_sandbox() -> None:
    caller, _ = sandboxed()
    lost = [True]

    def handler(request: Request) -> Response | Silence:
        came = caller.sandbox.handler(request)
        if request.method == "POST" and lost:
            lost.clear()
            return Silence("timeout")
        return came

    before = caller.available("lot_lionshead")
    client = client_of(park(), handler, caller.tokens["unlimited"])
    answer = run(
        lambda: client.call("create_session", {"lot_id": "lot_lionshead", "plate": "P1"}, confirmed=True)
    )
    assert answer.problem.code == "CONFLICT"
    assert "sess_" in answer.problem.message, "the conflict names what was made"
    assert "may be its effect" in answer.problem.note
    assert caller.available("lot_lionshead") == before - 1


def test_caller_is_told_of_each_wait() -> None:
    heard: list[Backoff] = []

    async def told(wait: Backoff) -> None:
        heard.append(wait)

    client = client_of(park(), Script(answered(503), Silence("refused"), DONE))
    run(lambda: client.call(*READ, told=told))
    assert [wait.why.split(";")[0] for wait in heard] == ["the API answered 503", "the API cannot be reached"]
    assert "attempt 2 of 4" in heard[0].why


def test_cancelled_call_stops_waiting() -> None:
    script = Script(answered(503, Retry_After="20"))
    client = Client(park(), sending(script), "k")

    async def work() -> None:
        task = asyncio.create_task(client.call(*READ))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work)
    assert len(script.asked) == 1


def test_call_that_wants_confirmation_is_made_only_with_it() -> None:
    asked: list[Question] = []

    def confirm(question: Question) -> bool:
        asked.append(question)
        return len(asked) > 1

    script = Script(DONE)
    refused = run(lambda: client_of(park(), script).call(*WRITE))
    assert refused.problem.code == "confirmation_required"
    assert "ask the user first" in refused.problem.message
    client = client_of(park(), script, confirm=confirm)
    assert run(lambda: client.call(*WRITE)).problem.message == "the user said no"
    assert script.asked == []
    assert run(lambda: client.call(*WRITE)).ok
    assert asked[0].arguments == WRITE[1]
    assert asked[0].body.endswith("?")
    assert run(lambda: client.call(*READ)).ok, "a read needs none"
    assert len(asked) == 2


def test_without_a_key_only_what_needs_none_is_called() -> None:
    script = Script(answered(200, {"status": "ok", "version": "1.4.0"}))
    client = client_of(park(), script, key="")
    answer = run(lambda: client.call(*READ))
    assert answer.problem.code == "no_key"
    assert "https://parkgraph.com/dashboard/api-keys" in answer.problem.message
    assert script.asked == []
    assert run(lambda: client.call("get_health", {})).ok
    assert run(lambda: client_of(park(), script).call("get_health", {})).ok
    assert [request.header("Authorization") for request in script.asked] == [None, None], (
        "a key goes only where it is needed"
    )


def test_signed_action_is_not_the_clients_to_call() -> None:
    script = Script(DONE)
    action = park().action("receive_payment_event")
    assert action is not None
    given = {
        str(p.name): example
        for p in action.params
        for example in [action.examples[0].input.get(p.name)]
        if example is not None
    }
    answer = run(lambda: client_of(park(), script).call("receive_payment_event", given))
    assert answer.problem.code == "not_callable"
    assert script.asked == []
