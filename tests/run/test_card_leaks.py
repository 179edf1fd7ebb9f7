"""Undeclared members with card numbers or e-mail addresses: foreign ones, ids, and what the run sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pgagents.base.http import Request, Response, read_json
from pgagents.report.contract import Verdict
from small_api import KEY, Notes, answer, catalogue, verified, with_resource
from verifying import ids

CARD = "4111 1111 1111 1111"
TEXT = "input: {text: {type: string, minLength: 1, maxLength: 40, required: true}}"
MAIL = "input: {text: {type: string, format: email, maxLength: 60, required: true}}"


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

    chosen = f"input: {{text: {{type: string, enum: ['{CARD}'], required: true}}}}"
    model = with_resource((TEXT, chosen), ("{text: hello}", f"{{text: '{CARD}'}}"))
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
        if request.method == "POST" and text is not None and made not in server.notes:
            return server.make(made, text)
        if request.path == f"/notes/{made}" and request.method == "GET" and made in server.notes:
            return answer(200, {**server.notes[made], "link": f"/notes/{made}"})
        return None

    server.odd = odd
    report = verified(model, server, allow_writes=True, only=("no_leaks/get_note@rest",))
    assert any(sent.method == "GET" and sent.path.endswith(made) for sent in server.log)
    assert not leaks(report)


def mails(odd: Callable[[Notes, Request, str], Response | None], *only: str) -> tuple[list[str], Notes]:
    """The leaks of a run whose notes are e-mail addresses. `odd` is given the last one that was sent."""
    sent: list[str] = []

    def before(server: Notes, request: Request) -> Response | None:
        body = read_json(request.body).value
        text = body.get("text") if isinstance(body, dict) else None
        if isinstance(text, str) and "@" in text and request.header("Authorization"):
            sent.append(text)
        return odd(server, request, sent[-1]) if sent else None

    server = Notes(before=before)
    model = with_resource((TEXT, MAIL), ("{text: hello}", "{text: =fresh.email}"))
    report = verified(model, server, allow_writes=True, only=only)
    assert sent
    return leaks(report), server


def is_keyed(request: Request) -> bool:
    return request.header("Authorization") in (f"Bearer {KEY}", f"bearer {KEY}")


def test_an_address_that_the_caller_sent_is_no_leak() -> None:
    """The answer repeats it in a member that the catalogue does not name, also within a sentence."""

    def odd(server: Notes, request: Request, last: str) -> Response | None:
        if request.method == "POST" and is_keyed(request) and server.text(request) == last:
            made = server.make(f"n{len(server.notes)}", last)
            shown = f"Written by {last.upper()}."
            return answer(made.status, {**read_json(made.body).value, "by": last, "told": shown})
        return None

    found, _ = mails(odd, "no_leaks/create_note@rest")
    assert found == []


def test_an_address_of_somebody_else_is_a_leak() -> None:
    def odd(server: Notes, request: Request, last: str) -> Response | None:
        if request.method == "POST" and is_keyed(request) and server.text(request) == last:
            made = server.make(f"n{len(server.notes)}", last)
            return answer(made.status, {**read_json(made.body).value, "by": f"{last}, ada@lovelace.example"})
        return None

    found, _ = mails(odd, "no_leaks/create_note@rest")
    assert found == ["no_leaks/create_note@rest"]


def test_an_address_of_the_run_is_a_leak_where_a_call_without_a_key_sees_it() -> None:
    def odd(_: Notes, request: Request, last: str) -> Response | None:
        if request.method == "GET" and request.path == "/notes" and not is_keyed(request):
            return answer(200, {"notes": [], "owner": last})
        return None

    only = "no_leaks/", "key_authentication/", "valid_calls/create_note"
    found, server = mails(odd, *only)
    assert any(sent.path == "/notes" and not is_keyed(sent) for sent in server.log)
    assert "no_leaks/list_notes@rest" in found
