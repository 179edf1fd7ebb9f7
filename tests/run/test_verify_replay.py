"""Promises about an idempotency key are judged only while the key is remembered."""

from __future__ import annotations

import json

import pytest

from pgagents.base.http import Request, Response
from pgagents.report.contract import Verdict
from pgagents.verify.answers.replay import judge_replay
from pgagents.verify.promise import Case, Trial
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Call
from pgagents.verify.wire.exchange import Exchange
from verifying import URL, model

SETTING = setting_of(model(), URL)
ENDPOINT = next(d for d in SETTING.endpoints if d.action.idempotency and d.on_rest)
TRIAL = Trial(SETTING, Case(ENDPOINT, "", ()), "idempotency/replay/x", "main")
LIVES_S = SETTING.model.idempotency.lives_s
NOW = 1_790_000_000.0


def seen(status: int, body: object, at: float) -> Exchange:
    call = Call(ENDPOINT, {}, "valid", "a call with a key")
    came = Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
    return Exchange(
        1,
        call,
        {},
        Request("POST", "/"),
        came,
        seconds=0.0,
        sent_at=at,
        codes=SETTING.model.codes,
        errors=SETTING.model.error_reader,
        limits=SETTING.model.limit_reader,
    )


@pytest.mark.parametrize("status", [201, 409])
def test_a_call_that_is_repeated_when_its_key_is_forgotten_is_neither_kept_nor_broken(status: int):
    first, late = (
        seen(201, {"session": {"id": "a"}}, NOW),
        seen(status, {"session": {"id": "b"}}, NOW + LIVES_S + 5),
    )
    (said,) = judge_replay(TRIAL, first, late)
    assert said.verdict is Verdict.UNTESTED
    assert "remembered for" in said.expected
    (soon,) = judge_replay(TRIAL, first, seen(201, {"session": {"id": "b"}}, NOW + 5))
    assert soon.verdict is Verdict.BROKEN
