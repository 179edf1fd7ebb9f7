"""Webhooks of the sandbox: which targets are taken, what is put into the outbox, how it is signed, sent
and sent again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import jsonschema
import pytest
import trustme

from pgagents.base.jsonschema import schema as schemas
from pgagents.sandbox import deliver, targets_allowed
from pgagents.sandbox.deliver import HttpsPost, Parcel, pause_s
from pgagents.sandbox.serve import Background
from pgagents.sandbox.targets_allowed import SystemResolver
from sandboxes import Caller, model, named

EVERY = [
    "session.created",
    "session.ended",
    "session.extended",
    "payment.completed",
    "payment.failed",
    "lot.updated",
    "occupancy.changed",
]
NAMES = {
    "hooks.shop.dev": ["93.184.216.34"],
    "inner.shop.dev": ["10.0.0.8"],
    "both.shop.dev": ["93.184.216.34", "127.0.0.1"],
}


class Receiver:
    """Stands where the network is: keeps parcels, answers as told."""

    def __init__(self) -> None:
        self.parcels: list[Parcel] = []
        self.answers: Callable[[Parcel], str] = lambda _: ""

    def __call__(self, parcel: Parcel) -> str:
        self.parcels.append(parcel)
        return self.answers(parcel)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(p.body) for p in self.parcels]


class World:
    """A sandbox whose deliveries go to a receiver, and whose real time is `call.passed_s`."""

    def __init__(self, **more: Any) -> None:
        self.receiver = Receiver()
        self.names = {name: list(found) for name, found in NAMES.items()}
        self.call = Caller(post=self.receiver, resolve=lambda host: self.names.get(host, []), **more)

    def hook(
        self, events: list[str] = EVERY, url: str = "https://hooks.shop.dev/in?a=1", key: str = "unlimited"
    ) -> dict[str, Any]:
        made: dict[str, Any] = self.call.data(
            "POST", "/api/v1/webhooks", {"url": url, "events": events}, status=201, key=key
        )["webhook"]
        return made

    def round(self) -> int:
        return self.call.sandbox.courier.round()


@pytest.fixture
def factory() -> World:
    found = World()
    found.call.data("GET", "/api/v1/webhooks")
    assert found.call("DELETE", "/api/v1/webhooks/wh_01JS4A2B").status == 204  # the one of the examples
    return found


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0.0.0.0",
        "0", "10.0.0.1", "172.16.9.9",
        "192.168.1.1", "169.254.169.254", "0xa9fea9fe", "100.64.0.1", "224.0.0.1", "255.255.255.255",
        "240.0.0.1", "198.18.0.1",
        "192.0.0.8", "192.0.0.170", "192.88.99.1", "[3fff::1]", "[::ffff:192.0.0.8]", "[2002:c000:8::1]",
        "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:10.0.0.1]",
        "[::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2002:a00:1::1]", "[fe80::1]", "[fe80::1%25eth0]",
        "[fc00::1]", "[fd00:ec2::254]",
        "[ff02::1]", "[2001:db8::1]", "[2001::1]", "[100::1]", "localhost", "LOCALHOST", "localhost.",
        "a.localhost", "printer.local",
        "vault.internal", "nas.home.arpa", "inner.shop.dev", "both.shop.dev", "user@93.184.216.34",
        "hooks.shop.dev@127.0.0.1",
        "hooks.shop.dev:443@127.0.0.1", "%31%32%37.0.0.1", "127.0.0.1%00.shop.dev", "1.2.3.4.5", "999.1.1.1",
        "08.8.8.8",
        "4294967296", "hooks.shop.dev:0", "hooks.shop.dev:99999", "hooks..shop.dev", "-hooks.shop.dev", "",
        ":443", "[::1", "a b",
        "hooks.shop.dev\\@127.0.0.1", "１２７.0.0.1", "ⓛocalhost",
    ],
)  # fmt: skip
def test_target_that_is_not_public_is_refused_however_it_is_spelt(factory: World, host: str) -> None:
    for tail in ("/in", ":8443/in"):
        if tail[0] == ":" and (":" in host.rpartition("]")[2] or "#" in host):
            continue
        answer = factory.call.error(
            "POST",
            "/api/v1/webhooks",
            {"url": f"https://{host}{tail}", "events": ["lot.updated"]},
            status=400,
        )
        assert answer["field"] == "url"


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.shop.dev/",
        "ftp://hooks.shop.dev/",
        "//hooks.shop.dev",
        "https:hooks",
        "https://",
        "HTTPS://127.0.0.1/",
    ],
)
def test_target_that_is_not_https_is_refused(factory: World, url: str) -> None:
    assert (
        factory.call.error("POST", "/api/v1/webhooks", {"url": url, "events": ["lot.updated"]}, status=400)[
            "field"
        ]
        == "url"
    )


@pytest.mark.parametrize(
    "host",
    [
        "hooks.shop.dev",
        "hooks.shop.dev:8443",
        "HOOKS.shop.dev.",
        "nobody-has-this.dev",
        "93.184.216.34",
        "[2606:2800:220:1::1]",
        "x_y.dev",
    ],
)
def test_public_target_and_a_name_that_does_not_resolve_are_taken(factory: World, host: str) -> None:
    url = f"https://{host}/in?q=%2F#part"
    assert factory.hook(url=url)["url"] == url


def test_loopback_is_taken_only_with_its_flag_and_nothing_else_with_it() -> None:
    open_world = World(allow_loopback=True)
    for host in ("127.0.0.1:9", "localhost:9", "[::1]:9", "[::ffff:127.0.0.1]", "x.localhost"):
        open_world.names["localhost"] = open_world.names["x.localhost"] = ["127.0.0.1"]
        assert open_world.hook(url=f"https://{host}/in")["url"] == f"https://{host}/in"
    for host in ("10.0.0.1", "169.254.169.254", "inner.shop.dev", "0.0.0.0", "[fe80::1]"):
        open_world.call.error(
            "POST", "/api/v1/webhooks", {"url": f"https://{host}/in", "events": ["lot.updated"]}, status=400
        )


def test_every_event_is_sent_signed_in_its_envelope_and_of_its_schema(factory: World) -> None:
    secret = factory.hook()["signing_secret"]
    call = factory.call
    session = call.park("lot_cascade")
    call.extend(session, 1)
    call.passed_s += 3600
    call.end(session)
    call.data("POST", "/sandbox/v1/payments/next", {"outcome": "declined"}, key="operator")
    call.park("lot_golden_peak")
    call.data("PATCH", "/sandbox/v1/lots/lot_cascade", {"rate": 4}, key="operator")
    assert factory.round() == 10
    assert factory.round() == 0
    events = factory.receiver.events
    assert [e["type"] for e in events] == [
        "occupancy.changed",
        "session.created",
        "payment.completed",
        "session.extended",
        "occupancy.changed",
        "session.ended",
        "occupancy.changed",
        "session.created",
        "payment.failed",
        "lot.updated",
    ]
    assert {e["type"] for e in events} == set(model("park_graph").webhooks.events) == set(EVERY)
    assert len({e["id"] for e in events}) == len(events)
    for parcel, event in zip(factory.receiver.parcels, events, strict=True):
        _fits(event)
        headers = dict(parcel.headers)
        t, v1 = (part.partition("=")[2] for part in headers["Park-Graph-Signature"].split(","))
        assert v1 == hmac.new(secret.encode(), t.encode() + b"." + parcel.body, hashlib.sha256).hexdigest()
        assert (parcel.target.host, parcel.target.port, parcel.target.path) == (
            "hooks.shop.dev",
            443,
            "/in?a=1",
        )
        assert str(parcel.address) == "93.184.216.34"
    bodies = b"".join(p.body for p in factory.receiver.parcels)
    assert b"client_secret" not in bodies
    assert b"_secret_" not in bodies


def _fits(event: dict[str, Any]) -> None:
    found = model("park_graph")
    known = {name: json.loads(json.dumps(schema)) for name, schema in found.schemas.items()}
    for name, value in (("Event", event), (found.webhooks.events[event["type"]].data, event["data"])):
        if name:
            schema = schemas.resolve(found.schemas[name], found.schemas)
            jsonschema.Draft202012Validator({**schema, "components": {"schemas": known}}).validate(value)


def test_webhook_hears_its_own_project_and_the_events_it_asked_for(factory: World) -> None:
    mine, theirs = (
        factory.hook(["session.created", "occupancy.changed"]),
        factory.hook(key="second", events=["session.created", "occupancy.changed"]),
    )
    factory.call.park("lot_cascade")
    assert factory.round() == 3
    told = {p.headers[-1][1]: json.loads(p.body)["type"] for p in factory.receiver.parcels}
    assert sorted(told.values()) == ["occupancy.changed", "occupancy.changed", "session.created"]
    signed = [
        hmac.new(
            theirs["signing_secret"].encode(), b"%s.%s" % (t.split(",")[0][2:].encode(), p.body), "sha256"
        ).hexdigest()
        in t
        for p in factory.receiver.parcels
        for t in [dict(p.headers)["Park-Graph-Signature"]]
    ]
    assert [
        json.loads(p.body)["type"] for p, s in zip(factory.receiver.parcels, signed, strict=True) if s
    ] == ["occupancy.changed"]
    assert mine["signing_secret"] != theirs["signing_secret"]


def test_refused_write_puts_nothing_into_the_outbox(factory: World) -> None:
    factory.hook()
    store = factory.call.sandbox.front.store
    before = store.row("SELECT count(*) AS n FROM event")["n"]
    factory.call.error("POST", "/api/v1/sessions", {"lot_id": "lot_nowhere", "plate": "A"}, status=404)
    factory.call.data("POST", "/sandbox/v1/payments/next", {"outcome": "processor_down"}, key="operator")
    factory.call.error("POST", "/api/v1/sessions", {"lot_id": "lot_cascade", "plate": "A"}, status=502)
    assert store.row("SELECT count(*) AS n FROM event")["n"] == before
    assert factory.round() == 0


def test_failed_delivery_comes_again_later_with_the_same_id_and_bytes_and_is_given_up_in_the_end(
    factory: World,
) -> None:
    factory.hook(["session.created"])
    factory.receiver.answers = lambda _: "answered 302"
    factory.call.park("lot_cascade")
    pauses = []
    while factory.call.sandbox.courier.outbox.next_due_in_s() is not None:
        pauses.append(factory.call.sandbox.courier.outbox.next_due_in_s())
        factory.call.passed_s += pauses[-1]
        assert factory.round() == 1
        assert factory.round() == 0
    assert len(factory.receiver.parcels) == deliver.MOST_ATTEMPTS
    assert len({p.body for p in factory.receiver.parcels}) == 1
    assert (
        len({dict(p.headers)["Park-Graph-Signature"] for p in factory.receiver.parcels})
        == deliver.MOST_ATTEMPTS
    )
    assert pauses[0] == 0
    for n, pause in enumerate(pauses[1:]):
        most = min(deliver.LONGEST_PAUSE_S, deliver.FIRST_PAUSE_S * 2**n)
        assert most / 2 <= pause <= most
    row = factory.call.sandbox.front.store.row(
        "SELECT state, note, attempts FROM delivery WHERE attempts > 1"
    )
    assert tuple(row) == ("given_up", "answered 302", deliver.MOST_ATTEMPTS)


def test_pauses_differ_from_one_delivery_to_the_next() -> None:
    rng = random.Random(1)
    assert len({pause_s(3, rng) for _ in range(20)}) == 20


def test_one_failing_event_does_not_hold_up_the_later_ones(factory: World) -> None:
    factory.hook(["session.created"])
    first, _, _ = (factory.call.park("lot_cascade", plate=f"A{n}") for n in range(3))
    factory.receiver.answers = lambda p: "answered 500" if first["id"].encode() in p.body else ""
    assert [factory.round(), factory.round(), factory.round()] == [1, 2, 0]
    factory.call.passed_s += 2
    factory.receiver.answers = lambda _: ""
    assert factory.round() == 1
    ids = [e["id"] for e in factory.receiver.events]
    assert ids[0] == ids[3]
    assert len(set(ids)) == 3


def test_name_that_comes_to_mean_an_inner_address_is_not_connected_to(factory: World) -> None:
    factory.hook(["session.created"])
    factory.names["hooks.shop.dev"] = ["169.254.169.254"]
    factory.call.park("lot_cascade")
    assert factory.round() == 1
    assert factory.receiver.parcels == []
    note = factory.call.sandbox.front.store.row("SELECT note FROM delivery WHERE note <> ''")["note"]
    assert note == "the target must be a public address"


def test_name_is_looked_up_once_a_delivery_and_that_address_is_connected_to() -> None:
    """A resolver that changes its mind between check and connection has nothing to change: the checked
    address is in the parcel.
    """
    turns = iter([["93.184.216.34"], ["93.184.216.34"], ["127.0.0.1"]])
    receiver = Receiver()
    call = Caller(post=receiver, resolve=lambda _: next(turns))
    call.data(
        "POST", "/api/v1/webhooks", {"url": "https://rebind.shop.dev/", "events": ["lot.updated"]}, status=201
    )
    call.data("PATCH", "/sandbox/v1/lots/lot_cascade", {"rate": 4}, key="operator")
    call.sandbox.courier.round()
    assert [str(p.address) for p in receiver.parcels] == ["93.184.216.34"]


def test_deleted_webhook_hears_nothing_more_and_an_example_s_name_is_never_sent_to(factory: World) -> None:
    id = factory.hook(["session.created"])["id"]
    factory.hook(["session.created"], url="https://hooks.example.com/x")
    factory.call.park("lot_cascade")
    factory.call("DELETE", f"/api/v1/webhooks/{id}")
    factory.round()
    assert factory.receiver.parcels == []
    assert factory.call.sandbox.courier.outbox.next_due_in_s() is None


def test_no_table_holds_a_signing_secret(factory: World) -> None:
    secret = factory.hook()["signing_secret"]
    factory.call.park("lot_cascade")
    store = factory.call.sandbox.front.store
    for table in [
        r["name"]
        for r in store.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'lot_box%'"
        )
    ]:
        assert not any(secret in str(tuple(row)) for row in store.rows(f"SELECT * FROM {table}")), table
    assert not any(secret in line for line in factory.call.logged)


def test_payment_decided_twice_is_told_once(factory: World) -> None:
    factory.hook(["payment.completed", "payment.failed"])
    intent = factory.call.park("lot_cascade")["payment_intent_id"]
    for outcome in ("paid", "declined", "declined", "requires_action", "paid"):
        factory.call.data("POST", f"/sandbox/v1/payments/{intent}", {"outcome": outcome}, key="operator")
    factory.round()
    assert [e["type"] for e in factory.receiver.events] == [
        "payment.completed",
        "payment.failed",
        "payment.completed",
    ]


def test_hold_that_expires_is_told_as_a_change_of_occupancy(factory: World) -> None:
    factory.hook(["occupancy.changed"])
    body = {
        "fleet_id": "f",
        "lat": 37.7749,
        "lng": -122.4194,
        "vehicles": [{"plate": "A"}],
        "ttl_seconds": 30,
    }
    factory.call.data("POST", "/api/v1/av-fleet/dispatch", body, status=201)
    factory.call.passed_s += 31
    factory.call.data("GET", "/api/v1/webhooks")
    factory.round()
    first, second = factory.receiver.events
    assert second["data"]["available"] == first["data"]["available"] + 1


def test_look_up_that_takes_too_long_ends_and_is_not_tried_again_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    release = threading.Event()

    def slow(host: str, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        release.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(targets_allowed, "LOOKUP_S", 0.02)
    now = [0.0]
    monkeypatch.setattr(targets_allowed, "time", SimpleNamespace(monotonic=lambda: now[0]))
    resolve = SystemResolver()
    assert [resolve("a.dev"), resolve("b.dev")] == [[], []]
    now[0] = 61
    resolve("c.dev")
    release.set()
    assert asked == ["a.dev", "c.dev"]


# over real sockets


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer: Callable[[_Handler], None]
    seen: list[tuple[str, dict[str, str], bytes]]

    def do_POST(self) -> None:  # the base class's name
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, dict(self.headers), body))
        type(self).answer(self)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def https_receiver(
    answer: Callable[[_Handler], None],
) -> Iterator[tuple[int, list[tuple[str, dict[str, str], bytes]]]]:
    """A TLS server on this machine; its port and what it saw."""
    seen: list[tuple[str, dict[str, str], bytes]] = []
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), type("Handler", (_Handler,), {"answer": staticmethod(answer), "seen": seen})
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    server.block_on_close = False
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1], seen
    finally:
        server.shutdown()
        server.server_close()


def _answer(status: int, body: bytes = b"", **headers: str) -> Callable[[_Handler], None]:
    def answer(handler: _Handler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def _parcel(port: int, address: str = "127.0.0.1", host: str = "localhost") -> Parcel:
    target = targets_allowed.WebhookTarget(host, port, "/in?a=%2F", f"{host}:{port}")
    found = targets_allowed.address_of(address)
    assert found is not None
    return Parcel(
        target,
        found,
        (("Content-Type", "application/json"), ("Park-Graph-Signature", "t=1,v1=0")),
        b'{"a":1}',
    )


def test_parcel_arrives_as_it_is_over_tls() -> None:
    with https_receiver(_answer(204)) as (port, seen):
        assert HttpsPost()(_parcel(port)) == ""
    [(path, headers, body)] = seen
    assert (path, body) == ("/in?a=%2F", b'{"a":1}')
    assert headers["Host"] == f"localhost:{port}"
    assert headers["Park-Graph-Signature"] == "t=1,v1=0"


def test_redirect_is_a_failure_and_is_not_followed() -> None:
    with (
        https_receiver(_answer(200)) as (inner, untouched),
        https_receiver(_answer(307, Location=f"https://localhost:{inner}/")) as (port, seen),
    ):
        assert HttpsPost()(_parcel(port)) == "answered 307"
        assert len(seen) == 1
        assert untouched == []


def test_answer_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deliver, "TOTAL_S", 0.3)
    stop = threading.Event()

    def drip(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stop.wait(0.02):
            handler.wfile.write(b"x")

    def flood(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not stop.is_set():
            handler.wfile.write(b"x" * 65_536)

    def drip_headers(handler: _Handler) -> None:
        while not stop.wait(0.02):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: "[:1])

    with https_receiver(drip) as (port, _):
        assert HttpsPost()(_parcel(port)) == "no answer within 0 s"
    with https_receiver(drip_headers) as (port, _):
        assert HttpsPost()(_parcel(port)) == "no answer within 0 s"
    monkeypatch.setattr(deliver, "TOTAL_S", 10.0)
    with https_receiver(flood) as (port, _):
        assert HttpsPost()(_parcel(port)) == ""
    stop.set()


def test_certificate_counts_where_the_address_is_not_of_this_machine() -> None:
    """Judged by the context that would be used: no test may reach beyond this machine."""
    post = HttpsPost()
    assert post._context(loopback=False).verify_mode is ssl.CERT_REQUIRED
    assert post._context(loopback=False).check_hostname
    assert post._context(loopback=True).verify_mode is ssl.CERT_NONE


def test_refused_connection_is_a_failed_delivery() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert HttpsPost()(_parcel(port)).startswith("ConnectError")


def test_background_delivers_what_an_earlier_process_left_and_what_comes(tmp_path: Any) -> None:
    arrived = threading.Semaphore(0)

    def take(handler: _Handler) -> None:
        _answer(200)(handler)
        arrived.release()

    with https_receiver(take) as (port, seen):
        before = Caller(db=tmp_path / "world.db", allow_loopback=True)
        url = f"https://127.0.0.1:{port}/in"
        before.data(
            "POST",
            "/api/v1/webhooks",
            {"url": url, "events": ["session.created", "session.ended"]},
            status=201,
        )
        session = before.park("lot_cascade")
        before.sandbox.front.store.close()
        call = Caller(db=tmp_path / "world.db", allow_loopback=True)
        background = Background(call.sandbox.courier, call.sandbox.chore, call.logged.append)
        background.start()
        try:
            assert arrived.acquire(timeout=600)
            call.data("POST", "/api/v1/sessions/end", named(session))
            assert arrived.acquire(timeout=600)
        finally:
            background.stop(5)
        assert [json.loads(body)["type"] for _, _, body in seen] == ["session.created", "session.ended"]
        assert call.logged == []
