"""A call that may have arrived is sent again only where a second one changes and costs nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response, Silence
from pgagents.verify.run.timing import (
    MAX_REPEATS,
    Lag,
    Repeats,
    RequestBudget,
    Silences,
    is_harmless_to_repeat,
    is_repeatable,
)
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.exchange import Exchange
from pgagents.verify.wire.pace import Pacer
from test_gate import Room


def _call(name: str, *, costs: bool = False, method: str | None = None) -> Call:
    endpoint = Room().setting.endpoint(name, "rest")
    assert endpoint is not None
    endpoint = replace(endpoint, action=replace(endpoint.action, costs=costs))
    return Call(endpoint, {}, "valid", "a test", raw=Raw(method) if method else Raw())


@pytest.mark.parametrize(
    ("call", "repeated"),
    [
        (_call("read_box"), True),
        (_call("read_box", costs=True), False),
        (_call("confirm"), False),
        (_call("make_box"), False),
        (_call("make_box", method="GET"), True),
        (Call(None, {}, "framework", "a test", raw=Raw("GET", "/nowhere")), True),
        (Call(None, {}, "framework", "a test", raw=Raw("POST", "/nowhere")), False),
    ],
    ids=["a read", "a paid read", "a GET that writes", "a write", "GET on its path", "any GET", "any POST"],
)
def test_only_what_changes_and_costs_nothing_is_sent_again(call: Call, repeated: bool) -> None:
    assert is_repeatable(call) is repeated


def test_paid_read_whose_answer_was_cut_is_not_sent_again() -> None:
    reset = Silence("reset")
    assert is_harmless_to_repeat(_call("read_box"), reset)
    assert not is_harmless_to_repeat(_call("read_box", costs=True), reset)
    assert is_harmless_to_repeat(_call("read_box", costs=True), Silence("refused"))


def _repeats() -> Repeats:
    of = Room().setting.model
    return Repeats(of, Pacer(of, lambda: 0.0, 0, 60.0), RequestBudget(100), Silences())


OFF = Response(503, (), b"")


def test_what_only_answers_503_is_waited_for_once_and_told_once() -> None:
    repeats, call = _repeats(), _call("read_box")
    assert repeats.decide_repeat(call, "main", OFF, 0) is not None
    assert repeats.decide_repeat(call, "main", OFF, 1) is None
    assert repeats.decide_repeat(call, "main", OFF, 0) is None, "a later call does not wait"
    assert len(repeats.notes) == 1
    assert repeats.decide_repeat(_call("make_box"), "main", OFF, 0) is not None, "another operation may"


@pytest.mark.parametrize("headers", [(), (("Retry-After", "1"),)], ids=["after a 200", "with Retry-After"])
def test_what_is_busy_for_a_while_is_waited_for(headers: tuple[tuple[str, str], ...]) -> None:
    repeats, call = _repeats(), _call("read_box")
    if not headers:
        assert repeats.decide_repeat(call, "main", Response(200, (), b"{}"), 0) is None
    busy = Response(503, headers, b"")
    assert all(repeats.decide_repeat(call, "main", busy, attempt) is not None for attempt in range(3))
    assert repeats.notes == []


@pytest.mark.parametrize("status", [429, 503])
def test_what_never_answers_otherwise_is_waited_for_in_one_call_only(status: int) -> None:
    repeats, call = _repeats(), _call("read_box")
    busy = Response(status, (("Retry-After", "1"),), b"")
    assert all(
        repeats.decide_repeat(call, "main", busy, attempt) is not None for attempt in range(MAX_REPEATS)
    )
    assert repeats.decide_repeat(call, "main", busy, MAX_REPEATS) is None
    assert repeats.decide_repeat(call, "main", busy, 0) is None
    assert sum("whenever it is called" in note for note in repeats.notes) == 1
    assert repeats.decide_repeat(call, "main", Response(200, (), b"{}"), 0) is None
    assert repeats.decide_repeat(call, "main", busy, 0) is not None, "it answers now"


def test_a_run_waits_for_limits_a_share_of_its_answers() -> None:
    repeats, slow = _repeats(), Response(429, (("Retry-After", "50"),), b"")
    waits = 0
    for number in range(200):
        call = Call(None, {}, "framework", "a test", raw=Raw("GET", f"/{number}"))
        waits += repeats.decide_repeat(call, "main", slow, 0) is not None
        if number % 10 == 0:
            assert repeats.decide_repeat(call, "main", Response(200, (), b"{}"), 0) is None
    assert 4 <= waits <= 20
    (note,) = (note for note in repeats.notes if "--max-wait" in note)
    assert "as long as it may" in note


@pytest.mark.parametrize("surface", ["rest", "mcp"])
def test_a_refusal_by_503_of_what_answers_is_awaited_to_the_end_once(surface: str) -> None:
    repeats, of = _repeats(), Room().setting.model
    call = Call(None, {}, "document", "a test", surface=surface, raw=Raw("POST", "/mcp"))

    def wait(answer: Response, attempt: int) -> float | None:
        if surface == "rest":
            return repeats.decide_repeat(call, "main", answer, attempt)
        exchange = Exchange(
            1, call, {}, Request("POST", "/mcp"), answer, seconds=0.0, sent_at=0.0,
            codes=of.codes, errors=of.error_reader, limits=of.limit_reader,
        )  # fmt: skip
        return repeats.find_delay(exchange, attempt)

    assert wait(Response(200, (), b"{}"), 0) is None
    assert [wait(OFF, attempt) is None for attempt in range(MAX_REPEATS + 1)] == [False] * MAX_REPEATS + [
        True
    ]
    assert [wait(OFF, attempt) is None for attempt in range(2)] == [False, True], "then for a second"


@pytest.mark.parametrize(("lag_s", "due"), [(0, 0.0), (2, 7.0)])
def test_a_read_waits_for_the_lag_that_an_author_wrote_and_for_no_other(lag_s: float, due: float) -> None:
    model = Room().setting.model
    model = replace(model, behaviour=model.behaviour.model_copy(update={"reads_lag_s": lag_s}))
    lag, read, write = Lag(model, lambda: 5.0), _call("read_box"), _call("make_box")
    get, post = Request("GET", "/boxes/1"), Request("POST", "/boxes")
    lag.note_answer(read, get)
    assert lag.find_due(read, get) == 0.0
    lag.note_answer(write, post)
    assert lag.find_due(read, get) == due
    assert lag.find_due(write, post) == 0.0  # a name is taken at once
    assert lag.find_due(Call(None, {}, "framework", "a test", raw=Raw("GET", "/nowhere")), get) == 0.0
