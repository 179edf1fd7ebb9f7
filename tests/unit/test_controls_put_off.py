"""What is looked up to explain a difference explains nothing if the server puts the call off."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from pgagents.base.http import Response, Silence
from pgagents.report.contract import Verdict
from pgagents.verify.answers.normalized import NormalAnswer, is_alike_when_repeated, normalize_answer
from pgagents.verify.answers.observation import change, drop_restless, list_sources
from pgagents.verify.cases.shared_rows import is_listed_for_other, is_read_by_other
from pgagents.verify.checks.oauth import oauth_metadata
from pgagents.verify.checks.rest import removals
from pgagents.verify.judgement import Untested
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call, Reads
from pgagents.verify.wire.exchange import Exchange
from small_api import URL, with_resource
from test_evidence_of_probes import setting_for, try_case
from test_own_probes import answer, exchange_of
from verifying import model as park_graph

MODEL = with_resource()
SETTING = setting_of(MODEL, URL, roles=frozenset(("main", "second")))
NOTE, NOTES = MODEL.resources["note"], {"id": "n1", "text": "Hi"}
READ = Call(SETTING.endpoint("get_note", "rest"), {"note_id": "n1"}, "explore", "a read")
SILENCE = Silence("timeout", "10 s")
PUT_OFF = [answer(429, {"detail": "slow down"}), answer(503, {"detail": "later"}), SILENCE]


def look(several: list[Response | Silence], ask: Callable[[], Any]) -> Any:
    """Return what comes of these answers, each to one call."""
    waiting = iter(several)

    def reply(step: Any) -> Any:
        if isinstance(step, Reads):
            return [reply(call) for call in step.calls]
        if not isinstance(step, Call):
            return None
        exchange: Exchange = exchange_of(MODEL, step, next(waiting))
        exchange.fits = exchange.success
        return exchange

    with answering(reply):
        return ask()


@pytest.mark.parametrize("told", PUT_OFF)
def test_a_control_that_was_put_off_is_none(told: Response | Silence) -> None:
    plain, other = NormalAnswer((), {"id": "1"}), NormalAnswer((), {"id": "2"})
    repeated = partial(is_alike_when_repeated, READ, partial(normalize_answer, SETTING), plain, other)
    with pytest.raises(Untested):
        look([told], repeated)
    moved = answer(200, {**NOTES, "text": "Ho"})
    assert look([moved, told], lambda: change(SETTING, NOTE, NOTES, "after a refusal")) is None
    assert "text was" in look([moved, moved], lambda: change(SETTING, NOTE, NOTES, "after a refusal"))
    sources = [source for source in list_sources(SETTING, NOTE) if not source.lists]
    found = {(sources[0].label, 0, "text"): ("text was Hi", None)}
    assert look([told], lambda: drop_restless(sources, [NOTES], {}, found)) is None


@pytest.mark.parametrize("told", PUT_OFF)
@pytest.mark.parametrize("ask", [is_read_by_other, is_listed_for_other])
def test_a_second_key_that_was_put_off_is_no_stranger(
    ask: Callable[..., Any], told: Response | Silence
) -> None:
    with pytest.raises(Untested):
        look([told, told], lambda: ask(SETTING, NOTE, NOTES))


@pytest.mark.parametrize("told", PUT_OFF)
def test_a_removed_instance_may_be_back_where_the_look_was_put_off(told: Response | Silence) -> None:
    setting = setting_for(MODEL)
    trial = removals.CHECK.find_trial(setting, "get_note@rest", "note")
    assert trial is not None
    reads = [(trial, NOTE.read_by[0])]
    assert look([told], lambda: removals._is_back(NOTE, NOTES, reads)) is True
    gone = answer(404, {"detail": "no such note"})
    assert look([gone], lambda: removals._is_back(NOTE, NOTES, reads)) is False


@pytest.mark.parametrize(("read", "verdict"), [(True, Verdict.KEPT), (False, Verdict.UNTESTED)])
def test_a_document_that_was_put_off_may_name_an_issuer(read: bool, verdict: Verdict) -> None:
    """An issuer may end with a slash, as Auth0's."""
    setting = setting_for(park_graph())
    oauth, issuer = setting.model.own_code_flow, f"{URL}/"
    assert oauth is not None
    ends = {member: f"{URL}{getattr(oauth, key) or ''}" for key, member in oauth_metadata.ENDPOINTS.items()}
    lists: dict[str, Any] = {
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
    }

    def server(call: Call) -> Response:
        if call.raw.target == oauth.metadata:
            return answer(200, {"issuer": issuer, **ends, **lists}) if read else answer(429, {})
        return answer(200, {"resource": URL, "authorization_servers": [issuer]})

    judged, _ = try_case(oauth_metadata.CHECK, setting, "oauth_metadata/resource@rest", server, {})
    assert judged["oauth_metadata/resource@rest"].verdict is verdict
