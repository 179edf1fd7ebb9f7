"""Undeclared members with digits: card numbers, ids, and values that the run sent."""

from __future__ import annotations

from typing import Any

import pytest

from pgagents.http import Request, Response
from pgagents.model.contract import Verdict
from small_api import Notes, answer, catalogue, verified, with_resource
from verifying import ids

CARD = "4111 1111 1111 1111"


def showing(member: str) -> Notes:
    """A server whose every note has an undeclared member besides."""

    def odd(_: Notes, request: Request) -> Response | None:
        if request.method == "GET" and request.path == "/notes":
            return answer(200, {"notes": [{"id": "n0", "text": "hello", "links": {"self": member}}]})
        return None

    return Notes(odd=odd, notes={"n0": {"id": "n0", "text": "hello"}})


def leaks(report: Any) -> list[str]:
    """The contracts of `no_leaks` that are broken."""
    return [id for id in ids(report, Verdict.BROKEN) if id.startswith("no_leaks/")]


@pytest.mark.parametrize("card", [CARD, "4111-1111-1111-1111", "4111111111111111", "card 4111111111111111."])
def test_a_card_number_in_an_undeclared_member_is_a_leak(card: str) -> None:
    report = verified(catalogue(), showing(card), only=("no_leaks/list_notes@rest",))
    assert leaks(report) == ["no_leaks/list_notes@rest"]


@pytest.mark.parametrize(
    "id", ["pgv-5cb3511906370597-1", "http://127.0.0.1:1/notes/pgv-5cb3511906370597-1", "1790000000003"]
)
def test_an_id_that_an_earlier_run_made_is_no_leak(id: str) -> None:
    assert not leaks(verified(catalogue(), showing(id), only=("no_leaks/list_notes@rest",)))


@pytest.mark.parametrize("shown", ["4111 1111 1111 1111", "4111111111111111"])
def test_a_value_that_the_run_itself_sent_is_no_leak(shown: str) -> None:
    def odd(server: Notes, request: Request) -> Response | None:
        text = server.text(request)
        if request.method == "POST" and text is not None:
            return answer(201, {"id": "n1", "text": "hidden", "echo": text.replace(CARD, shown)})
        return None

    text = "input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}"
    chosen = f"input: {{text: {{type: string, enum: ['{CARD}'], required: true}}}}"
    model = with_resource((text, chosen), ("{text: hello}", f"{{text: '{CARD}'}}"))
    server = Notes(odd=odd, notes={"n1": {"id": "n1", "text": "hidden"}})
    report = verified(model, server, allow_writes=True, only=("no_leaks/create_note@rest",))
    assert any(CARD in (server.text(sent) or "") for sent in server.log if sent.method == "POST")
    assert not leaks(report)


def test_the_id_of_an_instance_that_the_run_made_is_no_leak() -> None:
    model = with_resource()
    server = Notes()
    made = "4111111111111111"

    def odd(server: Notes, request: Request) -> Response | None:
        text = server.text(request)
        if request.method == "POST" and text is not None:
            return server.make(made, text)
        if request.method == "GET" and request.path.startswith("/notes/") and made in server.notes:
            return answer(200, {**server.notes[made], "link": f"/notes/{made}"})
        return None

    server.odd = odd
    report = verified(model, server, allow_writes=True, only=("no_leaks/get_note@rest",))
    assert any(sent.method == "GET" and sent.path.endswith(made) for sent in server.log)
    assert not leaks(report)
