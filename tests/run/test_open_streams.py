"""An event stream that stays open is an answer: its head says all, and nothing waits for its end."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable
from functools import cache

import pytest

from calling import hostile
from importing import imported, openapi
from pgagents.base.http import Request, Response
from pgagents.catalogue.model.model import Model
from pgagents.report.report import Report
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run import sender
from pgagents.verify.run.run import verify
from pgagents.verify.wire.send import Client

ONLY = ("content_type", "response_schema", "no_crashes/read_log", "no_crashes/read_feed")
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nConnection: close\r\n\r\n"
EVENT = b"data: one\n\n"


def stay_open(connection: socket.socket) -> None:
    """Send one event, and then nothing until the caller leaves."""
    connection.sendall(HEAD + EVENT)
    connection.settimeout(600)
    connection.recv(1)


def silent_after_one() -> Callable[[socket.socket], None]:
    """Answer the first call, and no later one: who never answered at all has proved nothing."""
    calls = itertools.count()

    def talk(connection: socket.socket) -> None:
        if next(calls) == 0:
            connection.sendall(HEAD + EVENT)
            return
        connection.settimeout(600)
        connection.recv(1)

    return talk


@cache
def model() -> Model:
    def one(name: str, content: dict[str, object]) -> dict[str, object]:
        answers = {"200": {"description": "So", "content": content}}
        return {"get": {"operationId": name, "summary": name, "responses": answers}}

    paths = {
        "/log": one("readLog", {"application/json": {"schema": {}}}),
        "/feed": one("readFeed", {"text/event-stream": {"schema": {"type": "string"}}}),
    }
    return imported(openapi(paths)).model


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "OPEN_S", 0.2)


def verdicts(report: Report) -> dict[str, str]:
    return {result.contract.id: str(result.verdict.value) for result in report.results}


def run(url: str, only: str = "") -> Report:
    with Client(url, timeout_s=1) as client:
        options = Options(live=False, only=(only,) if only else ONLY, workers=1)
        return verify(
            model(), client, Identities({}), options,
            clock=time.time, sleep=time.sleep, wall=lambda: "2026-04-12T13:20:00Z", url=url,
        )  # fmt: skip


@pytest.mark.matrix
def test_a_stream_that_stays_open_is_judged_by_its_head() -> None:
    with hostile(stay_open) as url:
        found = verdicts(run(url))
    assert found["no_crashes/read_log@rest"] == found["no_crashes/read_feed@rest"] == "kept"
    assert found["content_type/read_log@rest"] == "broken"
    assert found["content_type/read_feed@rest"] == "kept"
    assert found["response_schema/200/read_log@rest"] == "untested"


@pytest.mark.matrix
def test_a_server_without_an_answer_is_still_found() -> None:
    with hostile(silent_after_one()) as url:
        found = verdicts(run(url, "no_crashes"))
    assert "broken" in (found["no_crashes/read_log@rest"], found["no_crashes/read_feed@rest"])


@pytest.mark.parametrize(("stream_s", "body"), [(0.0, b""), (0.2, EVENT)])
def test_a_client_leaves_a_stream_when_it_was_told_to(stream_s: float, body: bytes) -> None:
    with hostile(stay_open) as url, Client(url, timeout_s=200) as client:
        client.stream_s = stream_s
        began = time.monotonic()
        answer = client(Request("GET", "/feed"))
        assert isinstance(answer, Response)
        assert (answer.status, answer.body, answer.unfinished) == (200, body, True)
        assert time.monotonic() - began < 100
