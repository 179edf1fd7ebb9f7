"""The hosted MCP server: several processes, the caller's identity, limits, logs, probes, a graceful stop."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import httpx
import httpx2
import mcp
import pytest
from mcp.client.streamable_http import streamable_http_client

from calling import answered, park, run, served
from hosting import SEARCH, call_as, code_of, hosting, settings, signed
from issuing import RESOURCE, Issuer
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.mcp.asgi import create_app
from pgagents.mcp.callers import Allowance
from pgagents.mcp.settings import NAME, read_settings, write_json_lines
from sandboxes import ROOT

pytest_plugins = ("issuer_plugin",)
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25"}
COMMAND = [sys.executable, "-m", "uvicorn", "pgagents.mcp.asgi:app", "--port"]


class Turns(httpx2.AsyncBaseTransport):
    """A load balancer: each request goes to the next of these servers, under the public name."""

    def __init__(self, urls: list[str]) -> None:
        self._next = itertools.cycle(urls)
        self._inner = httpx2.AsyncHTTPTransport()
        self.used: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        to = httpx2.URL(next(self._next))
        self.used.append(str(to))
        request.url = request.url.copy_with(scheme="http", host=to.host, port=to.port)
        return await self._inner.handle_async_request(request)


def talked(urls: list[str], mode: str, token: str, talk: Callable[[Any], Any]) -> tuple[Any, list[str]]:
    """Talk as the official client; return the result, and the servers that the requests went to."""
    turns = Turns(urls)

    async def work() -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            httpx2.AsyncClient(headers=headers, transport=turns) as http,
            mcp.Client(streamable_http_client(RESOURCE, http_client=http), mode=mode) as peer,
        ):
            assert peer.protocol_version == ERAS[mode]
            return await talk(peer)

    return run(work), turns.used


def problem(result: Any) -> dict[str, Any]:
    assert result.is_error
    said: dict[str, Any] = json.loads(result.content[0].text)["error"]
    return said


@pytest.mark.parametrize("mode", ERAS)
def test_any_of_several_processes_answers_any_request(issuer: Issuer, mode: str) -> None:
    seen: list[str] = []

    def api(request: Request) -> Response:
        seen.append(str(request.header("Authorization")))
        return answered(200, {"lots": []})

    async def talk(peer: mcp.Client) -> Any:
        listed = await peer.list_tools()
        return len(listed.tools), [await peer.call_tool("search_parking", SEARCH) for _ in range(4)]

    with served(api) as url:
        apps = [create_app(park(), settings(issuer), url=url) for _ in range(2)]
        with hosting(*apps) as urls:
            (tools, results), used = talked(urls, mode, signed(issuer), talk)
    assert tools == 15
    assert not any(result.is_error for result in results)
    assert set(used) == set(urls)
    assert set(seen) == {"Bearer jane-1", "Bearer jane-2"}, "each process exchanges the token once"


@pytest.mark.matrix
@pytest.mark.parametrize("mode", ERAS)
@pytest.mark.parametrize("way", ["exchange", "linked"])
def test_each_call_reaches_the_api_as_its_caller(issuer: Issuer, mode: str, way: str, tmp_path: Path) -> None:
    """Many callers at once, each with a radius of its own: radius and key must belong together."""
    seen: list[tuple[str, str]] = []

    def api(request: Request) -> Response:
        time.sleep(0.01)
        radius = dict(pair.split("=") for pair in request.target.partition("?")[2].split("&"))["radius_km"]
        seen.append((radius, str(request.header("Authorization")).removeprefix("Bearer ").partition("-")[0]))
        return answered(200, {"lots": []})

    users = [f"user{n}" for n in range(6)]
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({user: f"{user}-key" for user in users}))
    more = {"audience": "", "linked_keys": str(keys)} if way == "linked" else {}

    async def one(url: str, user: str, radius: float) -> None:
        async with (
            httpx2.AsyncClient(headers={"Authorization": f"Bearer {signed(issuer, sub=user)}"}) as http,
            mcp.Client(streamable_http_client(url, http_client=http), mode=mode) as peer,
        ):
            for _ in range(5):
                result = await peer.call_tool("search_parking", {**SEARCH, "radius_km": radius})
                assert not result.is_error

    async def all_at_once(url: str) -> None:
        await asyncio.gather(*(one(url, user, n + 1) for n, user in enumerate(users)))

    with served(api) as upstream:
        app = create_app(park(), settings(issuer, **more), url=upstream)
        with hosting(_of_any_host(app)) as (url,):
            run(lambda: all_at_once(f"{url}/mcp"))
    assert len(seen) == 30
    assert {(float(radius), user) for radius, user in seen} == {(n + 1, user) for n, user in enumerate(users)}


def _of_any_host(app: Any) -> Any:
    """The application behind a proxy that gives the public name as Host."""

    async def renamed(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
            scope = {**scope, "headers": [*kept, (b"host", b"mcp.example.com")]}
        await app(scope, receive, send)

    return renamed


def test_caller_without_an_account_learns_so_and_no_call_is_made(issuer: Issuer, tmp_path: Path) -> None:
    asked: list[Request] = []
    keys = tmp_path / "keys.json"
    keys.write_text('{"jane": "pk_test_jane"}')

    def api(request: Request) -> Response:
        asked.append(request)
        return answered(200, {"lots": []})

    with served(api) as upstream:
        linked = create_app(
            park(), settings(issuer, audience="", linked_keys=str(keys)), url=upstream, key="pk_test_operator"
        )
        exchanged = create_app(park(), settings(issuer), url=upstream, key="pk_test_operator")
        with hosting(linked, exchanged) as (one, other):
            assert code_of(call_as(one, signed(issuer, sub="stranger"))) == "not_linked"
            refused = call_as(other, token := signed(issuer, sub="stranger"))
            assert code_of(refused) == "no_token"
            assert token not in refused.text
            assert asked == []
            keys.write_text('{"jane": "pk_test_jane", "stranger": "pk_test_known_now"}')
            assert code_of(call_as(one, signed(issuer, sub="stranger"))) == "ok"
            assert asked[0].header("Authorization") == "Bearer pk_test_known_now"
            keys.write_text('{"jane": ')
            assert code_of(call_as(one, signed(issuer, sub="stranger"))) == "ok", "the last good file counts"
            for key in ("pk_test_jane", "pk_test_june"):
                keys.write_text(json.dumps({"jane": key}))
                assert code_of(call_as(one, signed(issuer))) == "ok"
                assert asked[-1].header("Authorization") == f"Bearer {key}", "a changed key counts at once"


def test_key_that_the_api_refuses_is_asked_for_again(issuer: Issuer) -> None:
    good = {"jane-2"}

    def api(request: Request) -> Response:
        key = str(request.header("Authorization")).removeprefix("Bearer ")
        return answered(200, {"lots": []}) if key in good else answered(401, {"error": {"code": "X"}})

    with served(api) as upstream, hosting(create_app(park(), settings(issuer), url=upstream)) as (url,):
        token = signed(issuer)
        first, second = code_of(call_as(url, token)), code_of(call_as(url, token))
    assert (first != "ok", second) == (True, "ok")


def test_limits_are_each_callers_own(issuer: Issuer) -> None:
    with served(lambda _: answered(200, {"lots": []})) as upstream:
        app = create_app(park(), settings(issuer, per_minute=3), url=upstream)
        with hosting(app) as (url,):
            jane, john = signed(issuer), signed(issuer, sub="john")
            codes = [code_of(call_as(url, jane)) for _ in range(4)]
            others = [code_of(call_as(url, one)) for one in (john, signed(issuer, client_id="another"))]
    assert codes == ["ok", "ok", "ok", "rate_limited"]
    assert others == ["ok", "ok"], "another user, and the same user of another application"


def test_allowance_refills_and_counts_calls_under_way() -> None:
    now = [0.0]
    allowance = Allowance(60, 2, lambda: now[0])
    with allowance.enter("a") as one, allowance.enter("a") as two, allowance.enter("a") as three:
        assert (one, two) == (None, None)
        assert three is not None
        assert three.code == "too_many_calls"
        with allowance.enter("b") as other:
            assert other is None
    for _ in range(58):
        with allowance.enter("a") as found:
            assert found is None
    with allowance.enter("a") as found:
        assert found is not None
        assert (found.code, found.retry_after_s) == ("rate_limited", 1.0)
    now[0] = 1.0
    with allowance.enter("a") as found:
        assert found is None
    now[0] = 3_600.0
    for number in range(61):
        with allowance.enter("a") as found:
            assert (found is None) == (number < 60), "a pause gives no more than a minute's calls"


def test_caller_who_was_silent_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgagents.mcp.callers.MOST_CALLERS", 2)
    allowance = Allowance(1, 1, lambda: 0.0)
    found = []
    for caller in ("a", "b", "c", "c", "a"):
        with allowance.enter(caller) as problem:
            found.append(problem is None)
    assert found == [True, True, True, False, True]


def test_log_has_a_line_for_each_call_and_no_secret(issuer: Issuer, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text('{"jane@example.com": "pk_test_secret_of_jane", "joe": "line\\nbreak_secret"}')
    stream = io.StringIO()
    logger = logging.getLogger(NAME)
    before = (logger.handlers[:], logger.propagate)
    with redirect_stderr(stream):
        write_json_lines()
    try:
        with served(lambda _: answered(404, {"error": {"code": "NOT_FOUND", "message": "m"}})) as upstream:
            app = create_app(park(), settings(issuer, audience="", linked_keys=str(keys)), url=upstream)
            with hosting(app) as (url,):
                jane, joe = signed(issuer, sub="jane@example.com"), signed(issuer, sub="joe")
                code_of(call_as(url, jane))
                assert code_of(call_as(url, joe)) == "bad_key", "the operator's file has no usable key"
    finally:
        logger.handlers[:], logger.propagate = before
    written = stream.getvalue()
    lines = [json.loads(line) for line in written.splitlines()]
    calls = [line for line in lines if line["event"] == "call"]
    assert [(line["tool"], line["outcome"], line.get("status")) for line in calls] == [
        ("search_parking", "NOT_FOUND", 404),
        ("search_parking", "bad_key", None),
    ]
    assert {len(line["caller"]) for line in calls} == {12}
    for secret in (jane, joe, "pk_test", "secret", "jane@example.com", "39.64"):
        assert secret not in written


def test_server_is_ready_once_its_issuer_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgagents.mcp.token.METADATA_AGAIN_S", 0.0)
    found, down = Issuer(), [True]

    def maybe(request: Request) -> Response:
        return answered(503) if down[0] else found(request)

    with served(maybe) as url, served(lambda _: answered(200, {"lots": []})) as upstream:
        found.url = url
        with hosting(create_app(park(), settings(found), url=upstream)) as (host,):
            assert httpx.get(f"{host}/health").json() == {"status": "ok"}
            ready = httpx.get(f"{host}/ready")
            assert (ready.status_code, ready.headers["retry-after"]) == (503, "5")
            assert "no metadata" in ready.json()["status"]
            early = call_as(host, "any")
            assert early.status_code == 503, "a token that could not be checked is not called wrong"
            down[0] = False
            assert httpx.get(f"{host}/ready").json() == {"status": "ready"}
            assert code_of(call_as(host, signed(found))) == "ok"
            assert call_as(host, "any").status_code == 401


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_stream_that_would_hold_up_the_stop_cannot_be_opened(issuer: Issuer, method: str) -> None:
    app = create_app(park(), settings(issuer), url="http://127.0.0.1:9")
    headers = {
        "Accept": "text/event-stream",
        "Host": "mcp.example.com",
        "Authorization": f"Bearer {signed(issuer)}",
    }
    with hosting(app) as (url,):
        refused = httpx.request(method, f"{url}/mcp", headers=headers)
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def process(**env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    port = _free_port()
    child = subprocess.Popen(
        [*COMMAND, str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PGAGENTS_MCP_CATALOGUE": str(ROOT / "catalogue/park_graph.yaml"), **env},
    )
    try:
        yield child, f"http://127.0.0.1:{port}"
    finally:
        child.kill()
        child.wait(600)


@pytest.mark.matrix
def test_call_under_way_is_answered_when_the_server_is_stopped(issuer: Issuer, tmp_path: Path) -> None:
    begun = threading.Event()

    def slow(_: Request) -> Response:
        begun.set()
        time.sleep(1.5)
        return answered(200, {"lots": []})

    keys = tmp_path / "keys.json"
    keys.write_text('{"jane": "pk_test_jane"}')
    env = {
        "PGAGENTS_MCP_PUBLIC_URL": RESOURCE,
        "PGAGENTS_MCP_ISSUER": issuer.url,
        "PGAGENTS_MCP_LINKED_KEYS": str(keys),
    }
    got: list[httpx.Response] = []
    with served(slow) as upstream, process(**env, PARKGRAPH_API_URL=upstream) as (child, url):
        _wait_until_ready(url, child)
        calling = threading.Thread(target=lambda: got.append(call_as(url, signed(issuer))))
        calling.start()
        assert begun.wait(600)
        child.send_signal(signal.SIGTERM)
        calling.join(600)
        out, err = child.communicate(timeout=600)
    assert code_of(got[0]) == "ok"
    assert "Traceback" not in out + err
    logged = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [(line["event"], line["outcome"]) for line in logged] == [("call", "ok")]


def _wait_until_ready(url: str, child: subprocess.Popen[str]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and child.poll() is None:
        try:
            if httpx.get(f"{url}/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(child.communicate()[1] if child.poll() is not None else "it was never ready")


SIGNED = {"PGAGENTS_MCP_ISSUER": "https://a.example", "PGAGENTS_MCP_PUBLIC_URL": RESOURCE}


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ({}, "anybody could call with the operator's key"),
        ({"PGAGENTS_MCP_ISSUR": "x"}, "PGAGENTS_MCP_ISSUR is not a setting"),
        ({"PGAGENTS_MCP_ISSUER": "https://a.example"}, "needs the server's public URL"),
        ({**SIGNED, "PGAGENTS_MCP_PUBLIC_URL": "https://a.example"}, "does not end in /mcp"),
        ({**SIGNED, "PGAGENTS_MCP_ISSUER": "http://a.example"}, "has no TLS"),
        ({**SIGNED, "PGAGENTS_MCP_EXCHANGE": "api"}, "needs our credentials at the issuer"),
        ({**SIGNED, "PGAGENTS_MCP_CLIENT": "secret-alone"}, "PGAGENTS_MCP_CLIENT is not `id:secret`"),
        (
            {
                **SIGNED,
                "PGAGENTS_MCP_CLIENT": "a:b",
                "PGAGENTS_MCP_EXCHANGE": "api",
                "PGAGENTS_MCP_LINKED_KEYS": "keys.json",
            },
            "exchanged or linked, not both",
        ),
        (
            {"PGAGENTS_MCP_TOKEN": "t", "PGAGENTS_MCP_LINKED_KEYS": "k"},
            "without an issuer no caller",
        ),
        ({"PGAGENTS_MCP_TOKEN": "a b"}, "PGAGENTS_MCP_TOKEN holds characters that no key has"),
        ({**SIGNED, "PGAGENTS_MCP_CALLS_PER_MINUTE": "0"}, "is not a number from 1 to"),
        ({**SIGNED, "PGAGENTS_MCP_CACERT": "no-such-file"}, "there is no file no-such-file"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(env: dict[str, str], said: str) -> None:
    with pytest.raises(PgagentsError, match=said) as found:
        read_settings(env)
    assert found.value.help
    assert "secret-alone" not in str(found.value)


@pytest.mark.parametrize(
    ("linked", "said"),
    [
        ("no-such.json", "no-such.json cannot be read"),
        ("no_such_module:find", "cannot be imported"),
        ("json:no_such_function", "cannot be imported"),
        ("json:__doc__", "is not a function"),
    ],
)
def test_linked_keys_that_cannot_be_found_are_refused(issuer: Issuer, linked: str, said: str) -> None:
    with pytest.raises(PgagentsError, match=said):
        create_app(park(), settings(issuer, audience="", linked_keys=linked), url="http://127.0.0.1:9")


def test_one_key_for_all_callers_is_refused_where_the_api_knows_users(issuer: Issuer) -> None:
    with pytest.raises(PgagentsError, match="all callers would act as one of them"):
        create_app(park(), settings(issuer, audience=""), url="http://127.0.0.1:9", key="pk_test_operator")


def test_wrong_settings_end_the_process_with_one_message() -> None:
    with process(PGAGENTS_MCP_ISSUER="https://a.example") as (child, _):
        _, err = child.communicate(timeout=600)
    assert child.returncode != 0
    assert "pgagents: an issuer needs the server's public URL" in err
    assert "Traceback" not in err
