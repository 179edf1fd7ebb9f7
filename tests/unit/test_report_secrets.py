"""No report shows a key, a secret or a person's data, wherever a server or a call puts it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import strategies as st

from lengths import rarely, tried
from pgagents.base.http import Request, Response, Silence
from pgagents.cli.inputs import report_files
from pgagents.report.contract import Verdict
from pgagents.report.report import RecordedExchange, Report
from pgagents.verify.run.redact import Redactor
from test_report import ALL, SOURCE, report
from verifying import checks, keys_of, model, run, sandbox

KEY = "pk_test_3f9a8c7b6d5e4f3a2b1c"
TOKENS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
secrets = st.text(alphabet=TOKENS + "_-", min_size=12, max_size=30).map(lambda s: f"Zq9{s}9qZ")
plates = st.from_regex(r"[A-Z]{2}-[0-9]{4,6}", fullmatch=True)
Place = Callable[[str, str], tuple[Request, Response | Silence]]
OK = Response(200, (), b"{}")
JSON = (("Content-Type", "application/json"),)
FORM = (("Content-Type", "application/x-www-form-urlencoded"),)


def told(name: str, value: str) -> RecordedExchange:
    """An exchange in which the server tells the value in its own place, so that it is known."""
    return RecordedExchange(
        1,
        Request("GET", "/told"),
        Response(200, JSON, json.dumps({"outer": [{name: value}]}).encode()),
        0.1,
        "told",
    )


PLACES: dict[str, Place] = {
    "query of the call": lambda n, v: (Request("GET", f"/x?a=1&{n}={quote(v, safe='')}&b=2"), OK),
    "query, plus for a blank": lambda n, v: (Request("GET", f"/x?{n}={quote_plus(v)}"), OK),
    "path of the call": lambda _, v: (Request("GET", f"/x/{quote(v, safe='')}/y"), OK),
    "body of the call": lambda n, v: (Request("POST", "/x", JSON, json.dumps({"a": {n: v}}).encode()), OK),
    "list in the body": lambda n, v: (
        Request("POST", "/x", JSON, json.dumps({n: [v, {"b": v}]}).encode()),
        OK,
    ),
    "body cut in the middle": lambda n, v: (
        Request("POST", "/x", JSON, json.dumps({n: v})[:-2].encode()),
        OK,
    ),
    "form": lambda n, v: (Request("POST", "/x", FORM, f"grant_type=x&{n}={quote_plus(v)}".encode()), OK),
    "header of the call": lambda _, v: (Request("GET", "/x", (("X-Note", f"a {v} b"),)), OK),
    "body of the answer": lambda n, v: (
        Request("GET", "/x"),
        Response(200, JSON, json.dumps({"a": [{n: v}]}).encode()),
    ),
    "text of the answer": lambda _, v: (
        Request("GET", "/x"),
        Response(500, (), f"Traceback: {v} is wrong".encode()),
    ),
    "page of the answer": lambda _, v: (
        Request("GET", "/x"),
        Response(500, (), f"<p>{escape(v)}</p>\xff".encode("latin-1")),
    ),
    "JSON in a text of the answer": lambda n, v: (
        Request("GET", "/x"),
        Response(200, JSON, json.dumps({"m": json.dumps({n: v})}).encode()),
    ),
    "header of the answer": lambda _, v: (Request("GET", "/x"), Response(200, (("X-Echo", v),))),
    "redirect": lambda n, v: (
        Request("GET", "/x"),
        Response(302, (("Location", f"https://a.example/back?state=x&{n}={quote(v)}"),)),
    ),
    "redirect's fragment": lambda n, v: (
        Request("GET", "/x"),
        Response(302, (("Location", f"https://a.example/back#{n}={quote(v)}"),)),
    ),
    "cookie": lambda n, v: (
        Request("GET", "/x", (("Cookie", f"{n}={v}"),)),
        Response(200, (("Set-Cookie", f"{n}={v}; Path=/"),)),
    ),
    "no answer": lambda _, v: (Request("GET", "/x"), Silence("protocol", f"bad line {v}")),
}


def reported(redactor: Redactor, exchanges: tuple[RecordedExchange, ...], said: str) -> str:
    """All forms of a report of these exchanges, whose texts say this."""
    one = report(ALL)
    finding = redactor.finding(
        replace(one.findings[0], exchanges=exchanges, expected=f"not {said}", actual=f"{said} came")
    )
    results = tuple(
        replace(r, reason=redactor.text(f"because of {said}")) if r.reason else r for r in one.results
    )
    return shown(replace(one, findings=(finding,), results=results))


def shown(one: Report) -> str:
    return "\n".join(report_files.render(form, one, SOURCE).decode() for form in report_files.FORMS)


def held(text: str, value: str) -> bool:
    """True if the value stands in the text, in one of the forms that it may take."""
    spellings = {value, quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1], escape(value)}
    return any(one in text for one in spellings)


@pytest.mark.parametrize("place", PLACES)
@tried(5, 30, secret=secrets, plate=plates)
def test_planted_secret_is_in_no_form_of_the_report(place: str, secret: str, plate: str) -> None:
    for name, value in {
        "client_secret": secret,
        "session_code": f"sess_{secret}",
        "plate": plate,
        "key": secret,
    }.items():
        redactor = Redactor({"main": KEY}, {"client_secret", "key"}, (), {"plate", "session_code"})
        sent, got = PLACES[place](name, value)
        text = reported(
            redactor, (told(name, value), RecordedExchange(2, sent, got, 0.1, f"with {value}")), value
        )
        assert not held(text, value), (name, value)


SENT = ["query of the call", "body of the call", "list in the body", "form"]
TOLD = ["body of the answer", "redirect", "JSON in a text of the answer"]


@pytest.mark.parametrize("place", [*SENT, *TOLD, "body cut in the middle", "cookie"])
def test_secret_in_its_own_place_needs_nobody_to_have_told_it_before(place: str) -> None:
    for name, value in {
        "client_secret": "abc-123-DEF-456",
        "plate": "CO-7891",
        "refresh_token": "rt_93jd9s7f",
    }.items():
        if name == "plate" and place in SENT:
            continue  # see below
        redactor = Redactor({"main": KEY}, {"client_secret"}, (), {"plate"})
        sent, got = PLACES[place](name, value)
        text = reported(redactor, (RecordedExchange(2, sent, got, 0.1, "why"),), "nothing")
        assert not held(text, value), (name, value)


@pytest.mark.parametrize("place", SENT)
def test_private_value_that_the_run_made_up_is_shown_so_that_the_call_can_be_repeated(place: str) -> None:
    redactor = Redactor({"main": KEY}, {"client_secret"}, (), {"plate"})
    sent, _ = PLACES[place]("plate", "CO-7891")
    echo = Response(422, JSON, b'{"plate":"CO-7891","said":"no CO-7891 here"}')
    text = reported(redactor, (RecordedExchange(2, sent, echo, 0.1, "why"),), "CO-7891")
    assert "[plate" not in text
    assert "no CO-7891 here" in text


@pytest.mark.parametrize("near", ["co-7891", "CO7891", "CO-789", "CO-7892", "CO-78910", "CO_7891", "CO-_891"])
def test_what_was_made_of_a_value_that_the_server_told_is_masked_like_it(near: str) -> None:
    redactor = Redactor({"main": KEY}, (), (), {"plate"})
    redactor.learn({"plate": "CO-7891"})
    sent = Request("GET", f"/x?plate={near}")
    text = reported(
        redactor,
        (
            RecordedExchange(
                2, sent, Response(404, JSON, json.dumps({"m": f"no {near}"}).encode()), 0.1, "why"
            ),
        ),
        near,
    )
    assert near not in text


def test_value_of_the_environment_is_masked_and_one_of_the_catalogue_is_not() -> None:
    redactor = Redactor(
        {"main": KEY},
        (),
        (),
        {"plate"},
        catalogue="plate: CO-7891",
        environment={"car": [{"plate": "ZH-4321"}]},
    )
    redactor.learn({"plate": "CO-7891"})
    sent = Request("POST", "/x", JSON, b'{"plate":"ZH-4321","other":{"plate":"CO-7891"}}')
    text = reported(
        redactor, (RecordedExchange(2, sent, Response(200, (), b"ZH-4321"), 0.1, "why"),), "ZH-4321"
    )
    assert "ZH-4321" not in text
    assert "CO-7891" in text


def test_private_value_that_is_also_the_name_of_a_member_masks_no_name() -> None:
    redactor = Redactor({"main": KEY}, (), (), {"plate"})
    answer = Response(200, JSON, b'{"session_id":"s1","plate":"session_id","SESSION_ID":1}')
    shown = redactor.exchange(RecordedExchange(1, Request("GET", "/"), answer, 0.1, "a")).answer
    assert shown == Response(200, JSON, b'{"session_id":"s1","plate":"[plate 1]","SESSION_ID":1}')


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("CO-7891", "CO-7899", "both have 7 characters, the first other one is character 7"),
        ("CO-7891", "CO-789", "7 and 6 characters, the first other one is character 7"),
        (
            "CO-7891",
            "Co-7891",
            "both have 7 characters, and only the case of letters is another, first at character 2",
        ),
    ],
)
def test_of_two_masked_values_the_finding_says_how_they_differ(one: str, other: str, said: str) -> None:
    redactor = Redactor({"main": KEY}, (), (), {"plate"})
    redactor.learn([{"plate": one}, {"plate": other}])
    finding = replace(
        report(ALL).findings[0], expected=f"plate as it was made: {one!r}", actual=f"plate differs: {other!r}"
    )
    shown = redactor.finding(finding)
    assert shown.actual.endswith(f"([plate 1] and [plate 2] differ: {said})")
    assert one not in shown.expected
    assert other not in shown.actual


def test_finding_says_how_a_masked_value_differs_from_one_that_the_run_made_up() -> None:
    redactor = Redactor({"main": KEY}, (), (), {"plate"})
    redactor.learn_sent({"plate": "CO-7891"})
    redactor.learn({"plate": "AV-1234"})
    finding = replace(
        report(ALL).findings[0], expected="plate as it was made: 'CO-7891'", actual="plate differs: 'AV-1234'"
    )
    said = "CO-7891 and [plate 1] differ: both have 7 characters, the first other one is character 1"
    assert redactor.finding(finding).actual == f"plate differs: '[plate 1]' ({said})"


def test_code_of_a_sign_in_is_masked_wherever_it_turns_up() -> None:
    redactor = Redactor({"main": KEY}, ())
    redirect = Response(302, (("Location", "https://a.example/back?code=zq81kd02&state=s"),))
    token = Request(
        "POST",
        "/oauth/token",
        FORM,
        b"grant_type=authorization_code&code=zq81kd02&code_verifier=vvvv1111vvvv",
    )
    answer = Response(400, JSON, b'{"error":"invalid_grant","error_description":"zq81kd02 was used"}')
    text = reported(
        redactor,
        (
            RecordedExchange(1, Request("GET", "/"), redirect, 0.1, "a"),
            RecordedExchange(2, token, answer, 0.1, "b"),
        ),
        "zq81kd02",
    )
    assert "zq81kd02" not in text
    assert "vvvv1111vvvv" not in text
    assert "invalid_grant" in text


def test_name_of_an_error_is_no_secret() -> None:
    redactor = Redactor({"main": KEY}, ())
    answer = Response(400, JSON, b'{"error":{"code":"validation_failed"}}')
    assert "validation_failed" in reported(
        redactor, (RecordedExchange(1, Request("GET", "/"), answer, 0.1, "a"),), "nothing"
    )


def test_same_private_value_has_the_same_name_and_another_one_another() -> None:
    redactor = Redactor({"main": KEY}, (), (), {"plate"})
    redactor.learn({"plate": "CO-7891"})
    redactor.learn({"plate": "AV-1234"})
    assert (
        redactor.text("CO-7891, AV-1234, co-7891, CO-7891")
        == "[plate 1], [plate 2], [plate 1, in other letters], [plate 1]"
    )


def test_private_value_is_masked_as_a_word_only() -> None:
    redactor = Redactor({"main": KEY}, (), (), {"plate"})
    for plate in ("6000", "true", "ABCD", "   ", "12345"):
        redactor.learn({"plate": plate})
    assert redactor.text("60000 of 6000, true, XABCDX, 12345") == "60000 of 6000, true, XABCDX, 12345"


@pytest.mark.parametrize("way", ["Bearer", "Basic"])
def test_key_is_in_no_form_of_the_report(way: str) -> None:
    redactor = Redactor({"main": KEY}, ())
    value = f"Bearer {KEY}" if way == "Bearer" else "Basic " + base64.b64encode(f"{KEY}:".encode()).decode()
    sent = Request("GET", f"/x?api_key={KEY}", (("Authorization", value), ("X-Api-Key", KEY)))
    answer = Response(401, (("WWW-Authenticate", f'Bearer error="{KEY}"'),), f'{{"seen":"{KEY}"}}'.encode())
    text = reported(redactor, (RecordedExchange(1, sent, answer, 0.1, KEY),), KEY)
    assert KEY not in text
    assert value not in text
    assert "$PGAGENTS_TOKEN" in text


def test_values_that_are_remembered_are_bounded() -> None:
    redactor = Redactor({"main": KEY}, {"secret"}, ("gateway-password",))
    for number in range(60_000):
        redactor.learn({"secret": f"secret-number-{number}"})
    assert len(redactor.known._learned) < 30_000
    assert (
        redactor.text(f"{KEY} gateway-password secret-number-59999") == "[key of main] [redacted] [redacted]"
    )


LEAKING = ["secret-in-answer", "error-echoes-key", "plates-and-codes"]


@pytest.mark.parametrize("fault", rarely(LEAKING, "plates-and-codes"))
def test_report_of_a_real_run_shows_no_key_and_nothing_private(fault: str) -> None:
    of = model()
    opened, _ = sandbox(of)
    keys = keys_of(opened)
    seen: dict[str, set[Any]] = {}

    def private(value: Any) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                if name in of.private | of.secrets and isinstance(member, str) and len(member) > 5:
                    seen.setdefault(name, set()).add(member)
                private(member)
        elif isinstance(value, list):
            for item in value:
                private(item)

    faults = [] if fault == "plates-and-codes" else [fault]
    opened, _ = sandbox(of, faults=faults)

    def handler(request: Request) -> Response | Silence:
        answer = opened.handler(request)
        for body in (request.body, answer.body if isinstance(answer, Response) else b""):
            try:
                private(json.loads(body or b"null"))
            except ValueError:
                continue
        if fault == "plates-and-codes" and isinstance(answer, Response) and answer.status < 300:
            return replace(answer, status=500)  # so that everything is a finding
        return answer

    one = run(of, handler=handler, keys=keys_of(opened))
    assert checks(one, Verdict.BROKEN)
    text = "\n".join(report_files.render(form, one, of.source).decode() for form in report_files.FORMS)
    assert {"plate", "session_code"} <= seen.keys() or faults
    quoted = of.source.text  # an excerpt of the catalogue shows its own examples
    leaked = [
        (name, value)
        for name, values in seen.items()
        for value in values
        if value not in quoted and value in text
    ]
    assert leaked == []
    assert not [role for role, key in {**keys, **keys_of(opened)}.items() if key in text]
