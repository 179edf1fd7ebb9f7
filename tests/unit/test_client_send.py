"""The sender on real sockets: whatever a server does ends in an answer, within its bounds, and the key
goes nowhere else.
"""

from __future__ import annotations

import gzip
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from calling import Script, answered, hostile, park, run, sandboxed, served
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence
from pgagents.client.client import connect, connect_blocking
from pgagents.client.form import form
from pgagents.client.send import Sender

GET = Request("GET", "/x?a=b%20c", (("Authorization", "Bearer k"),))


def sent(url: str, request: Request = GET, **bounds: Any) -> Response | Silence:
    async def work() -> Response | Silence:
        sender = Sender(url, **bounds)
        try:
            return await sender(request)
        finally:
            await sender.close()

    found: Response | Silence = run(work)
    return found


def kind(came: Response | Silence) -> str:
    assert isinstance(came, Silence), came
    return came.kind


def test_request_arrives_as_it_was_made() -> None:
    script = Script(answered(201, {"a": 1}, X_One="1"))
    with served(script) as url:
        came = sent(f"{url}/base/", Request("POST", "/y/%2F..%2F?q=%C3%A9", (("X-Name", "v"),), b'{"a":1}'))
    assert isinstance(came, Response)
    assert (came.status, came.body, came.header("x-one")) == (201, b'{"a":1}', "1")
    asked = script.asked[0]
    assert (asked.method, asked.target, asked.body) == ("POST", "/base/y/%2F..%2F?q=%C3%A9", b'{"a":1}')
    assert asked.header("accept-encoding") == "identity"
    assert asked.header("X-Name") == "v"


def test_redirect_is_not_followed() -> None:
    elsewhere = Script(answered(200, {}))
    with (
        served(elsewhere) as target,
        served(Script(Response(307, (("Location", f"{target}/steal"),)))) as url,
    ):
        came = sent(url)
    assert isinstance(came, Response)
    assert came.status == 307
    assert elsewhere.asked == []


def test_nobody_there_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert kind(sent(f"http://127.0.0.1:{port}")) == "refused"


def test_ten_megabytes_are_too_large() -> None:
    with served(Script(Response(200, (), b" " * 10_000_000))) as url:
        assert kind(sent(url)) == "too-large"


def test_body_without_end_is_cut_off() -> None:
    def talk(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            connection.sendall(b"x" * 100_000)

    with hostile(talk) as url:
        assert kind(sent(url, max_bytes=1_000_000)) == "too-large"


def test_dripping_server_is_left_after_its_time() -> None:
    def talk(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200:
            connection.sendall(bytes([byte]))
            time.sleep(0.03)

    with hostile(talk) as url:
        assert kind(sent(url, timeout_s=0.3)) == "timeout"


def test_body_that_is_packed_unasked_is_not_unpacked() -> None:
    packed = gzip.compress(b"0" * 50_000_000)
    with served(Script(Response(200, (("Content-Encoding", "gzip"),), packed))) as url:
        assert kind(sent(url)) == "protocol"


@pytest.mark.parametrize(
    ("bytes_", "expected"),
    [
        (b"", "reset"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", "reset"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(101)) + b"\r\n", "too-large"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "protocol"),
    ],
)
def test_odd_bytes_are_silence(bytes_: bytes, expected: str) -> None:
    with hostile(lambda connection: connection.sendall(bytes_)) as url:
        assert kind(sent(url)) == expected


def test_plain_server_behind_a_tls_address_is_told() -> None:
    with hostile(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        assert kind(sent(url.replace("http:", "https:"))) in ("tls", "reset", "protocol")


def test_ca_file_that_is_none_is_told(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    with pytest.raises(PgagentsError, match="cannot read the CA file"):
        Sender("https://127.0.0.1:1", cacert=str(file))


@pytest.mark.parametrize("text", ["a\r\nX: y", "a\x00b"])
def test_header_that_would_be_two_is_not_sent(text: str) -> None:
    script = Script(answered(200, {}))
    with served(script) as url:
        came = sent(url, Request("GET", "/", (("X-Name", text),)))
    assert isinstance(came, Silence)
    assert script.asked == []


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "in two pieces"])
def test_body_after_a_204_is_not_taken_for_the_next_answer(apart: bool) -> None:
    def talk(connection: socket.socket) -> None:
        pieces = [b"HTTP/1.1 204 No Content\r\n\r\n", b'{"deleted": true}']
        for piece in pieces if apart else [b"".join(pieces)]:
            connection.sendall(piece)
            time.sleep(0.1)
        if connection.recv(65_536):  # a second request on this connection
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def work(url: str) -> list[Response | Silence]:
        sender = Sender(url, timeout_s=5.0)
        try:
            return [await sender(GET), await sender(GET)]
        finally:
            await sender.close()

    with hostile(talk) as url:
        came = run(lambda: work(url))
    assert [(each.status, each.body) if isinstance(each, Response) else each for each in came] == [
        (204, b"")
    ] * 2


def test_client_over_a_socket_searches() -> None:
    caller, _ = sandboxed()

    async def work(url: str) -> Any:
        async with connect(park(), url, caller.tokens["unlimited"]) as client:
            return await client.call("search_parking", {"lat": 39.6403, "lng": -106.3742})

    with served(caller.sandbox.handler) as url:
        answer = run(lambda: work(url))
    assert answer.data["lots"]
    assert answer.request_id.startswith("req_")


def test_waiting_client_answers_without_an_event_loop() -> None:
    caller, _ = sandboxed()
    with (
        served(caller.sandbox.handler) as url,
        connect_blocking(park(), url, caller.tokens["unlimited"]) as client,
    ):
        message = form("openai").compose("search_parking", {"lat": 39.6403, "lng": -106.3742}, "c")
        assert client.answer("openai", message)["role"] == "tool"
        assert client.call("get_session", {"session_id": "sess_0"}).status == 404
