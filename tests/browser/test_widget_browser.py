"""The page to try a search on, in a real Chromium, against a real sandbox or one that answers oddly."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sandboxes import DISPATCH, ROOT

PAGE = ROOT / "generated" / "widget" / "index.html"
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>{{7*7}}\u202e</td></table>'


def _open() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


@contextlib.contextmanager
def server(
    answer: Callable[[], tuple[int, dict[str, str], bytes]],
    *,
    cors: bool = False,
    gate: threading.Event | None = None,
) -> Iterator[str]:
    """A server that serves the page at /widget and answers every call alike, once the gate is open."""
    gate = gate or _open()

    class Handler(BaseHTTPRequestHandler):
        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            more = (
                {
                    "Access-Control-Allow-Origin": "*",
                    "Access-Control-Allow-Headers": "authorization, content-type",
                }
                if cors
                else {}
            )
            for name, value in {**headers, **more, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def do_GET(self) -> None:
            self._send(200, {"Content-Type": "text/html; charset=utf-8"}, PAGE.read_bytes())

        def do_OPTIONS(self) -> None:
            self._send(204, {}, b"")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            gate.wait(30)
            self._send(*answer())

        def log_message(self, *_: Any) -> None:
            """Nothing is printed."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{running.server_port}"
    finally:
        gate.set()
        running.shutdown()
        running.server_close()


def lots(
    *found: dict[str, Any], status: int = 200, **headers: str
) -> Callable[[], tuple[int, dict[str, str], bytes]]:
    """An answer with these lots."""
    return lambda: (
        status,
        {"Content-Type": "application/json", **headers},
        json.dumps({"lots": found}).encode(),
    )


def refusal(status: int, message: str, **headers: str) -> Callable[[], tuple[int, dict[str, str], bytes]]:
    body = {"error": {"code": "X", "message": message, "request_id": "req_odd"}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda: (status, {"Content-Type": "application/json", **named}, json.dumps(body).encode())


def lot(**members: Any) -> dict[str, Any]:
    return {
        "id": "lot_1",
        "name": "One",
        "rate": 6,
        "rate_unit": "hour",
        "available": 1,
        "total": 2,
        "lat": 39.641,
        "lng": -106.374,
        "distance_km": 0.1,
        "walking_minutes": 1,
        "agents_allowed": True,
        **members,
    }


def test_search_near_vail_shows_the_lots_with_their_numbers(
    sandbox: dict[str, Any], visit: Callable[..., Any]
) -> None:
    open_page = visit(sandbox["url"] + "/widget")
    assert open_page.page.input_value("#base") == sandbox["url"]
    open_page.search(sandbox["keys"]["unlimited"])
    assert open_page.status().startswith("5 lots within 1.5 km.")
    rows = open_page.rows()
    assert rows[0] == [
        "1",
        "Vail Village Lifthouse Lot",
        "$8.00 per hour",
        "12 of 40",
        "0.03 km",
        "1 min",
        "Yes",
    ]
    assert rows[1] == [
        "2",
        "Lionshead Public Parking",
        "$6.00 per hour",
        "87 of 400",
        "0.86 km",
        "11 min",
        "Yes",
    ]
    assert [row[0] for row in rows] == ["1", "2", "3", "4", "5"]
    assert sorted(open_page.page.locator(".marker .number").all_text_contents()) == ["1", "2", "3", "4", "5"]
    described = open_page.page.locator("#map-text").text_content()
    assert "2: Lionshead Public Parking, 860 m north-west" in described
    assert "4: Golden Peak Day Lot, 1.1 km east" in described
    assert open_page.page.inner_text("caption").startswith("The lots found")
    request = open_page.page.locator("#sent").text_content()
    assert f"POST {DISPATCH} HTTP/1.1" in request
    assert json.loads(request.split("\n\n", 1)[1]) == {
        "action": "search_parking",
        "parameters": {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5},
    }
    answer = open_page.page.locator("#came").text_content()
    assert answer.startswith("HTTP 200\n")
    assert len(json.loads(answer.split("\n\n", 1)[1])["lots"]) == 5


def test_markers_stand_where_the_lots_are(sandbox: dict[str, Any], visit: Callable[..., Any]) -> None:
    """Lot 4 is 1.15 km due east of the centre, on a circle whose radius is 1.5 km."""
    open_page = visit(sandbox["url"] + "/widget")
    open_page.search(sandbox["keys"]["unlimited"])
    area = {key: float(open_page.page.get_attribute(".area", key)) for key in ("cx", "cy", "r")}
    badge = next(
        m for m in open_page.page.locator(".marker").all() if m.locator(".number").text_content() == "4"
    ).locator(".badge")
    x, y = (float(badge.get_attribute(key)) - area[f"c{key[1]}"] for key in ("cx", "cy"))
    assert x == pytest.approx(area["r"] * 1.15 / 1.5, rel=0.03)
    assert abs(y) < area["r"] * 0.06


def test_no_request_leaves_the_servers_own_origin_and_the_token_stays_in_memory(
    sandbox: dict[str, Any], visit: Callable[..., Any]
) -> None:
    token = sandbox["keys"]["unlimited"]
    open_page = visit(sandbox["url"] + "/widget")
    open_page.search(token)
    for summary in open_page.page.locator("summary").all():
        summary.click()
    assert open_page.asked == [sandbox["url"] + "/widget", sandbox["url"] + DISPATCH]
    assert token not in open_page.page.content()
    assert token not in open_page.page.url
    kept = open_page.page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, history.state, name])"
    )
    assert kept == '[{},{},"",null,""]'
    open_page.page.goto("about:blank")
    open_page.page.go_back()
    assert open_page.page.input_value("#token") == ""


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("pk_test_never_issued", "The token was not accepted."),
        ("revoked", "The token was not accepted."),
        ("starter", "The token is valid, but may not do this.\nIts plan does not include the scope “agent”."),
    ],
)
def test_refusal_is_said_in_words(
    sandbox: dict[str, Any], visit: Callable[..., Any], key: str, words: str
) -> None:
    open_page = visit(sandbox["url"] + "/widget")
    open_page.search(sandbox["keys"].get(key, key))
    assert open_page.problem().startswith(words)
    assert re.search(r"Quote this to support: req_\w+", open_page.problem())
    assert open_page.rows() == []
    if "accepted" in words:
        assert open_page.page.evaluate("document.activeElement.id") == "token"
        assert open_page.page.get_attribute("#token", "aria-invalid") == "true"


def test_call_over_the_limit_is_told_when_to_try_again(
    sandbox: dict[str, Any], visit: Callable[..., Any]
) -> None:
    """The ordinary test key has 30 calls a minute."""
    open_page = visit(sandbox["url"] + "/widget")
    call = """([path, token]) => Promise.all([...Array(30)].map(() => fetch(path, {
        method: "POST", body: '{"action":"search_parking"}',
        headers: {"Authorization": "Bearer " + token, "Content-Type": "application/json"}}))).then(() => 0)"""
    open_page.page.evaluate(call, [DISPATCH, sandbox["keys"]["test"]])
    open_page.search(sandbox["keys"]["test"])
    assert re.match(r"Too many calls with this token\.\nTry again in [12] seconds?\.", open_page.problem())


def test_wrong_input_is_said_at_its_field_and_nothing_is_sent(
    sandbox: dict[str, Any], visit: Callable[..., Any]
) -> None:
    open_page = visit(sandbox["url"] + "/widget")
    page = open_page.page
    for name, value, words in [
        ("lat", "91", "at most 90"),
        ("lat", "north", "Enter a number"),
        ("lng", "", "Enter a value for Longitude"),
        ("radius_km", "0", "more than 0"),
        ("limit", "2.5", "whole number"),
        ("limit", "26", "at most 25"),
    ]:
        page.reload()
        page.fill("#token", "pk_test_whatever")
        page.fill(f"#in-{name}", value)
        page.click("#go")
        assert words in page.inner_text(f"#err-{name}")
        assert page.get_attribute(f"#in-{name}", "aria-invalid") == "true"
        assert page.evaluate("document.activeElement.id") == f"in-{name}"
    for token in ("", "two words", "naïve"):
        page.reload()
        page.fill("#token", token)
        page.click("#go")
        assert page.inner_text("#err-token")
    for base in ("ftp://x", "parkgraph.com", "https://evil.example", "http://user:secret@127.0.0.1"):
        page.reload()
        page.fill("#token", "pk_test_whatever")
        page.fill("#base", base)
        page.click("#go")
        assert page.inner_text("#err-base"), base
    assert all(url.endswith("/widget") for url in open_page.asked)


def test_everything_works_by_keyboard_alone(sandbox: dict[str, Any], visit: Callable[..., Any]) -> None:
    open_page = visit(sandbox["url"] + "/widget")
    page = open_page.page
    order = []
    for _ in range(14):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "document.activeElement.id || document.activeElement.dataset.place || "
            "document.activeElement.textContent"
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid", focused
        order.append(focused)
        if focused == "token":
            page.keyboard.type(sandbox["keys"]["unlimited"])
        if focused == "Denver Airport":
            page.keyboard.press("Space")
        if focused == "go":
            break
    assert order == [
        "Skip to the results",
        "base",
        "token",
        "Get a token",
        "Vail Village",
        "Downtown Denver",
        "Denver Airport",
        "San Francisco",
        "in-lat",
        "in-lng",
        "in-radius_km",
        "in-limit",
        "in-autonomous_entry",
        "go",
    ]
    page.keyboard.press("Enter")
    page.wait_for_selector("table")
    assert page.input_value("#in-lat") == "39.8493"
    assert page.get_attribute('[data-place="Denver Airport"]', "aria-pressed") == "true"
    assert page.get_attribute('[data-place="Vail Village"]', "aria-pressed") == "false"
    assert re.match(r"\d lots within 5 km", open_page.status())
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("details").first.get_attribute("open") is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_never_scrolls_sideways(
    sandbox: dict[str, Any], visit: Callable[..., Any], scheme: str
) -> None:
    open_page = visit(
        sandbox["url"] + "/widget",
        viewport={"width": 360, "height": 740},
        color_scheme=scheme,
        has_touch=True,
        is_mobile=True,
    )
    wide = "document.documentElement.scrollWidth"
    assert open_page.page.evaluate(wide) == 360
    open_page.search(sandbox["keys"]["unlimited"], limit="25")
    for summary in open_page.page.locator("summary").all():
        summary.click()
    assert open_page.page.evaluate(wide) == 360
    small = """[...document.querySelectorAll("button, input, summary, select")].filter((e) => e.offsetParent
        && Math.min(e.getBoundingClientRect().height, e.getBoundingClientRect().width) < 20)
        .map((e) => e.id || e.textContent)"""
    assert open_page.page.evaluate(small) == []
    assert len(open_page.page.get_by_role("row").all()) == 1 + len(open_page.rows()), (
        "laid out as cards, it is a table still"
    )
    assert (
        open_page.page.evaluate("document.getElementById('results-title').getBoundingClientRect().top") < 370
    )


def test_dark_and_light_are_as_the_reader_prefers(sandbox: dict[str, Any], visit: Callable[..., Any]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    found = {
        scheme: visit(sandbox["url"] + "/widget", color_scheme=scheme, reduced_motion="reduce").page.evaluate(
            ground
        )
        for scheme in ("light", "dark")
    }
    assert found == {"light": "rgb(244, 246, 248)", "dark": "rgb(14, 19, 24)"}


def test_hostile_names_stay_text(visit: Callable[..., Any]) -> None:
    with server(
        lots(
            lot(name=HOSTILE, rate_unit=HOSTILE, available={"a": 1}),
            lot(name=None, lat="x"),
            {"name": 5},
            lot(name="y" * 9999),
        )
    ) as url:
        open_page = visit(url + "/widget", viewport={"width": 360, "height": 740})
        open_page.search("pk_test_sent_to_a_bad_server")
        assert open_page.rows()[0][1] == HOSTILE
        assert open_page.status().startswith(
            "4 lots within 1.5 km. 2 lots without a position are not on the map."
        )
        assert len(open_page.page.locator(".marker").all()) == 2
        assert open_page.page.title() == "Try a parking search · Park Graph"
        assert open_page.page.locator("img, td script, td table").count() == 0
        assert open_page.page.evaluate("document.documentElement.scrollWidth") == 360
        assert [u for u in open_page.asked if not u.startswith(url)] == []


def test_token_that_a_server_sends_back_is_not_shown(visit: Callable[..., Any]) -> None:
    token = "pk_test_secret_of_the_reader"
    for answer in (lots(lot(name=f"You sent {token}")), refusal(401, f"unknown: {token}")):
        with server(answer) as url:
            open_page = visit(url + "/widget")
            open_page.search(token)
            assert token not in open_page.page.content()
            assert "pk_test_••••••••" in open_page.page.inner_text("#results")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refusal(429, "slow down", Retry_After="12"),
            "Too many calls with this token.\nTry again in 12 seconds.\nThe server says: slow down",
        ),
        (refusal(429, "slow down"), "Too many calls with this token.\nTry again in a little while."),
        (refusal(503, "busy", Retry_After="600"), "The server is busy.\nTry again in 10 minutes."),
        (refusal(500, "oops"), "The server failed."),
        (refusal(404, "what"), "There is no such address on this server."),
        (refusal(426, "tls"), "The server wants an encrypted connection."),
        (
            lambda: (200, {"Content-Type": "text/html"}, b"<h1>Login</h1>"),
            "The answer is not what was expected.",
        ),
        (lambda: (200, {}, b'{"lots": {"a": 1}}'), "The answer is not what was expected."),
        (lambda: (200, {}, b"null"), "The answer is not what was expected."),
        (lambda: (200, {}, b" " * 1_100_000), "The answer is too large."),
        (lambda: (302, {"Location": "/elsewhere"}, b""), "127.0.0.1"),
    ],
)
def test_odd_answer_is_said_in_words(
    visit: Callable[..., Any], answer: Callable[[], tuple[int, dict[str, str], bytes]], words: str
) -> None:
    with server(answer) as url:
        open_page = visit(url + "/widget")
        open_page.search("pk_test_whatever")
        assert open_page.problem().startswith(words)
        assert open_page.rows() == []


def test_no_results_is_said(visit: Callable[..., Any]) -> None:
    with server(lots()) as url:
        open_page = visit(url + "/widget")
        open_page.search("pk_test_whatever", radius_km="0.5")
        assert open_page.status() == "No lots within 0.5 km. Try a larger radius, or another place."
        assert open_page.problem() == ""


def test_many_results_are_cut_and_said(visit: Callable[..., Any]) -> None:
    with server(lots(*[lot(name=f"Lot {n}", lat=39.6403 + n / 30000) for n in range(150)])) as url:
        open_page = visit(url + "/widget")
        open_page.search("pk_test_whatever")
        assert open_page.status() == "150 lots within 1.5 km. Only the first 100 are shown."
        assert len(open_page.rows()) == 100


def test_search_that_is_under_way_says_so_and_is_not_sent_twice(visit: Callable[..., Any]) -> None:
    gate = threading.Event()
    with server(lots(lot()), gate=gate) as url:
        open_page = visit(url + "/widget")
        open_page.page.fill("#token", "pk_test_whatever")
        open_page.page.click("#go")
        assert open_page.status() == "Searching…"
        assert open_page.page.get_attribute("#go", "aria-disabled") == "true"
        assert open_page.page.get_attribute("#results", "aria-busy") == "true"
        open_page.page.press("#token", "Enter")
        gate.set()
        open_page.page.wait_for_selector("table")
        assert open_page.page.get_attribute("#go", "aria-disabled") == "false"
        assert sum(u.endswith(DISPATCH) for u in open_page.asked) == 1


def test_server_that_never_answers_is_given_up(visit: Callable[..., Any]) -> None:
    with server(lots(), gate=threading.Event()) as url:
        open_page = visit("about:blank")
        open_page.page.clock.install()
        open_page.page.goto(url + "/widget")
        open_page.page.fill("#token", "pk_test_whatever")
        open_page.page.click("#go")
        open_page.page.clock.fast_forward(16_000)
        open_page.page.wait_for_selector("#problem strong")
        assert open_page.problem().startswith("The server took too long.\nNo answer within 15 seconds.")


def test_file_on_a_disk_calls_a_server_of_this_machine_that_lets_it(visit: Callable[..., Any]) -> None:
    with server(lots(lot()), cors=True) as open_to_all, server(lots(lot())) as closed:
        open_page = visit(PAGE.as_uri())
        assert open_page.page.input_value("#base") == "https://parkgraph.com"
        open_page.page.fill("#base", closed)
        open_page.search("pk_test_whatever")
        assert "cannot be reached" in open_page.problem()
        assert "(CORS)" in open_page.problem()
        open_page.page.fill("#base", open_to_all)
        open_page.page.click("#go")
        open_page.page.wait_for_selector("table")
        assert open_page.rows()[0][1] == "One"


def test_file_on_a_disk_reads_the_sandbox_and_its_headers(
    sandbox: dict[str, Any], visit: Callable[..., Any]
) -> None:
    open_page = visit(PAGE.as_uri())
    open_page.page.fill("#base", sandbox["url"])
    open_page.search(sandbox["keys"]["unlimited"])
    assert re.fullmatch(r"5 lots within 1\.5 km\. [0-9,]+ of 60,000 calls left\.", open_page.status())
    open_page.search("pk_test_never_issued")
    open_page.page.wait_for_selector("#problem strong")
    assert open_page.problem().startswith("The token was not accepted.")
    assert [url for url in open_page.asked if not url.startswith((sandbox["url"], "file:"))] == []


def test_places_at_the_edge_of_the_earth_are_drawn(visit: Callable[..., Any]) -> None:
    """Over the date line and at a pole, what is near is near on the map."""
    for lat, lng, there in ((10, 179.999, (10, -179.999)), (90, 0, (89.999, 120)), (-90, 50, (-89.999, -20))):
        with server(lots(lot(lat=there[0], lng=there[1]))) as url:
            open_page = visit(url + "/widget")
            open_page.search("pk_test_whatever", lat=str(lat), lng=str(lng), radius_km="1")
            area = {key: float(open_page.page.get_attribute(".area", key)) for key in ("cx", "cy", "r")}
            badge = [float(open_page.page.get_attribute(".badge", key)) for key in ("cx", "cy")]
            assert 0 < ((badge[0] - area["cx"]) ** 2 + (badge[1] - area["cy"]) ** 2) ** 0.5 < area["r"]
