"""The sandbox's transport: TLS 1.3 and nothing older, a plaintext twin that only refuses, clients that are
slow or gone.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.server import ServerState

from pgagents.base.http import Request, Response, Silence
from pgagents.report.contract import Verdict
from pgagents.report.curl import curl
from pgagents.sandbox import serve
from pgagents.sandbox.asgi import app, at_once, protocol_of
from pgagents.sandbox.front import PEER, SCHEME
from pgagents.sandbox.serve import certificate, plain
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import contracts, verify
from sandboxes import VAIL, Caller
from test_server import sandbox
from verifying import keys_of, model
from verifying import sandbox as in_process

HSTS = "max-age=63072000; includeSubDomains; preload"
PLAINTEXT = "framework/plaintext@rest"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with sandbox(tmp_path_factory.mktemp("tls"), "--tls") as (_, facts):
        yield facts


def address(url: str) -> tuple[str, int]:
    found = httpx.URL(url)
    assert found.port
    return found.host, found.port


def trusting(facts: dict[str, Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=facts["ca_file"])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_certificate_is_good_for_both_names_of_this_machine(running: dict[str, Any], host: str) -> None:
    context = trusting(running)
    with (
        socket.create_connection(address(running["url"])) as raw,
        context.wrap_socket(raw, server_hostname=host) as secure,
    ):
        assert secure.version() == "TLSv1.3"


def test_certificate_is_trusted_by_its_own_ca_alone(running: dict[str, Any]) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(running["url"] + "/api/v1/health", trust_env=False)


def test_older_tls_is_refused(running: dict[str, Any]) -> None:
    context = trusting(running)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(address(running["url"])) as raw,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(raw, server_hostname="localhost")


def test_every_answer_over_tls_has_hsts_whatever_it_is(running: dict[str, Any]) -> None:
    key = {"Authorization": f"Bearer {running['keys']['unlimited']}"}
    with httpx.Client(base_url=running["url"], verify=trusting(running)) as client:
        answers = [
            client.get(VAIL, headers=key), client.get(VAIL), client.get("/nothing", headers=key),
            client.put(VAIL, headers=key),
            client.get("/api/v1/health"), client.get("/.well-known/ai-plugin.json"),
            client.post("/api/v1/sessions", content=b" " * 1_048_577, headers=key),
        ]  # fmt: skip
    assert [a.status_code for a in answers] == [200, 401, 404, 405, 200, 200, 413]
    assert {a.headers.get("Strict-Transport-Security") for a in answers} == {HSTS}


def test_no_answer_without_tls_has_hsts(running: dict[str, Any]) -> None:
    assert "Strict-Transport-Security" not in httpx.get(running["plain_url"]).headers
    caller = Caller()
    assert caller("GET", VAIL).header("Strict-Transport-Security") is None
    assert caller("GET", VAIL, **{SCHEME: "https"}).header("Strict-Transport-Security") == HSTS


@pytest.mark.parametrize(
    ("method", "path", "size"),
    [("GET", VAIL, 0), ("POST", "/api/v1/sessions", 2), ("POST", "/", 3_000_000), ("HEAD", "/x", 0)]
)  # fmt: skip
def test_plaintext_twin_answers_426_and_nothing_else(
    running: dict[str, Any], method: str, path: str, size: int
) -> None:
    headers = {"Authorization": f"Bearer {running['keys']['unlimited']}"}
    answer = httpx.request(method, running["plain_url"] + path, headers=headers, content=b"x" * size)
    assert answer.status_code == 426
    assert answer.headers["Upgrade"] == "TLS/1.3"
    assert "upgrade" in answer.headers["Connection"].lower()
    if method != "HEAD":
        error = answer.json()["error"]
        assert error["code"] == "UPGRADE_REQUIRED"
        assert error["request_id"] == answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    "sent",
    [b"\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\nbad header\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: x\r\n\r\n"],
)
def test_what_is_no_http_is_refused_as_the_api_refuses(running: dict[str, Any], sent: bytes) -> None:
    context = trusting(running)
    with (
        socket.create_connection(address(running["url"]), timeout=600) as raw,
        context.wrap_socket(raw, server_hostname="localhost") as secure,
    ):
        secure.sendall(sent)
        head, _, body = read(secure).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert HSTS.encode() in head
    assert json.loads(body)["error"]["code"] == "BAD_REQUEST"
    with socket.create_connection(address(running["plain_url"]), timeout=600) as raw:
        raw.sendall(sent)
        assert read(raw).startswith(b"HTTP/1.1 426 ")


def read(connection: socket.socket) -> bytes:
    """All that the server says until it closes."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_plaintext_twin_tries_no_key() -> None:
    """Neither a right nor a wrong key changes what it says, and no key's budget is touched."""
    caller = Caller()
    twin = plain(caller.sandbox.front)
    told = []
    for key in (caller.tokens["test"], "pk_test_wrong", None):
        headers = (("Authorization", f"Bearer {key}"),) if key else ()
        answer = twin(Request("POST", "/api/v1/sessions", (*headers, (PEER, "127.0.0.9")), b"{}"))
        assert isinstance(answer, Response)
        told.append((answer.status, [name for name, _ in answer.headers]))
    assert told[0] == told[1] == told[2]
    assert caller("GET", VAIL, key="test").header("X-RateLimit-Remaining") == "239"


@pytest.mark.matrix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ca_file_is_for_one_user_and_gone_with_the_process(tmp_path: Path, number: signal.Signals) -> None:
    with sandbox(tmp_path, "--tls") as (child, facts):
        ca_file = Path(facts["ca_file"])
        assert ca_file.parent.stat().st_mode & 0o077 == 0
        assert [p.name for p in ca_file.parent.iterdir()] == ["ca.pem"]
        assert b"PRIVATE KEY" not in ca_file.read_bytes()
        child.send_signal(number)
        out, _ = child.communicate(timeout=600)
        assert str(ca_file) in out
        assert facts["plain_url"] in out
        assert not ca_file.parent.exists()


def test_signal_stops_it_though_handshakes_and_heads_are_half_done(tmp_path: Path) -> None:
    with sandbox(tmp_path, "--tls") as (child, facts):
        host, port = address(facts["url"])
        with (
            closing(socket.create_connection((host, port))) as silent,
            closing(socket.create_connection(address(facts["plain_url"]))) as head,
        ):
            silent.sendall(b"\x16\x03\x01")
            head.sendall(b"GET / HTTP")
            httpx.get(facts["url"] + "/api/v1/health", verify=trusting(facts))
            child.send_signal(signal.SIGINT)
            out, _ = child.communicate(timeout=600)
        assert "Traceback" not in out


@pytest.mark.parametrize(
    "sent",
    [b"", b"\x16\x03\x01", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
    ids=["nothing", "half a record", "plaintext"],
)
def test_handshake_that_stops_halfway_is_cut(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """asyncio itself would wait a minute."""
    monkeypatch.setattr(serve, "HANDSHAKE_S", 0.2)

    async def talk(context: ssl.SSLContext) -> bytes:
        config = uvicorn.Config(
            app(at_once(lambda _: Response(204)), 1000),
            log_level="critical",
            lifespan="off",
            http=protocol_of(lambda _: Response(400)),
        )
        config.load()
        bound = socket.create_server(("127.0.0.1", 0))
        server = await serve.accept(config, ServerState(), bound, context)
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        writer.write(sent)
        try:
            async with asyncio.timeout(10):
                return await reader.read()
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
            server.close()

    with certificate() as made:
        heard = asyncio.run(talk(made.context))
    assert b"HTTP" not in heard


def verified(twin: Any, url: str = "https://127.0.0.1:1") -> tuple[Verdict, str]:
    opened, now = in_process(model())
    report = verify(
        model(),
        opened.handler,
        Identities(keys_of(opened)),
        Options(live=False, only=(PLAINTEXT,), max_requests=40),
        clock=opened.front.clock.now,
        sleep=lambda s: now.__setitem__(0, now[0] + s),
        wall=lambda: "2026-04-18T16:00:00Z",
        url=url,
        plain=twin(opened) if twin else None,
        plain_url="http://127.0.0.1:2",
    )
    result = next(r for r in report.results if r.contract.id == PLAINTEXT)
    return result.verdict, result.reason


def test_verify_finds_a_twin_that_serves_without_tls() -> None:
    assert PLAINTEXT in {c.id for c in contracts(model())}
    assert verified(lambda opened: plain(opened.front)) == (Verdict.KEPT, "")
    assert verified(lambda opened: opened.handler)[0] is Verdict.BROKEN
    assert (
        verified(lambda _: lambda _request: Response(301, (("Location", "https://127.0.0.1:1"),)))[0]
        is Verdict.BROKEN
    )
    bare = verified(lambda opened: lambda r: plain(opened.front)(r).with_header("Upgrade", None))  # type: ignore[union-attr]  # a Response
    assert bare == (Verdict.BROKEN, "Upgrade: null")


def test_verify_says_why_plaintext_was_not_tried() -> None:
    assert verified(lambda _: lambda _request: Silence("refused"))[0] is Verdict.UNTESTED
    verdict, reason = verified(None)
    assert verdict is Verdict.NOT_SELECTED
    assert "`plain_url` in --env FILE" in reason
    assert verified(None, "http://127.0.0.1:1")[0] is Verdict.NOT_APPLICABLE


def test_verify_sends_no_real_key_in_plaintext() -> None:
    heard: list[Request] = []
    keys: list[str] = []

    def twin(opened: Any) -> Any:
        keys.extend(opened.tokens.values())

        def answer(request: Request) -> Response:
            heard.append(request)
            found = plain(opened.front)(request)
            assert isinstance(found, Response)
            return found

        return answer

    assert verified(twin)[0] is Verdict.KEPT
    assert heard
    assert all((r.header("Authorization") or "").startswith("Bearer pk_") for r in heard)
    assert not any(key in f"{r}" for r in heard for key in keys)


def test_verify_finds_an_answer_over_tls_without_hsts() -> None:
    def judged(strip: bool) -> set[Verdict]:
        opened, now = in_process(model())

        def handler(request: Request) -> Response | Silence:
            answer = opened.handler(request.with_header(SCHEME, "https"))
            return (
                answer.with_header("Strict-Transport-Security", None)
                if strip and isinstance(answer, Response)
                else answer
            )

        report = verify(
            model(),
            handler,
            Identities(keys_of(opened)),
            Options(live=False, only=("response_headers/Strict",), max_requests=60),
            clock=opened.front.clock.now,
            sleep=lambda s: now.__setitem__(0, now[0] + s),
            wall=lambda: "2026-04-18T16:00:00Z",
            url="https://127.0.0.1:1",
        )
        return {r.verdict for r in report.results if r.contract.id.startswith("response_headers/Strict")}

    assert Verdict.BROKEN not in judged(strip=False)
    assert Verdict.KEPT in judged(strip=False)
    assert Verdict.BROKEN in judged(strip=True)
    assert Verdict.KEPT not in judged(strip=True)


def test_curl_line_of_a_plaintext_finding_goes_to_the_twin_and_shows_the_key_that_is_none() -> None:
    opened, now = in_process(model())
    report = verify(
        model(),
        opened.handler,
        Identities(keys_of(opened)),
        Options(live=False, only=(PLAINTEXT,), max_requests=40),
        clock=opened.front.clock.now,
        sleep=lambda s: now.__setitem__(0, now[0] + s),
        wall=lambda: "2026-04-18T16:00:00Z",
        url="https://127.0.0.1:1",
        plain=opened.handler,
        plain_url="http://127.0.0.1:2",
    )
    line = curl(report.findings[0].exchanges[-1], report.header.url)
    assert "http://127.0.0.1:2/api/v1/" in line
    assert "Bearer pk_" in line
    assert "$PGAGENTS_TOKEN" not in line
