"""The receipt page, the audit's CSV and its immutability, and what the sandbox forgets."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
import sqlite3
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from pgagents.base.http import Response
from sandboxes import Caller, model

FORM = "application/x-www-form-urlencoded"
DAY_S = 86_400
SEARCH = {"lat": 39.640312, "lng": -106.374217, "radius_km": 3}


@pytest.fixture
def call() -> Caller:
    return Caller()


class _Page(HTMLParser):
    def __init__(self, answer: Response) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.styles = ""
        self._within = ""
        self.feed(answer.body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._within = tag

    def handle_data(self, data: str) -> None:
        if self._within == "style":
            self.styles += data
            self._within = ""
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def place(session: dict[str, Any]) -> str:
    return str(session["receipt_url"]).removeprefix(str(model("park_graph").api.server))


def press(call: Caller, session: dict[str, Any], outcome: str, **more: Any) -> Response:
    return call(
        "POST", place(session), f"outcome={outcome}".encode(), key=None, **{"Content_Type": FORM, **more}
    )


def rows(call: Caller, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in call.sandbox.front.store.rows(sql, *values)]


# the page


def test_receipt_shows_the_session_and_its_own_address_as_a_code(call: Caller) -> None:
    session = call.park()
    answer = call("GET", place(session), key=None)
    page = _Page(answer)
    assert answer.status == 200
    assert answer.header("Content-Type") == "text/html; charset=utf-8"
    for text in (
        session["short_code"],
        "Lionshead Public Parking",
        "active",
        "$12.00",
        "2026-04-18, 16:00 UTC",
    ):
        assert text in page.text
    assert "CO-7891" not in page.text
    [drawing] = page.all("svg")
    assert drawing["role"] == "img"
    assert drawing["aria-label"]
    import segno

    modules = segno.make(session["receipt_url"], error="m", micro=False).svg_inline(
        scale=4, border=4, dark="#000", light="#fff", omitsize=True
    )
    assert modules.partition("<path")[2].encode() in answer.body


def test_receipt_of_an_ended_session_shows_the_charge(call: Caller) -> None:
    session = call.park()
    call.passed_s += 14_472
    call.end(session)
    text = _Page(call("GET", place(session), key=None)).text
    assert "$24.12" in text
    assert "completed" in text


def test_receipt_runs_no_script_loads_nothing_and_has_no_field(call: Caller) -> None:
    answer = call("GET", place(call.park()), key=None)
    page = _Page(answer)
    policy = dict(
        part.strip().partition(" ")[::2] for part in str(answer.header("Content-Security-Policy")).split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert (
        policy["style-src"]
        == f"'sha256-{base64.b64encode(hashlib.sha256(page.styles.encode()).digest()).decode()}'"
    )
    assert not {"script", "link", "img", "iframe", "object", "input", "textarea", "select"} & {
        tag for tag, _ in page.tags
    }
    assert not any(
        name in attrs for _, attrs in page.tags for name in ("src", "href", "style", "onclick", "onload")
    )
    assert b"http" not in re.sub(rb"<svg.*?</svg>", b"", answer.body, flags=re.S)


def test_receipt_can_be_read_by_machines_for_people(call: Caller) -> None:
    page = _Page(call("GET", place(call.park()), key=None))
    assert page.all("html") == [{"lang": "en"}]
    assert page.all("title")
    assert len(page.all("h1")) == len(page.all("main")) == len(page.all("legend")) == 1
    assert "color-scheme: light dark" in page.styles
    assert [button["value"] for button in page.all("button")] == ["paid", "declined", "requires_action"]
    for words in ("payment succeeds", "payment is declined", "payment needs action"):
        assert f"Simulate: {words}" in page.text


@pytest.mark.parametrize(("outcome", "says", "event"), [
    ("declined", "declined", "payment.failed"), ("requires_action", "waiting for the payer's action", None),
])  # fmt: skip
def test_button_decides_the_payment_tells_of_it_and_is_audited(
    call: Caller, outcome: str, says: str, event: str | None
) -> None:
    session = call.park()
    before = len(rows(call, "SELECT 1 FROM event"))
    answer = press(call, session, outcome)
    assert answer.status == 200
    assert f"The payment is now {says}." in _Page(answer).text
    assert rows(
        call, "SELECT status FROM payment WHERE payment_intent_id = ?", session["payment_intent_id"]
    ) == [(outcome,)]
    assert [t for (t,) in rows(call, "SELECT type FROM event ORDER BY n")][before:] == (
        [event] if event else []
    )
    newest = call.data("GET", f"/sandbox/v1/audit?session_id={session['id']}", key="operator")["rows"][0]
    assert (newest["action"], newest["actor_type"], newest["diff"]) == (
        "settle_payment",
        "receipt",
        {"payment": ["paid", outcome]},
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"outcome=free",
        b"outcome=processor_down",
        b"outcome=paid&outcome=declined",
        b"\xff\xfe",
        b"x" * 5000,
    ],
)
def test_anything_else_than_a_button_changes_nothing(call: Caller, body: bytes) -> None:
    session = call.park()
    before = rows(call, "SELECT * FROM payment"), len(rows(call, "SELECT 1 FROM audit"))
    assert call("POST", place(session), body, key=None, Content_Type=FORM).status == 400
    assert press(call, session, "declined", Content_Type="text/plain").status == 400
    assert (rows(call, "SELECT * FROM payment"), len(rows(call, "SELECT 1 FROM audit"))) == before


def test_receipt_is_found_by_its_whole_address_alone(call: Caller) -> None:
    session = call.park()
    for wrong in (
        "/r/sess_nowhere",
        f"/r/{session['short_code']}",
        "/r/",
        "/r/%27%20OR%201=1",
        place(session) + "/",
    ):
        assert call("GET", wrong, key=None).status in (401, 404), wrong
    assert call("DELETE", place(session), key=None).header("Allow") == "GET, POST"


def test_receipts_are_limited_by_address(call: Caller) -> None:
    path = place(call.park())
    answers = [call("GET", path, key=None) for _ in range(241)]
    assert [a.status for a in answers] == [200] * 240 + [429]
    assert answers[0].header("X-RateLimit-Limit") == "240"


# the audit


def test_audit_refuses_change_and_deletion_from_any_program(tmp_path: Path) -> None:
    call = Caller(db=tmp_path / "world.db")
    call.park()
    call.sandbox.front.store.close()
    raw = sqlite3.connect(tmp_path / "world.db")
    before = raw.execute("SELECT * FROM audit").fetchall()
    assert before
    for sql in (
        "UPDATE audit SET action = 'x'",
        "UPDATE audit SET at = at",
        "DELETE FROM audit",
        "DELETE FROM audit WHERE n = 1",
        "UPDATE OR IGNORE audit SET n = n + 1000",
        "REPLACE INTO audit SELECT * FROM audit",
        "INSERT OR REPLACE INTO audit (n, at, actor_type, action, tenant) VALUES (1, 0, 'x', 'x', '')",
    ):
        with pytest.raises(sqlite3.Error, match="append-only"):
            raw.execute(sql)
        raw.rollback()
    assert raw.execute("SELECT * FROM audit").fetchall() == before
    raw.close()


def test_what_is_deleted_leaves_a_tombstone(call: Caller) -> None:
    key = call.data("POST", "/sandbox/v1/keys", {}, status=201, key="operator")["api_key"]["id"]
    assert call("DELETE", f"/sandbox/v1/keys/{key}", key="operator").status == 204
    assert call("DELETE", "/api/v1/webhooks/wh_01JS4A2B").status == 204
    assert rows(call, "SELECT revoked_at IS NOT NULL FROM api_key WHERE id = ?", key) == [(1,)]
    assert rows(call, "SELECT deleted_at IS NOT NULL FROM webhook") == [(1,)]
    actions = [row["action"] for row in call.data("GET", "/sandbox/v1/audit", key="operator")["rows"]]
    assert actions[:3] == ["delete_webhook", "delete_key", "create_key"]


def test_csv_is_quoted_and_runs_nothing_in_a_spreadsheet(call: Caller) -> None:
    store = call.sandbox.front.store
    hostile = ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "\n=1", " =1", "＝1", 'a"b,c\r\nd', "Straße"]
    for n, text in enumerate(hostile):
        store.run(
            (
                "INSERT INTO audit (at, actor_type, action, lot_id, agent_platform, tenant) VALUES (?, "
                "'key', ?, 'lot_cascade', ?, '')"
            ),
            n,
            text,
            text,
        )
    answer = call("GET", "/sandbox/v1/lots/lot_cascade/audit.csv", key="operator")
    header, *lines = csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True)
    assert header == [
        "at",
        "actor_type",
        "actor_id",
        "action",
        "lot_id",
        "session_id",
        "agent_platform",
        "diff",
    ]
    assert answer.body.startswith(b",".join(name.encode() for name in header) + b"\r\n")
    assert [line[3] for line in lines] == [f"'{t}" for t in hostile[:9]] + hostile[9:]
    assert b'"a""b,c\r\nd"' in answer.body
    assert not any(cell.lstrip(" ")[:1] in "=+-@\t\r\n" for line in lines for cell in line if cell)


# what is forgotten


def test_search_loses_key_end_user_and_fine_coordinates_after_a_day(call: Caller) -> None:
    call("GET", "/api/v1/lots/search?lat=39.640312&lng=-106.374217", X_End_User_Id="ann@example.com")
    call.dispatch("search_parking", SEARCH)
    call.wait(DAY_S - 5)
    call.data("GET", "/api/v1/webhooks")
    assert all(key and lat == SEARCH["lat"] for key, lat in rows(call, "SELECT key_id, lat FROM search_log"))
    call.wait(DAY_S)
    call.data("GET", "/api/v1/webhooks")
    assert rows(call, "SELECT DISTINCT key_id, end_user, lat, lng FROM search_log") == [
        (None, None, 39.64, -106.37)
    ]
    assert rows(
        call, "SELECT actor_id FROM audit JOIN audit_detail ON audit_n = n WHERE action = 'search_parking'"
    ) == [(None,)]


def test_search_that_led_to_a_booking_is_kept(call: Caller) -> None:
    call.dispatch("search_parking", SEARCH)
    call.park()
    call.wait(2 * DAY_S)
    call.sandbox.chore()
    assert rows(call, "SELECT key_id, lat FROM search_log") == [("key_unlimited", SEARCH["lat"])]


def test_driver_is_forgotten_thirty_days_later_and_the_audit_stays(call: Caller) -> None:
    mine, other = call.park(plate="FORGET1", vehicle={"vin": "1HGCM826X4A004352"}), call.park(plate="STAYS1")
    call.end(mine)
    audited = rows(call, "SELECT * FROM audit ORDER BY n")
    assert call("DELETE", "/sandbox/v1/drivers?plate=forget1", key="operator").status == 204
    call.wait(30 * DAY_S - 10)
    call.sandbox.chore()
    assert call.data("GET", f"/api/v1/sessions/{mine['id']}")["session"]["plate"] == "FORGET1"
    later = call.park(plate="FORGET1")
    call.wait(60)
    call.sandbox.chore()
    assert call.data("GET", f"/api/v1/sessions/{mine['id']}")["session"]["plate"] == "REDACTED"
    assert call.data("GET", f"/api/v1/sessions/{mine['id']}")["session"]["vehicle"]["vin"] is None
    assert call.data("GET", f"/api/v1/sessions/{other['id']}")["session"]["plate"] == "STAYS1"
    assert call.data("GET", f"/api/v1/sessions/{later['id']}")["session"]["plate"] == "FORGET1"
    assert [s["id"] for s in call.data("GET", "/api/v1/sessions/search?plate=FORGET1")["sessions"]] == [
        later["id"]
    ]
    assert rows(call, "SELECT * FROM audit ORDER BY n")[: len(audited)] == audited
    detail = rows(
        call,
        "SELECT diff FROM audit JOIN audit_detail ON audit_n = n WHERE session_id = ? ORDER BY n",
        mine["id"],
    )
    assert [sorted(json.loads(diff)) for (diff,) in detail] == [
        ["hours", "status"],
        ["status", "subtotal_cents"],
    ]
    call.sandbox.front.store.run("DELETE FROM session WHERE id = ?", later["id"])
    for table in ("session", "hold", "refund", "forget"):
        assert not any("FORGET1" in str(row) for row in rows(call, f"SELECT * FROM {table}")), table
    assert not any(mine["id"].encode() in body for (body,) in rows(call, "SELECT body FROM event"))


def test_settled_events_go_after_a_week_and_waiting_ones_stay() -> None:
    call = Caller(post=lambda _: "answered 500", resolve=lambda _: ["93.184.216.34"])
    call.data(
        "POST",
        "/api/v1/webhooks",
        {"url": "https://hooks.shop.dev", "events": ["session.created"]},
        status=201,
    )
    call.park()
    call.sandbox.courier.round()
    call.data("POST", "/sandbox/v1/clock", {"advance_s": 8 * DAY_S}, key="operator")
    call.sandbox.chore()
    assert rows(call, "SELECT type FROM event") == [("session.created",)]
    assert rows(call, "SELECT webhook_id <> 'wh_01JS4A2B', state FROM delivery WHERE state = 'due'") == [
        (1, "due")
    ]
