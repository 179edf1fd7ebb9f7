"""The server over Streamable HTTP: the official client in both eras, who may come near it, and which
tokens count.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import mcp
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from mcp.client.streamable_http import streamable_http_client

from calling import Script, answered, park, run, sandboxed, served
from hosting import serving
from issuing import RESOURCE, Issuer, verifier_of
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.client.client import Client
from pgagents.client.send import Send, sending
from pgagents.mcp.http import SignIn, bind, make_app
from pgagents.mcp.server import make_server
from pgagents.mcp.token import Signed, access, scope_check
from sandboxes import ROOT, VAIL

ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
SEARCH = {"lat": 39.6403, "lng": -106.3742, "radius_km": 1.5, "limit": 5}
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
BOTH = {"Accept": "application/json, text/event-stream"}
COMMAND = [sys.executable, "-c", "from pgagents.cli.main import run; run()", "mcp"]


@contextmanager
def listening(
    send: Send, *, key: str = "pk_test_operator", sign_in: Any = None, origins: tuple[str, ...] = ()
) -> Iterator[str]:
    """A server of Park Graph on a free port; yields its URL."""
    bound = bind(0, "127.0.0.1")
    port = bound.getsockname()[1]
    made = sign_in(port) if sign_in else None
    server = make_server(park(), Client(park(), send, key), allowed=scope_check(park()) if made else None)
    app = make_app(server, park(), port, sign_in=made, origins=origins)
    with serving(app, bound, force=True):
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.fixture(scope="module")
def open_server() -> Iterator[str]:
    """A server without sign-in."""
    caller, _ = sandboxed()
    with listening(
        sending(caller.sandbox.handler), key=caller.tokens["unlimited"], origins=("https://app.example",)
    ) as url:
        yield url


def talked(url: str, mode: str, talk: Any, token: str | None = None) -> Any:
    import httpx2

    async def work() -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            mcp.Client(streamable_http_client(url, http_client=http), mode=mode) as peer,
        ):
            assert peer.protocol_version == ERAS[mode]
            return await talk(peer)

    return run(work)


@pytest.mark.parametrize("mode", ERAS)
def test_official_client_lists_and_calls(open_server: str, mode: str) -> None:
    async def talk(peer: mcp.Client) -> Any:
        return (
            await peer.list_tools(),
            await peer.call_tool("search_parking", SEARCH),
            await peer.call_tool("get_session", {"session_id": "s"}),
        )

    listed, found, refused = talked(open_server, mode, talk)
    assert len(listed.tools) == 15
    assert found.structured_content == sandboxed()[0].data("GET", VAIL)
    assert refused.is_error
    assert json.loads(refused.content[0].text)["error"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("mode", ERAS)
def test_progress_comes_while_the_call_goes_on(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setattr("pgagents.mcp.server.SLOW_S", 0.02)
    heard: list[float] = []

    async def slow(_: Request) -> Response:
        await asyncio.sleep(0.2)
        return answered(200, {"lots": []})

    async def progress(number: float, _total: float | None, _message: str | None) -> None:
        heard.append(number)

    with listening(slow) as url:
        result = talked(
            url, mode, lambda peer: peer.call_tool("search_parking", SEARCH, progress_callback=progress)
        )
    assert not result.is_error
    assert len(heard) >= 2


@pytest.mark.parametrize("mode", ERAS)
def test_call_that_its_client_gives_up_is_no_longer_made(mode: str) -> None:
    import asyncio

    begun, ended = threading.Event(), threading.Event()

    async def endless(_: Request) -> Response:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.set()
            raise
        return answered(200)

    async def talk(peer: mcp.Client) -> None:
        task = asyncio.create_task(peer.call_tool("search_parking", SEARCH))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(ended.wait, 10)

    with listening(endless) as url:
        talked(url, mode, talk)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "https://app.example"}, 200),
        ({"Origin": "http://localhost:{port}"}, 200),
        ({"Host": "localhost:{port}"}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:{port}"}, 421),
        ({"Host": "127.0.0.1:1"}, 421),
        ({"Host": "127.0.0.1.evil.example:{port}"}, 421),
    ],
)
def test_only_this_machine_and_allowed_pages_come_near(
    open_server: str, headers: dict[str, str], status: int
) -> None:
    port = open_server.split(":")[2].split("/")[0]
    given = {name: value.replace("{port}", port) for name, value in headers.items()}
    assert httpx.post(open_server, json=HELLO, headers={**BOTH, **given}).status_code == status


def test_odd_requests_are_refused_and_the_server_goes_on(open_server: str) -> None:
    new = {**BOTH, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list"}
    json_ = {"Content-Type": "application/json"}
    assert httpx.post(open_server, content=b"{broken", headers={**BOTH, **json_}).status_code == 400
    assert httpx.post(open_server, content=b"{broken", headers={**new, **json_}).status_code == 400
    assert httpx.post(open_server, content=b" " * 5_000_000, headers={**new, **json_}).status_code == 413
    assert (
        httpx.post(open_server, json=HELLO, headers={**BOTH, "Content-Type": "text/plain"}).status_code == 400
    )
    assert httpx.post(open_server, json={**HELLO, "method": "tools/list"}, headers=BOTH).status_code == 400
    assert httpx.get(open_server, headers=BOTH).status_code in (400, 405)
    assert httpx.get(open_server.replace("/mcp", "/else")).status_code == 404
    assert httpx.post(open_server, json=HELLO, headers=BOTH).status_code == 200


def test_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PgagentsError, match="is in use"):
        bind(taken.getsockname()[1], "127.0.0.1")


# sign-in


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    with served(found) as url:
        found.url = url
        yield found


@pytest.fixture(scope="module")
def upstream() -> Script:
    """The API behind it, which keeps what it is asked."""
    return Script(answered(200, {"lots": []}))


@pytest.fixture(scope="module", params=["signature", "introspection"])
def guarded(request: pytest.FixtureRequest, issuer: Issuer, upstream: Script) -> Iterator[str]:
    """A server with sign-in; yields its URL."""
    client = ("me", "secret") if request.param == "introspection" else None

    def sign_in(_port: int) -> SignIn:
        return SignIn(issuer.url, RESOURCE, run(lambda: verifier_of(issuer.url, RESOURCE, client)))

    with ExitStack() as stack:
        yield stack.enter_context(listening(sending(upstream), sign_in=sign_in))


def signed(issuer: Issuer, **more: Any) -> str:
    """A token that the issuer knows, by its signature and when asked."""
    token = issuer.token(**more)
    issuer.known[token] = {"active": True, **jwt.decode(token, options={"verify_signature": False})}
    return token


def asked(url: str, token: str | None) -> httpx.Response:
    headers = {
        **BOTH,
        "Host": "mcp.example.com",
        **({"Authorization": f"Bearer {token}"} if token is not None else {}),
    }
    return httpx.post(url, json=HELLO, headers=headers)


def test_without_a_token_it_says_where_to_get_one(guarded: str, issuer: Issuer) -> None:
    refused = asked(guarded, None)
    assert refused.status_code == 401
    named = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
    assert f'resource_metadata="{named}"' in refused.headers["WWW-Authenticate"]
    told = httpx.get(
        guarded.replace("/mcp", "/.well-known/oauth-protected-resource/mcp"),
        headers={"Host": "mcp.example.com"},
    ).json()
    assert told["resource"] == RESOURCE
    assert [server.rstrip("/") for server in told["authorization_servers"]] == [issuer.url]
    assert told["scopes_supported"] == ["read", "sessions:write", "intelligence"]
    assert told["bearer_methods_supported"] == ["header"]


def test_good_token_is_let_in(guarded: str, issuer: Issuer) -> None:
    assert asked(guarded, signed(issuer)).status_code == 200
    assert asked(guarded, signed(issuer, aud=["https://other.example", RESOURCE])).status_code == 200


def test_tokens_that_do_not_count_are_refused(guarded: str, issuer: Issuer) -> None:
    for token in (
        "x",
        "a.b.c",
        "x" * 9_000,
        signed(issuer, aud="https://other.example/mcp"),
        signed(issuer, aud=None),
        signed(issuer, aud=[]),
        signed(issuer, exp=time.time() - 3600),
        signed(issuer, iss="https://other.example"),
    ):
        assert asked(guarded, token).status_code == 401, token[:40]
    assert (
        httpx.post(
            f"{guarded}?access_token={signed(issuer)}",
            json=HELLO,
            headers={**BOTH, "Host": "mcp.example.com"},
        ).status_code
        == 401
    )


def test_token_that_was_taken_back_is_refused(issuer: Issuer) -> None:
    token = signed(issuer)
    issuer.known[token]["active"] = False

    async def work() -> Any:
        return await (await verifier_of(issuer.url, RESOURCE, ("me", "secret"))).verify_token(token)

    assert run(work) is None
    issuer.known[token]["active"] = True
    assert run(work).scopes == ["read", "sessions:write"]


def test_callers_token_goes_no_further(guarded: str, issuer: Issuer, upstream: Script) -> None:
    token = signed(issuer)
    upstream.asked.clear()
    url = guarded
    result = talked_as(url, token, "search_parking", SEARCH)
    assert not result["isError"]
    assert [request.header("Authorization") for request in upstream.asked] == ["Bearer pk_test_operator"]
    assert all(token not in str(request) for request in upstream.asked)


def test_tool_needs_its_scope_and_says_which_to_sign_in_for(
    guarded: str, issuer: Issuer, upstream: Script
) -> None:
    upstream.asked.clear()
    refused = called_as(guarded, signed(issuer, scope="read"), "get_market_rate", {"lat": 1, "lng": 2})
    assert refused.status_code == 403
    challenge = refused.headers["WWW-Authenticate"]
    assert challenge.startswith(
        'Bearer error="insufficient_scope", scope="read intelligence", '
        'resource_metadata="https://mcp.example.com/'
    )
    assert (
        called_as(guarded, signed(issuer, scope="intelligence"), "search_parking", SEARCH).status_code == 403
    )
    assert upstream.asked == []
    assert not talked_as(guarded, signed(issuer, scope="read"), "search_parking", SEARCH)["isError"]


def test_older_clients_are_told_of_a_missing_scope_in_the_result(
    guarded: str, issuer: Issuer, upstream: Script
) -> None:
    upstream.asked.clear()
    headers = {**BOTH, "Host": "mcp.example.com", "Authorization": f"Bearer {signed(issuer, scope='read')}"}
    session = httpx.post(guarded, json=HELLO, headers=headers).headers["Mcp-Session-Id"]
    headers = {**headers, "Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
    httpx.post(guarded, json={"jsonrpc": "2.0", "method": "notifications/initialized"}, headers=headers)
    call = {"name": "get_market_rate", "arguments": {"lat": 1, "lng": 2}}
    answer = httpx.post(
        guarded, json={"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}, headers=headers
    )
    line = next(line for line in answer.text.splitlines() if line.startswith("data: {"))
    error = json.loads(json.loads(line[6:])["result"]["content"][0]["text"])["error"]
    assert (error["code"], error["scope"]) == ("insufficient_scope", "intelligence")
    assert upstream.asked == []


def talked_as(url: str, token: str, name: str, arguments: Any) -> Any:
    """A tool's result in the newest revision."""
    answer = called_as(url, token, name, arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]


def called_as(url: str, token: str, name: str, arguments: Any) -> httpx.Response:
    """The answer to a tool call in the newest revision, by a plain HTTP client behind a proxy that keeps
    the public name.
    """
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    call = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": name, "arguments": arguments, "_meta": meta},
    }
    headers = {
        **BOTH,
        "Host": "mcp.example.com",
        "Authorization": f"Bearer {token}",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": name,
    }
    return httpx.post(url, json=call, headers=headers)


def verified(issuer: Issuer, token: str, verifier: Signed | None = None) -> Any:
    async def work() -> Any:
        return await (verifier or await verifier_of(issuer.url, RESOURCE, None)).verify_token(token)

    return run(work)


def test_signature_counts_only_by_the_issuers_own_key(issuer: Issuer) -> None:
    assert verified(issuer, issuer.token()).client_id == "app"
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    shared = "s" * 32
    curve = ec.generate_private_key(ec.SECP256R1())
    said = {"iss": issuer.url, "aud": RESOURCE, "exp": time.time() + 60}
    for token in (
        issuer.token(key=other),
        issuer.token(key=other, kid="k2"),
        issuer.token(key=curve, algorithm="ES256"),
        issuer.token(key=shared, algorithm="HS256"),
        issuer.token(exp=None),
        issuer.token(iss=None),
        jwt.encode(said, "", algorithm="none", headers={"kid": "k1"}),
    ):
        assert verified(issuer, token) is None
    assert verified(issuer, issuer.token(kid=None)) is not None, "there is only one key"


def test_keys_are_not_fetched_with_every_token() -> None:
    found = Issuer()
    now = [0.0]
    with served(found) as url:
        found.url = url

        async def work() -> None:
            verifier = await verifier_of(url, RESOURCE, None)
            assert isinstance(verifier, Signed)
            verifier._clock = lambda: now[0]
            for _ in range(5):
                await verifier.verify_token(found.token())
                await verifier.verify_token(found.token(kid="unknown"))
            assert found.fetched.count("/keys") == 1
            now[0] = 31
            await verifier.verify_token(found.token(kid="unknown"))
            assert found.fetched.count("/keys") == 2
            now[0] = 700
            assert await verifier.verify_token(found.token()) is not None
            assert found.fetched.count("/keys") == 3

        run(work)


@pytest.mark.matrix
def test_command_serves_with_sign_in_and_says_where(issuer: Issuer, upstream: Script, tmp_path: Path) -> None:
    linked = tmp_path / "keys.json"
    linked.write_text('{"jane": "pk_test_of_jane"}')
    words = [
        *COMMAND,
        str(ROOT / "catalogue/park_graph.yaml"),
        "--http",
        "--port",
        "0",
        "--issuer",
        issuer.url,
        "--public-url",
        RESOURCE,
        "--linked-keys",
        str(linked),
    ]
    env = {
        "PARKGRAPH_API_KEY": "pk_test_operator",
        "PGAGENTS_MCP_CLIENT": "me:secret",
        "PYTHONUNBUFFERED": "1",
    }
    with served(upstream) as api:
        child = subprocess.Popen(
            [*words, "--url", api],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **env},
        )
        try:
            assert child.stdout
            found = re.fullmatch(
                rf"listening on http://127\.0\.0\.1:(\d+)/mcp, known as {RESOURCE} \(Ctrl-C stops\)\n",
                child.stdout.readline(),
            )
            assert found
            url = f"http://127.0.0.1:{found[1]}/mcp"
            token = signed(issuer)
            assert asked(url, None).status_code == 401
            issuer.fetched.clear()
            assert not talked_as(url, token, "search_parking", SEARCH)["isError"]
            assert issuer.fetched == ["/introspect"]
            assert upstream.asked[-1].header("Authorization") == "Bearer pk_test_of_jane"
            child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=600)
        finally:
            child.kill()
            child.wait(600)
    assert child.returncode == 0
    assert "Traceback" not in err
    assert token not in out + err
    assert "pk_test" not in out + err


def test_issuer_whose_metadata_is_anothers_is_refused() -> None:
    script = Script(
        answered(200, {"issuer": "https://other.example", "jwks_uri": "https://other.example/keys"})
    )
    with served(script) as url, pytest.raises(PgagentsError, match="no metadata of an authorization server"):
        run(lambda: verifier_of(url, RESOURCE, None))


def test_issuers_name_counts_to_the_letter() -> None:
    """Some end in a slash, and their tokens say so too."""
    found = Issuer()
    with served(found) as url:
        found.url = f"{url}/"
        assert verified(found, found.token(), run(lambda: verifier_of(url, RESOURCE, None))) is not None
        assert verified(found, found.token(iss=url), run(lambda: verifier_of(url, RESOURCE, None))) is None


def test_issuer_that_cannot_be_asked_is_told() -> None:
    script = Script(answered(404))
    with served(script) as url:
        script.answers = [answered(200, {"issuer": url, "jwks_uri": "ftp://x"})]
        with pytest.raises(PgagentsError, match="has no `jwks_uri`"):
            run(lambda: verifier_of(url, RESOURCE, None))
        with pytest.raises(PgagentsError, match="has no `introspection_endpoint`"):
            run(lambda: verifier_of(url, RESOURCE, ("a", "b")))


@pytest.mark.parametrize(
    ("told", "scopes"),
    [({"scope": "a b"}, ["a", "b"]), ({"scp": ["a"]}, ["a"]), ({}, [])],
)
def test_scopes_are_read_in_the_forms_that_servers_write(told: dict[str, Any], scopes: list[str]) -> None:
    found = access("t", {"aud": RESOURCE + "/", "exp": 9_999_999_999, **told}, RESOURCE)
    assert found is not None
    assert found.scopes == scopes
