"""Numbers of any size are refused or taken, never a 500."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sandboxes import DISPATCH, Caller, named

HUGE = [1e308, -1e308, 5.6e118, 1e17, 10**30, 10**400, -(10**400), 2**63, 2**63 - 1, -(2**63), 5e-324, 1e-7]
RAW = ["1e999", "-1e999", "1" + "0" * 5000, "0." + "0" * 400 + "1", "1E400", "-0.0"]
TEXTS = ["1e999", "9" * 5000, "1e-999", "0x10", "1_000", "\u0661", "inf", "nan", "+5", "5.", "-0"]


@pytest.fixture(scope="module")
def call() -> Caller:
    found = Caller()
    found.ended = found.park()  # type: ignore[attr-defined]  # for this module alone
    found.passed_s += 4000
    found.end(found.ended)  # type: ignore[attr-defined]  # as above
    found.running = found.park()  # type: ignore[attr-defined]  # as above
    return found


def bodies(call: Any) -> list[tuple[str, str, dict[str, Any], str, str]]:
    """Every number in a body: method, path, the other members, the number's name, the key."""
    place = {"lat": 1, "lng": 1}
    fleet = {"fleet_id": "f", **place, "vehicles": [{"plate": "A"}]}
    return [
        ("POST", "/api/v1/refunds", {"session_id": call.ended["id"], "reason": "x"}, "amount", "unlimited"),
        ("POST", "/api/v1/sessions", {"lot_id": "lot_lionshead", "plate": "A"}, "hours", "unlimited"),
        ("POST", "/api/v1/sessions", {"lot_id": "lot_golden_peak", "plate": "A"}, "hours", "unlimited"),
        ("POST", "/api/v1/sessions/extend", named(call.running), "extend_hours", "unlimited"),
        *[
            ("POST", "/api/v1/av-fleet/dispatch", fleet, name, "unlimited")
            for name in ("lat", "lng", "radius_km", "ttl_seconds")
        ],
        ("POST", "/sandbox/v1/keys", {}, "requests_per_minute", "operator"),
        ("PATCH", "/sandbox/v1/lots/lot_cascade", {}, "rate", "operator"),
    ]


def seen(call: Caller, method: str, path: str, raw: bytes, key: str) -> None:
    before = len(call.logged)
    answer = call(method, path, raw, key=key)
    assert answer.status < 500, (path, raw[:80], call.logged[before:])
    if answer.status == 400:
        assert json.loads(answer.body)["error"]["code"] == "BAD_REQUEST"


@pytest.mark.parametrize("number", [*map(json.dumps, HUGE), *RAW], ids=lambda n: n[:12])
def test_number_in_a_body_is_never_a_500(call: Caller, number: str) -> None:
    for method, path, others, name, key in bodies(call):
        raw = json.dumps({**others, name: "HERE"}).replace('"HERE"', number).encode()
        seen(call, method, path, raw, key)
    for name in ("lat", "lng", "radius_km", "limit"):
        raw = json.dumps(
            {"action": "search_parking", "parameters": {"lat": 1, "lng": 1, name: "HERE"}}
        ).replace('"HERE"', number)
        seen(call, "POST", DISPATCH, raw.encode(), "unlimited")
    if number not in ("1e-07", "5e-324"):
        seen(call, "POST", "/sandbox/v1/clock", f'{{"advance_s":{number}}}'.encode(), "operator")
    assert call.available("lot_cascade") > 0


@pytest.mark.parametrize("text", TEXTS, ids=lambda t: ascii(t)[:12])
def test_number_in_a_query_is_never_a_500(call: Caller, text: str) -> None:
    from urllib.parse import quote

    for path in (
        "/api/v1/lots/search",
        "/api/v2/intelligence/market-rate",
        "/api/v2/intelligence/agent-demand",
    ):
        for name in ("lat", "lng", "radius_km", "limit"):
            others = "&".join(f"{n}=1" for n in ("lat", "lng") if n != name)
            seen(call, "GET", f"{path}?{others}&{name}={quote(text)}", b"", "unlimited")
    seen(call, "GET", f"/api/v1/sessions?limit={quote(text)}", b"", "unlimited")
    assert call.available("lot_cascade") > 0
    seen(call, "GET", f"/sandbox/v1/audit?limit={quote(text)}", b"", "operator")


def test_refund_of_more_than_there_is_is_409_whatever_its_size(call: Any) -> None:
    for amount in (5.6e118, 1e20, 10**30):
        body = {"session_id": call.ended["id"], "reason": "x", "amount": amount}
        assert call.error("POST", "/api/v1/refunds", body, status=409)["code"] == "CONFLICT"


def test_rate_of_a_lot_has_a_most(call: Caller) -> None:
    lot = "/sandbox/v1/lots/lot_cascade"
    assert call.data("PATCH", lot, {"rate": 1_000_000}, key="operator")["lot"]["rate"] == 1_000_000
    assert call.error("PATCH", lot, {"rate": 1_000_000.01}, status=400, key="operator")["field"] == "rate"
    session = call.park("lot_cascade", hours=24)
    assert session["estimated_amount"] == 24_000_000
