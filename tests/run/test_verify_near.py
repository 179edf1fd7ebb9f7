"""Nearly right calls: keys, codes and texts that nearly are ours, paths that nearly exist, and other clients'
calls.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import pytest

from pgagents.base.http import Request, Response, Silence, json_bytes, read_json
from pgagents.report.report import RecordedExchange
from pgagents.verify.answers.headers import foreign
from pgagents.verify.cases.argument_values import find_comparison, fitting, near_texts
from pgagents.verify.cases.paths import beside, elsewhere, odd_requests, reader
from pgagents.verify.fixtures.request_template import ordinary, template_of
from pgagents.verify.run.redact import Redactor
from pgagents.verify.run.requests import CLIENT_PROFILES, in_client_profile
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.call import Raw
from pgagents.verify.wire.encode import present
from pgagents.verify.wire.send import Client
from verifying import URL, keys_of, model, run, sandbox

KEY = "pk_test_3f9a8c7bXYZd5e4f3a2b1c"
CREDENTIAL = model().credential


def headers_of(key, twist):
    """The headers of a call with a key that is presented with a twist."""
    return present(CREDENTIAL, key, twist).add_to(Request("GET", "/")).headers


@pytest.mark.parametrize(
    ("twist", "shown"),
    [
        ("longer", f"{KEY}A"),
        ("shorter", KEY[:-1]),
        ("flip", f"{KEY[:-1]}A"),
        ("case", "pk_test_3F9A8C7BxyzD5E4F3A2B1C"),
    ],
)
def test_a_near_key_differs_from_the_real_one_in_one_instance(twist, shown):
    assert headers_of(KEY, twist) == (("Authorization", f"Bearer {shown}"),)


@pytest.mark.parametrize("size", [32, 64, 256])
@pytest.mark.parametrize("byte", [0, 1, 2, 255])
def test_a_changed_jwt_has_another_signature_even_for_a_server_that_ignores_unused_bits(size, byte):
    def sign(token):
        return urlsafe_b64decode(token.rpartition(".")[2] + "==")

    token = (
        f"eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.{urlsafe_b64encode(bytes([byte]) * size).decode().rstrip('=')}"
    )
    near = headers_of(token, "flip")[0][1].removeprefix("Bearer ")
    assert len(near) == len(token)
    assert near.rpartition(".")[0] == token.rpartition(".")[0]
    assert sign(near) != sign(token)
    assert near[-8:] not in Redactor({"main": token}, set()).text(f"a call with {near}")


def test_a_key_of_hexadecimal_digits_is_not_tried_in_the_other_case():
    near = headers_of("pk_test_0123456789abcdef", "case")
    assert near == (("Authorization", "Bearer pk_test_0123456789abcdeA"),)


@pytest.mark.parametrize("twist", ["longer", "shorter", "flip", "case"])
def test_a_near_key_is_in_no_report(twist):
    near = headers_of(KEY, twist)[0][1]
    sent = Request("GET", "/", (("Authorization", near),))
    said = RecordedExchange(
        1, sent, Response(401, (), f'{{"seen": "{near}"}}'.encode()), 0.1, f"a call with {near}"
    )
    masked = str(Redactor({"main": KEY}, set()).exchange(said)).lower()
    assert "3f9a8c7bxyzd" not in masked


def test_each_near_text_is_another_text_and_differs_from_every_other():
    near = near_texts("fleet_waymo_sf")
    assert len({*near.values(), "fleet_waymo_sf"}) == len(near) + 1
    assert near["with _ in place of a character"] == "fleet_w_ymo_sf"
    assert near["without its separators"] == "fleetwaymosf"


def test_a_text_whose_letters_are_digits_has_no_other_case():
    assert "in the other case" not in near_texts("8f14e45f-ceea-467f-9b1a-0d3b8f7c2a11")


def test_a_near_text_is_one_that_the_argument_takes():
    setting = setting_of(model(), URL)
    action = setting.by_place["search_sessions@rest"].action
    plate = action.param("plate")
    assert list(fitting(setting, action, plate, "CO-7891").values())[:2] == ["co-7891", "CO7891"]
    assert find_comparison(action, plate) == "folded"
    listed = setting.by_place["list_sessions@rest"].action
    assert find_comparison(listed, listed.param("fleet_id")) == "exactly"
    assert find_comparison(listed, listed.param("limit")) == ""


def test_a_wrong_method_is_tried_where_a_path_with_a_placeholder_has_it():
    assert beside(setting_of(model(), URL)) == "/api/v1/sessions/end"


def test_another_version_of_the_api_is_another_mount():
    setting = setting_of(model(), URL)
    endpoint = reader(setting)
    assert endpoint is not None
    assert (endpoint.path, elsewhere(setting, endpoint).path.split("/")[2]) == ("/api/v1/lots/search", "v2")


def test_odd_requests_are_targets_in_ascii():
    assert all((raw.target or "").isascii() for _, raw in odd_requests(setting_of(model(), URL)))


def _sent(
    seed: int,
    *,
    body: bytes = b"",
    content_type: str = "application/json",
    own: tuple[str, str] | None = None,
    **changes: object,
) -> Request:
    endpoint = setting_of(model(), URL).by_place["search_parking@rest"]
    call = replace(
        ordinary(endpoint, template_of(model(), endpoint.action), "valid", "an ordinary call"), **changes
    )
    plain = Request(
        "GET",
        "/api/v1/lots/search?lat=1&lng=2",
        (
            *(("Accept", "application/json"), ("Authorization", "Bearer k")),
            *([("Content-Type", content_type)] if body else ()),
        ),
        body,
    )
    return in_client_profile(plain, call, ("lat", "lng"), seed, own)


def test_correct_calls_are_sent_in_every_client_profile_and_in_no_language():
    sent = {_sent(seed).headers for seed in range(100)}
    assert len(sent) == len(CLIENT_PROFILES)
    assert not any(name.lower() == "accept-language" for headers in sent for name, _ in headers)
    assert all({n.lower(): v for n, v in headers}["authorization"] == "Bearer k" for headers in sent)


def test_refused_calls_ask_for_a_language_now_and_then():
    told = {_sent(seed, intent="invalid").header("Accept-Language") for seed in range(100)}
    assert None in told
    assert len(told) > 3


def test_a_refusal_is_asked_for_as_a_page_and_a_correct_answer_never():
    accepted = {
        i: {_sent(seed, intent=i).header("Accept") or "" for seed in range(100)} for i in ("valid", "invalid")
    }
    assert [i for i, told in accepted.items() if any("text/html" in text for text in told)] == ["invalid"]


def test_an_id_of_its_own_is_sent_only_where_it_is_none_of_the_apis():
    setting = setting_of(model(), URL)
    assert foreign(setting) == ("X-Request-Id", "pgv-trace-1")
    headers = tuple(replace(h, schema={"type": "string"}) for h in setting.model.headers)
    assert foreign(setting_of(replace(setting.model, headers=headers), URL)) is None
    assert not any(_sent(seed).header("X-Request-Id") for seed in range(100))
    assert any(
        _sent(seed, own=("X-Request-Id", "mine")).header("X-Request-Id") == "mine" for seed in range(100)
    )


def test_a_correct_body_is_written_anew_now_and_then_and_says_the_same():
    body = {"lot_id": "lot_ü", "hours": 2.5, "vehicle": {"autonomous": True}}
    sent = {_sent(seed, body=json_bytes(body)).body for seed in range(100)}
    assert len(sent) == 2
    patches = {
        _sent(s, body=json_bytes(body), content_type="application/merge-patch+json").body for s in range(100)
    }
    assert patches == sent
    assert {_sent(s, body=json_bytes(body), content_type="text/plain").body for s in range(100)} == {
        json_bytes(body)
    }
    assert all(json.loads(raw) == body for raw in sent)
    assert {next(iter(json.loads(raw))) for raw in sent} == {"lot_id", "vehicle"}
    assert {_sent(seed, body=json_bytes(body), intent="invalid").body for seed in range(100)} == {
        json_bytes(body)
    }


def test_a_call_with_a_key_is_sent_in_small_letters_by_its_endpoint_alone():
    endpoint = setting_of(model(), URL).by_place["create_session@rest"]
    call = ordinary(
        endpoint, template_of(model(), endpoint.action), "valid", "with a key", input={"idempotency_key": "k"}
    )
    plain = Request("POST", "/api/v1/sessions", (("Idempotency-Key", "k"),), b'{"plate":"A"}')
    for seed in range(20):
        several = [
            in_client_profile(plain, replace(call, why=why, intent=intent), ("plate",), seed)
            for why, intent in (("a", "valid"), ("b", "replay"))
        ]
        assert several[0] == several[1]
        assert several[0].body == plain.body
    assert len({in_client_profile(plain, call, ("plate",), seed).headers for seed in range(20)}) == 2


def test_what_a_call_was_made_for_does_not_change_how_a_correct_one_is_sent():
    assert all(_sent(seed) == _sent(seed, why="another reason", intent="explore") for seed in range(20))


def test_a_call_with_headers_of_its_own_is_sent_as_it_is():
    own = Raw(headers=(("Content-Type", "text/plain"),))
    assert {_sent(seed, raw=own).headers for seed in range(20)} == {_sent(0, raw=own).headers}
    assert len(_sent(0, raw=own).headers) == 2


def test_a_request_has_one_user_agent_and_the_callers_own_goes_first():
    request = Request("GET", "/", (("User-Agent", "another"),))
    for given, wanted in (({}, b"another"), ({"user-agent": "mine"}, b"mine")):
        with Client("http://127.0.0.1:1", headers=given) as client:
            told = [v for k, v in client.requests.build(request).headers if k.lower() == b"user-agent"]
        assert told[-1:] == [wanted]


def test_a_run_sends_its_calls_in_several_client_profiles():
    opened = sandbox(model())[0]
    sent: list[Request] = []

    def handler(request: Request) -> Response | Silence:
        sent.append(request)
        return opened.handler(request)

    keys = {role: key for role, key in keys_of(opened).items() if role == "main"}
    run(model(), handler=handler, keys=keys, only=("valid_calls", "invalid_input"))
    assert {r.header("Accept") for r in sent} > {"*/*", "application/json"}
    assert {name for r in sent for name, _ in r.headers} > {
        "authorization",
        "Authorization",
        "X-Requested-With",
        "Accept-Language",
    }


def test_half_a_pair_of_utf_16_is_written_as_an_escape():
    assert json_bytes({"a": "\ud800é"}) == b'{"a":"\\ud800\\u00e9"}'
    assert json_bytes({"a": "é"}) == '{"a":"é"}'.encode()


def test_half_a_pair_of_utf_16_is_no_text_that_an_answer_may_hold():
    assert read_json(b'{"a":"\\ud800"}', paired=True).problem == "a text holds half a pair of UTF-16"
    assert read_json(b'{"\\udfff":1}', paired=True).value is None
    assert read_json(b'{"a":"\\ud83d\\ude97"}', paired=True).value == {"a": "\U0001f697"}
