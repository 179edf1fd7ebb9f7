"""Bytes that no well-meaning client sends: each is refused as the API refuses, none is a 500, and the
server lives on.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from test_server import sandbox

GOOD = b'{"lot_id":"lot_lionshead","plate":"A"}'
HEALTH = b"GET /api/v1/health HTTP/1.1\r\n"
LEVELS = 10_000


@dataclass(frozen=True, slots=True)
class Server:
    """A running sandbox."""

    child: subprocess.Popen[str]
    facts: dict[str, Any]

    @property
    def keyed(self) -> bytes:
        """The headers of a good call."""
        return b"Host: x\r\nAuthorization: Bearer " + str(self.facts["keys"]["unlimited"]).encode() + b"\r\n"

    def hears(self, *parts: bytes, half: bool = True) -> bytes:
        """Return the bytes that come back until the server hangs up. `half`: after the client has said that
        nothing more comes.
        """
        host, port = self.facts["url"].removeprefix("http://").split(":")
        heard = b""
        with socket.create_connection((host, int(port)), timeout=600) as connection:
            with suppress(OSError):  # it may hang up before it has heard all
                for part in parts:
                    connection.sendall(part)
                if half:
                    connection.shutdown(socket.SHUT_WR)
            with suppress(ConnectionResetError):
                while more := connection.recv(65_536):
                    heard += more
        return heard


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with sandbox(tmp_path_factory.mktemp("wire")) as (child, facts):
        found = Server(child, facts)
        yield found
        assert [int(s) for s in statuses(found.hears(HEALTH + b"Host: x\r\n\r\n"))] == [200]
        assert child.poll() is None
        child.terminate()
        out, _ = child.communicate(timeout=600)
        assert "Traceback" not in out, "nothing went wrong inside"


def statuses(heard: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 (\d{3}) ", heard)


def refused(heard: bytes, *allowed: int) -> dict[str, Any]:
    """The envelope of the one refusal that came."""
    [status] = statuses(heard)
    assert int(status) in (allowed or (400,)), heard
    head, _, body = heard.partition(b"\r\n\r\n")
    found: dict[str, Any] = json.loads(body)["error"]
    assert b"x-request-id: " + found["request_id"].lower().encode() in head.lower()
    return found


def create(server: Server, more: bytes, body: bytes) -> bytes:
    return (
        b"POST /api/v1/sessions HTTP/1.1\r\n"
        + server.keyed
        + b"Content-Type: application/json\r\n"
        + more
        + b"\r\n"
        + body
    )


KEYED = b"<the headers of a good call>"
HEADS: dict[str, bytes] = {
    "nothing in the line": b"\r\n\r\n",
    "bytes": b"\x00\x01\xff\r\n\r\n",
    "words": b"hello there\r\n\r\n",
    "no version": b"GET /api/v1/health\r\n\r\n",
    "no host": HEALTH + b"\r\n",
    "two hosts": HEALTH + KEYED + b"Host: y\r\n\r\n",
    "NUL in the path": b"GET /api/v1/he\x00lth HTTP/1.1\r\n" + KEYED + b"\r\n",
    "NUL in a value": HEALTH + KEYED + b"X: a\x00b\r\n\r\n",
    "NUL in a name": HEALTH + KEYED + b"X\x00: a\r\n\r\n",
    "space before the colon": HEALTH + KEYED + b"X : a\r\n\r\n",
    "a name that is the server's own": HEALTH + KEYED + b":peer: 192.0.2.1\r\n\r\n",
    "UTF-8 in the path": b"GET /api/v1/lots/\xc3\xa9/rates HTTP/1.1\r\n" + KEYED + b"\r\n",
    "200 kB of header": HEALTH + KEYED + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    "200 kB of path": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + KEYED + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HEADS)
def test_head_that_is_none_is_400(server: Server, name: str) -> None:
    heard = server.hears(HEADS[name].replace(KEYED, server.keyed))
    if (
        heard or len(HEADS[name]) < 100_000
    ):  # unread bytes may reset the connection before the answer is heard
        assert refused(heard)["message"] == "This is not an HTTP request"


BODIES: dict[str, tuple[bytes, bytes]] = {
    "length below nothing": (b"Content-Length: -5\r\n", GOOD),
    "length with a sign": (b"Content-Length: +38\r\n", GOOD),
    "length in hex": (b"Content-Length: 0x26\r\n", GOOD),
    "length in words": (b"Content-Length: many\r\n", GOOD),
    "length in other digits": (b"Content-Length: \xd9\xa3\xd9\xa8\r\n", GOOD),
    "length of 26 digits": (b"Content-Length: 99999999999999999999999999\r\n", GOOD),
    "two lengths": (b"Content-Length: 38\r\nContent-Length: 1\r\n", GOOD),
    "shorter than said": (b"Content-Length: 500\r\n", GOOD),
    "longer than said": (b"Content-Length: 5\r\n", GOOD),
    "no length": (b"", GOOD),
    "chunk of no size": (b"Transfer-Encoding: chunked\r\n", b"zz\r\nabc\r\n0\r\n\r\n"),
    "chunk below nothing": (b"Transfer-Encoding: chunked\r\n", b"-5\r\nabc\r\n0\r\n\r\n"),
    "chunk shorter than said": (b"Transfer-Encoding: chunked\r\n", b"ff\r\nabc"),
    "chunk longer than said": (b"Transfer-Encoding: chunked\r\n", b"2\r\nabcdef\r\n0\r\n\r\n"),
    "chunk of 2^80": (b"Transfer-Encoding: chunked\r\n", b"ffffffffffffffffffff\r\nabc"),
    "chunks that never end": (b"Transfer-Encoding: chunked\r\n", b"26\r\n" + GOOD + b"\r\n"),
    "two encodings": (b"Transfer-Encoding: gzip, chunked\r\n", b"0\r\n\r\n"),
    "the same encoding twice": (
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"0\r\n\r\n",
    ),
}


@pytest.mark.parametrize("name", BODIES)
def test_body_that_is_not_as_its_head_says_is_400_and_makes_nothing(server: Server, name: str) -> None:
    head, body = BODIES[name]
    mine = body.replace(b'"A"', b'"LIED"')
    assert refused(server.hears(create(server, head, mine)))["code"] == "BAD_REQUEST"
    listed = server.hears(b"GET /api/v1/sessions/search?plate=LIED HTTP/1.1\r\n" + server.keyed + b"\r\n")
    assert b'"sessions":[]' in listed


LARGE = (b"Content-Length: 2000012\r\n", b'{"plate":"' + b"a" * 2_000_000 + b'"}')
CHUNKS = (b"Transfer-Encoding: chunked\r\n", (b"10000\r\n" + b"a" * 65_536 + b"\r\n") * 40 + b"0\r\n\r\n")


@pytest.mark.parametrize(
    ("head", "body", "half"),
    [
        (b"Content-Length: 1000000000\r\n", b"", True),
        (*LARGE, True),
        (*LARGE, False),
        (*CHUNKS, True),
        (*CHUNKS, False),
    ],
    ids=["announced", "sent", "sent and more may come", "in chunks", "in chunks and more may come"],
)
def test_body_over_the_limit_is_413(server: Server, head: bytes, body: bytes, half: bool) -> None:
    assert refused(server.hears(create(server, head, body), half=half), 413)["code"] == "PAYLOAD_TOO_LARGE"


PATHS = {
    "/api/v1/lots/%ED%A0%80/rates": "lot_id",
    "/api/v1/sessions/search?plate=%ED%A0%80": "plate",
    "/api/v1/sessions/search?plate=%00": "plate",
    "/api/v1/lots/a%2Fb/rates": "lot_id",
    "/api/v1/lots/a%2fb%2Favailability/rates": "lot_id",
    "/api/v1/lots/%2e%2e/rates": "lot_id",
    "/api/v1/lots/%zz/rates": "lot_id",
    "/api/v1/lots/%00/rates": "lot_id",
    "/api/v1/sessions/" + "a" * 60_000: "session_id",
    "/api/v1/lots/search?lng=1&" + "a=1&" * 15_000: "lat",
    "/api/v1/lots/search?lng=1&lat=" + "9" * 50_000: "lat",
}


@pytest.mark.parametrize("path", PATHS, ids=lambda p: p[:50])
def test_odd_address_is_400_naming_the_argument(server: Server, path: str) -> None:
    heard = server.hears(b"GET " + path.encode() + b" HTTP/1.1\r\n" + server.keyed + b"\r\n")
    assert refused(heard)["field"] == PATHS[path]


@pytest.mark.parametrize(
    "target",
    ["/api/v1/lots/../lots/search?lat=1&lng=1", "ftp://x/api/v1/health", "*", "x:443", "//api/v1/health"],
)
def test_target_of_another_form_is_404(server: Server, target: str) -> None:
    assert (
        refused(server.hears(f"GET {target} HTTP/1.1\r\n".encode() + server.keyed + b"\r\n"), 404)["code"]
        == "NOT_FOUND"
    )


JSON: dict[str, tuple[bytes, str]] = {
    "levels": (b'{"a":' * LEVELS + b"1" + b"}" * LEVELS, "body"),
    "lists": (b"[" * LEVELS * 10, "body"),
    "NaN": (b'{"lot_id":"lot_lionshead","plate":"A","hours":NaN}', "body"),
    "a name twice": (b'{"lot_id":"lot_lionshead","plate":"A","plate":"B"}', "body"),
    "a surrogate": (b'{"lot_id":"\\ud800","plate":"A"}', "lot_id"),
    "a surrogate as bytes": (b'{"lot_id":"\xed\xa0\x80","plate":"A"}', "body"),
    "a NUL": (b'{"lot_id":"lot_lionshead","plate":"\\u0000"}', "plate"),
    "only NULs": (b"\x00" * 50, "body"),
    "5,000 digits": (b'{"lot_id":"lot_lionshead","plate":"A","hours":' + b"9" * 5000 + b"}", "body"),
    "1e999": (b'{"lot_id":"lot_lionshead","plate":"A","hours":1e999}', "hours"),
    "a byte order mark": (b"\xef\xbb\xbf" + GOOD, "body"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "body"),
    "an unknown member": (GOOD[:-1] + b',"colour":"red"}', "colour"),
}


@pytest.mark.parametrize("name", JSON)
def test_body_that_is_no_good_json_is_400_naming_where(server: Server, name: str) -> None:
    body, field = JSON[name]
    heard = server.hears(create(server, b"Content-Length: %d\r\n" % len(body), body))
    assert refused(heard)["field"] == field


def test_client_that_has_said_all_still_hears_every_answer(server: Server) -> None:
    one = create(server, b"Content-Length: %d\r\n" % len(GOOD), GOOD)
    assert statuses(server.hears(one)) == [b"201"]
    assert statuses(server.hears(one * 3 + HEALTH + server.keyed + b"\r\n")) == [b"201"] * 3 + [b"200"]
    chunked = create(
        server, b"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", b"26\r\n" + GOOD + b"\r\n0\r\n\r\n"
    )
    assert statuses(server.hears(chunked)) == [b"100", b"201"]


def test_client_that_dribbles_is_answered_too(server: Server) -> None:
    one = create(server, b"Content-Length: %d\r\n" % len(GOOD), GOOD)
    assert statuses(server.hears(*(one[n : n + 1] for n in range(len(one))))) == [b"201"]


def test_keys_in_odd_bytes_are_401(server: Server) -> None:
    for key in (b"\xff\xfe", b"", b"a" * 50_000, b"%00"):
        heard = server.hears(
            b"GET /api/v1/sessions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + key + b"\r\n\r\n"
        )
        assert refused(heard, 401)["code"] == "UNAUTHORIZED"


@pytest.mark.parametrize("place", ["http://{host}", "HTTP://user@{host}", "https://elsewhere.example:99"])
def test_whole_address_as_target_is_the_path_in_it(server: Server, place: str) -> None:
    """RFC 9112, 3.2.2: a server must take it, though only proxies are sent it."""
    whole = place.format(host=server.facts["url"].removeprefix("http://")).encode()
    line = b"GET " + whole + b"/api/v1/health?x=1 HTTP/1.1\r\n"
    assert statuses(server.hears(line + b"Host: x\r\nConnection: close\r\n\r\n")) == [b"200"]
    home = server.hears(b"GET " + whole + b" HTTP/1.1\r\n" + server.keyed + b"Connection: close\r\n\r\n")
    assert statuses(home) == [b"200"], "no path is that of the front page"


@pytest.mark.parametrize("order", [0, 1])
def test_body_with_a_length_and_chunks_is_refused_and_the_connection_closed(
    server: Server, order: int
) -> None:
    """Another server on the way might see another end of it, and so another request behind it (RFC 9112,
    6.1).
    """
    lengths = [b"Content-Length: 38\r\n", b"Transfer-Encoding: chunked\r\n"]
    more = b"".join(lengths[::-1] if order else lengths)
    chunk = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD), GOOD)
    heard = server.hears(create(server, more, chunk), HEALTH + b"Host: x\r\n\r\n", half=False)
    refused(heard)
    assert b"connection: close" in heard.lower()
