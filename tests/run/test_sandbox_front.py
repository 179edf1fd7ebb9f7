"""The front serves any catalogue: routes, keys, bodies, errors, headers, limits, idempotency."""

from __future__ import annotations

import json
import math
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from pgagents.base.http import Request, Response
from pgagents.sandbox.call import AcceptedCall
from sandboxes import DISPATCH, START, VAIL, Caller, model

CREATE = {"lot_id": "lot_lionshead", "plate": "CO-7891"}


@pytest.fixture
def call() -> Caller:
    return Caller()


# keys


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Basic {key}",
        "{key}",
        "Bearer {key}x",
        "Bearer {upper}",
        "Bearer {revoked}",
    ],
)
def test_call_without_a_living_key_is_401_whatever_it_asks(call: Caller, header: str | None) -> None:
    key, revoked = call.tokens["unlimited"], call.tokens["revoked"]
    given = (
        {}
        if header is None
        else {"Authorization": header.format(key=key, upper=key.upper(), revoked=revoked)}
    )
    for method, url, body in (
        ("GET", VAIL, None),
        ("GET", "/nowhere", None),
        ("PUT", VAIL, None),
        ("POST", "/api/v1/sessions", b"{"),
        ("POST", DISPATCH, {}),
    ):
        answer = call(method, url, body, key=None, **given)
        assert answer.status == 401
        says = answer.header("WWW-Authenticate") or ""
        assert says.startswith("Bearer ")
        assert 'resource_metadata="https://parkgraph.com/.well-known/oauth-protected-resource"' in says
        assert ('error="invalid_token"' in says) == (
            header is not None and header.startswith("Bearer ") and header != "Bearer "
        )
        assert json.loads(answer.body)["error"]["code"] == "UNAUTHORIZED"
        assert key not in answer.body.decode()


def test_bearer_may_be_spelt_in_any_case(call: Caller) -> None:
    for scheme in ("bearer", "BEARER", "Bearer"):
        assert call("GET", VAIL, key=None, Authorization=f"{scheme} {call.tokens['unlimited']}").status == 200


def test_plan_without_the_scope_is_403_and_says_which(call: Caller) -> None:
    for method, url, body, scope in (
        ("POST", DISPATCH, {"action": "get_rates", "parameters": {"lot_id": "lot_lionshead"}}, "agent"),
        ("GET", "/api/v2/intelligence/market-rate?lat=1&lng=1", None, "intelligence"),
        ("DELETE", "/api/v1/av-fleet/holds/hold_x", None, "agent"),
    ):
        error = call.error(method, url, body, status=403, key="starter")
        assert (error["code"], error["scope"]) == ("FORBIDDEN", scope)
    assert call("GET", VAIL, key="starter").status == 200


def test_health_and_documents_need_no_key(call: Caller) -> None:
    assert call.data("GET", "/api/v1/health", key=None) == {"status": "ok", "version": "1.4.0"}
    for path in model("park_graph").api.hosted.values():
        answer = call("GET", path, key=None)
        assert answer.status == 200
        assert answer.body
        assert call("POST", path, key=None).header("Allow") == "GET"


# routes


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/v1/lots/search/",
        "/api/v1/lots//availability",
        "//x/api/v1/health",
        "//[",
        "http://x/api/v1/health",
        "//api/v1/health",
        "/api/v1/lots/a/b/availability",
    ],
)
def test_unknown_path_is_404_in_the_envelope(call: Caller, path: str) -> None:
    assert call.error("GET", path, status=404)["code"] == "NOT_FOUND"


def test_literal_path_wins_over_a_template(call: Caller) -> None:
    assert "sessions" in call.data("GET", "/api/v1/sessions/search?plate=A")
    assert call("GET", "/api/v1/sessions/end").status == 405
    assert call("GET", "/api/v1/sessions/end").header("Allow") == "POST"
    assert call("PATCH", "/api/v1/sessions").header("Allow") == "GET, POST"


@pytest.mark.parametrize("id", ["a%2Fb", "a%20b", "%00", "%FF", "a" * 65, "%C3%A9", ".."])
def test_id_that_cannot_be_one_is_400_naming_it(call: Caller, id: str) -> None:
    assert call.error("GET", f"/api/v1/lots/{id}/availability", status=400)["field"] == "lot_id"


def test_head_answers_have_no_body(call: Caller) -> None:
    answer = call("HEAD", VAIL)
    assert answer.status == 405
    assert answer.body == b""


# arguments


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("lng=0", "lat"),
        ("lat=0", "lng"),
        ("lat=&lng=0", "lat"),
        ("lat=abc&lng=0", "lat"),
        ("lat=nan&lng=0", "lat"),
        ("lat=inf&lng=0", "lat"),
        ("lat=Infinity&lng=0", "lat"),
        ("lat=91&lng=0", "lat"),
        ("lat=-90.0001&lng=0", "lat"),
        ("lat=0&lng=180.1", "lng"),
        ("lat=0&lng=0&limit=0", "limit"),
        ("lat=0&lng=0&limit=26", "limit"),
        ("lat=0&lng=0&limit=5.5", "limit"),
        ("lat=0&lng=0&limit=1e400", "limit"),
        ("lat=0&lng=0&radius_km=0", "radius_km"),
        ("lat=0&lng=0&radius_km=50.01", "radius_km"),
        ("lat=0&lng=0&autonomous_entry=1", "autonomous_entry"),
        ("lat=0&lng=0&autonomous_entry=True", "autonomous_entry"),
        ("lat=0&lat=1&lng=0", "lat"),
        ("lat=0x10&lng=0", "lat"),
        ("lat=%201&lng=0", "lat"),
        ("lat=null&lng=0", "lat"),
        ("lat=" + "9" * 5000 + "&lng=0", "lat"),
        ("lat=%C2%B2&lng=0", "lat"),
    ],
)
def test_query_argument_that_its_schema_refuses_is_400_naming_it(
    call: Caller, query: str, field: str
) -> None:
    error = call.error("GET", f"/api/v1/lots/search?{query}", status=400)
    assert (error["code"], error["field"]) == ("BAD_REQUEST", field)


@pytest.mark.parametrize(
    "query",
    [
        "lat=90&lng=180",
        "lat=-90&lng=-180",
        "lat=-0&lng=0.0",
        "lat=1&lng=1&limit=5.0",
        "lat=1&lng=1&limit=25&radius_km=50",
        "lat=1&lng=1&unheard=of&x=%FF",
    ],
)
def test_query_at_its_bounds_or_with_unknown_names_is_served(call: Caller, query: str) -> None:
    assert "lots" in call.data("GET", f"/api/v1/lots/search?{query}")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lot_id": None}, "lot_id"),
        ({"plate": ""}, "plate"),
        ({"plate": "ABCDEFGHIJK"}, "plate"),
        ({"plate": "A B"}, "plate"),
        ({"plate": "A\n"}, "plate"),
        ({"hours": "2"}, "hours"),
        ({"hours": 0}, "hours"),
        ({"hours": 24.01}, "hours"),
        ({"hours": True}, "hours"),
        ({"hours": None}, "hours"),
        ({"colour": "red"}, "colour"),
        ({"vehicle": []}, "vehicle"),
        ({"vehicle": {"vin": ""}}, "vehicle.vin"),
        ({"vehicle": {"wheels": 4}}, "vehicle.wheels"),
        ({"vehicle": {"autonomous": "yes"}}, "vehicle.autonomous"),
        ({"": 1}, ""),
        ({"plate": "Ä"}, "plate"),
    ],
)
def test_body_member_that_its_schema_refuses_is_400_naming_it(
    call: Caller, change: dict[str, Any], field: str
) -> None:
    assert call.error("POST", "/api/v1/sessions", {**CREATE, **change}, status=400)["field"] == field
    through = call.dispatch("create_session", {**CREATE, **change}, status=400)
    assert through["error"]["field"] == field


def test_member_inside_a_list_is_named_by_its_place(call: Caller) -> None:
    body = {"fleet_id": "f", "lat": 0, "lng": 0, "vehicles": [{"plate": "A"}, {"plate": "B B"}]}
    assert call.error("POST", "/api/v1/av-fleet/dispatch", body, status=400)["field"] == "vehicles.1.plate"
    assert (
        call.error("POST", "/api/v1/av-fleet/dispatch", {**body, "vehicles": [{}]}, status=400)["field"]
        == "vehicles.0.plate"
    )


def test_header_argument_is_named_as_it_is_sent(call: Caller) -> None:
    for bad in ("", "a b", "x" * 65):
        assert (
            call.error("POST", "/api/v1/sessions", CREATE, status=400, Idempotency_Key=bad)["field"]
            == "Idempotency-Key"
        )
    assert (
        call.dispatch("create_session", {**CREATE, "idempotency_key": "a b"}, status=400)["error"]["field"]
        == "Idempotency-Key"
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"5",
        b'{"lot_id":"a","lot_id":"b","plate":"A"}',
        b'{"plate":NaN}',
        b'{"hours":Infinity}',
        b"\xff\xfe",
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * 100_000,
        b'{"lot_id":"lot_lionshead","plate":"A"} x',
    ],
)
@pytest.mark.parametrize("url", ["/api/v1/sessions", DISPATCH, "/api/v1/webhooks/stripe"])
def test_body_that_is_no_json_object_is_400_of_the_body(call: Caller, url: str, body: bytes) -> None:
    error = call.error(
        "POST", url, body, status=400, Content_Type="application/json", Stripe_Signature="t=1,v1=0"
    )
    assert (error["code"], error["field"]) == ("BAD_REQUEST", "body")


@pytest.mark.parametrize(
    "body",
    [
        b'{"lot_id":"\\ud800","plate":"A"}',
        b'{"lot_id":"\\u0000","plate":"A"}',
        b'{"lot_id":"lot_lionshead","plate":"A","hours":1e999}',
        b'{"lot_id":"lot_lionshead","plate":"A","hours":' + b"9" * 4000 + b"}",
        b'{"\\udfff":1}',
    ],
)
def test_odd_values_are_400_and_never_a_crash(call: Caller, body: bytes) -> None:
    assert call.error("POST", "/api/v1/sessions", body, status=400)["code"] == "BAD_REQUEST"
    assert call("POST", DISPATCH, b'{"action":"create_session","parameters":' + body + b"}").status == 400
    assert call.logged == []


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 201),
        ("application/json; charset=utf-8", 201),
        ('Application/JSON;charset="UTF-8"', 201),
        ("text/plain", 400),
        ("", 400),
        ("application/json; charset=latin-1", 400),
        ("application/x-www-form-urlencoded", 400),
        ("application/jsonx", 400),
    ],
)
def test_content_type_decides_whether_a_body_is_read(call: Caller, kind: str, status: int) -> None:
    assert call("POST", "/api/v1/sessions", CREATE, Content_Type=kind).status == status


def test_body_over_the_limit_is_413_after_the_key(call: Caller) -> None:
    most = 1_048_576
    padded = json.dumps(CREATE).encode().ljust(most)
    assert call("POST", "/api/v1/sessions", padded).status == 201
    assert call.error("POST", "/api/v1/sessions", padded + b" ", status=413)["code"] == "PAYLOAD_TOO_LARGE"
    assert call("POST", DISPATCH, padded + b" ").status == 413
    assert call("POST", "/api/v1/sessions", padded + b" ", key=None).status == 401
    assert call("POST", "/api/v1/sessions", b"", Content_Length="99999999").status == 413


def test_random_bytes_anywhere_never_crash(call: Caller) -> None:
    rng = random.Random(11)
    pieces = [
        "%00",
        "%",
        "..",
        "a",
        "é",
        "\udc80",
        "=",
        "&",
        "?",
        "lat=",
        "[]",
        "{}",
        '"',
        "null",
        "-1",
        "9" * 30,
        "\t",
        "%2f",
        ";",
    ]
    paths = ["/api/v1/lots/search?", "/api/v1/sessions/", "/api/v1/lots/x/rates", "/", DISPATCH]
    for _ in range(1500):
        url = rng.choice(paths) + "".join(rng.choices(pieces, k=rng.randint(0, 6)))
        body = "".join(rng.choices(pieces, k=rng.randint(0, 8))).encode("utf-8", "surrogatepass")
        method = rng.choice(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "X"])
        assert call(method, url, body, Content_Type="application/json").status < 500
    assert call.logged == []


# answers


def test_every_answer_has_its_own_request_id_in_body_and_header(call: Caller) -> None:
    seen = set()
    for url in (VAIL, "/nowhere", "/api/v1/lots/x%20/rates"):
        for key in ("unlimited", None):
            answer = call("GET", url, key=key)
            id = answer.header("X-Request-Id") or ""
            assert id.startswith("req_")
            seen.add(id)
            if answer.status >= 400:
                assert json.loads(answer.body)["error"]["request_id"] == id
    assert len(seen) == 6


def test_crash_inside_tells_nothing_and_leaves_nothing(call: Caller) -> None:
    front = call.sandbox.front
    inner = front.domain

    def crash(given: AcceptedCall) -> Any:
        inner(given)
        raise RuntimeError("secret detail in /srv/app.py")

    front.domain = crash
    before = call.data("GET", "/api/v1/health", status=500)
    assert before["error"]["code"] == "INTERNAL"
    answer = call("POST", "/api/v1/sessions", CREATE, Idempotency_Key="k")
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert "secret detail" in call.logged[-1]
    front.domain = inner
    assert call.available("lot_lionshead") == 87
    assert call("POST", "/api/v1/sessions", CREATE, Idempotency_Key="k").status == 201


def test_keyed_answers_are_not_to_be_stored(call: Caller) -> None:
    assert call("GET", VAIL).header("Cache-Control") == "no-store"
    assert call("GET", "/nowhere").header("Cache-Control") == "no-store"
    assert call("GET", "/api/v1/health", key=None).header("Cache-Control") is None


# limits


def limit(answer: Response) -> tuple[int, int, int]:
    """Limit, remaining and reset of an answer."""
    return (
        int(answer.header("X-RateLimit-Limit") or -1),
        int(answer.header("X-RateLimit-Remaining") or -1),
        int(answer.header("X-RateLimit-Reset") or -1),
    )


def search(call: Caller, key: str = "test") -> Response:
    body = {"action": "search_parking", "parameters": {"lat": 0, "lng": 0}}
    return call("POST", DISPATCH, body, key=key)


def test_test_key_makes_thirty_agent_calls_a_minute_and_is_told_truly_when_to_come_back(call: Caller) -> None:
    for n in range(30):
        answer = search(call)
        assert answer.status == 200
        assert limit(answer) == (30, 29 - n, math.ceil(START + 2 * (n + 1)))
    refused = search(call)
    assert refused.status == 429
    assert json.loads(refused.body)["error"]["code"] == "RATE_LIMITED"
    wait = int(refused.header("Retry-After") or 0)
    assert wait == 2
    call.passed_s += wait - 0.01
    assert search(call).status == 429
    call.passed_s += 0.01
    assert search(call).status == 200
    assert search(call).status == 429
    call.passed_s += 3600
    assert limit(search(call)) == (30, 29, math.ceil(START + 3602 + 2))


def test_in_any_time_no_more_than_the_limit_and_its_refill_pass(call: Caller) -> None:
    rng = random.Random(3)
    passed = 0
    for _ in range(400):
        call.passed_s += rng.random() * 0.5
        passed += search(call).status == 200
    assert math.floor(30 + call.passed_s / 2) - 1 <= passed <= 30 + call.passed_s / 2


def test_reads_and_writes_have_buckets_of_their_own_and_the_emptiest_is_told(call: Caller) -> None:
    assert limit(call("GET", VAIL, key="test"))[:2] == (240, 239)
    assert limit(call("POST", "/api/v1/sessions", CREATE, key="test"))[:2] == (60, 59)
    assert limit(call("GET", VAIL, key="test"))[:2] == (240, 238)
    assert limit(search(call))[:2] == (30, 29)
    assert limit(call("GET", VAIL))[0] == 60_000


def test_refused_calls_cost_what_they_ask_for_but_429_costs_nothing(call: Caller) -> None:
    call("GET", "/api/v1/lots/search", key="test")
    assert limit(call("GET", VAIL, key="test"))[1] == 238
    for _ in range(70):
        last = call("POST", "/api/v1/sessions", b"{", key="test")
    assert last.status == 429
    assert limit(call("GET", VAIL, key="test"))[1] == 237


def test_end_users_have_a_budget_of_their_own_where_the_operator_opted_in(call: Caller) -> None:
    made = call.data(
        "POST", "/sandbox/v1/keys", {"mode": "live", "end_user_opt_in": True}, status=201, key="operator"
    )["api_key"]
    call.tokens["opted"] = made["key"]
    body = {"action": "search_parking", "parameters": {"lat": 0, "lng": 0}}
    statuses = [call("POST", DISPATCH, body, key="opted", X_End_User_Id="ann").status for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    assert call("POST", DISPATCH, body, key="opted", X_End_User_Id="bob").status == 200
    assert (
        call("POST", DISPATCH, body, key="opted", openai_ephemeral_user_id="cid", X_End_User_Id="ann").status
        == 200
    )


def test_401_comes_before_429_and_has_no_retry_after(call: Caller) -> None:
    for _ in range(250):
        answer = call("GET", VAIL, key=None)
        assert answer.status == 401
        assert answer.header("Retry-After") is None
    assert answer.header("X-RateLimit-Remaining") == "0"


def test_calls_without_a_key_are_counted_by_address(call: Caller) -> None:
    def health(peer: str) -> Response:
        answer = call.sandbox.handler(Request("GET", "/api/v1/health", ((":peer", peer),)))
        assert isinstance(answer, Response)
        return answer

    assert [health("a").status for _ in range(241)] == [200] * 240 + [429]
    assert limit(health("b"))[:2] == (240, 239)
    assert call("GET", VAIL, key=None).status == 401


# idempotency


def test_same_idempotency_key_has_one_effect_and_names_it(call: Caller) -> None:
    made = call.data("POST", "/api/v1/sessions", CREATE, status=201, Idempotency_Key="once")["session"]
    for body in (CREATE, {**CREATE, "plate": "OTHER"}):
        error = call.error("POST", "/api/v1/sessions", body, status=409, Idempotency_Key="once")
        assert error["code"] == "CONFLICT"
        assert made["id"] in error["message"]
    assert (
        call.dispatch("create_session", {**CREATE, "idempotency_key": "once"}, status=409)["error"]["code"]
        == "CONFLICT"
    )
    assert call.available("lot_lionshead") == 86
    assert call("POST", "/api/v1/sessions", CREATE, key="second", Idempotency_Key="once").status == 201
    call.wait(24 * 3600)
    assert call("POST", "/api/v1/sessions", CREATE, Idempotency_Key="once").status == 201


def test_refused_call_leaves_its_idempotency_key_free(call: Caller) -> None:
    assert (
        call("POST", "/api/v1/sessions", {**CREATE, "lot_id": "lot_none"}, Idempotency_Key="free").status
        == 404
    )
    assert call("POST", "/api/v1/sessions", CREATE, Idempotency_Key="free").status == 201


def test_of_parallel_calls_with_one_idempotency_key_one_wins(call: Caller) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(
                lambda _: call("POST", "/api/v1/sessions", CREATE, Idempotency_Key="race").status, range(24)
            )
        )
    assert sorted(answers) == [201] + [409] * 23
    assert call.available("lot_lionshead") == 86


def test_parallel_calls_never_oversell_a_lot(call: Caller) -> None:
    body = {"lot_id": "lot_lifthouse", "plate": "P"}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: call("POST", "/api/v1/sessions", body).status, range(30)))
    assert answers.count(201) == 12
    assert answers.count(409) == 18
    assert len({call(m, u).header("X-Request-Id") for m, u in [("GET", VAIL)] * 20}) == 20


def test_no_client_secret_is_kept(call: Caller) -> None:
    secret = call.data("POST", "/api/v1/sessions", CREATE, status=201, Idempotency_Key="s")["session"][
        "client_secret"
    ]
    store = call.sandbox.front.store
    for table in [r["name"] for r in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]:
        assert not any(secret in str(tuple(row)) for row in store.rows(f"SELECT * FROM {quote(table)}"))
