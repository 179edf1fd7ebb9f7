"""Many clients at once, on real sockets: pages hold, limits are exact, and one idempotency key has one
effect.
"""

from __future__ import annotations

import http.client
import json
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from sandboxes import DISPATCH, VAIL, Caller
from test_server import sandbox

CLIENTS = 8


class Client:
    """One connection with one key."""

    def __init__(self, facts: dict[str, Any], key: str = "unlimited") -> None:
        host, port = facts["url"].removeprefix("http://").split(":")
        self._connection = http.client.HTTPConnection(host, int(port), timeout=600)
        self._headers = {"Authorization": f"Bearer {facts['keys'][key]}", "Content-Type": "application/json"}

    def __call__(
        self, method: str, target: str, body: Any = None, **more: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        headers = {**self._headers, **{name.replace("_", "-"): value for name, value in more.items()}}
        self._connection.request(method, target, None if body is None else json.dumps(body), headers)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"null"), answer.headers


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("parallel")
    with sandbox(folder, "--db", str(folder / "world.db")) as (_, found):
        yield found


def at_once(work: Callable[[int], Any], clients: int = CLIENTS) -> list[Any]:
    """Return each client's outcome; all begin together."""
    gate = threading.Barrier(clients)

    def one(n: int) -> Any:
        gate.wait()
        return work(n)

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(one, range(clients)))


def lots(facts: dict[str, Any]) -> list[str]:
    """Lots with room, around Denver."""
    _, found, _ = Client(facts)("GET", "/api/v1/lots/search?lat=39.7476&lng=-104.9951&radius_km=50&limit=25")
    return [lot["id"] for lot in found["lots"] if lot["available"] > 10]


@pytest.mark.matrix
def test_pages_neither_repeat_nor_skip_while_others_write(facts: dict[str, Any]) -> None:
    places = lots(facts)
    before = {make(Client(facts), places[n % len(places)], f"OLD{n}") for n in range(40)}
    stop, lock = threading.Event(), threading.Lock()
    made: list[str] = []

    def write(n: int) -> None:
        client, count = Client(facts), 0
        while not stop.is_set() and count < 400:
            id = make(client, places[(n + count) % len(places)], "NEW", ends=True)
            made.append(id)
            count += 1

    def read(n: int) -> None:
        client = Client(facts)
        for turn in range(4):
            made_before = set(made)
            seen = pages(client, f"/api/v1/sessions?limit={(3, 7)[(n + turn) % 2]}")
            assert [id for id, times in Counter(seen).items() if times > 1] == []
            assert before | made_before <= set(seen), "whatever was there when the first page was read"

    reading = [CLIENTS - 3]

    def both(n: int) -> None:
        if n < 3:
            write(n)
            return
        try:
            read(n)
        finally:
            with lock:
                reading[0] -= 1
                if not reading[0]:
                    stop.set()

    at_once(both)
    assert len(made) > 20, "there were writes meanwhile"


def make(client: Client, lot: str, plate: str, *, ends: bool = False) -> str:
    status, found, _ = client("POST", "/api/v1/sessions", {"lot_id": lot, "plate": plate})
    assert status == 201, found
    session = found["session"]
    if ends:
        named = {"session_id": session["id"], "session_code": session["session_code"]}
        assert client("POST", "/api/v1/sessions/end", named)[0] == 200
    return str(session["id"])


def pages(client: Client, target: str) -> list[str]:
    seen: list[str] = []
    cursor = ""
    while True:
        status, page, _ = client("GET", target + (f"&cursor={quote(cursor)}" if cursor else ""))
        assert status == 200, page
        seen += [session["id"] for session in page["sessions"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen


def test_limit_lets_exactly_its_calls_pass_whoever_comes_at_once() -> None:
    """The clock stands, so that nothing is refilled."""
    call = Caller()
    answers = [
        a
        for several in at_once(lambda _: [call("GET", VAIL, key="test") for _ in range(45)])
        for a in several
    ]
    passed = [a for a in answers if a.status == 200]
    assert (len(answers), len(passed)) == (360, 240)
    assert sorted(int(a.header("X-RateLimit-Remaining") or -1) for a in passed) == list(range(240))
    assert {a.header("X-RateLimit-Remaining") for a in answers if a.status == 429} == {"0"}
    body = {"action": "search_parking", "parameters": {"lat": 0, "lng": 0}}
    call = Caller()
    agents = [
        a.status
        for several in at_once(lambda _: [call("POST", DISPATCH, body, key="test") for _ in range(10)])
        for a in several
    ]
    assert Counter(agents) == {200: 30, 429: 50}


def test_limit_holds_on_sockets_too(facts: dict[str, Any]) -> None:
    body = {"action": "search_parking", "parameters": {"lat": 0, "lng": 0}}
    begun = time.monotonic()
    answers = [a for several in at_once(lambda _: burst(Client(facts, "test"), body)) for a in several]
    passed_s = time.monotonic() - begun
    passed = sum(status == 200 for status, _, _ in answers)
    assert 30 <= passed <= math.floor(30 + passed_s * 0.5)
    assert {status for status, _, _ in answers} == {200, 429}
    assert all(int(headers["Retry-After"]) in (1, 2) for status, _, headers in answers if status == 429)


def burst(client: Client, body: Any) -> list[tuple[int, Any, http.client.HTTPMessage]]:
    return [client("POST", DISPATCH, body) for _ in range(12)]


def test_of_calls_with_one_idempotency_key_one_wins_on_sockets_too(facts: dict[str, Any]) -> None:
    [lot, *_] = lots(facts)

    def one(_: int) -> list[int]:
        client = Client(facts)
        body = {"lot_id": lot, "plate": "ONCE"}
        return [
            client("POST", "/api/v1/sessions", body, Idempotency_Key=f"race-{turn}")[0] for turn in range(10)
        ]

    statuses = Counter(zip(*at_once(one), strict=True))
    assert all(sorted(turn) == [201] + [409] * (CLIENTS - 1) for turn in statuses)
    assert len(pages(Client(facts), "/api/v1/sessions/search?plate=ONCE&limit=50")) == 10


def test_last_space_goes_to_one_of_many(facts: dict[str, Any]) -> None:
    client = Client(facts)
    _, before, _ = client("GET", "/api/v1/lots/lot_lifthouse/availability")
    free = before["availability"]["available"]
    body = {"lot_id": "lot_lifthouse", "plate": "LAST"}
    statuses = Counter(
        s
        for several in at_once(
            lambda _: [Client(facts)("POST", "/api/v1/sessions", body)[0] for _ in range(4)]
        )
        for s in several
    )
    assert statuses == {201: free, 409: CLIENTS * 4 - free}
    assert client("GET", "/api/v1/lots/lot_lifthouse/availability")[1]["availability"]["available"] == 0
