"""Guards of a hosted MCP server: hosts, origins, scopes, and the ends of tokens and of patience."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stderr
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from calling import answered, park, served
from hosting import call_as, code_of, hosting, settings, signed
from issuing import RESOURCE, Issuer
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response
from pgagents.catalogue.load import load_file
from pgagents.client.answer import Problem
from pgagents.client.send import Sender
from pgagents.mcp import callers
from pgagents.mcp import token as hosted_issuer
from pgagents.mcp.asgi import create_app
from pgagents.mcp.callers import ApiTokens, Caller, KeyFile, find_linked_keys
from pgagents.mcp.settings import NAME, JsonLines, Settings, write_json_lines
from sandboxes import ROOT

pytest_plugins = ("issuer_plugin",)
HERE = RESOURCE.removesuffix("/mcp")
JANE = Caller("https://a.example", "jane", "app")


@pytest.fixture
def upstream() -> Iterator[str]:
    with served(lambda _: answered(200, {"lots": []})) as url:
        yield url


@pytest.mark.parametrize("way", ["sign-in", "token"])
def test_only_our_names_and_origins_are_served(issuer: Issuer, upstream: str, way: str) -> None:
    mine = ("https://pages.example",)
    if way == "token":
        given, token = Settings(token="one-token", public_url=RESOURCE, origins=mine), "one-token"
    else:
        given, token = settings(issuer, origins=mine), signed(issuer)
    with hosting(create_app(park(), given, url=upstream, key="pk_test_operator")) as (url,):
        for headers in ({}, {"Origin": HERE}, {"Origin": mine[0]}, {"Host": "127.0.0.1:1"}):
            assert code_of(call_as(url, token, headers=headers)) == "ok", headers
        assert call_as(url, token, headers={"Host": "evil.example"}).status_code == 421
        assert call_as(url, token, headers={"Origin": "https://evil.example"}).status_code == 403
        assert call_as(url, "another").status_code == 401


def test_token_without_a_scope_makes_no_call(issuer: Issuer) -> None:
    asked: list[Request] = []

    def api(request: Request) -> Response:
        asked.append(request)
        return answered(200, {"lots": []})

    with served(api) as upstream, hosting(create_app(park(), settings(issuer), url=upstream)) as (url,):
        token = signed(issuer, scope="read")
        refused = call_as(url, token, tool="end_session", arguments={"session_id": "ses_1"})
        assert (code_of(refused), asked) == ("insufficient_scope", [])
        assert code_of(call_as(url, token)) == "ok"


@pytest.mark.matrix
def test_call_that_its_client_gave_up_is_logged(issuer: Issuer) -> None:
    given_up = threading.Event()

    def slow(_: Request) -> Response:
        given_up.wait(600)
        return answered(200, {"lots": []})

    stream = io.StringIO()
    logger = logging.getLogger(NAME)
    before = (logger.handlers[:], logger.propagate)
    with redirect_stderr(stream):
        write_json_lines()
    try:
        with served(slow) as upstream, hosting(create_app(park(), settings(issuer), url=upstream)) as (url,):
            token = signed(issuer)
            with pytest.raises(httpx.ReadTimeout):
                call_as(url, token, timeout=httpx.Timeout(60, read=1.5))
            until = time.monotonic() + 30
            while not stream.getvalue() and time.monotonic() < until:
                time.sleep(0.05)
            given_up.set()
    finally:
        logger.handlers[:], logger.propagate = before
    assert [json.loads(line)["outcome"] for line in stream.getvalue().splitlines()] == ["given_up"]


def test_log_names_an_exception_without_its_text() -> None:
    try:
        raise ValueError("the key sk_secret")
    except ValueError:
        record = logging.LogRecord(NAME, logging.ERROR, "here.py", 1, "failed", None, sys.exc_info())
    line = JsonLines().format(record)
    assert json.loads(line)["error"] == "ValueError"
    assert "sk_secret" not in line


def test_exchanged_token_is_renewed_before_its_end(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(callers, "time", SimpleNamespace(time=lambda: now[0]))
    token = signed(issuer)

    async def ask() -> list[Any]:
        known = hosted_issuer.Issuer(issuer.url, RESOURCE, ("me", "secret"))
        tokens = ApiTokens(known, ("me", "secret"), "the-api", "key", Sender)
        found = []
        for at in (0.0, 50.0, 55.0):
            now[0] = at
            found.append(await tokens.find_keys(Caller(issuer.url, "jane", "app", (), token)))
        return found

    assert asyncio.run(ask()) == [{"key": "jane-1"}, {"key": "jane-1"}, {"key": "jane-2"}]


def test_exchanged_token_is_sent_as_it_is_where_the_api_has_a_token_endpoint(issuer: Issuer) -> None:
    of = load_file(ROOT / "tests/catalogues/documents.yaml")
    asked: list[tuple[str, str | None]] = []

    def api(request: Request) -> Response:
        asked.append((request.path, request.header("Authorization")))
        return answered(404, {})

    with served(api) as upstream:
        app = create_app(of, settings(issuer), url=upstream, key="pd_test_operator:secret")
        with hosting(app) as (url,):
            scope = " ".join(of.code_flow.scopes) if of.code_flow else ""
            named = {"workspace": "atlas", "slug": "plans"}
            call_as(url, signed(issuer, scope=scope), tool="list_documents", arguments=named)
    assert [authorization for _, authorization in asked] == ["Bearer jane-1"]


def test_tokens_are_not_exchanged_without_tls() -> None:
    class Anybody:
        async def verify_token(self, _token: str) -> None:
            """Nobody is known."""

    known = hosted_issuer.Known(Anybody(), "http://auth.example.com/token")
    with pytest.raises(PgagentsError, match="has no TLS"):
        _ = known.token_endpoint


def test_issuer_that_is_down_is_not_asked_with_every_request() -> None:
    asked: list[str] = []
    now = [0.0]

    def down(request: Request) -> Response:
        asked.append(request.path)
        return answered(503)

    async def read(url: str) -> list[int]:
        known = hosted_issuer.Issuer(url, RESOURCE, None, clock=lambda: now[0])
        counts = []
        for at in (0.0, 4.0, 6.0):
            now[0] = at
            with pytest.raises(PgagentsError):
                await known.read()
            counts.append(len(asked))
        return counts

    with served(down) as url:
        first, again, later = asyncio.run(read(url))
    assert first == again < later


def test_key_file_is_read_once_while_it_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"jane": "sk_1"}')
    reads: list[Path] = []
    read = Path.read_text

    def count(self: Path, *given: Any, **more: Any) -> str:
        reads.append(self)
        return read(self, *given, **more)

    monkeypatch.setattr(Path, "read_text", count)
    keys = KeyFile(path)
    assert [keys.find(JANE) for _ in range(3)] == ["sk_1"] * 3
    assert reads == [path]


def test_key_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pgagents.mcp.callers.MOST_BYTES", 10)
    path = tmp_path / "keys.json"
    path.write_text('{"jane": "sk_1"}')
    with pytest.raises(PgagentsError, match="has more than 10 bytes"):
        KeyFile(path)


def test_function_is_asked_for_known_users_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("asked = []", "async def find(caller):", "    asked.append(caller.subject)", "    return 'sk_1'")
    (tmp_path / "shop_accounts.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    model = park()
    find = find_linked_keys(model, "shop_accounts:find")

    async def ask() -> list[Any]:
        return [await find(JANE), await find(Caller("https://a.example", "", "app"))]

    found, nobody = asyncio.run(ask())
    assert found == {next(iter(model.credentials)): "sk_1"}
    assert isinstance(nobody, Problem)
    assert nobody.code == "not_linked"
    assert sys.modules["shop_accounts"].asked == ["jane"]
