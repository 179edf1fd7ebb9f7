"""The client fetches access tokens with a client's id and secret, renews them, and sends the secret nowhere
else.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest

from language_table import model_of, rows
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.client.answer import Answer
from pgagents.client.client import Client
from pgagents.client.keys import Issued, find_address, make_token_request, read_token

PAIR = "app-1:s3cret/with+signs-48151623"
NOTES = Response(200, (("Content-Type", "application/json"),), b'{"notes": []}')
REFUSED = Response(401, (("Content-Type", "application/json"),), b'{"code": "no_token", "detail": "over"}')


def issued(token: str, **more: Any) -> Response:
    data = {"access_token": token, "token_type": "Bearer", "expires_in": 100, **more}
    return Response(200, (("Content-Type", "application/json"),), json.dumps(data).encode())


class Server:
    """Answers token requests with the tokens given, and other calls by whether their token is `good`."""

    def __init__(self, *tokens: Response | Silence) -> None:
        self.tokens, self.asked, self.good = list(tokens), list[Request](), {"t1", "t2", "t3"}
        self.closed = 0

    async def __call__(self, request: Request) -> Response | Silence:
        self.asked.append(request)
        if request.path.endswith("/token"):
            return self.tokens.pop(0)
        shown = (request.header("authorization") or "").removeprefix("Bearer ")
        return NOTES if shown in self.good else REFUSED

    async def close(self) -> None:
        self.closed += 1

    @property
    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]


def elsewhere(url: str) -> Model:
    flow = {"client_credentials": {"token_url": url, "client_in": "body"}}
    return load_text(
        rows()["client-credentials"].text({"auth": {"schemes": {"token": {"flows": flow}}}}), "n.yaml"
    )


def call(client: Client, times: int = 1) -> list[Answer]:
    async def calls() -> list[Answer]:
        return [await client.call("list_notes", {}) for _ in range(times)]

    return asyncio.run(calls())


def test_token_is_fetched_once_and_carried_by_calls() -> None:
    server = Server(issued("t1"))
    answers = call(Client(model_of("client-credentials"), server, PAIR), 2)
    assert [one.data for one in answers] == [{"notes": []}] * 2
    assert server.paths == ["POST /token", "GET /notes", "GET /notes"]
    first = server.asked[0]
    pair = base64.b64encode(b"app-1:s3cret%2Fwith%2Bsigns-48151623").decode()
    assert first.header("authorization") == f"Basic {pair}"
    scopes, audience = b"scope=notes+notes.all", b"audience=https%3A%2F%2Fnotes.example"
    assert first.body == b"grant_type=client_credentials&" + scopes + b"&" + audience
    assert [one.header("authorization") for one in server.asked[1:]] == ["Bearer t1"] * 2


def test_token_is_renewed_before_it_ends() -> None:
    server, now = Server(issued("t1"), issued("t2")), [1000.0]
    client = Client(model_of("client-credentials"), server, PAIR, clock=lambda: now[0])

    async def calls() -> None:
        await client.call("list_notes", {})
        now[0] += 89
        await client.call("list_notes", {})
        now[0] += 2
        await client.call("list_notes", {})

    asyncio.run(calls())
    assert server.paths == ["POST /token", "GET /notes", "GET /notes", "POST /token", "GET /notes"]
    assert server.asked[-1].header("authorization") == "Bearer t2"


def test_token_that_was_revoked_is_renewed_once() -> None:
    server = Server(issued("revoked"), issued("t2"))
    assert call(Client(model_of("client-credentials"), server, PAIR))[0].data == {"notes": []}
    assert server.paths == ["POST /token", "GET /notes", "POST /token", "GET /notes"]
    server = Server(issued("bad"), issued("bad"), issued("bad"))
    assert call(Client(model_of("client-credentials"), server, PAIR))[0].problem is not None
    assert server.paths == ["POST /token", "GET /notes", "POST /token", "GET /notes"]


def test_several_calls_wait_for_one_token() -> None:
    server = Server(issued("t1"))
    client = Client(model_of("client-credentials"), server, PAIR)

    async def calls() -> None:
        await asyncio.gather(*(client.call("list_notes", {}) for _ in range(5)))

    asyncio.run(calls())
    assert server.paths.count("POST /token") == 1


def test_secret_goes_to_the_named_host_alone() -> None:
    server, other, reached = Server(), Server(issued("t1")), list[str]()

    def reach(base: str) -> Any:
        reached.append(base)
        return other

    client = Client(elsewhere("https://login.example/oauth/token?tenant=a"), server, PAIR, reach=reach)
    assert call(client)[0].data == {"notes": []}
    assert reached == ["https://login.example"]
    assert (other.asked[0].target, other.closed) == ("/oauth/token?tenant=a", 1)
    assert b"client_secret=s3cret%2Fwith%2Bsigns-48151623" in other.asked[0].body
    assert server.paths == ["GET /notes"]
    assert "s3cret" not in repr(server.asked)


@pytest.mark.parametrize(
    ("url", "base", "path"),
    [
        ("/token", "", "/token"),
        ("https://notes.example/token", "", "/token"),
        ("https://notes.example.evil/token", "https://notes.example.evil", "/token"),
        ("https://notes.example@evil.example/token", "https://notes.example@evil.example", "/token"),
    ],
)
def test_host_that_only_begins_like_the_apis_is_another(url: str, base: str, path: str) -> None:
    credential = elsewhere(url).credential
    assert credential is not None
    address = find_address(credential, "https://notes.example")
    assert (address.base, address.path) == (base, path)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Silence("refused", f"no {PAIR}"), "no answer (refused)"),
        (Response(401, (), b'{"error": "invalid_client"}'), "401 invalid_client"),
        (Response(302, (("Location", "https://evil.example"),), b""), "302"),
        (Response(200, (), b"{}"), "200 without an access_token"),
        (Response(200, (), b"<html>"), "200 without an access_token"),
        (issued("two words"), "200 without an access_token"),
        (issued("x" * 20_000), "200 without an access_token"),
        (issued("t", token_type="mac"), "200 with another token_type than Bearer"),
    ],
)
def test_answer_without_a_token_ends_the_call_before_it_is_sent(answer: Response | Silence, why: str) -> None:
    server = Server(answer)
    problem = call(Client(model_of("client-credentials"), server, PAIR))[0].problem
    assert problem is not None
    assert (problem.code, problem.message) == ("no_token", f"the token endpoint gave no token: {why}")
    assert server.paths == ["POST /token"]


def test_lifetime_is_read_with_care() -> None:
    assert read_token(issued("t", expires_in=100), 0.0) == Issued("t", 90.0)
    for odd in (None, "soon", -1, True, 0):
        assert read_token(issued("t", expires_in=odd), 0.0) == Issued("t", 270.0)


def test_secret_with_a_colon_is_cut_at_the_first() -> None:
    credential = model_of("client-credentials").credential
    assert credential is not None
    request = make_token_request(credential, "app:a:b", "/token")
    pair = (request.header("authorization") or "").removeprefix("Basic ")
    assert base64.b64decode(pair) == b"app:a%3Ab"
