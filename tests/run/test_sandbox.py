"""Park Graph's sandbox in process: the transcript, the laws, who sees what."""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from evaluation.bench.lots import search

from pgagents.base.cel.functions import distance_km
from pgagents.base.errors import PgagentsError
from pgagents.base.http import target
from pgagents.base.jsonschema.schema import validator
from pgagents.sandbox.park_graph import money, world
from sandboxes import DISPATCH, START, VAIL, Caller, model, named


@pytest.fixture
def call() -> Caller:
    return Caller()


def test_vail_transcript_has_its_numbers(call: Caller) -> None:
    lots = {lot["name"]: lot for lot in call.data("GET", VAIL)["lots"]}
    assert (lots["Lionshead Public Parking"]["rate"], lots["Lionshead Public Parking"]["available"]) == (
        6.0,
        87,
    )
    assert (lots["Vail Village Lifthouse Lot"]["rate"], lots["Vail Village Lifthouse Lot"]["available"]) == (
        8.0,
        12,
    )
    created = call.dispatch(
        "create_session", {"lot_id": lots["Lionshead Public Parking"]["id"], "plate": "co-7891"}
    )["session"]
    assert created["plate"] == "CO-7891"
    assert created["client_secret"].startswith(created["payment_intent_id"])
    call.wait(14_472)
    ended = call.dispatch("end_session", named(created))["session"]
    assert (ended["status"], ended["duration_hours"]) == ("completed", 4.02)
    assert (ended["subtotal"], ended["owner_payout"], ended["platform_fee"]) == (24.12, 21.71, 2.41)
    assert "client_secret" not in ended
    assert ended["agent_platform"] == "openai"


@pytest.mark.parametrize("name", ["park_graph", "shop"])
def test_accepted_examples_are_answered_on_a_fresh_world_as_their_schema_says(name: str) -> None:
    found = model(name)
    refused = []
    for action in (*found.actions, *found.operator):
        for example in action.examples:
            if example.status >= 300:
                continue
            call = Caller(name)
            places: dict[str, dict[str, Any]] = {"path": {}, "query": {}, "body": {}, "header": {}}
            for param in action.params:
                if param.name in example.input:
                    places[param.place][param.wire] = example.input[param.name]
            body = places["body"] if any(p.place == "body" for p in action.params) else None
            url = target(action.path, places["path"], places["query"].items())
            answer = call(
                action.method,
                url,
                body,
                key="operator" if action in found.operator else "unlimited",
                **places["header"],
            )
            if answer.status != example.status:
                refused.append((str(action.name), example.name, answer.status, answer.body))
            elif action.success.schema is not None and action.success.content_type == "application/json":
                errors = [
                    e.message
                    for e in validator(action.success.schema, found.schemas).iter_errors(
                        json.loads(answer.body)
                    )
                ]
                assert errors == [], (action.name, example.name)
    assert refused == []


def test_world_is_the_same_for_a_seed_and_another_for_another() -> None:
    assert world.lots.__wrapped__(3) == world.lots.__wrapped__(3)
    assert world.lots(3) != world.lots(4)
    made = world.lots(0)
    assert len(made) >= 400
    assert len({lot.id for lot in made}) == len(made)
    assert {lot.unit for lot in made} == {"hour", "day", "night", "event"}
    for share in (
        sum(lot.certified for lot in made),
        sum(lot.autonomous for lot in made),
        sum(not lot.agents for lot in made),
    ):
        assert 0.1 < share / len(made) < 0.9


def test_search_is_exact_everywhere_on_the_globe(call: Caller) -> None:
    """Against every lot's own distance, at places near lots, the date line and the poles."""
    lots = world.lots(0)
    rng = random.Random(5)
    near = [(rng.choice(lots), rng.uniform(0.2, 50)) for _ in range(40)]
    places = [(lot.lat + rng.uniform(-0.1, 0.1), lot.lng + rng.uniform(-0.1, 0.1), km) for lot, km in near]
    for lat, lng, km in [*places, (90, 0, 50), (-90, 10, 50), (0, 180, 50), (0, -180, 50), (89.9, 179.9, 50)]:
        expected = sorted(
            (distance_km({"lat": lat, "lng": lng}, {"lat": x.lat, "lng": x.lng}), x.id) for x in lots
        )
        expected = [(d, id) for d, id in expected if d <= km][:25]
        found = call.data("GET", f"/api/v1/lots/search?lat={lat!r}&lng={lng!r}&radius_km={km!r}&limit=25")[
            "lots"
        ]
        assert [lot["id"] for lot in found] == [id for _, id in expected]
        assert all(
            math.isclose(lot["distance_km"], d, abs_tol=0.001)
            for lot, (d, _) in zip(found, expected, strict=True)
        )


def test_search_among_very_many_lots_is_exact() -> None:
    """With the lots and queries of `make bench`, fewer of both; every answer is compared with looking at
    each lot.
    """
    assert [found.exact for found in search(6_000, checked=100)] == [True, True]


def test_lots_across_the_date_line_are_found(call: Caller) -> None:
    store = call.sandbox.front.store
    for n, (id, lng) in enumerate((("lot_west", 179.99), ("lot_east", -179.99)), 90_001):
        store.run(
            "INSERT INTO lot SELECT ?, ?, name, 10.0, ?, rate_cents, unit, max_daily_cents, total, "
            "available, certified, autonomous, agents, created_at, counted_at, gate_code, entry_lane, "
            "exit_procedure, notes FROM lot WHERE n = 1",
            n,
            id,
            lng,
        )
        store.run("INSERT INTO lot_box VALUES (?, 10.0, 10.0, ?, ?)", n, lng, lng)
    for lng in (179.995, -179.995, 180, -180):
        assert {lot["id"] for lot in call.data("GET", f"/api/v1/lots/search?lat=10&lng={lng}")["lots"]} == {
            "lot_west",
            "lot_east",
        }


def test_fleet_key_searches_for_lots_a_vehicle_enters_unaided(call: Caller) -> None:
    assert {lot["autonomous_entry"] for lot in call.data("GET", VAIL, key="fleet")["lots"]} == {True}
    assert {
        lot["autonomous_entry"]
        for lot in call.data("GET", VAIL + "&autonomous_entry=false", key="fleet")["lots"]
    } == {True, False}


def test_charge_is_half_up_over_the_grid_of_rates_and_hours() -> None:
    for rate in range(25, 2000, 75):
        for hundredths in range(0, 3000, 7):
            exact = rate * hundredths
            assert money.charge(rate, "hour", None, hundredths * 36) == (2 * exact + 100) // 200


@pytest.mark.parametrize(
    ("unit", "cap", "seconds", "cents"),
    [
        ("hour", None, 14_472, 2412),
        ("hour", 2800, 30 * 3600, 2800 + 2100),
        ("hour", None, 35, 0),
        ("day", None, 0, 600),
        ("day", None, 1, 600),
        ("day", None, 86_400, 600),
        ("day", None, 86_401, 1200),
        ("day", 500, 86_401, 1000),
        ("night", None, 90_000, 1200),
        ("event", None, 3_600, 600),
    ],
)
def test_stay_costs_what_its_unit_and_cap_say(unit: str, cap: int | None, seconds: int, cents: int) -> None:
    rate = 350 if cap == 2800 else 600
    assert money.charge(rate, unit, cap, seconds) == cents


def test_session_is_read_back_as_it_was_made_on_both_surfaces(call: Caller) -> None:
    vehicle = {"autonomous": True, "fleet_id": "fleet_x", "vin": "V1"}
    made = call.park("lot_cascade", "av-1", hours=1.5, vehicle=vehicle)
    assert made["vehicle"] == vehicle
    assert made["estimated_amount"] == 5.25
    kept = {k: v for k, v in made.items() if k not in ("payment_intent_id", "client_secret")}
    assert call.data("GET", f"/api/v1/sessions/{made['id']}")["session"] == kept
    assert call.dispatch("get_session", {"session_id": made["id"]})["session"] == kept


def test_lifecycle_refuses_what_is_over(call: Caller) -> None:
    made = call.park()
    longer = call.extend(made, 3)["session"]
    assert (longer["estimated_amount"], longer["expires_at"]) == (30.0, "2026-04-18T21:00:00Z")
    call.end(made)
    assert call.end(made, status=409)["error"]["code"] == "CONFLICT"
    assert call.extend(made, 1, status=409)["error"]["code"] == "CONFLICT"
    wrong = {**made, "session_code": "sess_wrong"}
    assert call.end(wrong, status=404)["error"]["code"] == "NOT_FOUND"


def test_session_outlives_its_expiry_and_is_charged_to_its_end(call: Caller) -> None:
    made = call.park(hours=1)
    call.wait(5 * 3600)
    assert call.data("GET", f"/api/v1/sessions/{made['id']}")["session"]["status"] == "active"
    assert call.end(made)["session"]["subtotal"] == 30.0


def test_session_takes_a_space_and_gives_it_back(call: Caller) -> None:
    before = call.available("lot_lifthouse")
    made = [call.park("lot_lifthouse", f"P{n}") for n in range(before)]
    assert call.available("lot_lifthouse") == 0
    full = call.error("POST", "/api/v1/sessions", {"lot_id": "lot_lifthouse", "plate": "X"}, status=409)
    assert full["code"] == "CONFLICT"
    call.end(made[0])
    assert call.available("lot_lifthouse") == 1


def test_rate_of_creation_stays_though_the_lot_changes(call: Caller) -> None:
    made = call.park()
    call.data("PATCH", "/sandbox/v1/lots/lot_lionshead", {"rate": 9.99}, key="operator")
    call.wait(3600)
    assert call.end(made)["session"]["subtotal"] == 6.0
    assert call.park()["rate"] == 9.99


def test_window_that_is_open_sets_the_rate(call: Caller) -> None:
    """Lionshead doubles its rate on the evening of 4 July 2026."""
    call.wait(1_783_188_000 - START)  # 2026-07-04T18:00:00Z
    assert call.park()["rate"] == 12.0


def test_agents_are_refused_where_the_owner_switched_them_off(call: Caller) -> None:
    body = {"lot_id": "lot_sandstone", "plate": "A"}
    refused = call.dispatch("create_session", body, status=403)
    assert refused["code"] == refused["error"]["code"] == "AGENT_OPT_IN_REQUIRED"
    assert (
        call.data("POST", "/api/v1/sessions", body, status=403, X_Agent_Surface="mcp")["code"]
        == "AGENT_OPT_IN_REQUIRED"
    )
    assert call.data("POST", "/api/v1/sessions", body, status=201)["session"]["status"] == "active"
    assert call.dispatch("get_rates", {"lot_id": "lot_sandstone"})["rates"]["lot_id"] == "lot_sandstone"
    call.data("PATCH", "/sandbox/v1/lots/lot_sandstone", {"agents_allowed": True}, key="operator")
    assert call.dispatch("create_session", body)["session"]["lot_id"] == "lot_sandstone"


def test_autonomous_vehicle_needs_a_lot_it_can_enter(call: Caller) -> None:
    body = {"lot_id": "lot_lifthouse", "plate": "A", "vehicle": {"autonomous": True}}
    assert call.error("POST", "/api/v1/sessions", body, status=409)["code"] == "CONFLICT"


def test_one_project_never_sees_anothers(call: Caller) -> None:
    made = call.park()
    for key in ("second", "live"):
        assert call.error("GET", f"/api/v1/sessions/{made['id']}", status=404, key=key)["code"] == "NOT_FOUND"
        assert call.end(made, status=404, key=key)["error"]["code"] == "NOT_FOUND"
        assert call.data("GET", "/api/v1/sessions", key=key) == {"sessions": [], "next_cursor": None}
        call.error("DELETE", "/api/v1/webhooks/wh_01JS4A2B", status=404, key=key)
        call.error("DELETE", "/api/v1/av-fleet/holds/hold_01JS4J8B", status=404, key=key)
    assert call.data("GET", f"/api/v1/sessions/{made['id']}", key="test")["session"]["id"] == made["id"]


def test_pages_hold_each_session_once_while_others_are_made(call: Caller) -> None:
    made = set()
    for n in range(23):
        made.add(call.park("lot_lionshead", f"P{n}")["id"])
        if n % 4 == 0:
            call.wait(1)
    seen: list[str] = []
    cursor = None
    while True:
        page = call.data(
            "GET", "/api/v1/sessions?limit=4&status=active" + (f"&cursor={cursor}" if cursor else "")
        )
        seen += [s["id"] for s in page["sessions"]]
        call.wait(1)
        call.park("lot_golden_peak", "NEW")
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen))
    assert made <= set(seen)


def test_cursor_belongs_to_its_key_and_filters_and_lives_an_hour(call: Caller) -> None:
    for n in range(3):
        call.park("lot_lionshead", f"P{n}")
    cursor = call.data("GET", "/api/v1/sessions?limit=1")["next_cursor"]
    assert call.data("GET", f"/api/v1/sessions?limit=1&cursor={cursor}")["sessions"]
    for other, key in (
        (f"status=active&cursor={cursor}", "unlimited"),
        (f"cursor={cursor}", "test"),
        (f"cursor={cursor}x", "unlimited"),
        ("cursor=%00", "unlimited"),
    ):
        assert call.error("GET", f"/api/v1/sessions?{other}", status=400, key=key)["field"] == "cursor"
    call.wait(3601)
    assert call.error("GET", f"/api/v1/sessions?cursor={cursor}", status=400)["field"] == "cursor"


def test_refunds_together_never_exceed_the_charge(call: Caller) -> None:
    made = call.park("lot_golden_peak")
    body = {"session_id": made["id"], "reason": "test"}
    assert call.error("POST", "/api/v1/refunds", body, status=409)["code"] == "CONFLICT"
    call.end(made)
    assert (
        call.data("POST", "/api/v1/refunds", {**body, "amount": 10.01}, status=201)["refund"]["amount"]
        == 10.01
    )
    call.error("POST", "/api/v1/refunds", {**body, "amount": 20.0}, status=409)
    assert call.data("POST", "/api/v1/refunds", body, status=201)["refund"]["amount"] == 19.99
    call.error("POST", "/api/v1/refunds", body, status=409)
    assert call.data("GET", f"/api/v1/sessions/{made['id']}")["session"]["owner_payout"] == 27.0


def test_dispatch_holds_all_vehicles_or_none(call: Caller) -> None:
    place = {
        "fleet_id": "fleet_waymo_sf",
        "lat": 39.6424,
        "lng": -106.39,
        "radius_km": 0.1,
        "ttl_seconds": 60,
    }
    assert call.available("lot_cascade") == 20
    call.error(
        "POST",
        "/api/v1/av-fleet/dispatch",
        {**place, "vehicles": [{"plate": f"A{n}"} for n in range(21)]},
        status=409,
    )
    assert call.available("lot_cascade") == 20
    held = call.data(
        "POST",
        "/api/v1/av-fleet/dispatch",
        {**place, "vehicles": [{"plate": "a1"}, {"plate": "a2"}]},
        status=201,
    )["allocations"]
    assert [a["plate"] for a in held] == ["A1", "A2"]
    assert call.available("lot_cascade") == 18
    call.error(
        "POST",
        "/api/v1/sessions",
        {"lot_id": "lot_cascade", "plate": "ZZ", "hold_id": held[0]["hold_id"]},
        status=409,
    )
    call.error(
        "POST",
        "/api/v1/sessions",
        {"lot_id": "lot_lionshead", "plate": "A1", "hold_id": held[0]["hold_id"]},
        status=409,
    )
    session = call.park("lot_cascade", "a1", hold_id=held[0]["hold_id"])
    assert call.available("lot_cascade") == 18
    call.error(
        "POST",
        "/api/v1/sessions",
        {"lot_id": "lot_cascade", "plate": "A1", "hold_id": held[0]["hold_id"]},
        status=404,
    )
    assert call("DELETE", f"/api/v1/av-fleet/holds/{held[1]['hold_id']}").status == 204
    call.error("DELETE", f"/api/v1/av-fleet/holds/{held[1]['hold_id']}", status=404)
    call.end(session)
    assert call.available("lot_cascade") == 20


def test_hold_gives_its_space_back_when_its_time_is_over(call: Caller) -> None:
    body = {
        "fleet_id": "f",
        "lat": 39.6424,
        "lng": -106.39,
        "radius_km": 0.1,
        "ttl_seconds": 60,
        "vehicles": [{"plate": "a"}],
    }
    hold = call.data("POST", "/api/v1/av-fleet/dispatch", body, status=201)["allocations"][0]
    call.wait(59)
    assert call.available("lot_cascade") == 19
    call.wait(1)
    assert call.available("lot_cascade") == 20
    create = {"lot_id": "lot_cascade", "plate": "A", "hold_id": hold["hold_id"]}
    assert call.error("POST", "/api/v1/sessions", create, status=404)["code"] == "NOT_FOUND"


def test_fleet_key_stamps_its_fleet_and_reaches_no_other(call: Caller) -> None:
    made = call.park("lot_lionshead", "F1", key="fleet")
    assert made["vehicle"]["fleet_id"] == "fleet_waymo_sf"
    other = {"lot_id": "lot_lionshead", "plate": "F2", "vehicle": {"fleet_id": "fleet_other"}}
    call.error("POST", "/api/v1/sessions", other, status=403, key="fleet")
    call.error("GET", "/api/v1/sessions?fleet_id=fleet_other", status=403, key="fleet")
    call.error(
        "GET",
        "/api/v1/fleets/fleet_other/billing?from=2026-04-01T00:00:00Z&to=2026-05-01T00:00:00Z",
        status=403,
        key="fleet",
    )


def test_bill_is_the_sum_of_the_fleets_sessions_that_ended_in_the_period(call: Caller) -> None:
    total = 0.0
    for n in range(3):
        made = call.park("lot_lionshead", f"F{n}", key="fleet")
        call.wait(3600)
        total += call.end(made, key="fleet")["session"]["subtotal"]
    path = "/api/v1/fleets/fleet_waymo_sf/billing?from={}&to={}"
    report = call.data("GET", path.format("2026-04-18T00:00:00Z", "2026-04-19T00:00:00Z"), key="fleet")[
        "report"
    ]
    assert (report["sessions"], report["subtotal"], report["hours"]) == (3, total, 3.0)
    assert report["by_lot"] == [{"lot_id": "lot_lionshead", "sessions": 3, "subtotal": total}]
    exact = call.data("GET", path.format("2026-04-18T17:00:00Z", "2026-04-18T19:00:00Z"), key="fleet")[
        "report"
    ]
    assert exact["sessions"] == 2
    assert (
        call.data("GET", path.format("2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), key="fleet")["report"][
            "sessions"
        ]
        == 0
    )


def test_intelligence_counts_what_is_around(call: Caller) -> None:
    market = call.data("GET", "/api/v2/intelligence/market-rate?lat=39.6403&lng=-106.3742&radius_km=1.5")[
        "data"
    ]
    assert market["market_rate"] == {
        "avg_hourly_cents": 563,
        "avg_daily_cents": 3000,
        "min_hourly_cents": 350,
        "max_hourly_cents": 800,
    }
    assert (market["demand_score"], market["competitor_count"]) == (71.4, 5)
    before = call.data("GET", "/api/v2/intelligence/agent-demand?lat=39.6403&lng=-106.3742")["data"][
        "queries"
    ]
    call.dispatch("search_parking", {"lat": 39.6403, "lng": -106.3742})
    after = call.data("GET", "/api/v2/intelligence/agent-demand?lat=39.6403&lng=-106.3742")["data"]
    assert after["queries"] == before + 1
    assert "openai" in {p["agent_platform"] for p in after["platforms"]}


def test_processor_down_is_502_and_the_retry_takes_effect_once(call: Caller) -> None:
    call.data("POST", "/sandbox/v1/payments/next", {"outcome": "processor_down"}, key="operator")
    before = call.available("lot_lionshead")
    body = {"lot_id": "lot_lionshead", "plate": "R"}
    assert (
        call.error("POST", "/api/v1/sessions", body, status=502, Idempotency_Key="retry-1")["code"]
        == "BAD_GATEWAY"
    )
    assert call.available("lot_lionshead") == before
    assert call("POST", "/api/v1/sessions", body, Idempotency_Key="retry-1").status == 201
    assert call("POST", "/api/v1/sessions", body, Idempotency_Key="retry-1").status == 409
    assert call.available("lot_lionshead") == before - 1


def test_made_key_works_until_it_is_deleted_and_stamps_its_integration(call: Caller) -> None:
    made = call.data(
        "POST",
        "/sandbox/v1/keys",
        {"integration": "copilot", "requests_per_minute": 600},
        status=201,
        key="operator",
    )["api_key"]
    call.tokens["copilot"] = made["key"]
    assert call.park(key="copilot")["agent_platform"] == "microsoft_copilot"
    assert call("GET", VAIL, key="copilot").header("X-RateLimit-Limit") == "600"
    assert call("DELETE", f"/sandbox/v1/keys/{made['id']}", key="operator").status == 204
    assert call.error("GET", VAIL, status=401, key="copilot")["code"] == "UNAUTHORIZED"


def test_only_the_operators_key_opens_the_operators_endpoints(call: Caller) -> None:
    assert call.error("POST", "/sandbox/v1/clock", {"advance_s": 1}, status=403)["code"] == "FORBIDDEN"
    assert (
        call.error("POST", "/sandbox/v1/clock", {"advance_s": 1}, status=401, key=None)["code"]
        == "UNAUTHORIZED"
    )


def test_every_write_and_every_dispatcher_call_is_in_the_audit_that_nobody_can_change(call: Caller) -> None:
    made = call.park(plate="SECRET1")
    call.dispatch("search_parking", {"lat": 39.6403, "lng": -106.3742})
    call.extend(made, 1)
    call.end(made)
    rows = call.data("GET", "/sandbox/v1/audit", key="operator")["rows"]
    assert [r["action"] for r in rows] == [
        "end_session",
        "extend_session",
        "search_parking",
        "create_session",
    ]
    assert rows[1]["session_id"] == made["id"]
    assert rows[2]["agent_platform"] == "openai"
    store = call.sandbox.front.store
    for sql in ("UPDATE audit SET action = 'x'", "DELETE FROM audit"):
        with pytest.raises(sqlite3.Error, match="append-only"):
            store.run(sql)
    assert not any("SECRET1" in str(tuple(row)) for row in store.rows("SELECT * FROM audit"))


def test_audit_csv_runs_nothing_in_a_spreadsheet(call: Caller) -> None:
    call.park()
    call.sandbox.front.store.run(
        "INSERT INTO audit (at, actor_type, action, lot_id, agent_platform, tenant) "
        "VALUES (1, 'key', '=1+1', 'lot_lionshead', '@x', '')"
    )
    answer = call("GET", "/sandbox/v1/lots/lot_lionshead/audit.csv", key="operator")
    assert (answer.header("Content-Type") or "").startswith("text/csv")
    lines = answer.body.decode().splitlines()
    assert lines[0].startswith("at,actor_type,")
    assert "'=1+1" in lines[2]
    assert "'@x" in lines[2]


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/x", "https://localhost/x", "https://[::1]/x", "https://10.0.0.1/",
     "https://169.254.169.254/", "https://0x7f.1/", "https://2130706433/", "https://[::ffff:127.0.0.1]/",
     "https://a.local/", "https://user@example.com/", "https://192.168.1.1:8443/"],
)  # fmt: skip
def test_webhook_to_an_inner_address_is_refused(call: Caller, url: str) -> None:
    body = {"url": url, "events": ["session.created"]}
    assert call.error("POST", "/api/v1/webhooks", body, status=400)["field"] == "url"


def test_webhook_tells_its_secret_once_and_goes_when_deleted(call: Caller) -> None:
    made = call.data(
        "POST",
        "/api/v1/webhooks",
        {"url": "https://hooks.example.com/a", "events": ["lot.updated"]},
        status=201,
    )["webhook"]
    assert made["signing_secret"]
    listed = call.data("GET", "/api/v1/webhooks")["webhooks"]
    assert {k: v for k, v in made.items() if k != "signing_secret"} in listed
    assert call("DELETE", f"/api/v1/webhooks/{made['id']}").status == 204
    assert made["id"] not in {w["id"] for w in call.data("GET", "/api/v1/webhooks")["webhooks"]}


def test_payment_event_needs_a_fresh_signature_over_these_bytes(call: Caller) -> None:
    intent = call.park()["payment_intent_id"]
    body = json.dumps(
        {"id": "evt_1", "type": "payment_intent.payment_failed", "data": {"object": {"id": intent}}}
    ).encode()

    def sign(at: int, raw: bytes) -> str:
        return (
            f"t={at},v1="
            + hmac.new(
                call.sandbox.stripe_secret.encode(), str(at).encode() + b"." + raw, hashlib.sha256
            ).hexdigest()
        )

    def status(signature: str) -> int:
        return call("POST", "/api/v1/webhooks/stripe", body, key=None, Stripe_Signature=signature).status

    def outcome() -> str:
        row = call.sandbox.front.store.row("SELECT status FROM payment WHERE payment_intent_id = ?", intent)
        assert row is not None
        return str(row["status"])

    now = int(START)
    for bad in ("x", "t=1,v1=00", sign(now - 301, body), sign(now, body + b" "), sign(now, body)[:-1]):
        assert status(bad) == 400
    assert outcome() == "paid"
    assert status(sign(now, body)) == 200
    assert status(sign(now, body)) == 200
    assert outcome() == "declined"


def test_rest_and_dispatcher_answer_alike_and_refuse_alike(call: Caller) -> None:
    pairs = [
        (
            "search_parking",
            "GET",
            "/api/v1/lots/search?lat=39.7476&lng=-104.9951",
            {"lat": 39.7476, "lng": -104.9951},
        ),
        ("check_availability", "GET", "/api/v1/lots/lot_lionshead/availability", {"lot_id": "lot_lionshead"}),
        ("get_rates", "GET", "/api/v1/lots/lot_lionshead/rates", {"lot_id": "lot_lionshead"}),
    ]
    for action, method, url, parameters in pairs:
        assert call.data(method, url) == call.dispatch(action, parameters)
    for parameters, field in (
        ({"lat": 91, "lng": 0}, "lat"),
        ({"lat": 1}, "lng"),
        ({"lat": "1", "lng": 0}, "lat"),
        ({"lat": 1, "lng": 1, "zz": 1}, "zz"),
    ):
        assert call.dispatch("search_parking", parameters, status=400)["error"]["field"] == field
    nested = {"lot_id": "lot_cascade", "plate": "A", "vehicle": {"vin": ""}}
    assert call.dispatch("create_session", nested, status=400)["error"]["field"] == "vehicle.vin"
    assert call.dispatch("create_session", {"plate": "A"}, status=400)["error"]["field"] == "lot_id"
    several = call.dispatch("create_session", {"vehicle": {"vin": "", "fleet_id": ""}}, status=400)["error"]
    assert several["field"] == "body"  # no single one
    assert [part.partition(":")[0] for part in several["message"].split("; ")] == [
        "lot_id",
        "plate",
        "vehicle.fleet_id",
    ]
    assert call.dispatch("extend_session", {}, status=400)["error"]["field"] == "action"
    assert call.error("POST", DISPATCH, {"parameters": {}}, status=400)["field"] == "action"
    assert (
        call.error("POST", DISPATCH, {"action": "get_rates", "parameters": []}, status=400)["field"]
        == "parameters"
    )
    assert call.error("POST", DISPATCH, {"action": "get_rates", "x": 1}, status=400)["field"] == "x"


def test_everything_is_kept_in_its_file(tmp_path: Path) -> None:
    first = Caller(db=tmp_path / "world.db")
    made = first.park()
    first.sandbox.front.store.close()
    again = Caller(db=tmp_path / "world.db")
    assert again.data("GET", f"/api/v1/sessions/{made['id']}")["session"]["plate"] == "CO-7891"
    assert again.available("lot_lionshead") == 86
    hashes = {bytes(r["hash"]) for r in again.sandbox.front.store.rows("SELECT hash FROM api_key")}
    assert not any(token.encode() in hashes for token in again.tokens.values())
    assert not any(token.encode() in (tmp_path / "world.db").read_bytes() for token in first.tokens.values())


def test_file_of_another_world_is_refused(tmp_path: Path) -> None:
    Caller(db=tmp_path / "world.db", seed=4).sandbox.front.store.close()
    again = Caller(db=tmp_path / "world.db")
    assert again.sandbox.front.store.row("SELECT 1 FROM lot") is not None
    again.sandbox.front.store.close()
    with pytest.raises(PgagentsError, match="seed 4, not 5"):
        Caller(db=tmp_path / "world.db", seed=5)
    with pytest.raises(PgagentsError, match="parkgraph, not of cornershop"):
        Caller("shop", db=tmp_path / "world.db")
    (tmp_path / "text.db").write_text("no database " * 100)
    with pytest.raises(PgagentsError, match="cannot use the database"):
        Caller(db=tmp_path / "text.db")
