"""Every fault and liberty is what its file says: it changes answers, declares what it breaks, and never crashes the server."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from pgagents.sandbox import oddity
from pgagents.sandbox.deliver import Parcel
from pgagents.wire import Response
from sandboxes import DISPATCH, VAIL, Caller, model, named

FAULTS = oddity.known("faults")
LIBERTIES = oddity.known("liberties")


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

    def go(method: str, url: str, body: object = None, key: str | None = "lifted", **headers: str) -> Response:
        answers.append(call(method, url, body, key=key, **headers))
        return answers[-1]

    token = call.tokens["lifted"]
    for query in ("", "&limit=1", "&autonomous_entry=true", "&unheard=1", "&radius_km=1.5&limit=25", "&radius_km=9", f"&api_key={token}"):
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
    go("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 39.6403, "lng": -106.3742, "limit": 1}})
    session = json.loads(made.body)["session"]
    go("GET", f"/api/v1/sessions/{session['id']}")
    go("GET", f"/api/v1/sessions/{session['id']}", None, "second")
    for verb in ("end", "end", "extend"):
        go("POST", f"/api/v1/sessions/{verb}", named(session))
    go("GET", f"/api/v1/sessions/{session['id']}")
    for action, parameters in (
        ("search_parking", {"lat": 39.6403, "lng": -106.3742}),
        ("search_parking", {"lat": 99, "lng": 0}),
        ("end_session", named(session)),
    ):
        go("POST", DISPATCH, {"action": action, "parameters": parameters})
    go("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 1, "lng": 1}}, "starter")
    for url in ("/api/v1/sessions?status=active", "/api/v1/sessions?status=other", "/nowhere", "/api/v1/lots/search/"):
        go("GET", url)
    for method in ("PUT", "HEAD"):
        go(method, "/api/v1/lots/search?lat=0&lng=0")
    go("GET", "/.well-known/ai-plugin.json", None, None)
    for _ in range(32):
        go("POST", DISPATCH, {"action": "search_parking", "parameters": {"lat": 1, "lng": 1}}, "test")
    beside(call, go)
    return [*answers, *(Response(0, parcel.headers, parcel.body) for parcel in call.sent)]


def beside(call: Caller, go: Callable[..., Response]) -> None:
    """Webhooks with a delivery and its repetition, payment events, a hold past its time, the audit."""
    for url in ("https://hooks.shop.dev/in", "https://10.0.0.1/in"):
        go("POST", "/api/v1/webhooks", {"url": url, "events": ["session.created"]})
    session = json.loads(go("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "H1"}).body)["session"]
    for verb in ("extend", "end"):
        go("POST", f"/api/v1/sessions/{verb}", named(session))
    go("GET", "/api/v1/lots/lot_cascade/availability")
    for _ in range(2):
        call.sandbox.courier.round()
        call.passed_s += 3
    event = {"id": "evt_1", "type": "payment_intent.succeeded", "data": {"object": {"id": session.get("payment_intent_id", "pi_1")}}}
    go("POST", "/api/v1/webhooks/stripe", event, None, Stripe_Signature="t=1,v1=00")
    fleet = {"fleet_id": "f", "lat": 37.7749, "lng": -122.4194, "vehicles": [{"plate": "H2"}], "ttl_seconds": 30}
    held = json.loads(go("POST", "/api/v1/av-fleet/dispatch", fleet).body).get("allocations", [])
    call.passed_s += 60
    for of in held:
        go("POST", "/api/v1/sessions", {"lot_id": of["lot_id"], "plate": "H2", "hold_id": of["hold_id"]})
    go("GET", "/sandbox/v1/audit", None, "operator")


@pytest.fixture(scope="module")
def plain() -> list[Response]:
    return tour(caller())


@pytest.mark.parametrize("name", FAULTS)
def test_fault_changes_answers_and_says_what_it_breaks(name: str, plain: list[Response]) -> None:
    module = oddity.module("faults", name)
    assert module.BREAKS or module.AWAITS
    assert isinstance(module.BREAKS, frozenset)
    assert all(reason for reason in module.ALSO.values())
    assert not module.BREAKS & module.ALSO.keys()
    assert oddity.sentence(module).endswith((".", ")"))
    call = caller(faults=[name])
    assert tour(call) != plain
    assert call.logged == []


@pytest.mark.parametrize("name", LIBERTIES)
def test_liberty_changes_answers_and_names_its_point(name: str, plain: list[Response]) -> None:
    module = oddity.module("liberties", name)
    points = model("park_graph").points
    assert module.POINT is None or module.POINT in type(points).model_fields
    call = caller(liberties=[name])
    assert tour(call) != plain
    assert call.logged == []


def test_faults_can_be_put_together() -> None:
    call = Caller(faults=["search-unsorted", "allow-missing", "secret-in-answer"], liberties=["header-case"])
    answer = call("GET", VAIL)
    data = json.loads(answer.body)
    assert data["debug_key"] == call.tokens["lifted"]
    assert data["lots"][0]["id"] == "lot_cascade"
    assert ("X-REQUEST-ID" in {name for name, _ in answer.headers}) is True


@pytest.mark.parametrize("name", [*FAULTS, *LIBERTIES])
def test_fault_and_liberty_hold_on_another_catalogue(name: str) -> None:
    """On the shop a fault may have nothing to break, but it never crashes."""
    call = Caller("shop", **{"faults" if name in FAULTS else "liberties": [name]})
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
