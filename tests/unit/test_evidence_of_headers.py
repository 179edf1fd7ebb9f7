"""A gateway's answer, one that is stored for its key, and a published address accuse no server."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.base.http import Response
from pgagents.catalogue.model.model import Model
from pgagents.report.contract import Verdict
from pgagents.verify.checks.rest import request_id, response_headers, safe_redirects
from pgagents.verify.setting import Memory, setting_of
from pgagents.verify.wire.call import Call
from small_api import NOTES, URL, catalogue
from test_own_probes import answer, exchange_of

HEADERS = "headers: {X-Request-Id: {description: The id of the call, on: all, schema: {type: string}}}\n"


def memory_of(model: Model, url: str = URL) -> Memory:
    return Memory(setting_of(model, url, roles=frozenset(("main",))))


def call_of(memory: Memory, action: str, **given: Any) -> Call:
    endpoint = next(e for e in memory.setting.endpoints if str(e.action.name) == action)
    return Call(endpoint, given, "valid", "a call")


@pytest.mark.parametrize(
    ("status", "verdicts"), [(500, [Verdict.BROKEN]), (502, []), (522, []), (414, []), (431, [])], ids=str
)
def test_what_stands_before_a_server_has_headers_of_its_own(status: int, verdicts: list[Verdict]) -> None:
    memory = memory_of(catalogue(NOTES + HEADERS))
    exchange = exchange_of(memory.model, call_of(memory, "list_notes"), answer(status, {"detail": "no"}))
    assert [judged.verdict for judged in response_headers.watch(exchange, memory)] == verdicts


@pytest.mark.parametrize(("key", "last"), [("k-1", []), ("k-2", [Verdict.BROKEN])])
def test_an_answer_that_is_stored_for_its_key_has_the_id_of_the_first(key: str, last: list[Verdict]) -> None:
    """As django-idempotency-key stores whole answers."""
    text = NOTES.replace("message_at: detail", "message_at: detail\n  request_id_at: request_id").replace(
        "properties: {detail: {type: string}}",
        "properties: {detail: {type: string}, request_id: {type: string}}",
    )
    keyed = (
        "    input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}\n",
        (
            "    input:\n      text: {type: string, minLength: 1, maxLength: 40, required: true}\n"
            "      key: {type: string, in: header, wire: Idempotency-Key}\n    idempotency: key\n"
        ),
    )
    memory = memory_of(catalogue(text + HEADERS, keyed))
    judged = [
        [
            found.verdict
            for found in request_id.watch(
                exchange_of(
                    memory.model,
                    call_of(memory, "create_note", text="hello", key=sent),
                    answer(201, {"id": "n1", "text": "hello"}, **{"X-Request-Id": "req_1"}),
                    number=number,
                ),
                memory,
            )
        ]
        for number, sent in enumerate(("k-1", key), 1)
    ]
    assert judged == [[Verdict.KEPT], last]


@pytest.mark.parametrize(
    ("location", "verdict"),
    [
        ("https://api.example.com/notes", Verdict.KEPT),
        ("http://api.example.com/notes", Verdict.BROKEN),
        ("https://elsewhere.example/notes", Verdict.BROKEN),
    ],
)
def test_a_redirect_to_the_published_address_stays(location: str, verdict: Verdict) -> None:
    """As WordPress redirects to its `siteurl`, also where it runs at a test's address."""
    memory = memory_of(catalogue(), "http://127.0.0.1:8000")
    found = Response(301, (("Location", location),), b"")
    (judged,) = safe_redirects.watch(exchange_of(memory.model, call_of(memory, "list_notes"), found), memory)
    assert judged.verdict is verdict
