"""The live client against a server that does everything wrong: what comes back is a value, never an
exception.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import pytest

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Inflater, Request, Response, Silence, read_json
from pgagents.verify.wire.send import client

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A raw socket that reads a request's head and then does as `answer` says, once a connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    stopping = threading.Event()

    def serve() -> None:
        while not stopping.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(60)
                try:
                    connection.recv(65_536)
                    answer(connection)
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stopping.set()
        listener.close()


def asked(answer: Callable[[socket.socket], None], **bounds: float) -> Response | Silence:
    with server(answer) as url, client(url, **bounds) as send:  # type: ignore[arg-type]  # the tests' bounds
        return send(Request("GET", "/x?q=%zz"))


def _endless(connection: socket.socket) -> None:
    connection.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.sendall(b"2000\r\n" + b"x" * 0x2000 + b"\r\n")


def _dripping(connection: socket.socket) -> None:
    connection.sendall(OK + b"Content-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def _dripping_head(connection: socket.socket) -> None:
    for _ in range(100):
        connection.sendall(b"H")
        time.sleep(0.05)


def _mute(connection: socket.socket) -> None:
    while connection.recv(65_536):  # until the client has gone
        pass


def _closing(_: socket.socket) -> None:
    pass


def _bomb(connection: socket.socket) -> None:
    body = gzip.compress(b"0" * 50_000_000)
    connection.sendall(
        OK + b"Content-Encoding: gzip\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (_endless, "too-large"),
        (_bomb, "too-large"),
        (_dripping, "timeout"),
        (_dripping_head, "timeout"),
        (_mute, "timeout"),
        (lambda c: c.sendall(OK + b"Content-Length: 100\r\n\r\n{"), "reset"),
        (_closing, "reset"),
        (lambda c: c.sendall(b"SSH-2.0-OpenSSH_9\r\n\r\n"), "protocol"),
        (lambda c: c.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n"), "protocol"),
        (
            lambda c: c.sendall(
                OK + b"".join(b"X-%d: y\r\n" % i for i in range(150)) + b"Content-Length: 0\r\n\r\n"
            ),
            "too-large",
        ),
        (lambda c: c.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), "protocol"),
    ],
    ids=[
        "endless",
        "bomb",
        "drip",
        "drip_head",
        "mute",
        "half",
        "closed",
        "no_http",
        "huge_header",
        "many_headers",
        "no_gzip",
    ],
)
def test_a_hostile_answer_is_a_silence(answer, kind):
    came = asked(answer, timeout_s=1.0 if kind == "timeout" else 60.0)
    assert isinstance(came, Silence)
    assert came.kind == kind


@pytest.mark.parametrize(
    ("answer", "begun"),
    [
        (lambda c: c.sendall(OK + b"Content-Length: 100\r\n\r\n{"), True),
        (lambda c: c.sendall(OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"), True),
        (lambda c: c.sendall(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), True),
        (_dripping, True),
        (_mute, False),
        (_closing, False),
        (_dripping_head, False),
    ],
    ids=["half", "half_chunk", "no_gzip", "drip", "mute", "closed", "drip_head"],
)
def test_a_silence_says_whether_an_answer_had_begun(answer, begun):
    came = asked(answer, timeout_s=2.5 if begun else 0.6)
    assert isinstance(came, Silence)
    assert came.begun is begun


def test_a_redirect_is_an_answer_and_is_not_followed():
    came = asked(
        lambda c: c.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        )
    )
    assert isinstance(came, Response)
    assert (came.status, came.header("location")) == (302, "http://127.0.0.1:1/")


def test_invalid_utf8_arrives_as_it_was_sent():
    came = asked(lambda c: c.sendall(OK + b'Content-Length: 6\r\n\r\n{"\xff":1'))
    assert isinstance(came, Response)
    assert "UTF-8" in read_json(came.body).problem


def test_a_server_that_is_not_there_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client(f"http://127.0.0.1:{port}") as send:
        came = send(Request("GET", "/"))
    assert came == Silence("refused", came.detail)  # type: ignore[union-attr]  # a Silence, or the test fails


def test_the_request_goes_out_as_written():
    seen: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            received = b""
            while not received.endswith(b"\xff\x00"):
                received += connection.recv(65_536)
            seen.append(received)
            answer(connection)

    threading.Thread(target=serve, daemon=True).start()
    with listener, client(f"http://127.0.0.1:{listener.getsockname()[1]}/base") as send:
        send(
            Request(
                "POST",
                "/a%20b/%00?x=%zz",
                (("Content-Type", "text/plain"), ("Authorization", "Bearer k")),
                b"\xff\x00",
            )
        )
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /base/a%20b/%00?x=%zz HTTP/1.1\r\n")
    assert head.count(b"Content-Type") == 1
    assert b"text/plain" in head
    assert body == b"\xff\x00"


@pytest.mark.parametrize("url", ["ftp://x", "x", ""])
def test_an_address_that_is_none_is_a_wrong_call(url):
    with pytest.raises(PgagentsError):
        client(url)


def _received(connection: socket.socket, enough: Callable[[bytes], bool]) -> bytes:
    received = b""
    while not enough(received):
        received += connection.recv(65_536)
    return received


@contextmanager
def keeping(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server of one connection, which it keeps as long as `answer` does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(60)
                answer(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_short_request_goes_out_in_one_piece():
    pieces: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        pieces.append(connection.recv(65_536))
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with keeping(answer) as url, client(url) as send:
        came = send(Request("POST", "/", (("Content-Type", "text/plain"),), b"short"))
    assert isinstance(came, Response)
    assert pieces[0].endswith(b"\r\n\r\nshort")


@pytest.mark.skipif(not hasattr(socket, "TCP_QUICKACK"), reason="Linux alone has the option")
def test_each_answer_is_acknowledged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvicorn with `--reload` sends no body before its head is acknowledged, else 40 ms later."""
    seen: list[int] = []
    read = httpcore._backends.sync.SyncStream.read

    def reading(stream: Any, *given: Any) -> bytes:
        seen.append(stream._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK))
        return read(stream, *given)

    def answering_thrice(connection: socket.socket) -> None:
        for _ in range(3):
            connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")
            connection.recv(65_536)

    monkeypatch.setattr(httpcore._backends.sync.SyncStream, "read", reading)
    with server(answering_thrice) as url, client(url) as send:
        answers = [send(Request("GET", "/")) for _ in range(3)]
    assert [answer.body for answer in answers if isinstance(answer, Response)] == [b"{}"] * 3
    assert seen
    assert all(seen)


def test_a_long_body_arrives_whole():
    body = b"long" * 100_000
    received: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        received.append(_received(connection, lambda came: len(came.partition(b"\r\n\r\n")[2]) == len(body)))
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with keeping(answer) as url, client(url) as send:
        assert isinstance(send(Request("POST", "/", (), body)), Response)
    assert received[0].endswith(body)


def test_a_cookie_is_not_sent_back():
    heads: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        for _ in range(2):
            heads.append(connection.recv(65_536))
            connection.sendall(OK + b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}")

    with keeping(answer) as url, client(url) as send:
        assert [isinstance(send(Request("GET", f"/{n}")), Response) for n in range(2)] == [True, True]
    assert heads[1].startswith(b"GET /1 ")
    assert b"ookie" not in heads[1]


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/a/b?c=%20d&e=%C3%A9", b"/a/b?c=%20d&e=%C3%A9"),
        ('/a b?c="d"', b"/a%20b?c=%22d%22"),
        ("/a/./b/../c", b"/a/c"),
        ("/a?b=../c", b"/a?b=../c"),
        ("/a?", b"/a?"),
        ("/a%zz", b"/a%zz"),
    ],
)
def test_a_target_goes_out_as_written_or_as_an_address_must_be(target, sent):
    heads: list[bytes] = []

    def answer(connection: socket.socket) -> None:
        heads.append(connection.recv(65_536))
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with keeping(answer) as url, client(url) as send:
        send(Request("GET", target))
    assert heads[0].split(b" ")[1] == sent


def _encoded(coding: bytes, body: bytes) -> Callable[[socket.socket], None]:
    return lambda c: c.sendall(
        OK + b"Content-Encoding: " + coding + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )


@pytest.mark.parametrize("coding", [b"gzip, gzip", b"gzip\r\nContent-Encoding: gzip", b"deflate, gzip"])
def test_a_body_that_is_encoded_twice_is_not_read(coding):
    came = asked(_encoded(coding, gzip.compress(gzip.compress(b"0" * 50_000_000))))
    assert isinstance(came, Silence)
    assert (came.kind, "encoded 2 times" in came.detail) == ("protocol", True)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        (b"gzip", gzip.compress(b"{}")),
        (b"identity, gzip", gzip.compress(b"{}")),
        (b"gzip", gzip.compress(b"{") + gzip.compress(b"}") + b"\x00\x00"),
        (b"deflate", zlib.compress(b"{}")),
        (b"deflate", zlib.compress(b"{}")[2:-4]),
    ],
    ids=["gzip", "identity", "members_and_padding", "deflate", "deflate_without_head"],
)
def test_one_coding_is_read(coding, body):
    came = asked(_encoded(coding, body))
    assert isinstance(came, Response)
    assert came.body == b"{}"


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 65_700, 200_000])
def test_what_one_piece_does_not_hold_comes_with_the_next(size):
    for coding, packed in (
        ("gzip", gzip.compress(b"0" * size)),
        ("deflate", zlib.compress(b"0" * size)[2:-4]),
    ):
        inflater = Inflater(coding)
        assert b"".join(piece for byte in packed for piece in inflater.feed(bytes([byte]))) == b"0" * size
        assert b"".join(Inflater(coding).feed(packed)) == b"0" * size


def test_a_coding_that_nobody_asked_for_is_named():
    came = asked(_encoded(b"br", b"\x0b\x01\x80{}\x03"))
    assert isinstance(came, Silence)
    assert "encoded as br" in came.detail


def test_a_request_ends_when_the_run_must():
    def hints(connection: socket.socket) -> None:
        stopped = time.monotonic() + 5
        while time.monotonic() < stopped:
            connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50)
        connection.sendall(OK + b"Content-Length: 2\r\n\r\n{}")

    with server(hints) as url, client(url) as send:
        send.most_s = 0.3
        came = send(Request("GET", "/x"))
    assert isinstance(came, Silence)
    assert came.kind == "timeout"


def _answering(connections: list[int], last: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connections.append(1)
        connection.sendall(last)
        with contextlib.suppress(OSError):  # the rest of what the client sends on this connection is lost
            connection.recv(65_536)

    return answer


def test_a_request_over_a_connection_that_served_others_may_be_lost():
    connections: list[int] = []
    with server(_answering(connections, OK + b"Content-Length: 2\r\n\r\n{}")) as url, client(url) as send:
        first, second, third = (send(Request("POST", "/x", body=b"{}")) for _ in range(3))
    assert isinstance(first, Response)
    assert isinstance(second, Silence)
    assert (second.kind, second.stale) == ("reset", True)
    assert isinstance(third, Response)


def test_a_request_over_a_connection_of_its_own_is_not_lost_by_chance():
    came = asked(_closing)
    assert isinstance(came, Silence)
    assert (came.kind, came.stale) == ("reset", False)


def test_after_a_crash_the_connection_is_not_used_again():
    connections: list[int] = []
    crash = b"HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nno"
    with server(_answering(connections, crash)) as url, client(url) as send:
        came = [send(Request("POST", "/x", body=b"{}")) for _ in range(3)]
    assert [answer.status for answer in came if isinstance(answer, Response)] == [500, 500, 500]
    assert len(connections) == 3


GONE = b"HTTP/1.1 204 No Content\r\n"
LENGTH = b"Content-Length: 7\r\n\r\n"


def _in_pieces(*pieces: bytes) -> Callable[[socket.socket], None]:
    """Answer in pieces that arrive one by one, and end when the client does."""

    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.05)
        while connection.recv(65_536):
            connection.sendall(b"".join(pieces))

    return answer


@pytest.mark.parametrize(
    ("pieces", "body"),
    [
        ((GONE + LENGTH + b'{"x":1}',), b'{"x":1}'),
        ((GONE + LENGTH, b'{"x":1}'), b'{"x":1}'),
        ((GONE + LENGTH, b'{"x"', b":1}"), b'{"x":1}'),
        ((GONE + b'\r\n{"x":1}',), b'{"x":1}'),
        ((GONE + b"\r", b'\n{"x":1}'), b'{"x":1}'),
        ((b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + GONE + b'\r\n{"x":1}',), b'{"x":1}'),
        ((GONE + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n0\r\n0\r\n\r\n"), b"1\r\n0\r\n0\r\n\r\n"),
        ((GONE + LENGTH,), b""),
        ((GONE + b"Content-Length: 0\r\n\r\n",), b""),
        ((b"HTTP/1.1 103 Early Hints\r\n\r\n" + GONE + b"Content-Type: text/plain\r\n\r\n",), b""),
        ((GONE + b"\r\n",), b""),
    ],
    ids=[
        "at_once", "later", "in_two", "no_length", "split_head", "after_hints", "chunks", "only_said",
        "no_bytes", "only_hints", "right",
    ],
)  # fmt: skip
def test_body_of_a_204_belongs_to_it_and_not_to_the_next_answer(pieces, body):
    with server(_in_pieces(*pieces)) as url, client(url, timeout_s=5) as send:
        first, second = (send(Request("DELETE", "/x")) for _ in range(2))
    assert isinstance(first, Response)
    assert (first.status, first.body) == (204, body)
    assert isinstance(second, Response)
    assert (second.status, second.body) == (204, body)
