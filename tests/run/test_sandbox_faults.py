"""Every fault and variation is what its file says: it changes answers, declares what it breaks, and never
crashes the server.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from inprocess import inside
from language_table import model_of, rows
from lengths import in_company, rarely, share
from pgagents.base.http import Request, Response, json_bytes
from pgagents.sandbox import fault_registry
from pgagents.sandbox.deliver import Parcel, sign
from pgagents.sandbox.sandbox import open_sandbox
from pgagents.sandbox.serve import plain
from sandboxes import DISPATCH, VAIL, Caller, model, named
from verifying import verify_beside

FAULTS = fault_registry.list_names("faults")
VARIATIONS = fault_registry.list_names("variations")


def caller(**more: Any) -> Caller:
    """A sandbox whose deliveries all fail, and are kept."""
    sent: list[Parcel] = []

    def post(parcel: Parcel) -> str:
        sent.append(parcel)
        return "answered 503"

    call = Caller(post=post, resolve=lambda _: ["93.184.216.34"], **more)
    call.sent = sent  # type: ignore[attr-defined]  # for the tour alone
    return call


def tour(call: Any) -> list[Response]:
    """One call of each kind, with what leads up to it."""
    answers: list[Response] = []

    def go(
        method: str, url: str, body: object = None, key: str | None = "unlimited", **headers: str
    ) -> Response:
        answers.append(call(method, url, body, key=key, **headers))
        return answers[-1]

    token = call.tokens["unlimited"]
    for path in ("/", "/.well-known/api-catalog", "/llms.txt"):
        go("GET", path, None, None)
    for query in (
        "",
        "&limit=1",
        "&autonomous_entry=true",
        "&unheard=1",
        "&radius_km=1.5&limit=25",
        "&radius_km=9",
        "&limit=null",
        f"&api_key={token}",
    ):
        go("GET", f"/api/v1/lots/search?lat=39.6403&lng=-106.3742{query}")
    for query in ("lat=90&lng=0", "lat=91&lng=0", "lng=0"):
        go("GET", f"/api/v1/lots/search?{query}")
    for key, header in (
        (None, {}),
        (None, {"Authorization": f"Basic {token}"}),
        (None, {"Authorization": "Bearer pk_test_none"}),
        ("second", {}),
    ):
        go("GET", "/api/v1/lots/lot_lionshead/availability", None, key, **header)
    go("GET", f"/api/v1/lots/lot_lionshead/availability?api_key={token}", None, None)
    go("GET", "/api/v1/lots/lot_nowhere/availability")
    create = {"lot_id": "lot_golden_peak", "plate": "ab"}
    made = go("POST", "/api/v1/sessions", create, Idempotency_Key="k")
    for body in (create, {**create, "plate": "abc"}):
        go("POST", "/api/v1/sessions", body, Idempotency_Key="k")
    for change in ({"plate": "a b"}, {"hours": "2"}, {"x": 1}):
        go("POST", "/api/v1/sessions", {**create, **change})
    for raw in (b"{", b'{"plate":"A","plate":"B","lot_id":"lot_lionshead"}', b" " * 1_048_577):
        go("POST", "/api/v1/sessions", raw)
    for kind in ("text/plain", "application/json; charset=utf-8"):
        go("POST", "/api/v1/sessions", create, Content_Type=kind)
    go("POST", "/api/v1/sessions", b'{"lot_id":"lot_golden_peak","plate":"N","odd":NaN}')
    go("POST", "/api/v1/sessions", {**create, "hours": None})
    go("GET", VAIL, None, "revoked")
    go(
        "POST",
        DISPATCH,
        {"action": "search_parking", "parameters": {"lat": 39.6403, "lng": -106.3742, "limit": 1}},
    )
    session = json.loads(made.body)["session"]
    go("GET", f"/api/v1/sessions/{session['id']}")
    go("GET", f"/api/v1/sessions/{session['id']}", None, "second")
    go("POST", "/api/v1/sessions/end", {**named(session), "session_code": "ZZZZZZ"})
    for verb in ("end", "end", "extend"):
        go("POST", f"/api/v1/sessions/{verb}", named(session))
    go("GET", f"/api/v1/sessions/{session['id']}")
    go("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "R1", "hours": 1_000_000})
    go("GET", "/api/v1/sessions?status=active")
    for action, parameters in (
        ("search_parking", {"lat": 39.6403, "lng": -106.3742}),
        ("search_parking", {"lat": 99, "lng": 0}),
        ("end_session", named(session)),
        ("search_parking", {"lat": 39.6403, "lng": -106.3742, "limit": 1.0}),
        ("get_session", {"session_id": session["id"], "plate": "ab"}),
    ):
        go("POST", DISPATCH, {"action": action, "parameters": parameters})
    go("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 1, "lng": 1}}, "starter")
    for url in (
        "/api/v1/sessions?status=active",
        "/api/v1/sessions?status=other",
        "/nowhere",
        "/api/v1/lots/search/",
    ):
        go("GET", url)
    for method in ("PUT", "HEAD", "PARK"):
        go(method, "/api/v1/lots/search?lat=0&lng=0")
    for document in (
        "/.well-known/ai-plugin.json",
        "/api/agents/openai/openapi.yaml",
        "/api/agents/copilot/openapi.yaml",
    ):
        go("GET", document, None, None)
    for _ in range(32):
        go("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 1, "lng": 1}}, "test")
    beside(call, go)
    outside(call, go)
    in_pages(go)
    seldom(call, go)
    answers.append(plain(call.sandbox.front)(Request("GET", VAIL)))
    go("GET", "/api/v1/lots/lot_%EF%BC%93/availability")
    for _ in range(2):
        go("GET", "/api/v1/webhooks")
    return [*answers, *(Response(0, parcel.headers, parcel.body) for parcel in call.sent)]


def beside(call: Caller, go: Callable[..., Response]) -> None:
    """Webhooks with a delivery and its repetition, payment events, a hold past its time, the audit."""
    for url, event in (
        ("hooks.shop.dev", "session.created"),
        ("10.0.0.1", "session.created"),
        ("hooks.shop.dev", "session.ended"),
    ):
        go("POST", "/api/v1/webhooks", {"url": f"https://{url}/in", "events": [event]})
    session = json.loads(go("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "H1"}).body)[
        "session"
    ]
    for verb in ("extend", "end"):
        go("POST", f"/api/v1/sessions/{verb}", named(session))
    go("GET", "/api/v1/lots/lot_cascade/availability")
    for _ in range(2):
        call.sandbox.courier.round()
        call.passed_s += 3
    paid = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "data": {"object": {"id": session.get("payment_intent_id", "pi_1")}},
    }
    go("POST", "/api/v1/webhooks/stripe", paid, None, Stripe_Signature="t=1,v1=00")
    fleet = {
        "fleet_id": "f",
        "lat": 37.7749,
        "lng": -122.4194,
        "vehicles": [{"plate": "H2"}],
        "ttl_seconds": 30,
    }
    held = json.loads(go("POST", "/api/v1/av-fleet/dispatch", fleet).body).get("allocations", [])
    call.passed_s += 60
    for of in held:
        go("POST", "/api/v1/sessions", {"lot_id": of["lot_id"], "plate": "H2", "hold_id": of["hold_id"]})
    go("GET", "/sandbox/v1/audit", None, "operator")


def in_pages(go: Callable[..., Response]) -> None:
    """A list page by page and to its end, a hold that is used and then released, and true for a number."""
    told = json.loads(go("GET", "/api/v1/sessions?limit=1").body).get("next_cursor")
    go("GET", f"/api/v1/sessions?limit=1&cursor={told}")
    go("GET", "/api/v1/sessions/search?plate=H1&limit=1")
    fleet = {"fleet_id": "f", "lat": 37.7749, "lng": -122.4194, "vehicles": [{"plate": "H3"}]}
    for of in json.loads(go("POST", "/api/v1/av-fleet/dispatch", fleet).body).get("allocations", []):
        go("POST", "/api/v1/sessions", {"lot_id": of["lot_id"], "plate": "H3", "hold_id": of["hold_id"]})
        go("DELETE", f"/api/v1/av-fleet/holds/{of['hold_id']}")
    go("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "H4", "hours": True})


def seldom(call: Caller, go: Callable[..., Response]) -> None:
    """Another language, odd text, the operator's endpoint with a client's key, a followed link. Also a key of
    the day before last, a night's stay, two holds for one plate.
    """
    for lot in json.loads(
        go("GET", "/api/v1/lots/search?lat=37.7749&lng=-122.4194&radius_km=50&limit=25").body
    ).get("lots", []):
        if lot["rate_unit"] == "night":
            go("POST", "/api/v1/sessions", {"lot_id": lot["id"], "plate": "N1", "hours": 23})
    twice = {
        "fleet_id": "f",
        "lat": 37.7749,
        "lng": -122.4194,
        "vehicles": [{"plate": "H8"}, {"plate": "h8"}],
        "ttl_seconds": 30,
    }
    go("POST", "/api/v1/av-fleet/dispatch", twice)
    create = {"lot_id": "lot_cascade", "plate": "S1"}
    go("GET", "/api/v1/lots/lot_nowhere/availability", Accept_Language="de-AT, en")
    go(
        "POST",
        "/api/v1/sessions",
        {**create, "vehicle": {"autonomous": False, "fleet_id": "f", "vin": "O\u202eN"}},
    )
    go("GET", "/sandbox/v1/audit")
    session = json.loads(go("POST", "/api/v1/sessions", create, Idempotency_Key="day").body)["session"]
    go("GET", urlsplit(session.get("receipt_url", "/r/none")).path, None, None)
    call.passed_s += 48 * 3600
    go("POST", "/api/v1/sessions", create, Idempotency_Key="day")


def outside(call: Caller, go: Callable[..., Response]) -> None:
    """Return what browsers, other keys, other projects and OAuth clients see."""
    page = {"Origin": "https://a.example"}
    go("GET", VAIL, None, "unlimited", **page, **{":scheme": "https"})
    go(
        "OPTIONS",
        "/api/v1/sessions",
        None,
        None,
        **page,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization",
    )
    go("POST", f"{DISPATCH}/", {"action": "search_parking"})
    go("POST", DISPATCH, {"action": "list_sessions"})
    session = json.loads(
        go("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "O1"}, "copilot").body
    )["session"]
    for key in ("live", "second"):
        go("GET", f"/api/v1/sessions/{session['id']}", None, key)
        go("GET", "/api/v1/sessions?limit=50", None, key)
        go("POST", "/api/v1/sessions/extend", named(session), key)
    vehicle = {"autonomous": False, "fleet_id": "f", "vin": "O'Neil"}
    go("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "O2", "vehicle": vehicle})
    body = json_bytes({"id": "evt_2", "type": "payment_intent.succeeded", "data": {"object": {"id": "pi_2"}}})
    old = sign(call.sandbox.stripe_secret, body, call.sandbox.front.clock.now() - 1_000)
    go("POST", "/api/v1/webhooks/stripe", body, None, Stripe_Signature=old)
    authorized(go)


def authorized(go: Callable[..., Response]) -> None:
    """An OAuth client's way through: what it can find out, a code, tokens, and each used wrongly too."""
    proof = b"grant_type=authorization_code&code=c&client_id=demo_gpt&client_secret=s"
    go("POST", "/oauth/token", proof, None, Content_Type="application/x-www-form-urlencoded")
    for document in ("authorization-server", "protected-resource"):
        go("GET", f"/.well-known/oauth-{document}", None, None)
    home = "http://127.0.0.1/callback"
    client = {"client_id": "demo_app", "redirect_uri": home}

    def form(path: str, **fields: str) -> Response:
        return go(
            "POST", path, urlencode(fields).encode(), None, Content_Type="application/x-www-form-urlencoded"
        )

    def code(**more: str) -> str:
        asked = {"response_type": "code", "scope": "read", "state": "s", **client, **more}
        page = go("GET", f"/oauth/authorize?{urlencode(asked)}", None, None)
        ticket = re.search(rb'name="ticket" value="([^"]+)"', page.body)
        sent = (
            form("/oauth/authorize", ticket=ticket[1].decode(), user="u", decision="allow")
            if ticket
            else page
        )
        return parse_qs(urlsplit(sent.header("location") or "").query).get("code", [""])[0]

    def token(**fields: str) -> dict[str, Any]:
        answer = form("/oauth/token", **{**client, **fields})
        found: dict[str, Any] = (
            json.loads(answer.body)
            if (answer.header("content-type") or "").startswith("application/json")
            else {}
        )
        return found

    def api(path: str, access: str) -> None:
        go("GET", path, None, None, Authorization=f"Bearer {access}")

    for uri in ("https://b.example", f"{home}?from=here"):
        go(
            "GET",
            f"/oauth/authorize?{urlencode({**client, 'redirect_uri': uri, 'response_type': 'code'})}",
            None,
            None,
        )
    code()
    first = code(code_challenge=create_s256_code_challenge("v" * 43), code_challenge_method="S256")
    exchange = {"grant_type": "authorization_code", "code": first}
    token(**exchange, code_verifier="w" * 43)
    got = token(**exchange, code_verifier="v" * 43)
    access = got.get("access_token", "")
    api(VAIL, access)
    api("/api/v2/intelligence/market-rate?lat=39.6403&lng=-106.3742", access)
    for _ in range(2):
        token(grant_type="refresh_token", refresh_token=got.get("refresh_token", ""))
    second = code(code_challenge=create_s256_code_challenge("v" * 43), code_challenge_method="S256")
    got = token(grant_type="authorization_code", code=second, code_verifier="v" * 43)
    form("/oauth/revoke", token=got.get("access_token", ""), client_id="demo_app")
    api(VAIL, got.get("access_token", ""))
    token(grant_type="authorization_code", code=second, code_verifier="v" * 43)
    third = code(code_challenge=create_s256_code_challenge("v" * 43), code_challenge_method="S256")
    got = token(grant_type="authorization_code", code=third, code_verifier="v" * 43)
    form("/oauth/revoke", token=got.get("refresh_token", ""), client_id="demo_app")
    api(VAIL, got.get("access_token", ""))


@cache
def tour_plainly() -> list[Response]:
    return tour(caller())


AT_ONCE = "idempotency-races"
"""Shows only in calls at the same time, whose order would make every tour another one."""


def test_calls_at_the_same_time_with_one_key_make_two_instances_only_by_fault() -> None:
    body = {"lot_id": "lot_cascade", "plate": "AT1"}
    for faults, instances in (([], 1), ([AT_ONCE], 2)):
        post = partial(
            caller(faults=faults), "POST", "/api/v1/sessions", body, key="unlimited", Idempotency_Key="same"
        )
        with ThreadPoolExecutor(2) as both:
            answers = [waiting.result() for waiting in (both.submit(post), both.submit(post))]
        made = {json.loads(a.body)["session"]["id"] for a in answers if a.status in (200, 201)}
        assert len(made) == instances, [a.status for a in answers]


@pytest.mark.parametrize("body", [None, {"text": "Buy milk", "colour": "red"}])
def test_fault_that_drops_undeclared_arguments_leaves_a_key_in_the_query(body: Any) -> None:
    box = open_sandbox(model_of("query-key"), faults=("accept-unknown-member",))
    target = f"?{urlencode({'api_key': box.tokens['test'], 'colour': 'red'})}"
    asked = ("POST", "/notes", 201) if body else ("DELETE", "/notes/n-1", 204)
    sent = json_bytes(body) if body else b""
    headers = (("Content-Type", "application/json"),) if body else ()
    answer = box.handler(Request(asked[0], f"{asked[1]}{target}", headers, sent))
    assert isinstance(answer, Response)
    assert answer.status == asked[2], answer.body


@pytest.mark.parametrize("name", FAULTS)
def test_fault_says_what_it_breaks(name: str) -> None:
    module = fault_registry.find("faults", name)
    assert module.breaks
    assert isinstance(module.breaks, frozenset)
    assert all(reason for reason in module.also.values())
    assert not module.breaks & module.also.keys()
    assert fault_registry.summarize(module).endswith((".", ")"))


TOURED = [name for name in FAULTS if name != AT_ONCE]


@pytest.mark.matrix
@pytest.mark.parametrize("names", [*in_company(TOURED, 5, 0), *in_company(TOURED, 5, 1)], ids="+".join)
def test_faults_never_crash(names: tuple[str, ...]) -> None:
    """Five share a tour, and each is in two tours, beside others. Each has its own where one crashes."""
    if _crashes(names):
        assert {name: logged for name in names if (logged := _crashes([name]))} == {}
        raise AssertionError(f"they crash together: {_crashes(names)}")


def _crashes(names: Sequence[str]) -> list[str]:
    call = caller(faults=names)
    tour(call)
    return call.logged


IN_JSON = (("Content-Type", "application/json"),)
TAKING_MORE = {
    "dots-besides-brackets": ("query-object", Request("GET", "/notes?made.after=-1")),
    "json-besides-forms": ("form-body", Request("POST", "/notes", IN_JSON, b'{"text": "a"}')),
    "lists-split-decoded": ("query-list", Request("GET", "/notes?tags=a%2Cb")),
    "whole-body-named-too": (
        "whole-body",
        Request("POST", "/notes/none/tags", IN_JSON, b'{"tags": ["x"]}'),
    ),
    "wrong-optional-key-ignored": (
        "optional-key",
        Request("GET", "/notes", (("Authorization", "Bearer test_wrong"),)),
    ),
}
"""Variations that take more than the catalogue says: the row that they need, and a request that verify never
sends.
"""
FURTHER_ROWS = {"jobs-fail-and-say-why": "job"}
"""A row that cannot name its variation, because its workflow needs jobs that succeed."""


DELIVERED = {"read-delivers-again"}
"""Variations of deliveries that succeed; none of the tour does. test_park_graph_telling.py counts them."""
WAITED = {"reads-lag"}
"""Variations that pass before verify looks; the fault that lags longer is the same code, and is found."""


@pytest.mark.parametrize("name", share([name for name in VARIATIONS if name not in DELIVERED | WAITED], 3))
def test_variation_changes_answers_and_names_its_point(name: str) -> None:
    module = fault_registry.find("variations", name)
    points = model("park_graph").behaviour
    assert module.point is None or module.point in type(points).model_fields
    call = caller(variations=[name])
    needs = [row.id for row in rows().values() if name in row.several("variation")]
    needs += [FURTHER_ROWS[name]] if name in FURTHER_ROWS else []
    assert tour(call) != tour_plainly() or _takes_more(name) or any(_shows(name, id) for id in needs)
    assert call.logged == []


def _takes_more(name: str) -> bool:
    """Return whether a variation answers its request otherwise than the plain mock."""
    if name not in TAKING_MORE:
        return False
    id, request = TAKING_MORE[name]
    credential, answers = model_of(id).credential, []
    for variations in ((), (name,)):
        opened = inside(model_of(id), variations=variations)
        keyed = request.header("Authorization") is not None or credential is None
        sent = request if keyed else credential.add_to(request, opened.keys["main"])
        answer = opened.sandbox.handler(sent)
        assert isinstance(answer, Response)
        assert answer.status < 500
        answers.append((answer.status, answer.body))
    return answers[0] != answers[1]


def _shows(name: str, id: str) -> bool:
    """Return whether a variation changes an answer to verify on the catalogue of a row of language.yaml.

    Where there is none, `test_language_runs.py` tells that no answer differs.
    """
    return bool(verify_beside(model_of(id), [name], until_shown=True, **rows()[id].cells.get("run", {}))[1])


def test_faults_can_be_put_together() -> None:
    call = Caller(faults=["search-unsorted", "allow-missing", "secret-in-answer"], variations=["header-case"])
    answer = call("GET", VAIL)
    data = json.loads(answer.body)
    assert data["debug_key"] == call.tokens["unlimited"]
    assert data["lots"][0]["id"] == "lot_cascade"
    assert ("X-REQUEST-ID" in {name for name, _ in answer.headers}) is True


EITHER = [*FAULTS, *VARIATIONS]


@pytest.mark.parametrize("name", rarely(EITHER, *EITHER[::4]))
def test_fault_and_variation_hold_on_another_catalogue(name: str) -> None:
    """On the shop a fault may have nothing to break, but it never crashes."""
    call = Caller("shop", **{"faults" if name in FAULTS else "variations": [name]})
    for _ in range(2):
        for method, url, body in (
            ("GET", "/products?limit=1", None),
            ("GET", "/products?limit=99", None),
            ("POST", "/orders", {"product_id": "p-17", "quantity": 1}),
            ("POST", "/orders/o-501/cancel", None),
            ("GET", "/nowhere", None),
            ("POST", "/agents/ask", {"tool": "get_product", "with": {"product_id": "p-17"}}),
        ):
            call(method, url, body)
            call(method, url, body, key=None)
    assert call.logged == []
