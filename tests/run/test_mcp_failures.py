"""The host's own failures are not told as its callers', and strangers cost a bounded number of questions."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from calling import answered, park, run, sandboxed, served
from issuing import RESOURCE, Issuer, verifier_of
from pgagents.base.http import Request, Response
from pgagents.client.send import Sender, sending
from pgagents.mcp import http as over_http
from pgagents.mcp.http import SignIn
from pgagents.mcp.token import AT_ONCE, MOST_REFUSED, REFUSED_S, Introspection, IssuerError, Signed
from sandboxes import ROOT
from test_mcp_http import BOTH, HELLO, SEARCH, asked, listening, signed

LATER = {**BOTH, "MCP-Protocol-Version": "2025-11-25"}
CALL = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "search_parking", "arguments": SEARCH},
}
PATIENCE_S = 120


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    found = Issuer()
    with served(found) as url:
        found.url = url
        yield found


# the end of the server


class Slow:
    """An API whose answers wait until they are let go."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, _request: Request) -> Response:
        self.begun.set()
        self.go.wait(PATIENCE_S)
        return answered(200, {"lots": []})


@contextmanager
def running(api: str) -> Iterator[tuple[subprocess.Popen[str], str, httpx.Client]]:
    """The command, its URL, and a client of it that has opened a session."""
    words = ["mcp", str(ROOT / "catalogue/park_graph.yaml"), "--http", "--port", "0", "--url", api]
    env = {"PGAGENTS_MCP_TOKEN": "tok_12345678", "PARKGRAPH_API_KEY": "pk_test_operator"}
    child = subprocess.Popen(
        [sys.executable, "-m", "pgagents", *words],
        env={**os.environ, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout
        url = child.stdout.readline().split()[2]
        headers = {**LATER, "Authorization": "Bearer tok_12345678"}
        with httpx.Client(headers=headers, timeout=PATIENCE_S) as client:
            opened = client.post(url, json=HELLO)
            client.headers["Mcp-Session-Id"] = opened.headers["Mcp-Session-Id"]
            yield child, url, client
    finally:
        child.kill()
        child.wait(PATIENCE_S)


def refuse_all(url: str, client: httpx.Client, child: subprocess.Popen[str]) -> httpx.Response:
    """Return the first answer to a new client that is a refusal; it may take a moment after the signal."""
    while child.poll() is None:
        new = {name: value for name, value in client.headers.items() if name != "mcp-session-id"}
        answer = httpx.post(url, json=HELLO, headers=new, timeout=PATIENCE_S)
        if answer.status_code != 200:
            return answer
    raise AssertionError("the server ended before the call had its answer")


def test_a_call_that_is_being_made_gets_its_answer_before_the_server_ends() -> None:
    api = Slow()
    with served(api) as upstream, running(upstream) as (child, url, client), ThreadPoolExecutor(2) as pool:
        with client.stream("GET", url) as news:  # a stream that waits for news holds nothing up
            assert news.status_code == 200
            call = pool.submit(client.post, url, json=CALL)
            assert api.begun.wait(PATIENCE_S)
            child.send_signal(signal.SIGTERM)
            refused = refuse_all(url, client, child)
            assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
            api.go.set()
            assert '"isError":false' in call.result(PATIENCE_S).text.replace(" ", "")
        _, errors = child.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in errors


@pytest.mark.matrix
def test_a_second_signal_ends_the_server_at_once() -> None:
    api = Slow()
    with served(api) as upstream, running(upstream) as (child, url, client), ThreadPoolExecutor(1) as pool:
        call = pool.submit(client.post, url, json=CALL)
        assert api.begun.wait(PATIENCE_S)
        child.send_signal(signal.SIGTERM)
        refuse_all(url, client, child)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=PATIENCE_S)
        assert not api.go.is_set()
        with suppress(httpx.TransportError):
            assert call.result(PATIENCE_S).is_success
        api.go.set()


# the issuer


@contextmanager
def guarded(issuer: Issuer, client: tuple[str, str] | None, handler: Any) -> Iterator[str]:
    """A server with sign-in, whose verifier asks the issuer's `handler`."""
    verifier = run(lambda: verifier_of(issuer.url, RESOURCE, client))
    with served(handler) as reached:
        verifier._sender = Sender(reached)
        caller, _ = sandboxed()
        sign_in = SignIn(issuer.url, RESOURCE, verifier)
        with listening(sending(caller.sandbox.handler), sign_in=lambda _port: sign_in) as url:
            yield url


@pytest.mark.parametrize("client", [None, ("me", "secret")])
@pytest.mark.parametrize("down", [answered(503, {}), answered(200, [])])
def test_an_issuer_that_is_down_makes_no_token_invalid(
    issuer: Issuer, client: tuple[str, str] | None, down: Response
) -> None:
    is_down = [True]
    token = signed(issuer)

    def handler(request: Request) -> Response:
        return down if is_down[0] else issuer(request)

    with guarded(issuer, client, handler) as url:
        told = asked(url, token)
        assert (told.status_code, told.headers["Retry-After"]) == (503, "5")
        assert "www-authenticate" not in told.headers
        assert asked(url, None).status_code == 401
        if client is not None:
            is_down[0] = False
            assert asked(url, token).status_code == 200


def test_known_keys_count_while_the_issuer_is_down(issuer: Issuer) -> None:
    now = [0.0]

    async def work() -> None:
        verifier = await verifier_of(issuer.url, RESOURCE, None)
        assert isinstance(verifier, Signed)
        verifier._clock = lambda: now[0]
        assert await verifier.verify_token(issuer.token())
        verifier._sender = Sender("http://127.0.0.1:9")
        now[0] = 700
        assert await verifier.verify_token(issuer.token())
        with pytest.raises(IssuerError):
            await verifier.verify_token(issuer.token(kid="new"))

    run(work)


def test_callers_at_once_wait_for_one_fetch_of_the_keys(issuer: Issuer) -> None:
    async def work() -> list[Any]:
        verifier = await verifier_of(issuer.url, RESOURCE, None)
        return await asyncio.gather(*(verifier.verify_token(issuer.token()) for _ in range(50)))

    assert all(run(work))
    assert issuer.fetched.count("/keys") == 1


def test_junk_costs_the_issuer_a_bounded_number_of_questions(issuer: Issuer) -> None:
    now = [0.0]
    good, other = signed(issuer), signed(issuer, sub="john")

    async def verify(verifier: Introspection | Signed, token: str) -> str:
        try:
            return "good" if await verifier.verify_token(token) else "bad"
        except IssuerError:
            return "not asked"

    async def work() -> None:
        asking = await verifier_of(issuer.url, RESOURCE, ("me", "secret"))
        assert isinstance(asking, Introspection)
        asking._refused._clock = lambda: now[0]
        assert await verify(asking, good) == "good"
        for _ in range(3):
            assert await verify(asking, "the same junk") == "bad"
        assert issuer.fetched.count("/introspect") == 2
        junk = await asyncio.gather(*(verify(asking, f"junk {number}") for number in range(300)))
        assert set(junk) == {"bad", "not asked"}
        assert issuer.fetched.count("/introspect") <= 2 + MOST_REFUSED + AT_ONCE
        assert await verify(asking, good) == "good"
        assert await verify(asking, other) == "not asked"
        now[0] = REFUSED_S + 1
        assert await verify(asking, other) == "good"
        reading = await verifier_of(issuer.url, RESOURCE, None)
        assert await verify(reading, good) == "good"
        before = issuer.fetched.count("/keys")
        for number in range(100):
            assert await verify(reading, issuer.token(kid=f"junk {number}")) == "bad"
        assert issuer.fetched.count("/keys") == before

    run(work)


@pytest.mark.parametrize("expires", ["9999999999", None, True, 0, -1, 10**30, [9_999_999_999]])
@pytest.mark.parametrize("client", [None, ("me", "secret")])
def test_a_token_without_a_time_of_its_end_is_refused(
    issuer: Issuer, client: tuple[str, str] | None, expires: Any
) -> None:
    said = {"iss": issuer.url, "aud": RESOURCE, "sub": "jane", "exp": expires}
    kept = {name: value for name, value in said.items() if value is not None}
    parts = [{"alg": "RS256", "kid": "k1"}, kept]
    encoded = [jwt.utils.base64url_encode(json.dumps(part).encode()) for part in parts]
    signer = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
    signature = jwt.utils.base64url_encode(signer.sign(b".".join(encoded), issuer.key))
    token = b".".join([*encoded, signature]).decode()
    issuer.known[token] = {"active": True, **kept}

    async def work() -> Any:
        return await (await verifier_of(issuer.url, RESOURCE, client)).verify_token(token)

    assert run(work) is None


# linked keys and sessions


def test_a_linked_key_that_no_header_can_hold_is_told(tmp_path: Path) -> None:
    from pgagents.client.answer import Problem
    from pgagents.mcp.callers import Caller, find_linked_keys

    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"jane": "sk_secret\nX-Evil: 1", "john": "sk_fine"}))
    find = find_linked_keys(park(), str(keys))

    def found(subject: str) -> Any:
        return asyncio.run(find(Caller("https://issuer.example", subject, "app", (), "token")))  # type: ignore[arg-type]

    assert list(found("john").values()) == ["sk_fine"]
    told = found("jane")
    assert isinstance(told, Problem)
    assert (told.code, told.sent) == ("bad_key", False)
    assert "check for" not in told.message or "line breaks" in told.message
    assert "sk_secret" not in told.message


def opened(url: str, send: Callable[[], httpx.Response]) -> str:
    answer = send()
    assert answer.status_code == 200, (url, answer.text)
    return answer.headers["Mcp-Session-Id"]


def test_a_caller_who_opens_too_many_sessions_ends_its_own(
    issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(over_http, "MOST_EACH", 2)
    tokens = {name: signed(issuer, sub=name) for name in ("jane", "john")}

    def ping(url: str, name: str, session: str) -> int:
        headers = {
            **LATER,
            "Host": "mcp.example.com",
            "Authorization": f"Bearer {tokens[name]}",
            "Mcp-Session-Id": session,
        }
        return httpx.post(
            url, json={"jsonrpc": "2.0", "id": 9, "method": "ping"}, headers=headers
        ).status_code

    with guarded(issuer, None, issuer) as url:
        johns = opened(url, lambda: asked(url, tokens["john"]))
        first, second, third = (opened(url, lambda: asked(url, tokens["jane"])) for _ in range(3))
        assert asked(url, None).status_code == 401
        assert asked(url, "junk").status_code == 401
        assert [ping(url, "jane", one) for one in (first, second, third)] == [404, 200, 200]
        assert ping(url, "john", johns) == 200
